"""The choices of a distance map: of what, which class and kind, and how it is measured."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from qtpy.QtCore import QSignalBlocker, Qt, QTimer
from qtpy.QtGui import QFocusEvent
from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QHBoxLayout, QLabel, QWidget

from segstudio.core.distance import Convention
from segstudio.core.labels import ClassTable
from segstudio.core.loss_maps import MapOptions
from segstudio.losses.registry import cards
from segstudio.session import Session
from segstudio.session.messages import MapChoice
from segstudio.session.open_case import OpenCase
from segstudio.ui.edge import at_the_edge
from segstudio.ui.widgets.number_boxes import Number

OF = {
    "labels": ("the labels", "The truth as it was read, and as it is painted now."),
    "prediction": (
        "the prediction",
        "What is laid over: of the running training, of a run, or of its timeline.",
    ),
}
# Which half of the map, and how its pieces are scaled.
KINDS = {
    ("both", "as they are"): (
        "φ_G: signed distance",
        "How far every voxel is from the contour: negative inside the class, positive outside.",
    ),
    ("inside", "as they are"): (
        "φ_t: depth inside",
        "How deep every voxel of the class lies below its contour; 0 outside.",
    ),
    ("outside", "as they are"): (
        "φ_bg: distance outside",
        "How far every other voxel is from the contour of the class; 0 inside.",
    ),
    ("both", "equal depth"): (
        "per piece: equal depth",
        "Each connected piece has a depth of its own: its deepest voxel is at −1, however small "
        "it is, and the background nearest to it is scaled alike.",
    ),
    ("both", "equal weight"): (
        "per piece: equal weight",
        "Each connected piece weighs the same: a lesion of three voxels as much as the largest.",
    ),
}
PLANES = {
    True: ("in each plane", "What the loss of a 2-D network sees."),
    False: ("in the volume", "True distances, and what the loss of a 3-D network sees."),
}
CONVENTIONS: dict[Convention, tuple[str, str]] = {
    "voxel": (
        "the nearest other voxel",
        "To the centre of the nearest voxel of the other side: one step at least, 0 nowhere.",
    ),
    "contour": ("the outermost voxels", "To the class's own outermost voxels, which are at 0."),
    "face": ("the nearest face", "To the faces between voxels: half a step at the contour."),
}
UNITS = {
    "mm": ("mm", "By the spacing that the image's header gives."),
    "voxels": ("voxels", "Every step from voxel to voxel counts 1, whatever its length."),
}


class CapBox(Number):
    """The largest distance of a map; 0 reads as none, and is typed over."""

    def __init__(self) -> None:
        super().__init__()
        self.setSpecialValueText("none")
        self.setKeyboardTracking(False)
        self.setToolTip(
            "The largest distance, on both sides: beyond it all voxels are as far. 0: none."
        )

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Select all, after a click has put the cursor somewhere: no digit fits into 'none'."""
        super().focusInEvent(event)
        QTimer.singleShot(0, self.selectAll)


