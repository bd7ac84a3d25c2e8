"""The trainings that wait for the one before to end."""

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QListWidget, QPushButton, QVBoxLayout, QWidget

from segstudio.session import Session
from segstudio.session.messages import TrainingRequest
from segstudio.ui.edge import at_the_edge
from segstudio.ui.widgets.fold import Fold

ROWS = 3  # shown without scrolling
LEAST_ROW, BORDER = 20, 10  # pixels


class TrainingQueue(QWidget):
    """Lists what waits; nothing is shown while nothing does."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.waiting = QListWidget()
        self.waiting.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.waiting.setToolTip("Each begins when the one before has ended, failed or not.")
        self.move_up = QPushButton("Move up")
        self.move_up.setToolTip("Let the chosen training begin before the one above it.")
        self.remove = QPushButton("Remove")
        self.remove.setToolTip("Take the chosen training out of the queue.")
        self.fold = Fold("", "The trainings that wait, the next one first.", self._laid_out())
        self.fold.open()
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.fold)
        self.move_up.clicked.connect(self._move_up)
        self.remove.clicked.connect(self._remove)
        self.waiting.currentRowChanged.connect(self._enable)
        session.queue_changed.connect(self._show)
        self._show(session.queue)

    def _laid_out(self) -> QWidget:
        content, row = QWidget(), QHBoxLayout()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.move_up)
        row.addWidget(self.remove)
        column.addWidget(self.waiting)
        column.addLayout(row)
        return content

    def _show(self, queue: tuple[TrainingRequest, ...]) -> None:
        row = self.waiting.currentRow()
        self.waiting.clear()
        for request in queue:
            self.waiting.addItem(request.title)
            self.waiting.item(self.waiting.count() - 1).setToolTip(request.title)
        self.fold.head.setText(f"In the queue: {len(queue)}")
        high = max(self.waiting.sizeHintForRow(0), LEAST_ROW) * min(ROWS, len(queue))
        self.waiting.setFixedHeight(high + BORDER)
        self.waiting.setCurrentRow(min(max(row, 0), len(queue) - 1))
        self.setVisible(bool(queue))
        self._enable()

    def _enable(self, *_: object) -> None:
        row = self.waiting.currentRow()
        self.move_up.setEnabled(row > 0)
        self.remove.setEnabled(row >= 0)

    @at_the_edge
    def _move_up(self, _checked: bool = False) -> None:
        row = self.waiting.currentRow()
        self.session.move_up_in_queue(row)
        self.waiting.setCurrentRow(row - 1)

    @at_the_edge
    def _remove(self, _checked: bool = False) -> None:
        self.session.remove_from_queue(self.waiting.currentRow())
