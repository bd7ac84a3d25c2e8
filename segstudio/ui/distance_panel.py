"""The distance panel: which class's signed distance map is shown, and how it is measured."""

from dataclasses import replace

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QWidget

from segstudio.core.distance import Convention
from segstudio.core.loss_maps import MapOptions
from segstudio.losses.registry import cards
from segstudio.session import Session
from segstudio.session.messages import MapChoice
from segstudio.session.open_case import OpenCase
from segstudio.ui.edge import at_the_edge

CONVENTIONS: dict[Convention, str] = {
    "voxel": "the nearest other voxel",
    "contour": "the outermost voxels",
    "face": "the nearest face",
}


def _given_to() -> dict[MapOptions, list[str]]:
    """Return the maps that losses are given, and the titles of those losses."""
    given: dict[MapOptions, list[str]] = {}
    for c in cards():
        if c.maps is not None:
            given.setdefault(c.maps, []).append(c.title)
    return given


class DistancePanel(QWidget):
    """Chooses the distance map over the case in view."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._make_choices()
        self._lay_out()
        self._follow_choice(session.map_choice)
        if session.open_case is not None:
            self._list_classes(session.open_case)
        self.shown.toggled.connect(self._choose)
        self.shaped.activated.connect(self._choose_shape)
        for choice in (self.classes, self.measured, self.convention):
            choice.activated.connect(self._choose)
        session.case_opened.connect(self._list_classes)
        session.labels_made.connect(self._list_new_classes)
        session.map_view.chosen.connect(self._follow_choice)

    def _make_choices(self) -> None:
        self.shown = QCheckBox("Show the distance map")
        self.shown.setToolTip("Lay the map of the chosen class over the image.")
        self.classes = QComboBox()
        self.classes.setToolTip("The class whose contour distances are measured from.")
        self.measured = QComboBox()
        self.measured.addItem("in each plane", True)
        self.measured.addItem("in the volume", False)
        self.measured.setToolTip(
            "In each plane: what the loss of a 2-D network sees. In the volume: true distances."
        )
        self.convention = QComboBox()
        for convention, text in CONVENTIONS.items():
            self.convention.addItem(text, convention)
        self.convention.setToolTip("What distances run to; the choices differ by a voxel at most.")
        self.shaped = QComboBox()
        self.shaped.addItem("plain distances", MapOptions())
        for maps, titles in _given_to().items():
            if maps != MapOptions():
                self.shaped.addItem(", ".join(maps.words(with_convention=False)), maps)
                tip = f"As these are given them: {', '.join(titles)}."
                self.shaped.setItemData(self.shaped.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.shaped.setToolTip("As losses are given them: capped, perhaps, or in voxels.")
        self.unit = QLabel("")
        for box in (self.convention, self.shaped):
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )

    def _lay_out(self) -> None:
        explained = QLabel(
            "φ is the distance of every voxel to the contour of the class: negative (blue) "
            "inside, positive (red) outside. A class that a plane does not hold has no contour "
            "there, and φ is the same everywhere: 0, unless a loss is given something else."
        )
        explained.setWordWrap(True)
        form = QFormLayout(self)
        form.addRow(self.shown)
        form.addRow("Class", self.classes)
        form.addRow("Measured", self.measured)
        form.addRow("To", self.convention)
        form.addRow("Shown", self.shaped)
        form.addRow("Unit", self.unit)
        form.addRow(explained)

    @at_the_edge
    def _choose(self, *_: object) -> None:
        self._send(self.session.map_choice.options)

    @at_the_edge
    def _choose_shape(self, *_: object) -> None:
        """Take maps as a loss is given them, with its own convention."""
        shape: MapOptions = self.shaped.currentData()
        self.convention.setCurrentIndex(self.convention.findData(shape.convention))
        self._send(shape)

    def _send(self, shape: MapOptions) -> None:
        value = self.classes.currentData()
        if value is not None:
            options = replace(shape, convention=self.convention.currentData())
            per_plane, shown = self.measured.currentData(), self.shown.isChecked()
            self.session.choose_map(MapChoice(value, per_plane, shown, options))

    def _list_classes(self, opened: OpenCase) -> None:
        self.classes.clear()
        for c in opened.classes.foreground:
            self.classes.addItem(c.name, c.value)
        self._follow_choice(self.session.map_choice)

    def _list_new_classes(self, _labels: object) -> None:
        if self.session.open_case is not None:
            self._list_classes(self.session.open_case)

    def _follow_choice(self, choice: MapChoice) -> None:
        widgets = (self.shown, self.classes, self.measured, self.convention)
        for widget in widgets:
            widget.blockSignals(True)
        self.shown.setChecked(choice.visible)
        self.classes.setCurrentIndex(self.classes.findData(choice.value))
        self.measured.setCurrentIndex(self.measured.findData(choice.per_plane))
        self.convention.setCurrentIndex(self.convention.findData(choice.options.convention))
        for widget in widgets:
            widget.blockSignals(False)
        self.shaped.setCurrentIndex(self._place_of(choice.options))
        opened = self.session.open_case
        sized = opened is None or opened.volume.grid.unit == "mm"
        self.unit.setText(choice.options.unit if sized else "voxels (size unknown)")

    def _place_of(self, options: MapOptions) -> int:
        """Return where the list holds maps of this shape, whatever their convention; else -1."""
        for place in range(self.shaped.count()):
            shape: MapOptions = self.shaped.itemData(place)
            if replace(shape, convention=options.convention) == options:
                return place
        return -1
