"""What is open now: the one mutable state of the program. Scriptable, free of Qt and torch."""

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from segstudio.core.errors import InputError
from segstudio.data.datasets import Case, Dataset
from segstudio.data.project import Project
from segstudio.learn.doubt import usual_values
from segstudio.session.agreement import Agreement
from segstudio.session.comparison import Comparison
from segstudio.session.loss_example import LossExample
from segstudio.session.map_view import MapView
from segstudio.session.messages import Check, ExampleRequest, MapChoice
from segstudio.session.next_cases import NextCases
from segstudio.session.open_case import OpenCase
from segstudio.session.training_session import TrainingSession


class Session(TrainingSession):
    """The open project, case, runs and selection.

    Panels and layers follow its signals and call its methods; they never call each other. What is
    about data is in `OpenData`, about labels in `LabelsSession` and `SavingSession`, about drafts
    and states of cases in `ProgressSession`, about trainings in `TrainingSession`.

    Attributes
    ----------
    map_view : MapView
        The distance map that is shown.
    loss_example : LossExample
        The case in view as a loss sees it.
    prediction : ndarray of int32 or None
        Label values laid over the case in view.
    prediction_of : str
        Whose prediction it is.
    previews : bool
        Whether the running training lays its predictions over the case in view.
    run : Path or None
        The run whose prediction is shown for each case that is opened.
    check : Check or None
        How the last examination of a dataset stands.
    next_cases : NextCases
        The cases that a network would have annotated next.
    agreement : Agreement
        The labels of the case in view, compared with another version of them.
    comparison : Comparison
        The runs in view, compared on the case in view.
    """

    prediction_shown = Signal(object)
    run_chosen = Signal(object)
    check_asked = Signal(Dataset)
    check_stop_asked = Signal()
    check_changed = Signal(Check)

    def __init__(self) -> None:
        super().__init__()
        self.map_view = MapView()
        self.prediction_shown.connect(self.map_view.follow_prediction)
        self.loss_example = LossExample()
        self.prediction: NDArray[np.int32] | None = None
        self.prediction_of = ""
        self.previews = True
        self.run: Path | None = None
        self.runs_in_view.timeline_changed.connect(self._follow_timeline)
        self.check: Check | None = None
        self.next_cases = NextCases()
        self._newest_when_asked: Path | None = None
        self.agreement = Agreement()
        self.saved.connect(lambda case: self.next_cases.forget(case.name))
        self.progress.changed.connect(self._leave_out_reviewed)
        self.facts.changed.connect(self._forget_doubts_of_older_runs)
        self.prediction_shown.connect(partial(self.annotation.limits.note_mask, "prediction"))
        self.comparison = Comparison(self.runs_in_view)
        self.case_opened.connect(self.comparison.take_case)
        self.dataset_opened.connect(self._compare_on_case)
        self.training_ended.connect(self.comparison.read_again)

    def list_cases(self, dataset: Dataset, project: Project | None = None) -> None:
        """Take a dataset, and its project, for the open one; its cases are still to be read."""
        self.prediction = None
        self.next_cases.forget()
        self.map_view.open(None)
        super().list_cases(dataset, project)

    def show_read(self, opened: OpenCase) -> None:
        """Show a case of the open dataset that was read.

        Raises
        ------
        InputError
            What was painted on it does not fit its image any more, which is another by now.
        """
        # Before anything of the case in view is given up.
        self._paintings.expect_fit(opened, self.project)
        self.prediction = None
        self.map_view.open(None)
        super().show_read(opened)
        self.show_map()

    def new_labels(self) -> None:
        """Make empty labels to paint on, where the case in view has none."""
        super().new_labels()
        self.show_map()

    @property
    def map_choice(self) -> MapChoice:
        """Which distance map is shown."""
        return self.map_view.choice

    def _compare_on_case(self, _dataset: Dataset) -> None:
        """Forget what was found in a case that is gone, or that has another truth now."""
        self.comparison.take_case(self.open_case)

    def choose_map(self, choice: MapChoice) -> None:
        """Show another distance map."""
        self.map_view.choose(choice)

    def show_map(self) -> None:
        """Measure the distance map of what is open now."""
        self.map_view.open(self.open_case, self.labels, self.prediction)

    def ask_example(self, number: int = 0) -> None:
        """Ask for the plane in view as the loss of the next training would see it.

        Raises
        ------
        InputError
            No case is open, or it has no labels.
        """
        if self.dataset is None or self.open_case is None or self.labels is None:
            raise InputError("There is nothing to show a loss. Open a case that has labels.")
        view = self.map_view
        plane = view.index if view.axis == 0 else len(self.labels) // 2
        self.loss_example.ask(
            ExampleRequest(
                self.dataset, self.open_case, self.labels.copy(), self.settings, plane, number
            )
        )

    def show_prediction(self, labels: NDArray[np.int32], source: str = "") -> None:
        """Lay label values ``(Z, Y, X)`` over the case in view; `source` says whose they are."""
        self.prediction, self.prediction_of = labels, source
        self.prediction_shown.emit(labels)

    def hide_prediction(self) -> None:
        """Take the prediction away, and lay none over until one is asked for."""
        self.runs_in_view.lay_over(None)
        self.previews, self.prediction, self.prediction_of = False, None, ""
        self.choose_run(None)
        self.prediction_shown.emit(None)

    def choose_run(self, run: Path | None) -> None:
        """Choose the run whose prediction is shown, instead of the running training's."""
        self.runs_in_view.lay_over(None)
        self.run = run
        if run is not None:
            self.previews = False
        self.run_chosen.emit(run)

    def _follow_timeline(self, run: Path | None) -> None:
        """Make room for a run's timeline; without one the running training has it again."""
        self.run, self.previews = None, run is None and self.training is not None
        if run is None:
            self.prediction, self.prediction_of = None, ""
            self.prediction_shown.emit(None)

    @property
    def helping_run(self) -> Path:
        """The run that drafts and ranks cases: the one chosen, or the newest on this dataset.

        Raises
        ------
        InputError
            There is none yet.
        """
        run = self.run or self._newest
        if run is None:
            raise InputError(
                "There is no network for these images yet. Train one on the labelled cases, or "
                "choose a run under Runs and show its prediction."
            )
        return run

    @property
    def _newest(self) -> Path | None:
        """The newest run on this dataset, if there is one."""
        return self.facts.run.run if self.facts.run is not None else None

    def ask_next_cases(self) -> None:
        """Ask for the cases without labels to be ranked by what `helping_run` doubts of them.

        Those that were painted on or reviewed are left out: they are in the user's hands.

        Raises
        ------
        InputError
            There is no such run, nothing is open, or all cases have labels.
        """
        labelled = (
            {case.name for case in self.dataset.cases if case.labels} if self.dataset else set()
        )
        present = {name: v for name, v in self.facts.present.items() if name in labelled}
        work, self._newest_when_asked = self.work, self._newest
        done = work.painted | work.reviewed
        self.next_cases.ask(self.helping_run, self.dataset, usual_values(present), done)

    def _forget_doubts_of_older_runs(self, _names: object) -> None:
        """Forget what a network doubted where there is a newer one, which doubts other cases."""
        if self._newest not in (None, self._newest_when_asked):
            self.next_cases.forget()

    def _leave_out_reviewed(self, case: Case) -> None:
        if self.progress.of(case).state == "reviewed":
            self.next_cases.forget(case.name)

    def ask_check(self) -> None:
        """Ask for the open dataset to be examined; whoever examines hears it.

        Raises
        ------
        InputError
            No dataset is open.
        """
        self.check_asked.emit(self._open_dataset())

    def ask_check_stop(self) -> None:
        """Ask for the examination to stop after the case it is at."""
        self.check_stop_asked.emit()

    def note_check(self, check: Check) -> None:
        """Note how an examination stands."""
        self.check = check
        if check.diagnosis is not None and check.is_of(self.dataset):
            self.facts.note_diagnosis(check.diagnosis)
        self.check_changed.emit(check)
