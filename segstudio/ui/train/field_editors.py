"""The editor of a field, by the type that it is annotated with."""

import inspect
import re
from dataclasses import fields, is_dataclass
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo
from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QCheckBox, QFormLayout, QLabel, QWidget

from segstudio.ui.train.setting_editors import Choice, Maybe, Several, Switch
from segstudio.ui.widgets.number_boxes import MOST, Number, Whole

LEAST = 1e-12  # of a number that has to be above 0
LABEL_WIDTH = 122  # pixels: that of the longest, so that the forms line up
_ATTRIBUTE = re.compile(r"^(\w+(?:, \w+)*) : .*$")


class Group(QWidget):
    """The fields of a dataclass, all of which may be left out.

    Parameters
    ----------
    kind : type
        The dataclass.

    Attributes
    ----------
    on : QCheckBox
        Whether they are set; to be laid out by whoever makes the group.
    """

    edited = Signal()

    def __init__(self, kind: type) -> None:
        super().__init__()
        self._kind = kind
        self.on = QCheckBox("Set")
        self.editors: dict[str, Any] = {}
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        notes, hints = attribute_notes(kind), get_type_hints(kind)
        for field in fields(kind):
            editor = editor_of(hints[field.name])
            editor.show_setting(field.default)
            editor.setToolTip(notes.get(field.name, ""))
            editor.edited.connect(self.edited)
            self.editors[field.name] = editor
            form.addRow(label_of(field.name, editor), editor)
        self.setEnabled(False)
        self.on.toggled.connect(self.setEnabled)
        self.on.toggled.connect(self._tell)

    def _tell(self, _is_on: bool) -> None:
        self.edited.emit()

    def setting(self) -> Any:
        """Return the dataclass; None while it is left out."""
        if not self.on.isChecked():
            return None
        return self._kind(**{name: editor.setting() for name, editor in self.editors.items()})

    def show_setting(self, value: Any) -> None:
        """Show a dataclass, or that it is left out."""
        with QSignalBlocker(self):
            self.on.setChecked(value is not None)
            if value is not None:
                self.show_fields(value)

    def show_fields(self, value: Any) -> None:
        """Show the fields of a dataclass, whether they are set or would be."""
        for name, editor in self.editors.items():
            editor.show_setting(getattr(value, name))


def attribute_notes(kind: type) -> dict[str, str]:
    """Return what the docstring of a class says of each of its attributes."""
    notes: dict[str, list[str]] = {}
    names: list[str] = []
    for line in (inspect.getdoc(kind) or "").splitlines():
        if found := _ATTRIBUTE.match(line):
            names = found[1].split(", ")
            notes |= {name: [] for name in names}
        elif line.startswith("    ") and names:
            for name in names:
                notes[name].append(line.strip())
        elif line.strip():
            names = []
    return {name: " ".join(lines).replace("`", "") for name, lines in notes.items()}


def title_of(name: str) -> str:
    """Return the name of a setting as it is read."""
    return name.replace("_", " ").capitalize().replace("Hd95", "HD95").replace(" gb", " (GB)")


def label_of(name: str, editor: QWidget) -> QLabel:
    """Return the label of a setting, with the tooltip of its editor."""
    label = QLabel(title_of(name))
    label.setToolTip(editor.toolTip())
    label.setBuddy(editor)
    label.setMinimumWidth(LABEL_WIDTH)
    return label


def editor_of(annotation: Any, about: FieldInfo | None = None) -> Any:
    """Return the editor of a field by its type, within the bounds that it tells."""
    kinds = [kind for kind in _kinds(annotation) if kind is not NoneType]
    may_be_none, kind = NoneType in _kinds(annotation), kinds[0]
    bounds = _bounds(about)
    if get_origin(kind) is Literal:
        values = {None: "left out"} if may_be_none else {}
        return Choice(values | {value: _word(value) for value in get_args(kind)})
    if is_dataclass(kind):
        return Group(kind)  # type: ignore[arg-type]
    if kind is bool:
        return Switch()
    if kind not in (int, float) or len(kinds) > 1:
        return Several(is_list=len(kinds) == 1)
    least, most = bounds
    number = Number(least, most) if kind is float else Whole(int(least), int(most))
    return Maybe(number) if may_be_none else number


def _kinds(annotation: Any) -> tuple[Any, ...]:
    is_union = get_origin(annotation) not in (None, Literal, tuple)
    return get_args(annotation) if is_union else (annotation,)


def _bounds(about: FieldInfo | None) -> tuple[float, float]:
    """Return the least and the largest value that a field takes."""
    least, most = 0.0, float(MOST)
    for bound in about.metadata if about is not None else ():
        least = getattr(bound, "ge", least)
        least = LEAST if getattr(bound, "gt", None) == 0 else least
        most = getattr(bound, "le", most)
        most = 1 - 1e-6 if getattr(bound, "lt", None) == 1 else most
    return least, most


def _word(value: Any) -> str:
    return f"{value}-D" if value in (2, 3) else str(value)
