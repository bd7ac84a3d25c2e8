"""What guards and warnings said in the trainings, kept until it is cleared."""

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStyle,
    QVBoxLayout,
    QWidget,
)

from segstudio.session import Session
from segstudio.session.messages import Note
from segstudio.ui.edge import at_the_edge
from segstudio.ui.widgets.fold import Fold

HEIGHT = 110


class TrainingNotes(QWidget):
    """Lists the notes, the newest last; nothing is shown while there are none."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.notes = QListWidget()
        self.notes.setWordWrap(True)
        self.notes.setSpacing(1)
        self.notes.setFixedHeight(HEIGHT)
        self.notes.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.notes.setToolTip("What went wrong, when, and what to try.")
        self.clear = QPushButton("Clear")
        self.clear.setToolTip("Forget these notes; the run folder's log keeps them.")
        tip = "What went wrong, and what is worth knowing."
        self.fold = Fold("", tip, self.notes, self.clear)
        self.fold.open()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.fold)
        self.clear.clicked.connect(self._clear)
        session.notes_changed.connect(self._show)
        self._show(session.notes)

    def _show(self, notes: tuple[Note, ...]) -> None:
        self.notes.clear()
        for note in notes:
            self.notes.addItem(self._item(note))
        self.fold.head.setText(f"Warnings and notes: {len(notes)}")
        if notes:
            newest = self.notes.item(len(notes) - 1)
            self.notes.scrollToItem(newest, QAbstractItemView.ScrollHint.PositionAtTop)
        self.setVisible(bool(notes))

    def _item(self, note: Note) -> QListWidgetItem:
        when = f"epoch {note.epoch}" if note.epoch else "before the first epoch"
        item = QListWidgetItem(f"{note.kind.capitalize()}, {when}: {note.text}")
        pixmaps = QStyle.StandardPixmap
        is_note = note.kind == "note"
        picture = pixmaps.SP_MessageBoxInformation if is_note else pixmaps.SP_MessageBoxWarning
        item.setIcon(self.style().standardIcon(picture))
        item.setToolTip(f"<p>{note.run}</p><p>{note.text}</p>")
        return item

    @at_the_edge
    def _clear(self, _checked: bool = False) -> None:
        self.session.clear_notes()
