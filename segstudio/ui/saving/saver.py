"""Writes labels beside the window, and tries again where that fails."""

from dataclasses import replace

from qtpy.QtCore import QObject, QTimer

from segstudio.core.errors import sentence
from segstudio.data.project import Place
from segstudio.session import Session
from segstudio.session.saving import SaveRequest
from segstudio.ui.edge import at_the_edge
from segstudio.ui.threads.beside import CallThread

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
        self._failed: dict[Place, SaveRequest] = {}
        self.timer = QTimer(self)
        self.timer.setSingleShot(True)
        self.timer.setInterval(AGAIN_AFTER * 1000)
        self.timer.timeout.connect(self._try_again)
        session.save_asked.connect(self._take)

    @property
    def is_busy(self) -> bool:
        """Whether a file is being written or waits for it."""
        return self._thread is not None or bool(self._waiting)

    def finish(self) -> None:
        """Wait until all that was asked for is written, or has failed."""
        while self._thread is not None:
            self._thread.wait()
            self._end()

    def close(self) -> None:
        """Write what was asked for; what has failed is tried no more."""
        self.finish()
        self.timer.stop()

    def _take(self, request: SaveRequest) -> None:
        """Write labels after what is being written; they replace any that failed."""
        failed = self._failed.pop(request.place, None)
        if not self._failed:
            self.timer.stop()
        # Of one file only the newest content counts, and what failed is not tried again after it.
        dropped = [
            each
            for each in self._waiting
            if each.path == request.path or (failed is not None and each.goes_where(failed))
        ]
        self._waiting = [*(each for each in self._waiting if each not in dropped), request]
        for each in dropped:
            self.session.note_not_saved(each)
            if each.place != request.place:
                self.session.say(
                    f"The labels of '{each.case.name}' were not saved: those of "
                    f"'{request.case.name}' go to the same file, '{request.path.name}'."
                )
        if failed is not None and not self._is_tried(failed, dropped):
            self.session.note_not_saved(failed)
        self._start_next()

    def _is_tried(self, failed: SaveRequest, asked: list[SaveRequest]) -> bool:
        """Return whether what failed is being written again, or is among what was asked for."""
        tried = [*asked, self._writing] if self._writing is not None else asked
        return any(each.goes_where(failed) for each in tried)

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
        if isinstance(thread.error, OSError):
            self._fail(request, thread.error)
        else:
            self._failed.pop(request.place, None)
            if thread.error is not None:
                told = f"{sentence(thread.error)} The labels are still in this window."
                self.session.say(told)
                self.session.note_not_saved(request)
            else:
                self._note_saved(request, thread)
                self._waiting = [each.after(request, thread.result) for each in self._waiting]
        self._tell_failed()
        self._start_next()

    @at_the_edge
    def _note_saved(self, request: SaveRequest, thread: CallThread) -> None:
        self.session.note_saved(request, thread.result)

    def _fail(self, request: SaveRequest, error: OSError) -> None:
        """Say that labels could not be written, once; try again until they are."""
        newer = next((each for each in self._waiting if each.place == request.place), None)
        if newer is not None:
            # They are on their way, and older ones must not come to replace them.
            self.session.note_not_saved(request)
            if newer.path != request.path:
                self.session.say(f"{sentence(error)} '{newer.path.name}' is written instead.")
            return
        before = self._failed.get(request.place)
        if before is None or before.path != request.path:
            self.session.say(f"{sentence(error)} {KEPT}")
        self._failed[request.place] = request
        self.session.note_save_failed(request)
        self.timer.start()

    def _tell_failed(self) -> None:
        names = ", ".join(request.path.name for request in self._failed.values())
        verb = "is" if len(self._failed) == 1 else "are"
        self.session.note_saving(f"{names} {verb} not saved yet; trying again …" if names else "")

    @at_the_edge
    def _try_again(self) -> None:
        if not self._failed:
            return
        self.timer.start()  # whatever comes in between
        again = [r for r in self._failed.values() if not self._is_tried(r, self._waiting)]
        self._waiting += [self._with_newest(request) for request in again]
        self._start_next()

    def _with_newest(self, request: SaveRequest) -> SaveRequest:
        """Return a request with what was painted since, where its case is in view."""
        opened, labels = self.session.open_case, self.session.labels
        if opened is None or self.session.place_of(opened.case) != request.place:
            return request
        if labels is None or labels.shape != request.labels.shape:
            return request
        return replace(request, labels=labels.copy())
