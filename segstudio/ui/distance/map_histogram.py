"""The histogram of the distance map, of the plane in view or of the volume."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, Qt, QTimer
from qtpy.QtGui import QColor, QPalette, QShowEvent
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from segstudio.session import Session
from segstudio.ui.distance.map_words import symbol
from segstudio.ui.edge import at_the_edge

BINS = 64
MOST_COUNTED = 1_000_000  # voxels; of more, evenly taken ones stand for the others
WAIT_MS = 150  # between two drawings while a brush moves
INSIDE, OUTSIDE, ZERO = "#4393c3", "#d6604d", "#9a9a9a"


class MapHistogram(QWidget):
    """Draws how many voxels have which distance, inside blue and outside red as in the map.

    Parameters
    ----------
    session : Session
        Whose map it is.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._view = session.map_view
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WAIT_MS)
        self._timer.timeout.connect(self.draw)
        self._make_choices()
        self._color = QLabel(self)  # a plot's own palette is not the theme's
        self._color.hide()
        row, column = QHBoxLayout(), QVBoxLayout(self)
        row.addWidget(self.scope)
        row.addWidget(self.log)
        row.addStretch()
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.scope.activated.connect(self.draw)
        self.log.toggled.connect(self.draw)
        for signal in (self._view.changed, self._view.moved, self._view.chosen):
            signal.connect(self._draw_soon)

    def _make_choices(self) -> None:
        self.scope = QComboBox()
        self.scope.addItem("of the plane", "plane")
        self.scope.addItem("of the volume", "volume")
        self.scope.setToolTip("Whose voxels are counted: those in view, or all of the image.")
        self.log = QCheckBox("log")
        self.log.setToolTip(
            "Draw the logarithm of the counts: a small class is seen beside much background."
        )

    @cached_property
    def plot(self) -> Any:
        """The plot; made when it is first drawn."""
        # Deferred: it loads for a while, which a window need not wait for.
        import pyqtgraph as pg

        plot = pg.PlotWidget(background=None)
        plot.setMouseEnabled(x=False, y=False)
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setLimits(yMin=0)
        plot.setFixedHeight(150)
        plot.setToolTip("How many voxels have which distance; the grey line is the contour.")
        for side in ("left", "bottom"):
            plot.getAxis(side).enableAutoSIPrefix(False)
        zero = pg.InfiniteLine(0, pen=pg.mkPen(ZERO, style=Qt.PenStyle.DashLine))
        plot.addItem(zero)
        self.layout().addWidget(plot)
        return plot

    @cached_property
    def _bars(self) -> list[Any]:
        return [
            self.plot.plot([0, 1], [0], stepMode="center", fillLevel=0, brush=color, pen=color)
            for color in (INSIDE, OUTSIDE)
        ]

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Take the theme's text colour, and draw what has changed while it was not seen."""
        super().showEvent(event)
        self._take_text_color()
        self.draw()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Take the text colour of a new theme, which pyqtgraph does not do by itself."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and self.isVisible():
            QTimer.singleShot(0, self, self._take_text_color)

    def _take_text_color(self) -> None:
        self._color.ensurePolished()
        color: QColor = self._color.palette().color(QPalette.ColorRole.WindowText)
        for side in ("left", "bottom"):
            self.plot.getAxis(side).setPen(color)
            self.plot.getAxis(side).setTextPen(color)
        self.plot.resetCachedContent()  # the background of the old theme

    def _draw_soon(self, *_: object) -> None:
        """Draw in a moment, so that a moving brush does not wait for a drawing each time."""
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def values(self) -> tuple[NDArray[np.float32], float]:
        """Return the distances that are counted, ``(N,)``, and how many voxels each stands for.

        None where there is no contour; of a half of the map those on its own side.
        """
        plane, whole = self._view.plane(), self._view.phi
        if plane is None or whole is None:
            return np.zeros(0, np.float32), 1.0
        of_all = (plane[1] if self.scope.currentData() == "plane" else whole).ravel()
        # An odd step, so that the same columns are not taken of every row.
        step = -(-of_all.size // MOST_COUNTED) | 1 if of_all.size > MOST_COUNTED else 1
        values = of_all[::step]
        weight = of_all.size / values.size
        if self._view.choice.half != "both":
            values = values[values > 0]
        is_even = values.size == 0 or values.min() == values.max()
        return (values[:0] if is_even else values), weight

    @at_the_edge
    def draw(self, *_: object) -> None:
        """Draw the histogram of the map as it is now."""
        values, weight = self.values()
        edges, counts = histogram(values)
        counts = counts * weight
        heights = np.log10(1 + counts) if self.log.isChecked() else counts
        inside = edges[1:] <= 0
        # Of the half φ_t all distances are inside.
        if self._view.choice.half == "inside":
            inside = np.ones_like(inside)
        for bars, side in zip(self._bars, (inside, ~inside), strict=True):
            bars.setData(edges, np.where(side, heights, 0))
        letter, _score, below = symbol(self._view).partition("_")
        self.plot.setLabel("bottom", f"{letter}<sub>{below}</sub>, {self._view.unit}")
        self.plot.setLabel("left", "log₁₀(1 + voxels)" if self.log.isChecked() else "voxels")


def histogram(
    values: NDArray[np.float32],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the edges ``(B + 1,)`` of bins with 0 among them, and the values in each ``(B,)``."""
    least, most = float(values.min(initial=0)), float(values.max(initial=0))
    width = (most - least) / BINS or 1.0
    first, last = int(np.floor(least / width)), int(np.floor(most / width)) + 1
    edges: NDArray[np.float64] = width * np.arange(first, last + 1, dtype=np.float64)
    counts, _ = np.histogram(values, edges)
    return edges, counts.astype(np.float64)
