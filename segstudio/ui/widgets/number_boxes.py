"""Boxes for numbers that leave the mouse wheel to the form around them."""

import re

from qtpy.QtCore import QSignalBlocker, QSize, Qt, Signal
from qtpy.QtGui import QValidator, QWheelEvent
from qtpy.QtWidgets import QDoubleSpinBox, QSpinBox

MOST = 2**31 - 1
DECIMALS = 30  # so that a number is kept as it was given, 1/3 too
WIDTH = 80  # pixels


class Narrow:
    """What asks for little width, however long what it may show; to be named before a widget."""

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a width that fits a panel."""
        height: int = super().sizeHint().height()  # type: ignore[misc]
        return QSize(WIDTH, height)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return the same."""
        return self.sizeHint()


class Whole(Narrow, QSpinBox):
    """A whole number."""

    edited = Signal()

    def __init__(self, least: int = 0, most: int = MOST) -> None:
        super().__init__()
        self.setRange(least, most)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.valueChanged.connect(self._tell)

    def _tell(self, _value: int) -> None:
        self.edited.emit()

    def setting(self) -> int:
        """Return the number."""
        return int(self.value())

    def show_setting(self, value: int) -> None:
        """Show a number."""
        with QSignalBlocker(self):
            self.setValue(value)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Leave the wheel to the form that scrolls, unless the number is being edited."""
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class Number(Narrow, QDoubleSpinBox):
    """A number, written as short as it can be: 0.001, 1e-05."""

    edited = Signal()

    def __init__(self, least: float = 0.0, most: float = MOST) -> None:
        super().__init__()
        self.setDecimals(DECIMALS)
        self.setRange(least, most)
        self.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.valueChanged.connect(self._tell)

    def _tell(self, _value: float) -> None:
        self.edited.emit()

    def textFromValue(self, value: float) -> str:  # noqa: N802
        """Return the shortest text that is this number."""
        short = f"{value:.6g}"
        return short if float(short) == value else repr(value)

    def valueFromText(self, text: str) -> float:  # noqa: N802
        """Return the number that was typed."""
        try:
            return float(text)
        except ValueError:
            return float(self.value())

    def validate(self, text: str, place: int) -> tuple[QValidator.State, str, int]:
        """Return whether a text is a number yet."""
        try:
            fits = self.minimum() <= float(text) <= self.maximum()
        except ValueError:
            fits = False
        typing = re.fullmatch(r"[-+.\deE]*", text) is not None
        other = QValidator.State.Intermediate if typing else QValidator.State.Invalid
        return (QValidator.State.Acceptable if fits else other), text, place

    def stepBy(self, steps: int) -> None:  # noqa: N802
        """Go up or down by a tenth of the leading digit's place; 0 has none, and takes 0.1."""
        if self.value() == 0:
            self.setValue(0.1 * steps)
        else:
            super().stepBy(steps)

    def setting(self) -> float:
        """Return the number."""
        return float(self.value())

    def show_setting(self, value: float) -> None:
        """Show a number."""
        with QSignalBlocker(self):
            self.setValue(value)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Leave the wheel to the form that scrolls, unless the number is being edited."""
        super().wheelEvent(event) if self.hasFocus() else event.ignore()
