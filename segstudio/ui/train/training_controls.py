"""The buttons of a training, and how far it is."""

import time
from pathlib import Path

from qtpy.QtWidgets import (
    QGridLayout,
    QLabel,
    QMessageBox,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from segstudio.data.datasets import unlabelled_cases
from segstudio.learn.config import TrainConfig
from segstudio.learn.events import Event, StepDone, Stopped
from segstudio.session import Session
from segstudio.ui.edge import at_the_edge
from segstudio.ui.train.resume_dialog import ResumeDialog
from segstudio.ui.train.training_words import IDLE, NO_DATA, is_scoring, status_of
from segstudio.ui.widgets.button import push_button

THOUSAND = 1000
SECONDS_BETWEEN = 0.5
SHARE, SCORING = "%p%", "Trained. Scoring every case …"  # what the bar says


class TrainingControls(QWidget):
    """Starts, pauses, stops and resumes through the session; each button only where it can."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.problem = ""
        self._moved = 0.0  # when the bar was
        self.start = push_button("&Start", "")
        self.pause = push_button("Pa&use", "")
        self.stop = push_button(
            "Stop &now", "Stop after this step. What was learned is kept; the run can go on later."
        )
        self.stop_after_epoch = push_button(
            "Stop after this &epoch",
            "Finish the epoch and its validation, then stop. Press again to take it back.",
        )
        self.stop_after_epoch.setCheckable(True)
        self.resume = push_button(
            "&Go on with a run…",
            "Resume a run that was stopped, or train a finished one for more epochs.",
        )
        self.progress = QProgressBar()
        self.progress.setToolTip("How much of the training is done.")
        self.status = QLabel("")
        self.status.setWordWrap(True)
        self._lay_out()
        self._connect()
        if session.training is not None:
            self._catch_up(session.training)
        elif session.runs_in_view.live is not None:
            self._end(session.runs_in_view.live)
        else:
            self._show_idle()
        self.show_wish()

    def _lay_out(self) -> None:
        column, grid = QVBoxLayout(self), QGridLayout()
        column.setContentsMargins(0, 0, 0, 0)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(self.start, 0, 0)
        grid.addWidget(self.pause, 0, 1)
        grid.addWidget(self.stop, 1, 0)
        grid.addWidget(self.stop_after_epoch, 1, 1)
        grid.addWidget(self.resume, 2, 0, 1, 2)
        column.addLayout(grid)
        column.addWidget(self.progress)
        column.addWidget(self.status)

    def _connect(self) -> None:
        session = self.session
        self.start.clicked.connect(self._start)
        self.pause.clicked.connect(self._pause_or_continue)
        self.stop.clicked.connect(self._stop)
        self.stop_after_epoch.clicked.connect(self._stop_after_epoch)
        self.resume.clicked.connect(self._ask_run)
        session.training_started.connect(self._begin)
        session.training_told.connect(self._follow)
        session.training_ended.connect(self._end)
        session.wish_changed.connect(self.show_wish)
        session.dataset_opened.connect(self._take_dataset)

    def show_problem(self, text: str) -> None:
        """Take that the settings will not do, and why; they will, if empty."""
        self.problem = text
        self.show_wish()

    def _take_dataset(self, _dataset: object) -> None:
        if self.status.text() == NO_DATA:
            self.status.setText(IDLE)
        self.show_wish()

    @at_the_edge
    def _start(self, _checked: bool = False) -> None:
        settings = self.session.settings
        wanted = self._with_what_to_train_on(settings)
        if wanted is not None:
            self.session.ask_training(wanted)
            self.session.choose_settings(settings)  # it was asked for these data alone

    def _with_what_to_train_on(self, settings: TrainConfig) -> TrainConfig | None:
        """Ask whether images without labels are to be left out, where there are some."""
        session = self.session
        if session.dataset is None or settings.skip_unlabelled:
            return settings
        bare = len(unlabelled_cases(session.dataset))
        labelled = sum(case.labels is not None for case in session.dataset.cases)
        if not bare or not labelled:
            return settings
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Images without labels")
        box.setText(f"{bare} of {len(session.dataset.cases)} images have no labels yet.")
        box.setInformativeText(
            "Nothing can be learned from those; drafts are no labels until you save them. Train on "
            f"the {labelled} that have some?"
        )
        train = box.addButton(f"Train on {labelled}", QMessageBox.ButtonRole.AcceptRole)
        cancel = box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(train)
        box.setEscapeButton(cancel)
        box.exec()
        if box.clickedButton() is not train:
            return None
        return settings.model_copy(update={"skip_unlabelled": True})

    @at_the_edge
    def _pause_or_continue(self, _checked: bool = False) -> None:
        if self.session.wish == "pause":
            self.session.ask_continue()
        else:
            self.session.ask_pause()

    @at_the_edge
    def _stop(self, _checked: bool = False) -> None:
        self.session.ask_stop()

    @at_the_edge
    def _stop_after_epoch(self, _checked: bool = False) -> None:
        self.session.ask_stop_after_epoch(self.stop_after_epoch.isChecked())

    @at_the_edge
    def _ask_run(self, _checked: bool = False) -> None:
        dialog = ResumeDialog(self.session, self)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def show_wish(self, *_: object) -> None:
        """Show what can be done now, and what was wished."""
        session = self.session
        has_data, is_running = session.dataset is not None, session.training is not None
        is_stopping = session.wish == "stop"
        has_epochs = is_running and not is_stopping and not is_scoring(session.told)
        self.start.setEnabled(has_data and not self.problem)
        self.start.setText("Add to &queue" if is_running else "&Start")
        self.start.setToolTip(self._start_tip(has_data, is_running))
        self.pause.setEnabled(has_epochs)
        paused = session.wish == "pause"
        self.pause.setText("Contin&ue" if paused else "Pa&use")
        self.pause.setToolTip(
            "Go on from where it waits."
            if paused
            else "Wait after this step, its state saved, and leave the machine to others."
        )
        self.stop.setEnabled(is_running and not is_stopping)
        self.stop_after_epoch.setEnabled(has_epochs and not paused)
        self.stop_after_epoch.setChecked(session.is_last_epoch)
        self.resume.setEnabled(has_data)
        if is_running:
            self.status.setText(status_of(session))

    def _start_tip(self, has_data: bool, is_running: bool) -> str:
        if not has_data:
            return "Open a dataset first, in the Data panel."
        if self.problem:
            return self.problem
        if is_running:
            return "Train with these settings when the training that runs has ended."
        return "Train on the open dataset with these settings, beside the window."

    def _begin(self, _run: Path) -> None:
        self.progress.setFormat(SHARE)
        self.progress.setRange(0, 0)
        self.show_wish()

    def _catch_up(self, run: Path) -> None:
        """Show how far a training is that began before these controls were made."""
        self._begin(run)
        told = self.session.told
        step = next((event for event in reversed(told) if isinstance(event, StepDone)), None)
        if step is not None:
            self._show_progress(step.done)
        if is_scoring(told):
            self.progress.setFormat(SCORING)

    def _follow(self, event: Event) -> None:
        if isinstance(event, StepDone):
            self._show_progress(event.done)
            if self.session.wish == "go on":
                return  # the status tells of epochs, and steps are many
        elif is_scoring(self.session.told):
            self.progress.setFormat(SCORING)
        self.show_wish()

    def _show_progress(self, done: float) -> None:
        """Move the bar now and then: each time, the whole window is put together anew."""
        now = time.monotonic()
        if now > self._moved + SECONDS_BETWEEN or self.progress.maximum() == 0:
            self._moved = now
            self.progress.setRange(0, THOUSAND)
            self.progress.setValue(round(done * THOUSAND))

    def _end(self, run: Path) -> None:
        session = self.session
        if session.failure:
            self.status.setText(session.failure)
        elif session.told and isinstance(session.told[-1], Stopped):
            self.status.setText(f"Stopped; what was learned is in {run.name}")
        else:
            self.status.setText(status_of(session))
        self._show_idle()
        self.show_wish()

    def _show_idle(self) -> None:
        self.progress.setRange(0, 1)
        self.progress.reset()
        if not self.status.text():
            self.status.setText(IDLE if self.session.dataset is not None else NO_DATA)
