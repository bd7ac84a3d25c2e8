"""The curves of the running training and of the runs that are compared with it."""

import time
from pathlib import Path
from typing import cast

from qtpy.QtCore import QEvent, QSize, Qt, QTimer
from qtpy.QtGui import QPalette, QResizeEvent, QShowEvent
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from segstudio.learn.run_curves import Figure
from segstudio.session import Session
from segstudio.ui.curves.curve_style import TITLES
from segstudio.ui.curves.curve_values import CurveValues
from segstudio.ui.curves.curves_export import export_curves
from segstudio.ui.curves.curves_hint import CurvesHint, limit_height
from segstudio.ui.curves.curves_plot import CurvesPlot
from segstudio.ui.edge import at_the_edge
from segstudio.ui.widgets.file_names import FIGURE_FILTERS, export_path

SOONEST_MS, LATEST_MS = 250, 2000  # between two redraws while a training runs
SHARE = 0.025  # of the time: what draws is taken from what the training computes with
LEAST_HEIGHT = 200
NARROW = 640  # pixels, below which two charts beside their values cannot be read
NARROWEST = 440  # pixels, which one chart needs
ROOM = 24  # pixels of a list beside its words
SCALES = {
    "automatic": "Symlog where losses span orders of magnitude, linear elsewhere.",
    "linear": "Equal steps of the value are equally high.",
    "symlog": "Logarithmic in both directions from 0, and linear close to it.",
}


