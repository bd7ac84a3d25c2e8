"""The distance panel: which class's signed distance map is shown, and how it is measured."""

from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QWidget

from segstudio.open_case import OpenCase
from segstudio.session import MapChoice, Session
from segstudio.ui.edge import at_the_edge


class DistancePanel(QWidget):
    """Chooses the distance map over the case in view."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
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
        explained = QLabel(
            "φ is the distance of every voxel to the contour of the class: negative (blue) "
            "inside, positive (red) outside. A class that a plane does not hold has no contour "
            "there, and φ is 0."
        )
        explained.setWordWrap(True)
        self.unit = QLabel("")
        form = QFormLayout(self)
        form.addRow(self.shown)
        form.addRow("Class", self.classes)
        form.addRow("Measured", self.measured)
        form.addRow("Unit", self.unit)
        form.addRow(explained)
        self._follow_choice(session.map_choice)
        if session.open_case is not None:
            self._list_classes(session.open_case)
        self.shown.toggled.connect(self._choose)
        self.classes.activated.connect(self._choose)
        self.measured.activated.connect(self._choose)
        session.case_opened.connect(self._list_classes)
        session.labels_made.connect(self._list_new_classes)
        session.map_chosen.connect(self._follow_choice)

    @at_the_edge
    def _choose(self, *_: object) -> None:
        value = self.classes.currentData()
        if value is not None:
            self.session.choose_map(
                MapChoice(value, self.measured.currentData(), self.shown.isChecked())
            )

    def _list_classes(self, opened: OpenCase) -> None:
        self.classes.clear()
        for c in opened.classes.foreground:
            self.classes.addItem(c.name, c.value)
        self.unit.setText("mm" if opened.volume.grid.unit == "mm" else "voxels (size unknown)")
        self._follow_choice(self.session.map_choice)

    def _list_new_classes(self, _labels: object) -> None:
        if self.session.open_case is not None:
            self._list_classes(self.session.open_case)

    def _follow_choice(self, choice: MapChoice) -> None:
        for widget in (self.shown, self.classes, self.measured):
            widget.blockSignals(True)
        self.shown.setChecked(choice.visible)
        self.classes.setCurrentIndex(self.classes.findData(choice.value))
        self.measured.setCurrentIndex(self.measured.findData(choice.per_plane))
        for widget in (self.shown, self.classes, self.measured):
            widget.blockSignals(False)
