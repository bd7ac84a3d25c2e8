"""Reads beside the window what is told of cases before they are opened."""

from pathlib import Path

from qtpy.QtCore import QObject

from segstudio.data.datasets import Dataset
from segstudio.data.headers import CaseHeader
from segstudio.learn.run_cases import RunCases, is_on_another, read_run_cases
from segstudio.session import Session
from segstudio.ui.data.header_thread import HeaderThread
from segstudio.ui.edge import at_the_edge


class HeaderReader(QObject):
    """Follows the open dataset; stops with the one before.

    Parameters
    ----------
    session : Session
        Its facts are added to.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._closed = False
        self._thread: HeaderThread | None = None
        session.dataset_opened.connect(self._follow)
        session.run_chosen.connect(self._follow_run)
        session.training_ended.connect(self._follow_run)

    def close(self) -> None:
        """Stop reading and wait for it."""
        self._closed = True
        if self._thread is not None:
            self._thread.stop()
            self._thread.wait()

    def _follow(self, dataset: Dataset) -> None:
        if self._thread is not None:
            # The one that ends starts the next.
            self._thread.stop()
            return
        if self.session.facts.run is None:
            self._follow_run(self.session.run)
        known = self.session.facts.headers
        cases = [case for case in dataset.cases if case.name not in known]
        thread = HeaderThread(dataset, cases, self._listed, self.session.runs_folder)
        # Bound methods of a QObject: delivered on its own thread, which lambdas are not.
        thread.scored.connect(self._take_run)
        thread.read.connect(self._take_headers)
        thread.finished.connect(self._end)
        self._thread = thread
        thread.start()

    def _end(self) -> None:
        thread, self._thread = self._thread, None
        if thread is None:
            return
        thread.wait()
        thread.deleteLater()
        dataset = self.session.dataset
        if not self._closed and dataset is not None and dataset is not thread.dataset:
            self._follow(dataset)

    @at_the_edge
    def _take_headers(self, dataset: Dataset, headers: dict[str, CaseHeader]) -> None:
        if not self._closed and dataset is self.session.dataset:
            self.session.facts.note_headers(headers)

    @at_the_edge
    def _take_run(self, dataset: Dataset, run: RunCases) -> None:
        # The one that was chosen comes before the newest, unless it is on another dataset.
        is_known = self.session.facts.run is not None
        if not self._closed and dataset is self.session.dataset and not is_known:
            self.session.facts.note_run(run)

    @at_the_edge
    def _follow_run(self, run: Path | None) -> None:
        """Show what a run says that was chosen, or has just ended; a failed start left none.

        One on another dataset says nothing: its cases may have the same names.
        """
        if run is None or self.session.dataset is None or not (run / "split.json").is_file():
            return
        if not is_on_another(run, self.session.dataset, self._listed):
            self.session.facts.note_run(read_run_cases(run))

    @property
    def _listed(self) -> tuple[Path, ...]:
        """The runs of the open project."""
        return self.session.project.runs if self.session.project is not None else ()
