"""The last mistake, kept in sight: notifications fade before they are read."""

import re
from datetime import datetime

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QStyle, QToolButton, QVBoxLayout

from segstudio.session import Session
from segstudio.session.messages import Message
from segstudio.ui.data.dataset_words import without_folder


class LastError(QFrame):
    """Shows the last error's first sentence; the rest unfolds. Hidden while there is none.

    Parameters
    ----------
    session : Session
        What it says.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.sentence, self.rest = _text(), _text()
        self.details = QToolButton()
        self.details.setText("Details")
        self.details.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.details.setCheckable(True)
        self.details.setToolTip("Show or hide what to do about it, and when it happened.")
        self.dismiss = QToolButton()
        self.dismiss.setText("✕")
        self.dismiss.setAutoRaise(True)
        self.dismiss.setToolTip("Take this message away.")
        self.dismiss.setAccessibleName("Dismiss")
        self._lay_out()
        self.details.toggled.connect(self._unfold)
        self.dismiss.clicked.connect(self._dismiss)
        session.said.connect(self._follow)
        self.hide()

    def _lay_out(self) -> None:
        picture = QLabel()
        icon = self.style().standardIcon(QStyle.StandardPixmap.SP_MessageBoxCritical)
        picture.setPixmap(icon.pixmap(16, 16))
        row, column = QHBoxLayout(), QVBoxLayout(self)
        column.setContentsMargins(6, 4, 4, 4)
        top = Qt.AlignmentFlag.AlignTop
        row.addWidget(picture, 0, top)
        row.addWidget(self.sentence, 1)
        row.addWidget(self.dismiss, 0, top)
        column.addLayout(row)
        column.addWidget(self.rest)
        column.addWidget(self.details, 0, Qt.AlignmentFlag.AlignRight)

    def _follow(self, message: Message) -> None:
        if not message.is_error:
            return
        first, rest = parted(message.text)
        dataset = self.session.dataset
        short = without_folder(first, dataset.root) if dataset is not None else first
        self.sentence.setText(short)
        more = rest if short == first else message.text
        self.rest.setText(f"{more}\nAt {datetime.now():%H:%M:%S}.".lstrip())
        self.details.setChecked(False)
        self._unfold(False)
        self.show()

    def _unfold(self, is_open: bool) -> None:
        self.rest.setVisible(is_open)
        self.details.setText("Less" if is_open else "Details")

    def _dismiss(self, _checked: bool = False) -> None:
        self.hide()


def parted(text: str) -> tuple[str, str]:
    """Return a text's first sentence, and the rest."""
    # A full stop in a file's name is followed by no space, and one before a small letter ends none.
    first, *rest = re.split(r"(?<=[.!?])\s+(?=[A-Z'\"])", text, maxsplit=1)
    return first, rest[0] if rest else ""


def _text() -> QLabel:
    label = QLabel("")
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    # A long path has no place to break, and must not push the window apart.
    label.setMinimumWidth(1)
    return label
