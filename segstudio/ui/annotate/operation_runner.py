"""Operations on labels, and the counting of pieces, beside the window."""

from functools import partial

from qtpy.QtCore import QObject, QTimer

from segstudio.core.editing.edit import Edit
from segstudio.session import Session
from segstudio.session.annotation_choices import Task
from segstudio.session.class_counts import count_pieces
from segstudio.ui.edge import at_the_edge
from segstudio.ui.threads.beside import Beside

PAUSE_MS = 500  # without a stroke, before pieces are counted


class OperationRunner(QObject):
    """Computes what a session's annotation is asked for, one after the other.

    None of the methods can be stopped on its way: what is cancelled is computed to its end, and
    thrown away. What is asked for next does not wait for it, unless two such are under way.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._wanted: Task | None = None
        self._operations, self._counting = Beside(), Beside()
        self._cancelled: Beside | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._count)
        annotation = session.annotation
        annotation.operations.asked.connect(self._compute)
        annotation.operations.cancel_asked.connect(self._cancel)
        annotation.operations.refused.connect(self._tell)
        annotation.stepped.connect(self._count_later)
        annotation.ground_changed.connect(self._count_later)

    def close(self) -> None:
        """Stop, and wait for what is under way."""
        self._wanted = None
        self._pause.stop()
        for beside in (self._operations, self._counting, self._cancelled):
            if beside is not None:
                beside.close()

    def _compute(self, task: Task) -> None:
        self._wanted = task
        self._pass_by()
        self.session.annotation.operations.note_busy(f"{task.operation.title} …")
        told = partial(self._finish, task), partial(self._fail, task)
        self._operations.ask("operation", task.compute, *told)

    @at_the_edge
    def _finish(self, task: Task, edit: Edit) -> None:
        if task is self._wanted:
            self._end()
            self.session.annotation.operations.finish(task, edit)

    def _fail(self, task: Task, text: str) -> None:
        if task is self._wanted:
            self._end()
            self.session.say(text)

    def _cancel(self) -> None:
        self._operations.forget()
        self._end()

    def _pass_by(self) -> None:
        """Compute beside what was cancelled and goes on, if that is one only."""
        is_alone = self._cancelled is None or not self._cancelled.is_busy
        if self._operations.is_busy and is_alone:
            self._cancelled, self._operations = self._operations, Beside()

    def _end(self) -> None:
        self._wanted = None
        self.session.annotation.operations.note_busy("")

    def _tell(self, text: str) -> None:
        self.session.say(text, is_error=False)

    def _count_later(self, *_: object) -> None:
        self._pause.start()

    def _count(self) -> None:
        annotation = self.session.annotation
        if annotation.ground is not None:
            values = annotation.classes.table.values[1:]
            count = partial(count_pieces, annotation.ground.labels, values)
            self._counting.ask("pieces", count, annotation.note_pieces)
