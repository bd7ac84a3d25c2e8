"""Two charts side by side, in step with each other: their epochs, and their cursor."""

from collections.abc import Sequence
from html import escape

import pyqtgraph as pg
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor, QKeyEvent

from segstudio.learn.run_curves import Figure
from segstudio.session.runs_in_view import RunsInView
from segstudio.ui.curves.chart import Chart
from segstudio.ui.curves.curve_style import label_of

FIRST: tuple[Figure, Figure] = ("loss", "dice")
TIP = (
    "Click, or press the left and right keys, to put the cursor on an epoch; Home and End for the "
    "first and the newest. Drag to move, wheel to zoom, right click for more."
)


class CurvesPlot(pg.GraphicsLayoutWidget):
    """Draws the runs in view.

    `epoch_picked` is sent with the epoch that the user points at, `stepped` with how many epochs
    the cursor is to go; None means to the newest.
    """

    epoch_picked = Signal(int)
    stepped = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setBackground(None)
        self.setToolTip(TIP)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.charts = [Chart(figure) for figure in FIRST]
        for column, chart in enumerate(self.charts):
            self.addItem(chart, row=0, col=column)
            chart.epoch_dragged.connect(self._pick)
            for menu in (chart.ctrlMenu, chart.vb.menu):
                menu.setParent(self, menu.windowFlags())  # or they would outlive the plot
        self.ci.layout.setContentsMargins(0, 0, 0, 0)
        self.charts[1].setXLink(self.charts[0])
        self.scene().sigMouseClicked.connect(self._click)

    def draw(self, in_view: RunsInView, *, with_steps: bool) -> None:
        """Bring the charts up to date."""
        for chart in self.charts:
            chart.draw(in_view, with_steps=with_steps)
            chart.put_cursor(in_view.epoch)

    def show_charts(self, places: Sequence[int]) -> None:
        """Give the room to these charts, by their place from the left."""
        for place, chart in enumerate(self.charts):
            if (place in places) == (chart in self.ci.items):
                continue
            if place in places:
                self.ci.addItem(chart, row=0, col=place)
            else:
                self.ci.removeItem(chart)

    def choose_scales_anew(self) -> None:
        """Let each chart choose its scale by the curves that it draws next."""
        for chart in self.charts:
            chart.choose_scale_anew()

    def take_colors(self, text: QColor) -> None:
        """Draw axes and words in a colour."""
        for chart in self.charts:
            chart.take_colors(text)
        self.resetCachedContent()  # the background of the old theme

    def write_legends(self, in_view: RunsInView, text: QColor) -> None:
        """Write under the charts what each curve is, for a picture that leaves the window."""
        names = in_view.names()
        for column, chart in enumerate(self.charts):
            lines: dict[str, list[str]] = {}
            for (run, key), style in chart.styles.items():
                stroke = f'<span style="color: {style.color}">{style.strokes}</span>'
                entry = f"{stroke} {escape(label_of(key))}"
                lines.setdefault(names[run], []).append(entry)
            text_of = [
                (f"<b>{escape(name)}</b>&nbsp; " if len(names) > 1 else "")
                + " &nbsp;".join(entries)
                for name, entries in lines.items()
            ]
            self.addLabel("<br>".join(text_of), row=1, col=column, color=text, size="8pt")
            self.ci.layout.setColumnMaximumWidth(column, self.width() / len(self.charts))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Move the cursor."""
        steps: dict[int, int | None] = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_PageUp: -10,
            Qt.Key.Key_PageDown: 10,
            Qt.Key.Key_Home: -(2**31),
            Qt.Key.Key_End: None,
        }
        if event.key() in steps:
            self.stepped.emit(steps[event.key()])
        else:
            super().keyPressEvent(event)

    def _pick(self, place: float) -> None:
        self.epoch_picked.emit(round(place))

    def _click(self, event: object) -> None:
        at = event.scenePos()  # type: ignore[attr-defined]
        if event.button() != Qt.MouseButton.LeftButton:  # type: ignore[attr-defined]
            return
        for chart in self.ci.items:
            if chart.vb.sceneBoundingRect().contains(at):
                self._pick(chart.vb.mapSceneToView(at).x())
