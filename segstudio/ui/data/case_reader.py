"""Reads beside the window what the session asks for, and one case ahead."""

from qtpy.QtCore import QObject, QThread

from segstudio.data.datasets import Case, Dataset
from segstudio.session import Session
from segstudio.session.messages import ReadingRequest
from segstudio.session.open_case import OpenCase
from segstudio.session.paintings import image_of
from segstudio.ui.data.ahead_thread import Ahead, AheadThread
from segstudio.ui.data.reading_thread import ReadingThread
from segstudio.ui.edge import at_the_edge


class CaseReader(QObject):
    """Reads one wish at a time, and of those that wait only the newest.

    Parameters
    ----------
    session : Session
        It asks, and is given what was read.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._closed = False
        self._reading: ReadingThread | None = None
        self._wish: ReadingRequest | None = None
        self._ahead: Ahead | None = None
        self._looking: AheadThread | None = None
        self._next: Case | None = None
        session.reading_asked.connect(self._read)
        session.ahead_asked.connect(self._look_ahead)
        session.dataset_opened.connect(self._forget_ahead)

    def close(self) -> None:
        """Wait for what is being read; show none of it."""
        self._closed, self._ahead = True, None
        for thread in (self._reading, self._looking):
            if thread is not None:
                thread.wait()

    def _read(self, wish: ReadingRequest) -> None:
        if self._reading is not None:
            self._wish = wish
            return
        self._wish = None
        if self._is_ahead(wish.case):
            self._show_ahead()
        elif self._looking is not None and self._looking.case == wish.case:
            # It is being read already: what comes of it is shown.
            self._wish = wish
            self.session.note_reading(wish.text)
        else:
            self._start(wish)

    def _start(self, wish: ReadingRequest) -> None:
        thread = ReadingThread(wish)
        # Bound methods of a QObject: delivered on its own thread, which lambdas are not.
        thread.found.connect(self._list_cases)
        thread.read.connect(self._show_case)
        thread.failed.connect(self._warn)
        thread.finished.connect(self._end_reading)
        self._reading = thread
        self.session.note_reading(wish.text)
        thread.start()

    def _end_reading(self) -> None:
        thread, self._reading = self._reading, None
        wish, self._wish = self._wish, None
        if thread is None:
            return
        thread.wait()
        thread.deleteLater()
        if self._closed:
            return
        if wish is None:
            self.session.note_reading("")
        else:
            self._read(wish)

    @at_the_edge
    def _list_cases(self, dataset: Dataset) -> None:
        if not self._closed and self._reading is not None:
            self.session.list_found(dataset, self._reading.wish.project)

    @at_the_edge
    def _show_case(self, opened: OpenCase) -> None:
        dataset, image = self.session.dataset, image_of(opened.case)
        # A script may have opened another dataset meanwhile.
        if self._closed or dataset is None or all(image_of(c) != image for c in dataset.cases):
            return
        if opened.holds_in(dataset):
            self.session.show_read(opened)
        else:  # it was saved or drafted, or a class was changed, while it was read
            self.session.ask_case(opened.case.name)

    def _warn(self, text: str) -> None:
        if not self._closed:
            self.session.say(text)

    def _is_ahead(self, case: Case | None) -> bool:
        """Return whether a case that is asked for was read ahead, as it would be read now."""
        dataset, ahead = self.session.dataset, self._ahead
        return dataset is not None and ahead is not None and ahead.serves(case, dataset)

    @at_the_edge
    def _show_ahead(self) -> None:
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            self.session.show_read(ahead.opened)
        if self.session.reading:
            self.session.note_reading("")

    def _look_ahead(self, case: Case) -> None:
        """Read a case ahead, instead of the one that was; one at a time."""
        dataset = self.session.dataset
        if self._closed or dataset is None or self._wish is not None:
            return
        if self._looking is not None:
            self._next = case
            return
        if self._is_ahead(case):
            return
        self._ahead = None
        thread = AheadThread(dataset, case)
        thread.read.connect(self._keep_ahead)
        thread.finished.connect(self._end_looking)
        self._looking = thread
        thread.start(QThread.Priority.LowPriority)

    def _keep_ahead(self, ahead: Ahead) -> None:
        dataset = self.session.dataset
        if self._closed or dataset is None:
            return
        if ahead.opened.holds_in(dataset):
            self._ahead = ahead

    def _end_looking(self) -> None:
        thread, self._looking = self._looking, None
        if thread is None:
            return
        thread.wait()
        thread.deleteLater()
        following, self._next = self._next, None
        if self._closed:
            return
        if self._wish is not None and self._reading is None:
            self._read(self._wish)
        elif following is not None:
            self._look_ahead(following)

    def _forget_ahead(self, _dataset: Dataset) -> None:
        if self.session.open_case is None:
            self._ahead = self._next = None
