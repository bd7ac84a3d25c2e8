"""The curves: loss of every step and epoch, validation Dice per class, as they come."""

from pathlib import Path

import pyqtgraph as pg
from qtpy.QtCore import QEvent, Qt, QTimer
from qtpy.QtGui import QPalette, QShowEvent
from qtpy.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from segstudio.core.labels import PALETTE
from segstudio.learn.events import EpochDone, Event, Started, StepDone
from segstudio.session import Session

REDRAW_MS = 100
MOST_EPOCHS_AHEAD = 100  # an axis drawn longer from the start would be empty for hours


class CurvesPanel(QWidget):
    """Draws what the running training tells."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._steps_per_epoch = 1
        self._stale = False
        self.loss_plot = self._plot("training loss")
        self.dice_plot = self._plot("validation Dice")
        self.dice_plot.setYRange(0, 1)
        self._legend = self.dice_plot.addLegend(offset=(-10, -10))
        self.hint = QLabel("Curves appear here while a network trains.")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column, row = QVBoxLayout(self), QHBoxLayout()
        column.setContentsMargins(4, 0, 4, 4)
        column.addWidget(self.hint)
        column.addLayout(row)
        row.addWidget(self.loss_plot)
        row.addWidget(self.dice_plot)
        self.setMinimumHeight(150)
        self._clear()
        # Steps come faster than a screen needs them; one redraw serves many.
        self._timer = QTimer(self)
        self._timer.setInterval(REDRAW_MS)
        self._timer.timeout.connect(self._redraw)
        session.training_started.connect(self._begin)
        session.training_told.connect(self._follow)
        session.training_ended.connect(self._end)
        if session.told:
            self._begin(None)
            for event in session.told:
                self._follow(event)
        if session.training is None:
            self._end(None)

    def _plot(self, what: str) -> pg.PlotWidget:
        plot = pg.PlotWidget(background=None)
        plot.setLabel("bottom", "epoch")
        plot.setLabel("left", what)
        plot.showGrid(x=True, y=True, alpha=0.15)
        plot.setToolTip(f"{what}; drag to move, wheel to zoom, right click to export")
        for side in ("left", "bottom"):
            plot.getAxis(side).enableAutoSIPrefix(False)
        return plot

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Take the text colour of a new theme, which pyqtgraph does not do by itself."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            QTimer.singleShot(0, self._take_text_color)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Take the theme's text colour; a style sheet is applied when a widget is shown."""
        super().showEvent(event)
        self._take_text_color()

    def _take_text_color(self) -> None:
        color = self.hint.palette().color(QPalette.ColorRole.WindowText)
        for plot in (self.loss_plot, self.dice_plot):
            for side in ("left", "bottom"):
                plot.getAxis(side).setPen(color)
                plot.getAxis(side).setTextPen(color)
            plot.resetCachedContent()  # the background of the old theme
        self._legend.setLabelTextColor(color)
        behind = self.hint.palette().color(QPalette.ColorRole.Window)
        behind.setAlpha(200)
        self._legend.setBrush(behind)
        for _, label in self._legend.items:
            label.setText(label.text, color=color)

    def _clear(self) -> None:
        self.steps: tuple[list[float], list[float]] = ([], [])
        self.epochs: tuple[list[float], list[float]] = ([], [])
        self.dice: dict[str, tuple[list[float], list[float]]] = {}
        self.loss_plot.clear()
        self.dice_plot.clear()
        thin, thick = pg.mkPen("#7fa7c4", width=1), pg.mkPen("#e69f00", width=2)
        self._step_curve = self.loss_plot.plot(pen=thin, name="step", skipFiniteCheck=False)
        self._epoch_curve = self.loss_plot.plot(pen=thick, symbol="o", symbolSize=5, name="epoch")
        self._dice_curves: dict[str, pg.PlotDataItem] = {}

    def _begin(self, _run: Path | None) -> None:
        self.hint.hide()
        self._clear()
        self._timer.start()

    def _follow(self, event: Event) -> None:
        if isinstance(event, Started):
            self._steps_per_epoch = event.steps_per_epoch
            for plot in (self.loss_plot, self.dice_plot):
                plot.setXRange(0, min(event.epochs, MOST_EPOCHS_AHEAD))
                plot.enableAutoRange(x=event.epochs > MOST_EPOCHS_AHEAD)
        elif isinstance(event, StepDone):
            self.steps[0].append(event.epoch - 1 + event.step / self._steps_per_epoch)
            self.steps[1].append(event.loss)
        elif isinstance(event, EpochDone):
            self.epochs[0].append(event.epoch)
            self.epochs[1].append(event.loss)
            for name, dice in event.dice.items():
                x, y = self.dice.setdefault(name, ([], []))
                x.append(event.epoch)
                y.append(dice)
        self._stale = True

    def _redraw(self) -> None:
        if not self._stale:
            return
        self._stale = False
        self._step_curve.setData(*self.steps)
        self._epoch_curve.setData(*self.epochs)
        for i, (name, points) in enumerate(self.dice.items()):
            if name not in self._dice_curves:
                pen = pg.mkPen(PALETTE[i % len(PALETTE)], width=2)
                self._dice_curves[name] = self.dice_plot.plot(
                    pen=pen, symbol="o", symbolSize=5, symbolBrush=pen.color(), name=name
                )
            self._dice_curves[name].setData(*points)

    def _end(self, _run: Path | None) -> None:
        self._timer.stop()
        self._stale = True
        self._redraw()
