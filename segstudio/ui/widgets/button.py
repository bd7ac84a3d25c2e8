"""A push button with words of its own and a tooltip."""

from qtpy.QtWidgets import QPushButton


def push_button(text: str, tip: str) -> QPushButton:
    """Return a button that says what it does; in a dialog, Enter presses another one."""
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    return button
