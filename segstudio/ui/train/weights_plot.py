"""The plot of the weights of a sum of losses over the epochs."""

import pyqtgraph as pg
from qtpy.QtGui import QPalette, QShowEvent
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from segstudio.core.labels import PALETTE
from segstudio.losses.expression import LossExpression

MOST_POINTS = 200
HEADROOM = 1.3  # above the largest weight, for the legend


class WeightsPlot(QWidget):
    """Draws a line for each loss of a sum."""

    def __init__(self) -> None:
        super().__init__()
        self.plot = pg.PlotWidget(background=None)
        self.plot.setLabel("bottom", "epoch")
        self.plot.setLabel("left", "weight")
        for side in ("left", "bottom"):
            self.plot.getAxis(side).enableAutoSIPrefix(False)
        self.plot.showGrid(x=True, y=True, alpha=0.15)
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        self.plot.setToolTip("The weight of each loss in each epoch.")
        self._legend = self.plot.addLegend(offset=(-10, 10))
        self._color = QLabel(self)  # a plot's own palette is not the theme's
        self._color.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plot)
        self.setMinimumHeight(160)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Take the theme's text colour; a style sheet is applied when a widget is shown."""
        super().showEvent(event)
        self._color.ensurePolished()
        color = self._color.palette().color(QPalette.ColorRole.WindowText)
        for side in ("left", "bottom"):
            self.plot.getAxis(side).setPen(color)
            self.plot.getAxis(side).setTextPen(color)
        self._legend.setLabelTextColor(color)
        for _, label in self._legend.items:
            label.setText(label.text, color=color)

    def show_weights(self, expression: LossExpression, epochs: int) -> None:
        """Draw the weights of a sum from the first epoch to the last."""
        self.plot.clear()
        step = max(1, epochs // MOST_POINTS)
        shown = [*range(1, epochs, step), epochs]
        weights = [expression.weights(epoch) for epoch in shown]
        for i, part in enumerate(expression.parts):
            pen = pg.mkPen(PALETTE[i % len(PALETTE)], width=2)
            values = [each[i] for each in weights]
            self.plot.plot(
                shown,
                values,
                pen=pen,
                symbol="o",
                symbolSize=4,
                symbolBrush=pen.color(),
                symbolPen=None,
                name=part.label,
            )
        self.plot.setYRange(0, HEADROOM * max(map(max, weights)) or 1)
        self.plot.setXRange(1, max(2, epochs))
