"""A part of a panel that can be folded away."""

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget


class Fold(QWidget):
    """A title with an arrow, and below it what is shown while it is open.

    Parameters
    ----------
    title, tip : str
        Of the part.
    content : QWidget
        What is folded.
    beside : QWidget, optional
        What stands at the right of the title.
    """

    def __init__(
        self, title: str, tip: str, content: QWidget, beside: QWidget | None = None
    ) -> None:
        super().__init__()
        self.head = QToolButton()
        self.head.setText(title)
        self.head.setToolTip(tip)
        self.head.setCheckable(True)
        self.head.setAutoRaise(True)
        self.head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.head.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.content = content
        column, row = QVBoxLayout(self), QHBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.head, 1)
        if beside is not None:
            row.addWidget(beside)
        column.addLayout(row)
        column.addWidget(content)
        self.head.toggled.connect(self.open)
        self.open(False)

    def open(self, is_open: bool = True) -> None:
        """Show what is folded, or fold it away."""
        self.head.setChecked(is_open)
        self.head.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        self.content.setVisible(is_open)
