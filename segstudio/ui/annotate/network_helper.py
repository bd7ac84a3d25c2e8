"""Lets a network draft labels and rank cases beside the window, one wish at a time."""

from collections.abc import Callable, Iterator
from typing import Any

from qtpy.QtCore import QObject

from segstudio.learn.doubt import Doubt
from segstudio.session import Session
from segstudio.session.drafting import DraftRequest
from segstudio.session.next_cases import DoubtRequest
from segstudio.ui.edge import at_the_edge
from segstudio.ui.threads.stream_thread import StreamThread

BUSY = "The network is at work on other cases. Wait for it, or stop it first."


class NetworkHelper(QObject):
    """Does what the session asks a network to draft or to doubt.

    Parameters
    ----------
    session : Session
        It asks, and is told what comes.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._thread: StreamThread | None = None
        self._tell: Callable[[str], None] = session.note_drafting
        self._request: DraftRequest | DoubtRequest | None = None
        self._done = self._taken = 0
        self._stopping = self._closed = False
        session.drafts_asked.connect(self._draft)
        session.drafts_stop_asked.connect(self._stop)
        session.next_cases.asked.connect(self._doubt)
        session.next_cases.stop_asked.connect(self._stop)

    def close(self) -> None:
        """Stop, and wait for the case that is at hand."""
        self._closed = True
        self._stop()
        if self._thread is not None:
            self._thread.wait()

    def _draft(self, request: DraftRequest) -> None:
        self._start(request, request.drafts, self._take_draft, self.session.note_drafting)

    def _doubt(self, request: DoubtRequest) -> None:
        self._start(request, request.doubts, self._take_doubt, self.session.next_cases.note_looking)

    def _start(
        self,
        request: DraftRequest | DoubtRequest,
        begin: Callable[[], Iterator[Any]],
        take: Callable[[Any], None],
        tell: Callable[[str], None],
    ) -> None:
        if self._thread is not None:
            self.session.say(BUSY)
            return
        self._request, self._tell, self._stopping = request, tell, False
        self._done = self._taken = 0
        self._thread = StreamThread(begin)
        # Bound methods of a QObject: delivered on its own thread, which lambdas are not.
        self._thread.came.connect(take)
        self._thread.failed.connect(self._warn)
        self._thread.finished.connect(self._end)
        self._tell_progress()
        self._thread.start()

    def _stop(self) -> None:
        if self._thread is not None:
            self._thread.stop()
            self._stopping = True
            self._tell_progress()

    def _tell_progress(self) -> None:
        request = self._request
        if self._stopping and not self._closed:
            self._tell("Stopping after the case that is at hand …")
        elif request is not None and not self._closed:
            verb = "Drafting" if isinstance(request, DraftRequest) else "Looking at"
            case = f"case {self._done + 1} of {len(request.cases)}"
            self._tell(f"{verb} {case} with '{request.run.name}' …")

    @at_the_edge
    def _take_draft(self, piece: Any) -> None:
        request = self._request
        if not self._closed and isinstance(request, DraftRequest):
            self._taken += self.session.note_drafted(request, *piece)
            self._count()

    @at_the_edge
    def _take_doubt(self, doubt: Doubt) -> None:
        if not self._closed:
            self.session.next_cases.note(doubt)
            self._count()

    def _count(self) -> None:
        self._done += 1
        if self._request is not None and self._done < len(self._request.cases):
            self._tell_progress()

    def _warn(self, text: str) -> None:
        if not self._closed:
            self.session.say(text)

    @at_the_edge
    def _end(self) -> None:
        thread, self._thread = self._thread, None
        if thread is None:
            return
        thread.wait()
        thread.deleteLater()
        if self._closed:
            return
        self._tell("")
        request = self._request
        if isinstance(request, DraftRequest) and self._taken:
            self.session.tell_drafted(request, self._taken)
