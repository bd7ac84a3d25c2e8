"""Writes labels beside the window, and tries again where that fails."""

from qtpy.QtCore import QObject, QTimer

from segstudio.core.errors import sentence
from segstudio.session import Session
from segstudio.session.paintings import image_of
from segstudio.session.saving import SaveRequest
from segstudio.ui.beside import CallThread
from segstudio.ui.edge import at_the_edge

AGAIN_AFTER = 10  # seconds
KEPT = f"The labels are still in this window; it is tried again every {AGAIN_AFTER} seconds."


class Saver(QObject):
    """Does what the session asks to be saved, one file at a time.

    Parameters
    ----------
    session : Session
        It asks, and is told what was saved.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._thread: CallThread | None = None
        self._writing: SaveRequest | None = None
        self._waiting: list[SaveRequest] = []
        self._failed: SaveRequest | None = None
        self.timer = QTimer(self)
        self.timer.setSingleShot(True)
        self.timer.setInterval(AGAIN_AFTER * 1000)
        self.timer.timeout.connect(self._try_again)
        session.save_asked.connect(self._take)

    @property
    def is_busy(self) -> bool:
        """Whether a file is being written or waits for it."""
        return self._thread is not None or bool(self._waiting)

    def close(self) -> None:
        """Wait for the file that is being written."""
        self.timer.stop()
        self._waiting.clear()
        if self._thread is not None:
            self._thread.wait()
            self._end()

    def _take(self, request: SaveRequest) -> None:
        """Write labels after what is being written; they replace any that failed."""
        self._forget_failed(request)
        # Of one file only the newest content counts.
        self._waiting = [each for each in self._waiting if each.path != request.path]
        self._waiting.append(request)
        self._start_next()

    def _forget_failed(self, request: SaveRequest) -> None:
        failed = self._failed
        if failed is not None and image_of(failed.opened.case) == image_of(request.opened.case):
            self._failed = None
            self.timer.stop()

    def _start_next(self) -> None:
        if self._thread is not None or not self._waiting:
            return
        self._writing = self._waiting.pop(0)
        self.session.note_saving(f"Saving {self._writing.path.name} …")
        self._thread = CallThread(self._writing.write)
        self._thread.finished.connect(self._end)
        self._thread.start()

    def _end(self) -> None:
        thread, self._thread = self._thread, None
        request, self._writing = self._writing, None
        if thread is None or request is None:
            return
        thread.wait()
        thread.deleteLater()
        self.session.note_saving("")
        if isinstance(thread.error, OSError):
            self._fail(request, thread.error)
        elif thread.error is not None:
            self.session.say(sentence(thread.error))
        else:
            self._note_saved(request, thread)
        self._start_next()

    @at_the_edge
    def _note_saved(self, request: SaveRequest, thread: CallThread) -> None:
        self.session.note_saved(request, thread.result)

    def _fail(self, request: SaveRequest, error: OSError) -> None:
        """Say that labels could not be written, once; try again until they are."""
        if self._failed is None or self._failed.path != request.path:
            self.session.say(f"{sentence(error)} {KEPT}")
        self._failed = request
        self.session.note_saving(f"{request.path.name} is not saved yet; trying again …")
        self.timer.start()

    @at_the_edge
    def _try_again(self) -> None:
        failed = self._failed
        if failed is None:
            return
        opened, labels = self.session.open_case, self.session.labels
        is_in_view = opened is not None and image_of(opened.case) == image_of(failed.opened.case)
        if is_in_view and labels is not None:  # with what was painted since
            failed = SaveRequest(
                failed.dataset, failed.opened, labels.copy(), failed.path, failed.overwrite
            )
        self._failed = failed
        self._waiting.append(failed)
        self._start_next()