class MapChoices(QWidget):
    """Shows and changes which distance map is chosen.

    Parameters
    ----------
    session : Session
        Whose map it is.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._make_choices()
        self.cap = CapBox()
        self._lay_out()
        if session.open_case is not None:
            self._list_classes(session.open_case)
        self._follow(session.map_choice)
        self.shown.toggled.connect(self._choose)
        self.shaped.activated.connect(self._choose_shape)
        for box in (self.of, self.classes, self.kind, self.measured, self.convention, self.unit):
            box.activated.connect(self._choose)
        self.cap.edited.connect(self._choose)
        session.case_opened.connect(self._list_classes)
        session.annotation.classes.shown.connect(self._list_rows)
        session.map_view.chosen.connect(self._follow)

    def _make_choices(self) -> None:
        self.shown = QCheckBox("Show the distance map")
        self.shown.setToolTip("Lay the map of the chosen class over the image.")
        self.of = _box(OF, "What the map is measured from.")
        self.classes = _box({}, "The class whose contour distances are measured from.")
        self.kind = _box(KINDS, "Which map: signed, one of its halves, or scaled by piece.")
        self.measured = _box(PLANES, "Whether distances may run to other planes.")
        tip = "What distances run to; the choices differ by a voxel at most."
        self.convention = _box(CONVENTIONS, tip)
        self.unit = _box(UNITS, "The unit of distances.")
        self.shaped = _box({}, "Take the choices below as a loss is given them.")
        self.shaped.setPlaceholderText("custom")
        self.shaped.addItem("plain distances", MapOptions())
        for maps, titles in _given_to().items():
            if maps != MapOptions():
                self.shaped.addItem(", ".join(maps.words(with_convention=False)), maps)
                tip = f"As these are given them: {', '.join(titles)}."
                self.shaped.setItemData(self.shaped.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)

    def _lay_out(self) -> None:
        unit = QHBoxLayout()
        unit.addWidget(self.unit, 1)
        unit.addWidget(QLabel("Cap"))
        unit.addWidget(self.cap)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(self.shown)
        form.addRow("Of", self.of)
        form.addRow("Class", self.classes)
        form.addRow("Kind", self.kind)
        form.addRow("As losses see it", self.shaped)
        form.addRow("Measured", self.measured)
        form.addRow("To", self.convention)
        form.addRow("Unit", unit)

    @at_the_edge
    def _choose(self, *_: object) -> None:
        own = self.session.map_choice
        half, pieces = self.kind.currentData() or (own.half, own.options.pieces)
        options = replace(
            own.options,
            convention=self.convention.currentData(),
            # Where the header tells no size, it shows voxels, whatever is chosen for other cases.
            unit=self.unit.currentData() if self.unit.isEnabled() else own.options.unit,
            cap=self.cap.setting(),
            pieces=pieces,
        )
        self._send(options, half)

    @at_the_edge
    def _choose_shape(self, *_: object) -> None:
        """Take maps as a loss is given them, with its own convention."""
        self._send(self.shaped.currentData(), self.session.map_choice.half)

    def _send(self, options: MapOptions, half: Any) -> None:
        value = self.classes.currentData()
        if value is not None:
            self.session.choose_map(
                MapChoice(
                    value,
                    self.measured.currentData(),
                    self.shown.isChecked(),
                    options,
                    self.of.currentData(),
                    half,
                )
            )

    def _list_classes(self, opened: OpenCase) -> None:
        self._list_rows(opened.classes)

    def _list_rows(self, table: ClassTable) -> None:
        """List the classes of another case, or those that the user has made of them."""
        self.classes.clear()
        for c in table.foreground:
            self.classes.addItem(c.name, c.value)
        self._follow(self.session.map_choice)

    def _follow(self, choice: MapChoice) -> None:
        options = choice.options
        with QSignalBlocker(self.shown):
            self.shown.setChecked(choice.visible)
        for box, data in (
            (self.of, choice.of),
            (self.classes, choice.value),
            (self.kind, (choice.half, options.pieces)),
            (self.measured, choice.per_plane),
            (self.convention, options.convention),
            (self.unit, options.unit),
        ):
            box.setCurrentIndex(_place_of(box, data))
        self.cap.show_setting(options.cap)
        self.shaped.setCurrentIndex(self._place_of_shape(options))
        opened = self.session.open_case
        sized = opened is None or opened.volume.grid.unit == "mm"
        self.unit.setEnabled(sized)
        if not sized:
            self.unit.setCurrentIndex(_place_of(self.unit, "voxels"))

    def _place_of_shape(self, options: MapOptions) -> int:
        """Return where the list holds maps of this shape, whatever their convention; else -1."""
        for place in range(self.shaped.count()):
            shape: MapOptions = self.shaped.itemData(place)
            if replace(shape, convention=options.convention) == options:
                return place
        return -1


def _given_to() -> dict[MapOptions, list[str]]:
    """Return the maps that losses are given, and the titles of those losses."""
    given: dict[MapOptions, list[str]] = {}
    for c in cards():
        if c.maps is not None:
            given.setdefault(c.maps, []).append(c.title)
    return given


def _box(items: Mapping[Any, tuple[str, str]], tip: str) -> QComboBox:
    """Return a list of choices, each with a tooltip of its own."""
    box = QComboBox()
    box.setToolTip(tip)
    box.setPlaceholderText("custom")
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    for data, (text, own_tip) in items.items():
        box.addItem(text, data)
        box.setItemData(box.count() - 1, own_tip, Qt.ItemDataRole.ToolTipRole)
    return box


def _place_of(box: QComboBox, data: object) -> int:
    """Return where a list holds something; Qt's own search takes tuples for lists."""
    return next((i for i in range(box.count()) if box.itemData(i) == data), -1)
