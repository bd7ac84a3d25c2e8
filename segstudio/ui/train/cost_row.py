"""What a training will take, before it is started."""

from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from segstudio.learn.config import TrainConfig
from segstudio.session import Session
from segstudio.session.messages import Cost
from segstudio.ui.edge import at_the_edge

HINT = "Time and memory: not estimated yet."
MINUTE = 60


class CostRow(QWidget):
    """Asks the session what the settings will cost, and shows the answer while it holds."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.told = QLabel(HINT)
        self.told.setWordWrap(True)
        self.ask = QPushButton("Estimate")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.told, 1)
        row.addWidget(self.ask)
        self.ask.clicked.connect(self._ask)
        session.cost_changed.connect(self._show)
        session.settings_changed.connect(self._show)
        session.dataset_opened.connect(self._show)
        session.training_started.connect(self._show)
        session.training_ended.connect(self._show)
        self._show()

    @property
    def _is_running(self) -> bool:
        return self.session.cost is not None and self.session.cost.state == "running"

    @at_the_edge
    def _ask(self, _checked: bool = False) -> None:
        if self._is_running:
            self.session.ask_cost_stop()
            self.ask.setEnabled(False)
        else:
            self.session.ask_cost(self.session.settings)

    def _show(self, _changed: object = None) -> None:
        session = self.session
        can_begin = session.dataset is not None and session.training is None
        self.ask.setEnabled(self._is_running or can_begin)
        self.ask.setText("Cancel" if self._is_running else "Estimate")
        self.ask.setToolTip(
            "Stop measuring."
            if self._is_running
            else "Measure a few steps with these settings: how long it takes, and how much memory."
        )
        self.told.setText(self._text())
        self.setVisible(session.training is None)  # the training tells how long it takes

    def _text(self) -> str:
        cost = self.session.cost
        if cost is None or cost.state == "stopped":
            return HINT
        if cost.state == "running":
            return "Measuring a few steps …"
        if cost.dataset is not self.session.dataset or not _is_same(cost, self.session.settings):
            return "Time and memory: the settings have changed."
        return cost.failure or in_words(cost)


def _is_same(cost: Cost, config: TrainConfig) -> bool:
    return cost.config.model_dump() == config.model_dump()


def in_words(cost: Cost) -> str:
    """Return what a training will cost."""
    memory = f"{cost.gib:.1f} GB of memory"
    if cost.gib > cost.free_gib:
        memory = f"{memory}, but only {cost.free_gib:.1f} GB are free"
    time = duration(cost.seconds * cost.config.epochs)
    about = time.capitalize() if time.startswith("less") else f"About {time}"
    return f"{about} and {memory}, on {cost.device}."


def duration(seconds: float) -> str:
    """Return a time as it is said: 'less than a minute', '12 min', '3 h 5 min'."""
    if seconds < MINUTE:
        return "less than a minute"
    hours, minutes = divmod(round(seconds / MINUTE), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
