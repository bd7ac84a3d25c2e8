"""Examines the open dataset beside the window, when the session is asked for it."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from qtpy.QtCore import QObject

from segstudio.data.datasets import Dataset
from segstudio.data.doctor import CaseReport, Diagnosis, diagnose, examine
from segstudio.session import Session
from segstudio.session.messages import Check
from segstudio.ui.edge import at_the_edge
from segstudio.ui.threads.stream_thread import StreamThread


class Checker(QObject):
    """Has one check at a time; that of another dataset takes the place of what runs."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._closed = False
        self._thread: StreamThread | None = None
        self._next: Dataset | None = None
        session.check_asked.connect(self._start)
        session.check_stop_asked.connect(self._stop)

    def close(self) -> None:
        """Stop after the case that is being examined, and wait for it."""
        self._closed = True
        self._stop()
        if self._thread is not None:
            self._thread.wait()

    def _start(self, dataset: Dataset) -> None:
        if self._thread is not None:
            self._next = dataset
            self._thread.stop()
            return
        thread = StreamThread(partial(_examined, dataset))
        thread.came.connect(self._take)
        thread.failed.connect(self._fail)
        thread.finished.connect(self._end)
        self._thread = thread
        self.session.note_check(Check(dataset))
        thread.start()

    def _stop(self) -> None:
        self._next = None
        if self._thread is not None:
            self._thread.stop()

    @at_the_edge
    def _take(self, piece: int | Diagnosis) -> None:
        if isinstance(piece, Diagnosis):
            self._note(state="done", diagnosis=piece)
        else:
            self._note(examined=piece)

    def _fail(self, text: str) -> None:
        self._note(state="failed", failure=text)

    def _end(self) -> None:
        thread, self._thread = self._thread, None
        if thread is None:
            return
        thread.wait()
        thread.deleteLater()
        if self.session.check is not None and self.session.check.is_running:
            self._note(state="stopped")
        if self._next is not None:
            following, self._next = self._next, None
            self._start(following)

    def _note(self, **changes: Any) -> None:
        if not self._closed and self.session.check is not None:
            self.session.note_check(replace(self.session.check, **changes))


def _examined(dataset: Dataset) -> Iterator[int | Diagnosis]:
    """Yield how many cases have been examined after each of them, and at last the diagnosis."""
    reports: list[CaseReport] = []
    for report in examine(dataset):
        reports.append(report)
        yield len(reports)
    yield diagnose(dataset, reports)
