"""What a comparison shows: mode, class, run, and a legend of its colours."""

from collections.abc import Sequence
from html import escape

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from segstudio.core.regions import CASE_COLORS, CASE_NAMES, VoxelCase
from segstudio.session import Session
from segstudio.session.comparison_view import Mode
from segstudio.ui.edge import at_the_edge

MODES: dict[Mode, tuple[str, str]] = {
    "off": ("Off", "Show the case as it is, without the runs beside it."),
    "grid": ("Grid", "The truth and each ticked run in a picture of its own, moved together."),
    "overlays": (
        "Overlays",
        "The outlines of all ticked runs over one image; the truth's is white.",
    ),
    "regions": (
        "Regions",
        "Where each run is right, where it misses, and where its alarm is false.",
    ),
}
SQUARE = 12  # pixels


class CompareChoices(QWidget):
    """Chooses how the runs in view are compared.

    Parameters
    ----------
    session : Session
        Whose comparison.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._comparison = session.comparison
        self._make_controls()
        self._lay_out()
        self.modes.buttonClicked.connect(self._choose)
        self.classes.activated.connect(self._choose)
        self.runs.activated.connect(self._choose)
        self.weighted.clicked.connect(self._choose)
        self._comparison.changed.connect(self._follow)
        self._comparison.view_changed.connect(self._follow)
        self._follow()

    def _make_controls(self) -> None:
        self.modes, self.buttons = QButtonGroup(self), {}
        for mode, (title, tip) in MODES.items():
            button = QPushButton(title)
            button.setCheckable(True)
            button.setToolTip(tip)
            self.modes.addButton(button)
            self.buttons[mode] = button
        self.classes, self.runs = QComboBox(), QComboBox()
        self.classes.setToolTip(
            "The class that is looked at, in the picture, in the jumps and in the lens. Regions of "
            "all classes take them as one."
        )
        self.runs.setToolTip(
            "The run that is looked at: each ticked run, or one of them. Jumps go to where it is "
            "worst."
        )
        for box in (self.classes, self.runs):
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.setMinimumContentsLength(12)
        self.weighted = QCheckBox("Weighted by distance")
        self.weighted.setToolTip(
            "Show errors by their distance |φ| to the true contour, as the distance losses weigh "
            "them: in each plane for a 2-D network, in the volume for a 3-D one."
        )
        self.legend = QLabel("")
        self.legend.setWordWrap(True)
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setToolTip("What the colours in the picture mean.")

    def _lay_out(self) -> None:
        row, form, column = QHBoxLayout(), QFormLayout(), QVBoxLayout(self)
        row.setSpacing(2)
        for button in self.buttons.values():
            row.addWidget(button, 1)
        form.addRow("Class", self.classes)
        form.addRow("Run", self.runs)
        form.addRow(self.weighted)
        column.setContentsMargins(0, 0, 0, 0)
        for layout in (row, form):
            column.addLayout(layout)
        column.addWidget(self.legend)

    @at_the_edge
    def _choose(self, *_: object) -> None:
        mode = next(mode for mode, button in self.buttons.items() if button.isChecked())
        try:
            self._comparison.choose(
                mode=mode,
                run=self.runs.currentData(),
                value=self.classes.currentData(),
                weighted=self.weighted.isChecked(),
            )
        finally:
            self._follow()  # what could not be had is not shown as chosen

    def _follow(self, *_: object) -> None:
        view, case = self._comparison.view, self._comparison.case
        for button in self.buttons.values():
            button.setEnabled(not self._comparison.lack)
        self.buttons["regions"].setEnabled(
            not self._comparison.lack and self._comparison.truth is not None
        )
        self.buttons[view.mode].setChecked(True)
        classes = case.classes.foreground if case is not None else ()
        _fill(
            self.classes, [("all classes", None, "")], [(c.name, c.value, c.color) for c in classes]
        )
        colors, names = self._comparison.in_view.colors, self._comparison.names()
        runs = [(names[run], run, color) for run, color in colors.items()]
        _fill(self.runs, [("each ticked run", None, "")], runs)
        self.classes.setCurrentIndex(max(0, self.classes.findData(view.value)))
        self.runs.setCurrentIndex(max(0, self.runs.findData(view.run)))
        self.weighted.setChecked(view.weighted)
        self.weighted.setVisible(view.mode == "regions")
        self.legend.setText(self._legend())
        self.legend.setVisible(bool(self.legend.text()))

    def _legend(self) -> str:
        """Return the colours of the picture, each with its meaning."""
        view, case = self._comparison.view, self._comparison.case
        if case is None or view.mode == "off":
            return ""
        colors, names = self._comparison.in_view.colors, self._comparison.names()
        if view.mode == "overlays":
            runs = self._comparison.shown_runs
            return _squares(
                [("#ffffff", "truth (white)"), *((colors[run], names[run]) for run in runs)]
            )
        if view.mode == "grid":
            shown = [c for c in case.classes.foreground if view.value in (None, c.value)]
            return _squares([(c.color, c.name) for c in shown])
        if not view.weighted:
            return _squares([(CASE_COLORS[each], name) for each, name in CASE_NAMES.items()])
        wrong = (VoxelCase.MISSED, VoxelCase.FALSE_ALARM)
        told = _squares([(CASE_COLORS[each], CASE_NAMES[each]) for each in wrong])
        if not self._comparison.regions:
            return told
        unit = case.volume.grid.unit
        reach = f"{self._comparison.reach:.3g} {unit}"
        return f"{told}<br>The stronger, the farther from the contour; full from {reach} on."


def _fill(
    box: QComboBox,
    first: Sequence[tuple[str, object, str]],
    rows: Sequence[tuple[str, object, str]],
) -> None:
    """List what can be chosen, where it is not listed so already."""
    wanted = [*first, *rows]
    if [(box.itemText(i), box.itemData(i)) for i in range(box.count())] == [w[:2] for w in wanted]:
        return
    box.clear()
    for text, data, color in wanted:
        box.addItem(swatch(color) if color else QIcon(), text, data)


def swatch(color: str) -> QIcon:
    """Return a square of a colour."""
    square = QPixmap(SQUARE, SQUARE)
    square.fill(QColor(color))
    return QIcon(square)


def _squares(entries: list[tuple[str, str]]) -> str:
    """Return colours and what they mean, as rich text; a line may break between them."""
    words = (
        f"<span style='color:{color}'>■</span>&nbsp;{escape(name).replace(' ', '&nbsp;')}"
        for color, name in entries
    )
    return " &nbsp; ".join(words)
