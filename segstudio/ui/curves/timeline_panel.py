"""The timeline: how the prediction of the case in view grew from epoch to epoch."""

from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QSizePolicy, QSlider, QWidget
from superqt import QElidingLabel

from segstudio.learn.events import EpochDone, Event
from segstudio.learn.timeline import Timeline, read_timeline
from segstudio.session import Session
from segstudio.ui.edge import at_the_edge

WIDEST_NAME = 240
NO_RUN = "Tick a run under Runs, or train: how its prediction grew is shown here."
NO_CASE = "Open a case to see how its prediction grew."


class TimelinePanel(QWidget):
    """Moves through the epochs of a run, in step with the cursor of the curves."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._kept = Timeline()
        self._make_controls()
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 4, 2)
        for widget in (self.shown, self.runs, self.slider, self.told):
            row.addWidget(widget)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        row.setStretchFactor(self.slider, 3)
        row.setStretchFactor(self.told, 1)
        self.shown.clicked.connect(self._show)
        self.runs.activated.connect(self._choose_run)
        self.slider.valueChanged.connect(self._go_to)
        in_view = session.runs_in_view
        in_view.runs_changed.connect(self._list_runs)
        in_view.epoch_changed.connect(self._follow_epoch)
        in_view.timeline_changed.connect(self._follow_timeline)
        session.case_opened.connect(self._read)
        session.dataset_opened.connect(self._read)
        session.training_told.connect(self._follow)
        self._list_runs()

    def _make_controls(self) -> None:
        self.shown = QCheckBox("Show")
        self.shown.setToolTip(
            "Lay what the run predicted after the chosen epoch over the case in view."
        )
        self.runs = QComboBox()
        self.runs.setToolTip("Whose predictions are shown: one of the runs in view.")
        self.runs.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.runs.setMaximumWidth(WIDEST_NAME)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setToolTip(
            "Drag, or press the left and right keys, to go through the epochs; the cursor of the "
            "curves goes with it."
        )
        self.told = QElidingLabel(NO_RUN)  # one line: the curves need the height
        self.told.setMinimumWidth(100)
        self.told.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    @property
    def run(self) -> Path | None:
        """The chosen run."""
        found: Path | None = self.runs.currentData()
        return found

    def _list_runs(self) -> None:
        """List the runs in view; the chosen one stays, or is that which is laid over."""
        in_view = self.session.runs_in_view
        kept = in_view.timeline or self.run
        self.runs.clear()
        names = in_view.names()
        for run, color in in_view.colors.items():
            square = QPixmap(12, 12)
            square.fill(QColor(color))
            self.runs.addItem(QIcon(square), names[run], run)
            self.runs.setItemData(self.runs.count() - 1, str(run), Qt.ItemDataRole.ToolTipRole)
        runs = list(in_view.colors)
        self.runs.setCurrentIndex(runs.index(kept) if kept in runs else len(runs) - 1)
        self._read()

    def _read(self, *_: object) -> None:
        """Find out what the chosen run keeps."""
        self._kept = Timeline() if self.run is None else read_timeline(self.run)
        self._show_state()

    def _show_state(self) -> None:
        lack, epochs = self._lack(), self._kept.epochs
        self.runs.setVisible(self.run is not None)
        self.shown.setVisible(self.run is not None)
        self.shown.setEnabled(not lack)
        self.shown.setChecked(self.session.runs_in_view.timeline == self.run and not lack)
        self.slider.setVisible(not lack)
        if lack:
            self.told.setText(lack)
            self.told.setToolTip(lack)
            return
        place = self._kept.place(self.session.runs_in_view.epoch)
        self.slider.blockSignals(True)
        self.slider.setRange(0, len(epochs) - 1)
        self.slider.setValue(place)
        self.slider.blockSignals(False)
        self.told.setToolTip("The epoch whose prediction is meant, and the last that is kept.")
        self.told.setText(f"epoch {epochs[place]} of {epochs[-1]}")

    def _lack(self) -> str:
        """Return why there is nothing to show; empty where there is."""
        if self.run is None:
            return NO_RUN
        if self.session.open_case is None:
            return NO_CASE
        return self._kept.lacks(self.session.open_case.case.name)

    @at_the_edge
    def _show(self, _checked: bool = False) -> None:
        self.session.runs_in_view.lay_over(self.run if self.shown.isChecked() else None)

    @at_the_edge
    def _choose_run(self, *_: object) -> None:
        self._read()
        if self.session.runs_in_view.timeline is not None:
            self.session.runs_in_view.lay_over(self.run)

    @at_the_edge
    def _go_to(self, place: int) -> None:
        """Look at an epoch; whoever moves the slider wants to see."""
        in_view = self.session.runs_in_view
        in_view.go_to(self._kept.epochs[place])
        in_view.lay_over(self.run)
        self._show_state()

    def _follow_epoch(self, _epoch: int | None) -> None:
        self._show_state()

    def _follow_timeline(self, run: Path | None) -> None:
        index = self.runs.findData(run)
        if run is not None and index >= 0 and index != self.runs.currentIndex():
            self.runs.setCurrentIndex(index)
            self._read()
        self._show_state()

    def _follow(self, event: Event) -> None:
        if isinstance(event, EpochDone) and self.run == self.session.training:
            self._read()
