"""The trainings that wait for the one before to end."""

from qtpy.QtWidgets import QHBoxLayout, QLabel, QListWidget, QPushButton, QVBoxLayout, QWidget

from segstudio.messages import TrainingRequest
from segstudio.session import Session
from segstudio.ui.edge import at_the_edge

ROWS = 3  # shown without scrolling


class TrainingQueue(QWidget):
    """Lists what waits; nothing is shown while nothing does."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.title = QLabel("")
        self.waiting = QListWidget()
        self.waiting.setToolTip("Each begins when the one before has ended, failed or not.")
        self.move_up = QPushButton("Move up")
        self.move_up.setToolTip("Let the chosen training begin before the one above it.")
        self.remove = QPushButton("Remove")
        self.remove.setToolTip("Take the chosen training out of the queue.")
        row, column = QHBoxLayout(), QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.move_up)
        row.addWidget(self.remove)
        column.addWidget(self.title)
        column.addWidget(self.waiting)
        column.addLayout(row)
        self.move_up.clicked.connect(self._move_up)
        self.remove.clicked.connect(self._remove)
        self.waiting.currentRowChanged.connect(self._enable)
        session.queue_changed.connect(self._show)
        self._show(session.queue)

    def _show(self, queue: tuple[TrainingRequest, ...]) -> None:
        row = self.waiting.currentRow()
        self.waiting.clear()
        for request in queue:
            self.waiting.addItem(request.title)
            self.waiting.item(self.waiting.count() - 1).setToolTip(request.title)
        self.title.setText(f"<b>Next</b>: {len(queue)} in the queue")
        high = max(self.waiting.sizeHintForRow(0), 16) * min(ROWS, len(queue)) + 8
        self.waiting.setFixedHeight(high)
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