class CurvesPanel(QWidget):
    """Draws the runs in view, and moves the cursor on their epochs."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._alone = 0  # which chart is drawn where there is room for one
        self._make_controls()
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SOONEST_MS)
        self._timer.timeout.connect(self._redraw_in_time)
        in_view = session.runs_in_view
        in_view.runs_changed.connect(self._begin_anew)
        in_view.epoch_changed.connect(self._show_cursor)
        session.training_told.connect(self._wait_to_redraw)
        session.training_ended.connect(self.redraw)
        self.plot.epoch_picked.connect(self._go_to)
        self.plot.stepped.connect(self._step)
        for place, box in enumerate(self.figures):
            box.currentIndexChanged.connect(lambda _, place=place: self._choose_figure(place))
        self.scale.currentIndexChanged.connect(self._choose_scale)
        self.with_steps.toggled.connect(self.redraw)
        self.other.clicked.connect(self._draw_other)
        self.export.clicked.connect(self._export)
        self._fit()
        self.redraw()

    def _make_controls(self) -> None:
        self.plot = CurvesPlot()
        self.values = CurveValues()
        self.figures = [QComboBox() for _ in self.plot.charts]
        for side, box, chart in zip(("left", "right"), self.figures, self.plot.charts, strict=True):
            for figure, title in TITLES.items():
                box.addItem(title, figure)
            box.setCurrentIndex(box.findData(chart.figure))
            box.setToolTip(f"What the {side} chart draws.")
        self.scale = QComboBox()
        for scale, tip in SCALES.items():
            self.scale.addItem(scale, scale)
            self.scale.setItemData(self.scale.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.scale.setToolTip("How the values of the left chart lie on its axis.")
        for box in (*self.figures, self.scale):
            # Long names must not widen the window.
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.setMinimumContentsLength(5)
            box.view().setMinimumWidth(box.view().sizeHintForColumn(0) + ROOM)
        self.with_steps = QCheckBox("Each step")
        self.with_steps.setChecked(True)
        self.with_steps.setToolTip("Draw every step of the training too, as a thin line.")
        self.other = QPushButton()
        self.other.setToolTip("Draw the other chart: there is room for one beside the values.")
        self.export = QPushButton("Export…")
        self.export.setToolTip("Save the charts as a picture or a drawing, or all values.")
        self.hint = CurvesHint()

    def _lay_out(self) -> None:
        self.body = QWidget()
        row = QHBoxLayout()
        boxes = (self.figures[0], self.scale, self.figures[1], self.other, self.with_steps)
        for widget in boxes:
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.export)
        beside = QSplitter(Qt.Orientation.Horizontal)
        beside.addWidget(self.plot)
        beside.addWidget(self.values)
        beside.setStretchFactor(0, 1)
        beside.setSizes([700, 210])
        inner, outer = QVBoxLayout(self.body), QVBoxLayout(self)
        for column in (inner, outer):
            column.setContentsMargins(2, 0, 2, 2)
            column.setSpacing(2)
        inner.addLayout(row)
        inner.addWidget(beside, 1)
        outer.addWidget(self.hint)
        outer.addWidget(self.body, 1)

    def redraw(self, *_: object) -> None:
        """Bring everything up to date."""
        in_view = self.session.runs_in_view
        self.make_room()
        self.plot.draw(in_view, with_steps=self.with_steps.isChecked())
        self.values.show_values(in_view, self.plot.charts)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return what one chart needs: two must not keep the window wide that they found wide."""
        return QSize(NARROWEST, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Draw one chart where there is no room for two."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        is_narrow = self.width() < NARROW
        self.plot.show_charts((self._alone,) if is_narrow else (0, 1))
        for place, box in enumerate(self.figures):
            box.setVisible(not is_narrow or place == self._alone)
        self.scale.setVisible(not is_narrow or self._alone == 0)
        self.other.setVisible(is_narrow)
        self.other.setText(f"⇄ {self.figures[1 - self._alone].currentText()}")

    def _draw_other(self, _checked: bool = False) -> None:
        self._alone = 1 - self._alone
        self._fit()

    def make_room(self) -> None:
        """Take little of the window's height while there is nothing to draw.

        A training that begins has its room at once: laying out the window anew beside the first
        steps would be felt.
        """
        drawn = self.session.runs_in_view.curves.values()
        is_needed = self.session.training is not None or any(c.curves for c in drawn)
        self.hint.setVisible(not is_needed)
        self.body.setVisible(is_needed)
        self.setMinimumHeight(LEAST_HEIGHT if is_needed else 0)
        limit_height(self, is_needed=is_needed)

    def _wait_to_redraw(self, *_: object) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _redraw_in_time(self) -> None:
        """Redraw, and wait with the next time by how long it took to draw and to paint."""
        began = time.perf_counter()
        self.redraw()

        def choose_wait() -> None:
            wait = 1000 * (time.perf_counter() - began) / SHARE
            self._timer.setInterval(round(min(max(wait, SOONEST_MS), LATEST_MS)))

        # After what is to be painted, which is done before any timer.
        QTimer.singleShot(0, self, choose_wait)

    def _begin_anew(self) -> None:
        self.plot.choose_scales_anew()
        self.redraw()

    def _show_cursor(self, epoch: int | None) -> None:
        for chart in self.plot.charts:
            chart.put_cursor(epoch)
        self.values.show_values(self.session.runs_in_view, self.plot.charts)

    @at_the_edge
    def _go_to(self, epoch: int) -> None:
        in_view = self.session.runs_in_view
        in_view.go_to(epoch)
        self._show_cursor(in_view.epoch)  # where it was dragged to between two epochs

    @at_the_edge
    def _step(self, epochs: int | None) -> None:
        in_view = self.session.runs_in_view
        now = in_view.last_epoch if in_view.epoch is None else in_view.epoch
        in_view.go_to(None if epochs is None else now + epochs)

    def _choose_figure(self, place: int) -> None:
        self.plot.charts[place].set_figure(cast(Figure, self.figures[place].currentData()))
        self._fit()
        self.redraw()

    def _choose_scale(self, *_: object) -> None:
        chart = self.plot.charts[0]
        chart.scaling = self.scale.currentData()
        chart.set_figure(chart.figure)
        self.redraw()

    @at_the_edge
    def _export(self, _checked: bool = False) -> None:
        typed, chosen = QFileDialog.getSaveFileName(
            self, "Export the curves", str(Path.home() / "curves.png"), ";;".join(FIGURE_FILTERS)
        )
        if typed:
            path, asked = export_path(typed, chosen)
            steps = self.with_steps.isChecked()
            in_view = self.session.runs_in_view
            export_curves(path, in_view, self.plot.charts, with_steps=steps, overwrite=asked)
            self.session.say(f"Saved {path.name}", is_error=False)

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
        self.plot.take_colors(self.hint.palette().color(QPalette.ColorRole.WindowText))
