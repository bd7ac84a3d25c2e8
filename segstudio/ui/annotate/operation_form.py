"""What the forms of operations on labels have in common."""

from qtpy.QtWidgets import QComboBox, QFormLayout, QLabel, QWidget

from segstudio.core.errors import InputError
from segstudio.session import Session
from segstudio.session.annotation_choices import Operation, Scope
from segstudio.ui.widgets.number_boxes import Number

_SCOPES: dict[Scope, str] = {
    "volume": "the whole volume",
    "plane": "this slice only",
    "planes": "each slice for itself",
}


class OperationForm(QWidget):
    """The fields of one operation.

    Parameters
    ----------
    session : Session
    title, explained : str
        What it is called in the list, and what it does.
    """

    def __init__(self, session: Session, title: str, explained: str) -> None:
        super().__init__()
        self.title, self.explained = title, explained
        self.session, self.annotation = session, session.annotation
        self.form = QFormLayout(self)
        self.form.setContentsMargins(0, 0, 0, 0)
        text = QLabel(explained)
        text.setWordWrap(True)
        self.form.addRow(text)
        self._sizes: list[tuple[QLabel, str, str]] = []
        self.annotation.ground_changed.connect(self._name_units)

    def expect_chosen(self) -> int:
        """Return the class that is chosen in the table.

        Raises
        ------
        InputError
            None is: background, as a class, would be split, or copied over what is painted.
        """
        chosen = self.annotation.classes.chosen
        if chosen == 0:
            raise InputError("No class is chosen. Choose the row of one in the table of classes.")
        return chosen

    def operation(self) -> Operation:
        """Return the operation as it is filled in."""
        raise NotImplementedError

    def size_box(
        self, name: str, value: float, tip: str, least: float = 0.01, unit: str = "mm"
    ) -> Number:
        """Add a box for a length, or a volume in ml; in voxels, where their size is unknown."""
        box = Number(least, 1000.0)
        box.setValue(value)
        box.setToolTip(tip)
        label = QLabel()
        self._sizes.append((label, name, unit))
        self.form.addRow(label, box)
        self._name_units()
        return box

    def _name_units(self, *_: object) -> None:
        ground = self.annotation.ground
        is_sized = ground is None or ground.volume.grid.unit == "mm"
        for label, name, unit in self._sizes:
            label.setText(f"{name} ({unit if is_sized else 'voxels'})")

    def choice(self, name: str, entries: dict[str, object], tip: str) -> QComboBox:
        """Add a list to choose from."""
        box = QComboBox()
        box.setToolTip(tip)
        for text, data in entries.items():
            box.addItem(text, data)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.form.addRow(name, box)
        return box

    def scopes(self, *offered: Scope) -> QComboBox:
        """Add the list of where to work."""
        entries: dict[str, object] = {_SCOPES[scope]: scope for scope in offered}
        return self.choice("Where", entries, "This slice is the one in view.")

    def which(self) -> QComboBox:
        """Add the list of which classes to work on."""
        entries: dict[str, object] = {"all classes": False, "the chosen class": True}
        return self.choice("Of", entries, "Locked classes stay as they are in any case.")

    def classes(self, which: QComboBox) -> tuple[int, ...] | None:
        """Return the classes of such a list; None for all."""
        return (self.expect_chosen(),) if which.currentData() else None
