"""Editors of single settings that are no number: choices, switches, lists, what may be left out.

Every editor has `setting`, `show_setting` and a signal `edited` without arguments, which is sent
for what the user does and not for what it is made to show.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLineEdit, QSizePolicy, QWidget

from segstudio.ui.widgets.number_boxes import Narrow


class Choice(Narrow, QComboBox):
    """One of several values."""

    edited = Signal()

    def __init__(self, values: Mapping[Any, str]) -> None:
        super().__init__()
        for value, text in values.items():
            self.addItem(text, value)
        self._values = list(values)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.currentIndexChanged.connect(self._tell)

    def _tell(self, _index: int) -> None:
        self.edited.emit()

    def setting(self) -> Any:
        """Return the value."""
        return self._values[self.currentIndex()]

    def show_setting(self, value: Any) -> None:
        """Show a value."""
        with QSignalBlocker(self):
            self.setCurrentIndex(self._values.index(value))

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Leave the wheel to the form that scrolls."""
        event.ignore()


class Switch(QCheckBox):
    """Yes or no."""

    edited = Signal()

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.toggled.connect(self._tell)

    def _tell(self, _is_on: bool) -> None:
        self.edited.emit()

    def setting(self) -> bool:
        """Return whether it is on."""
        return bool(self.isChecked())

    def show_setting(self, value: bool) -> None:
        """Show it on or off."""
        with QSignalBlocker(self):
            self.setChecked(value)


class Several(Narrow, QLineEdit):
    """Numbers or names with commas between; nothing is None.

    Parameters
    ----------
    is_list : bool
        Whether one whole number alone is a list too, instead of that number.
    """

    edited = Signal()

    def __init__(self, is_list: bool = True) -> None:
        super().__init__()
        self._is_list = is_list
        self.setPlaceholderText("left out")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.textEdited.connect(self._tell)

    def _tell(self, _text: str) -> None:
        self.edited.emit()

    def setting(self) -> Any:
        """Return what is typed, as far as it can be read; what is wrong is for others to say."""
        text = self.text().strip()
        if not text:
            return None
        if "(" in text:
            return tuple(_values(part) for part in re.findall(r"\(([^()]*)\)", text))
        values = _values(text)
        is_one = not self._is_list and len(values) == 1 and isinstance(values[0], int)
        return values[0] if is_one else values

    def show_setting(self, value: Any) -> None:
        """Show numbers or names."""
        if value is None or isinstance(value, int):
            self.setText("" if value is None else str(value))
        else:
            self.setText(
                ", ".join(f"({_text(v)})" if isinstance(v, tuple) else _text([v]) for v in value)
            )


def _values(text: str) -> tuple[Any, ...]:
    return tuple(_value(word.strip()) for word in text.split(",") if word.strip())


def _value(word: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word


def _text(values: Sequence[Any]) -> str:
    return ", ".join(
        f"{v:g}" if isinstance(v, float) and v == float(f"{v:g}") else str(v) for v in values
    )


class Maybe(QWidget):
    """A setting that may be left out."""

    edited = Signal()

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.on = QCheckBox()
        self.on.setToolTip("Set it; left out, it is chosen by itself.")
        self.inner = inner
        inner.setEnabled(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.on)
        row.addWidget(inner, 1)
        self.on.toggled.connect(inner.setEnabled)
        self.on.toggled.connect(self._tell)
        inner.edited.connect(self.edited)

    def _tell(self, _is_on: bool) -> None:
        self.edited.emit()

    def setting(self) -> Any:
        """Return the setting; None while it is left out."""
        return self.inner.setting() if self.on.isChecked() else None

    def show_setting(self, value: Any) -> None:
        """Show a setting, or that it is left out."""
        with QSignalBlocker(self):
            self.on.setChecked(value is not None)
            if value is not None:
                self.inner.show_setting(value)
