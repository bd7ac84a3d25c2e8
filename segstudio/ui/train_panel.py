"""The training panel: the loss, the few settings that matter, Start and Stop."""

from pathlib import Path

from qtpy.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QWidget,
)

from segstudio.learn.config import DEFAULT_LOSS, TrainConfig, make_config
from segstudio.learn.events import (
    CaseValidated,
    EpochDone,
    Event,
    Finished,
    Guarded,
    Started,
    StepDone,
    Warned,
)
from segstudio.session import Session
from segstudio.ui.edge import at_the_edge
from segstudio.ui.loss_choice import LossChoice

THOUSAND = 1000
IDLE = "Choose a loss and press Start."


class TrainPanel(QWidget):
    """Asks the session for trainings and shows how far the running one is."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._make_choices()
        self._make_controls()
        self._lay_out()
        self.loss.changed.connect(self._take_learning_rate)
        self.start.clicked.connect(self._start)
        self.stop.clicked.connect(self._stop)
        session.training_asked.connect(self._show_config)
        session.training_started.connect(self._begin)
        session.training_told.connect(self._follow)
        session.training_ended.connect(self._end)
        self._set_running(session.training is not None)
        self._take_learning_rate()
        if session.training is not None:
            self._begin(session.training)
            for event in session.told:
                self._follow(event)

    def _make_choices(self) -> None:
        self.loss = LossChoice(DEFAULT_LOSS)
        self._names: list[str] | None = None  # of the losses whose step size is shown
        self.epochs = _whole(1, 10_000, 12, "How often the network sees every training slice.")
        self.batch_size = _whole(1, 512, 8, "Slices the network sees in one step.")
        self.learning_rate = QDoubleSpinBox()
        self.learning_rate.setDecimals(6)
        self.learning_rate.setRange(1e-6, 1.0)
        self.learning_rate.setSingleStep(1e-4)
        self.learning_rate.setToolTip("Size of a step; each loss brings its own.")
        self.seed = _whole(0, 2**31 - 1, 0, "Same seed: same split, first weights and order.")
        self.skip_unlabelled = QCheckBox("Skip images without labels")
        self.skip_unlabelled.setToolTip("Train on the labelled images only.")

    def _make_controls(self) -> None:
        self.start = QPushButton("Start")
        self.start.setToolTip("Train on the open dataset, in the background.")
        self.stop = QPushButton("Stop")
        self.stop.setToolTip("Stop after this step; the best and the last network are kept.")
        self.progress = QProgressBar()
        self.progress.setToolTip("How much of the training is done.")
        self.status = QLabel(IDLE)
        self.status.setWordWrap(True)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.start)
        buttons.addWidget(self.stop)
        form = QFormLayout(self)
        form.addRow(self.loss)
        form.addRow("Epochs", self.epochs)
        form.addRow("Batch size", self.batch_size)
        form.addRow("Learning rate", self.learning_rate)
        form.addRow("Seed", self.seed)
        form.addRow(self.skip_unlabelled)
        form.addRow(buttons)
        form.addRow(self.progress)
        form.addRow(self.status)

    def config(self) -> TrainConfig:
        """Return the settings as they stand in the panel."""
        return make_config(
            loss=self.loss.text(),
            epochs=self.epochs.value(),
            batch_size=self.batch_size.value(),
            learning_rate=self.learning_rate.value(),
            seed=self.seed.value(),
            skip_unlabelled=self.skip_unlabelled.isChecked(),
        )

    def _show_config(self, config: TrainConfig) -> None:
        """Show the settings of a training, whoever asked for it."""
        self.loss.set_text(config.loss)
        self._names = [part.name for part in config.expression.parts]
        self.epochs.setValue(config.epochs)
        self.batch_size.setValue(config.batch_size)
        self.learning_rate.setValue(config.step_size)
        self.seed.setValue(config.seed)
        self.skip_unlabelled.setChecked(config.skip_unlabelled)

    def _take_learning_rate(self, *_: object) -> None:
        """Show the step size of a loss that has just been chosen, not of one being edited."""
        expression = self.loss.expression()
        names = None if expression is None else [part.name for part in expression.parts]
        if expression is not None and names != self._names:
            self._names = names
            self.learning_rate.setValue(expression.learning_rate)

    @at_the_edge
    def _start(self, _checked: bool = False) -> None:
        self.session.ask_training(self.config())

    @at_the_edge
    def _stop(self, _checked: bool = False) -> None:
        self.status.setText("Stopping after this step …")
        self.stop.setEnabled(False)
        self.session.ask_stop()

    def _begin(self, run: Path) -> None:
        self._set_running(True)
        self.progress.setRange(0, 0)
        self.status.setText(f"Reading the data …\nRun folder: {run.name}")

    def _follow(self, event: Event) -> None:
        if isinstance(event, Started):
            self.progress.setRange(0, THOUSAND)
            self.status.setText(
                f"{event.train_cases} cases to train, {event.validation_cases} to validate, "
                f"{event.test_cases} to test, on {event.device} ({event.precision})"
            )
        elif isinstance(event, StepDone):
            self.progress.setValue(round(event.done * THOUSAND))
        elif isinstance(event, EpochDone):
            best = ", the best so far" if event.is_best else ""
            self.status.setText(f"Epoch {event.epoch}: validation Dice {event.mean_dice:.3f}{best}")
        elif isinstance(event, CaseValidated) and event.split != "validation":
            self.status.setText(f"Scoring the best network: {event.split}, {event.case}")
        elif isinstance(event, Warned | Guarded):
            self.session.say(event.text, is_error=isinstance(event, Guarded))
        elif isinstance(event, Finished):
            self._show_result(event)

    def _show_result(self, event: Finished) -> None:
        dice = event.summary["test"]["mean_dice"]
        shown = "unknown" if dice is None else f"{dice:.3f}"
        self.status.setText(f"Finished: test Dice {shown}, best epoch {event.best_epoch}")

    def _end(self, run: Path) -> None:
        self._set_running(False)
        if self.session.failure:
            self.status.setText(self.session.failure)
        elif not self.status.text().startswith("Finished"):
            self.status.setText(f"Stopped; what was learned is in {run.name}")

    def _set_running(self, running: bool) -> None:
        self.start.setEnabled(not running)
        self.stop.setEnabled(running)
        if not running:
            self.progress.setRange(0, 1)
            self.progress.reset()


def _whole(least: int, most: int, value: int, tip: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(least, most)
    box.setValue(value)
    box.setToolTip(tip)
    return box
