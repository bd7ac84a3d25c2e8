"""One chart of curves against the epoch, with the values that can be reached and a cursor."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor

from segstudio.learn.run_curves import Curve, CurveKey, Figure, RunCurves, spans_magnitudes
from segstudio.losses.expression import parse_loss
from segstudio.losses.reach import reach
from segstudio.session.runs_in_view import RunsInView
from segstudio.ui.curves.curve_style import GREY, SIDED, TITLES, Style, style_of
from segstudio.ui.curves.symlog import ValueAxis, symlog

MOST_MARKED = 60  # epochs whose points are marked; more would be a string of beads
SAMPLED = 1000  # values of a curve by which the scale is chosen
FEW_STEPS = 3  # that make no line to be seen
LOW = 32  # pixels of the axis of epochs: a dock has few
BEHIND, BEFORE = 0, 1

Drawn = tuple[Path, CurveKey]


class Chart(pg.PlotItem):
    """Draws one figure of the runs in view.

    `epoch_dragged` is sent with a place on the axis of epochs while the cursor is dragged.
    """

    epoch_dragged = Signal(float)

    def __init__(self, figure: Figure) -> None:
        self.values = ValueAxis()
        super().__init__(axisItems={"left": self.values})
        self.figure = figure
        self.scaling = "automatic"
        self.lines: dict[Drawn, pg.PlotDataItem] = {}
        self.styles: dict[Drawn, Style] = {}
        self._lengths: dict[Drawn, tuple[Curve, int] | None] = {}
        self._is_scale_open = True  # to be chosen anew
        self._limits: list[pg.InfiniteLine] = []
        self._limits_of: object = None
        self._text = QColor(GREY)
        self.setLabel("bottom", "epoch")
        self.showGrid(x=True, y=True, alpha=0.15)
        self.setDownsampling(auto=True, mode="peak")
        self.setClipToView(True)
        for side in ("left", "bottom"):
            self.getAxis(side).enableAutoSIPrefix(False)
        self.getAxis("bottom").setStyle(tickTextOffset=1)
        self.getAxis("bottom").setHeight(LOW)
        self.cursor_line = pg.InfiniteLine(angle=90, movable=True)
        self.cursor_line.setZValue(10)
        self.cursor_line.setVisible(False)
        self.cursor_line.sigDragged.connect(self._tell_drag)
        self.addItem(self.cursor_line, ignoreBounds=True)

    @property
    def is_symlog(self) -> bool:
        """Whether the values lie on a symlog axis."""
        return self.values.is_symlog

    def set_figure(self, figure: Figure) -> None:
        """Draw another figure from now on."""
        self.figure = figure
        self.forget()
        self.enableAutoRange()

    def forget(self) -> None:
        """Take all curves away, so that they are made anew."""
        for item in self.lines.values():
            self.removeItem(item)
        self.lines, self.styles, self._lengths = {}, {}, {}
        self.choose_scale_anew()

    def choose_scale_anew(self) -> None:
        """Let the next drawing choose between linear and symlog as if it were the first."""
        self._is_scale_open = True

    def draw(self, in_view: RunsInView, *, with_steps: bool) -> None:
        """Bring the curves up to date; those that did not grow are left as they are."""
        told = {run: c for run, c in in_view.curves.items() if c.curves}
        shown = {
            (run, key): curve
            for run, curves in told.items()
            for key, curve in curves.of(self.figure).items()
            if with_steps or key.each == "epoch" or not _has_epochs(key, curves)
        }
        for gone in self.lines.keys() - shown.keys():
            self.removeItem(self.lines.pop(gone))
            del self.styles[gone], self._lengths[gone]
        self._choose_scale(shown)
        for (run, key), curve in shown.items():
            style = style_of(key, told[run], in_view.colors[run], alone=len(told) == 1)
            self._draw_curve((run, key), curve, style)
        self._draw_limits([(in_view.colors[run], c.loss) for run, c in told.items() if c.loss])

    def _choose_scale(self, shown: Mapping[Drawn, Curve]) -> None:
        on = self.scaling == "symlog"
        if self.scaling == "automatic" and self.figure in SIDED:
            # What was found to span orders of magnitude once stays so: an axis that comes and
            # goes is hard to read.
            was_on = self.is_symlog and not self._is_scale_open
            curves = [curve for (_, key), curve in shown.items() if key.side == "train"]
            on = was_on or spans_magnitudes([_sampled(curve) for curve in curves])
        self._is_scale_open = False
        if on != self.is_symlog:
            self.values.set_symlog(on)
            self._lengths, self._limits_of = dict.fromkeys(self._lengths), None
        title = TITLES[self.figure] + (" (symlog)" if on else "")
        if self.values.labelText != title:
            self.setLabel("left", title)

    def _draw_curve(self, drawn: Drawn, curve: Curve, style: Style) -> None:
        item = self.lines.get(drawn)
        if item is None:
            item = self.lines[drawn] = self.plot(skipFiniteCheck=False)
            item.setZValue(BEHIND if style.is_thin else BEFORE)
        if self.styles.get(drawn) != style:
            self.styles[drawn], self._lengths[drawn] = style, None
            item.setPen(style.pen())
            item.setSymbolBrush(style.color)
            item.setSymbolPen(None)
            item.setSymbolSize(5)
        if self._lengths[drawn] == (curve, len(curve)):
            return
        self._lengths[drawn] = (curve, len(curve))
        x, y = curve.points()
        marked = len(curve) < FEW_STEPS if style.is_thin else len(curve) <= MOST_MARKED
        item.setData(x, symlog(y) if self.is_symlog else y, symbol=style.mark if marked else None)

    def _draw_limits(self, losses: Sequence[tuple[str, str]]) -> None:
        """Draw a line at each end of what losses, beside the colours of their runs, can reach."""
        about = (self.figure, self.is_symlog, tuple(losses))
        if about == self._limits_of:
            return
        self._limits_of = about
        for line in self._limits:
            self.removeItem(line)
        self._limits = []
        for value, (text, color) in _ends(self.figure, losses).items():
            place = float(symlog(np.array([value]))[0]) if self.is_symlog else value
            line = pg.InfiniteLine(
                place,
                angle=0,
                pen=pg.mkPen(color, width=1, style=Qt.PenStyle.DashLine),
                label=text,
                labelOpts={"position": 0.98, "anchors": [(1, 0), (1, 1)], "color": self._text},
            )
            self.addItem(line)
            self._limits.append(line)

    def put_cursor(self, epoch: int | None) -> None:
        """Put the cursor on an epoch; away, where there is none."""
        self.cursor_line.setVisible(epoch is not None)
        if epoch is not None:
            self.cursor_line.setPos(epoch)

    def take_colors(self, text: QColor) -> None:
        """Draw axes, cursor and words in a colour."""
        self._text = text
        for side in ("left", "bottom"):
            axis = self.getAxis(side)
            axis.setPen(text)
            axis.setTextPen(text)
            axis.label.setDefaultTextColor(text)
        self.cursor_line.setPen(pg.mkPen(text, width=1))
        self.cursor_line.setHoverPen(pg.mkPen(text, width=3))
        for line in self._limits:
            line.label.setColor(text)

    def _tell_drag(self, line: pg.InfiniteLine) -> None:
        self.epoch_dragged.emit(float(line.value()))


def _sampled(curve: Curve) -> NDArray[np.float64]:
    """Return values of a curve, evenly taken, enough to tell how far apart all are."""
    values = curve.points()[1]
    return values[:: max(1, len(values) // SAMPLED)]


def _has_epochs(key: CurveKey, curves: RunCurves) -> bool:
    """Return whether the curve of steps has a curve of epochs that stands for it."""
    return CurveKey(key.figure, key.name, key.side) in curves.curves


def _ends(figure: Figure, losses: Sequence[tuple[str, str]]) -> dict[float, tuple[str, str]]:
    """Return the finite ends of what a figure can show, with words and a colour for each.

    Parameters
    ----------
    figure : Figure
    losses : sequence
        Beside the colours of their runs. Where they differ, an end has the colour of its run.
    """
    fixed: dict[Figure, tuple[float, ...]] = {"dice": (0.0, 1.0), "hd95": (0.0,)}
    if figure != "loss":
        return dict.fromkeys(fixed.get(figure, ()), ("", GREY))
    differ = len({loss for _, loss in losses}) > 1
    ends: dict[float, tuple[str, str]] = {}
    for color, loss in losses:
        for value, word in zip(reach(parse_loss(loss)), ("least", "most"), strict=True):
            if differ and np.isfinite(value):
                ends[value] = ("", GREY if value in ends else color)
            elif np.isfinite(value):
                ends[value] = (f"at {word} {value:g}".replace("-", "−"), GREY)
    return ends
