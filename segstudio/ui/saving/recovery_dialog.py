"""The dialog that offers labels which a crash has kept from being saved."""

from datetime import datetime
from html import escape

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from segstudio.data.recovery import Recovery
from segstudio.session import Session
from segstudio.ui.edge import at_the_edge
from segstudio.ui.widgets.button import push_button

EXPLAINED = (
    "These labels were painted, and not saved before segstudio was closed or broke off. Put them "
    "back to go on painting, then save them."
)


class RecoveryDialog(QDialog):
    """Lists what was painted and not saved, each with its picture and time.

    Parameters
    ----------
    session : Session
        Its `recoveries` are listed.
    parent : QWidget
        The window.
    """

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self.session = session
        self.setWindowTitle("Unsaved labels were found")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(560, 420)
        explained = QLabel(EXPLAINED)
        explained.setWordWrap(True)
        self.rows = QWidget()
        self._column = QVBoxLayout(self.rows)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(self.rows)
        self.all = push_button(
            "Put all back",
            "Show the newest now; the others come back when their case is opened.",
        )
        self.later = push_button("Later", "Decide at the next start; nothing is removed.")
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.all)
        buttons.addWidget(self.later)
        column = QVBoxLayout(self)
        column.addWidget(explained)
        column.addWidget(area, 1)
        column.addLayout(buttons)
        self.all.clicked.connect(self._put_all_back)
        self.later.clicked.connect(self.close)
        session.recoveries.offered_changed.connect(self._list)
        self._list(session.recoveries.offered)

    def _list(self, offered: tuple[Recovery, ...]) -> None:
        while (item := self._column.takeAt(0)) is not None:
            if item.widget() is not None:
                item.widget().deleteLater()
        for recovery in offered:
            self._column.addWidget(self._row(recovery))
        self._column.addStretch(1)
        if not offered:
            self.close()

    def _row(self, recovery: Recovery) -> QWidget:
        row = QWidget()
        line = QHBoxLayout(row)
        picture = QLabel()
        picture.setPixmap(_pixmap(recovery.picture))
        of = f" of the project {recovery.project.name}" if recovery.project is not None else ""
        told = QLabel(f"<b>{escape(recovery.case)}</b>{escape(of)}<br>{_words(recovery)}")
        told.setTextFormat(Qt.TextFormat.RichText)
        told.setToolTip(str(recovery.image))
        told.setWordWrap(True)
        put_back = push_button("Put back", f"Open '{recovery.case}' with what was painted on it.")
        discard = push_button("Discard…", "Remove this copy for good.")
        put_back.clicked.connect(lambda: self._put_back(recovery))
        discard.clicked.connect(lambda: self._discard(recovery))
        line.addWidget(picture)
        line.addWidget(told, 1)
        line.addWidget(put_back)
        line.addWidget(discard)
        return row

    @at_the_edge
    def _put_back(self, recovery: Recovery) -> None:
        self.session.recoveries.ask(recovery)

    @at_the_edge
    def _put_all_back(self, _checked: bool = False) -> None:
        # The one that is asked for last is what is shown.
        for recovery in reversed(self.session.recoveries.offered):
            self._put_back(recovery)  # one whose folder is gone does not hold the others up

    @at_the_edge
    def _discard(self, recovery: Recovery) -> None:
        within = f" in the project {recovery.project.name}" if recovery.project is not None else ""
        question = f"Remove what was painted on '{recovery.case}'{within} for good?"
        yes, no = QMessageBox.StandardButton.Discard, QMessageBox.StandardButton.Cancel
        if QMessageBox.question(self, "Discard labels", question, yes | no, no) == yes:
            self.session.recoveries.give_up(recovery)


def _words(recovery: Recovery) -> str:
    """Return when it was painted, and how much of it there is."""
    local = recovery.time.astimezone()
    day = "today" if local.date() == datetime.now().astimezone().date() else f"on {local:%d %b %Y}"
    count = len(recovery.planes)
    planes = "1 plane" if count == 1 else f"{count} planes"
    told = f"painted {day} at {local:%H:%M:%S}, {planes}"
    return f"{told}<br>Its file was saved after this copy." if recovery.is_older_than_file else told


def _pixmap(picture: np.ndarray) -> QPixmap:
    height, width, _ = picture.shape
    data = np.ascontiguousarray(picture)
    image = QImage(data.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    size = 96
    return QPixmap.fromImage(image.copy()).scaled(
        size,
        size,
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )
