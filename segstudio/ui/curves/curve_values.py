"""The legend of the curves, with the value of each at the cursor."""

import math
from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPixmap
from qtpy.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem

from segstudio.session.runs_in_view import RunsInView
from segstudio.ui.curves.chart import Chart, Drawn
from segstudio.ui.curves.curve_style import Style, label_of

SWATCH = QSize(26, 12)


class CurveValues(QTreeWidget):
    """Lists the curves that are drawn under their runs: line, name and value."""

    def __init__(self) -> None:
        super().__init__()
        self.setColumnCount(2)
        self.setHeaderLabels(["", "newest"])
        self.setIconSize(SWATCH)
        self.setIndentation(8)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setToolTip("What each line is, and its value at the cursor.")
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self._rows: dict[Drawn, QTreeWidgetItem] = {}
        self._listed: object = None

    def value_of(self, drawn: Drawn) -> str:
        """Return the value that stands beside a curve."""
        return str(self._rows[drawn].text(1))

    def show_values(self, in_view: RunsInView, charts: Sequence[Chart]) -> None:
        """Bring the list and its values up to date."""
        styles = {drawn: style for chart in charts for drawn, style in chart.styles.items()}
        listed = (tuple(in_view.names().values()), tuple(styles.items()))
        if listed != self._listed:
            self._listed = listed
            self._list(in_view, styles)
        epoch = in_view.epoch
        self.headerItem().setText(1, "newest" if epoch is None else f"epoch {epoch}")
        for (run, key), row in self._rows.items():
            value = in_view.curves[run].curves[key].at(epoch)
            row.setText(1, _number(value, ".3f" if key.figure == "dice" else ".4g"))

    def _list(self, in_view: RunsInView, styles: dict[Drawn, Style]) -> None:
        self.clear()
        self._rows = {}
        names = in_view.names()
        several = len({run for run, _ in styles}) > 1
        for run in in_view.curves:
            own = {drawn: style for drawn, style in styles.items() if drawn[0] == run}
            if own:
                top = self._run_row(names[run], run, QColor(in_view.colors[run]), several)
                for drawn, style in own.items():
                    row = QTreeWidgetItem(top, [label_of(drawn[1]), ""])
                    row.setIcon(0, _line(style))
                    row.setTextAlignment(1, Qt.AlignmentFlag.AlignRight)
                    row.setToolTip(0, f"{label_of(drawn[1])}: {run.name}")
                    self._rows[drawn] = row
        self.expandAll()

    def _run_row(self, name: str, run: Path, color: QColor, several: bool) -> QTreeWidgetItem:
        top = QTreeWidgetItem(self, [name, ""])
        top.setToolTip(0, str(run))
        top.setFirstColumnSpanned(True)
        if several:
            square = QPixmap(12, 12)
            square.fill(color)
            top.setIcon(0, QIcon(square))
        return top


def _number(value: float, form: str) -> str:
    return "–" if math.isnan(value) else format(value, form).replace("-", "−")


def _line(style: Style) -> QIcon:
    """Return a piece of a curve."""
    pixmap = QPixmap(SWATCH)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setPen(style.pen())
    middle = SWATCH.height() // 2
    painter.drawLine(1, middle, SWATCH.width() - 2, middle)
    painter.end()
    return QIcon(pixmap)
