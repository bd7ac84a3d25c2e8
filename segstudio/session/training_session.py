"""The trainings of a session: settings, what runs, what waits, what was said. Free of Qt, torch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from psygnal import Signal

from segstudio.core.errors import InputError
from segstudio.data.cases import Dataset
from segstudio.data.project import Project
from segstudio.learn.config import TrainConfig, make_config
from segstudio.learn.control import Wish
from segstudio.learn.events import Event, Guarded, Paused, Started, StepDone, Warned
from segstudio.learn.run_folder import RunFolder, runs_home
from segstudio.session.messages import Cost, Message, Note, TrainingRequest
from segstudio.session.progress_session import ProgressSession
from segstudio.session.runs_in_view import RunsInView


class TrainingSession(ProgressSession):
    """The part of the session that trainings are asked of, and told to.

    Attributes
    ----------
    settings : TrainConfig
        Those of the next training.
    training : Path or None
        The run folder being written.
    wish : {'go on', 'stop after this epoch', 'pause', 'stop'}
        What the user wishes of the running training.
    is_last_epoch : bool
        Whether the running training is to stop after its epoch, paused meanwhile or not.
    queue : tuple of TrainingRequest
        What is trained next, the first first.
    told : list of Event
        What the running training, or the last one, has told.
    failure : str
        Why the last training failed; empty if it did not.
    notes : tuple of Note
        What guards and warnings said, until they are cleared.
    cost : Cost or None
        How the last estimate stands.
    runs_in_view : RunsInView
        The runs whose curves are shown, and the epoch that is looked at.
    """

    previews: bool
    run: Path | None

    settings_changed = Signal(TrainConfig)
    training_asked = Signal(TrainingRequest)
    wish_changed = Signal(str)
    queue_changed = Signal(tuple)
    training_started = Signal(Path)
    training_told = Signal(object)
    training_ended = Signal(Path)
    notes_changed = Signal(tuple)
    cost_asked = Signal(Cost)
    cost_stop_asked = Signal()
    cost_changed = Signal(Cost)

    def __init__(self) -> None:
        super().__init__()
        self.runs_in_view = RunsInView()
        self.annotation.classes.shown.connect(self.runs_in_view.take_class_colors)
        self.settings = TrainConfig()
        self.training: Path | None = None
        self.wish: Wish = "go on"
        self.is_last_epoch = False
        self.queue: tuple[TrainingRequest, ...] = ()
        self.told: list[Event] = []
        self.failure = ""
        self.notes: tuple[Note, ...] = ()
        self.cost: Cost | None = None
        self._epoch = 0
        self._project_trained_for: Project | None = None

    @property
    def is_paused(self) -> bool:
        """Whether the running training waits to be continued."""
        paused = bool(self.told) and isinstance(self.told[-1], Paused)
        return self.training is not None and self.wish == "pause" and paused

    def choose_settings(self, config: TrainConfig) -> None:
        """Choose the settings of the next training."""
        if config.model_dump() != self.settings.model_dump():
            self.settings = config
            self.settings_changed.emit(config)

    def change_settings(self, changes: Mapping[str, Any]) -> None:
        """Change some settings of the next training.

        Raises
        ------
        InputError
            They will not do, or not with the others.
        """
        self.choose_settings(make_config(**(self.settings.model_dump() | dict(changes))))

    def ask_training(self, config: TrainConfig) -> None:
        """Ask for a training on the open dataset, which waits while another runs.

        Raises
        ------
        InputError
            No dataset is open.
        """
        dataset = self._dataset_to_train_on()
        self.choose_settings(config)
        if self.project is not None:
            own = config.model_dump(exclude_unset=True)
            config = make_config(**(self.project.split.as_training_settings() | own))
        self.tell_unfinished()
        home, project = self.runs_folder, self.project
        self._ask(TrainingRequest(dataset, config, home=home, project=project))

    @property
    def runs_folder(self) -> Path:
        """Where new runs go: the project's own folder of runs, or that of all others."""
        own = self.project.runs_folder if self.project is not None else None
        return own or runs_home()

    def list_runs(self) -> list[Path]:
        """Return the open project's runs, or all that belong to none, the newest first."""
        home = self.runs_folder
        found = list(home.iterdir()) if home.is_dir() else []
        listed = self.project.runs if self.project is not None else ()
        runs = [run for run in dict.fromkeys((*found, *listed)) if (run / "config.toml").is_file()]
        return sorted(runs, key=lambda run: run.stat().st_mtime, reverse=True)

    def ask_resume(self, run: Path, more_epochs: int = 0) -> None:
        """Ask for a run to go on from where it ended, on the open dataset.

        Parameters
        ----------
        run : Path
            Its folder.
        more_epochs : int
            Epochs beyond those that it was started with; a finished run needs some.

        Raises
        ------
        InputError
            No dataset is open; there is no such run; or it cannot go on.
        """
        dataset, folder = self._dataset_to_train_on(), RunFolder.opened(run)
        own, _ = folder.read_config()
        if run == self.training or run in [each.resumed for each in self.queue]:
            raise InputError(f"The run '{run.name}' goes on already, or waits in the queue.")
        if not folder.last.is_file():
            raise InputError(
                f"The run '{run.name}' keeps no state to go on from: it ended too early. "
                "Start a new one."
            )
        if folder.read_summary() is not None and not more_epochs:
            raise InputError(f"The run '{run.name}' is finished. Say how many epochs more.")
        config = make_config(epochs=own.epochs + more_epochs) if more_epochs else TrainConfig()
        self._ask(TrainingRequest(dataset, config, run, project=self.project))

    def _dataset_to_train_on(self) -> Dataset:
        if self.dataset is None:
            raise InputError("No dataset is open. Open a folder of images with labels first.")
        return self.dataset

    def _ask(self, request: TrainingRequest) -> None:
        if self.training is None:
            self.training_asked.emit(request)
        else:
            self._set_queue((*self.queue, request))

    def _set_queue(self, queue: tuple[TrainingRequest, ...]) -> None:
        self.queue = queue
        self.queue_changed.emit(queue)

    def remove_from_queue(self, place: int) -> None:
        """Take what waits at a place, counted from 0, out of the queue."""
        self._set_queue(self.queue[:place] + self.queue[place + 1 :])

    def move_up_in_queue(self, place: int) -> None:
        """Let what waits at a place, counted from 0, go before the one before it."""
        if 0 < place < len(self.queue):
            before, chosen = self.queue[place - 1 : place + 1]
            after = self.queue[place + 1 :]
            self._set_queue((*self.queue[: place - 1], chosen, before, *after))

    def ask_stop(self) -> None:
        """Ask for the training to stop after its current step."""
        self._set_wish("stop")

    def ask_pause(self) -> None:
        """Ask for the training to wait after its current step, its state saved."""
        self._set_wish("pause")

    def ask_continue(self) -> None:
        """Ask for a training that pauses to go on."""
        self._set_wish("stop after this epoch" if self.is_last_epoch else "go on")

    def ask_stop_after_epoch(self, wanted: bool = True) -> None:
        """Ask for the training to stop after its current epoch, or no longer to."""
        self.is_last_epoch = wanted and self.training is not None
        if self.wish == "pause":
            self._set_wish("pause")  # and the rest when it is continued
        else:
            self.ask_continue()

    def _set_wish(self, wish: Wish) -> None:
        # A training that is told to stop does not come back.
        if self.training is not None and self.wish != "stop":
            self.wish = wish
            self.wish_changed.emit(wish)

    def start_training(self, run: Path, request: TrainingRequest | None = None) -> None:
        """Note that a training writes to a run folder, as requested or as a script began it."""
        self._project_trained_for = self.project if request is None else request.project
        self.runs_in_view.lay_over(None)
        self.training, self.told, self.failure, self.previews = run, [], "", True
        self.wish, self.is_last_epoch, self.run, self._epoch = "go on", False, None, 0
        self.runs_in_view.follow(run)
        self.training_started.emit(run)

    def tell(self, event: Event) -> None:
        """Pass on an event of the training; kept for panels that are opened later."""
        self.told.append(event)
        self.runs_in_view.tell(event)
        if isinstance(event, Started | StepDone | Guarded):
            # What is said at the end is of the best epoch, which may be an earlier one.
            self._epoch = max(self._epoch, event.epoch)
        if isinstance(event, Guarded):
            self._note(event.kind, event.text)
        elif isinstance(event, Warned):
            self._note("note", event.text)
        self.training_told.emit(event)

    def _note(self, kind: str, text: str) -> None:
        name = self.training.name if self.training is not None else ""
        self.notes = (*self.notes, Note(name, self._epoch, kind, text))
        self.notes_changed.emit(self.notes)
        self.said.emit(Message(text, is_error=kind != "note"))

    def clear_notes(self) -> None:
        """Forget what guards and warnings said."""
        self.notes = ()
        self.notes_changed.emit(self.notes)

    def end_training(self, failure: str = "") -> None:
        """Note that the training is over: finished, stopped, or failed for a reason.

        The first that waits in the queue is asked for then.
        """
        if self.training is None:
            return
        if failure:
            follows = " The next training in the queue begins." if self.queue else ""
            self._note("failure", failure + follows)
        run, self.training, self.failure = self.training, None, failure
        self.wish, self.is_last_epoch = "go on", False
        self.training_ended.emit(run)
        project = self._project_trained_for
        if project is not None and (run / "config.toml").is_file():
            self._record(lambda project: project.with_run(run), project)
        if self.queue and self.training is None:
            first, *rest = self.queue
            self._set_queue(tuple(rest))
            self.training_asked.emit(first)

    def ask_cost(self, config: TrainConfig) -> None:
        """Ask what a training on the open dataset will cost; whoever measures hears it.

        Raises
        ------
        InputError
            No dataset is open.
        """
        self.cost_asked.emit(Cost(self._dataset_to_train_on(), config))

    def ask_cost_stop(self) -> None:
        """Ask for the measuring to stop."""
        self.cost_stop_asked.emit()

    def note_cost(self, cost: Cost) -> None:
        """Note what a training will cost, or how the measuring stands."""
        self.cost = cost
        self.cost_changed.emit(cost)
