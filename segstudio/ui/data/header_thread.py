"""The thread that reads the headers of a dataset's cases, and what its newest run says of them."""

import logging
import time
from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import QThread, Signal

from segstudio.core.errors import InputError
from segstudio.data.datasets import Case, Dataset
from segstudio.data.headers import CaseHeader, read_header
from segstudio.learn.run_cases import newest_run, read_run_cases

logger = logging.getLogger(__name__)

SECONDS_A_BATCH = 0.25  # a table that is told of every case has no time to be drawn


class HeaderThread(QThread):
    """Reads headers batch by batch, until it is stopped.

    Parameters
    ----------
    dataset : Dataset
        What is open.
    cases : sequence of Case
        Those of its cases whose headers are not known yet.
    listed, home : sequence of Path, Path
        Where to look for its newest run, as in `newest_run`.
    """

    scored = Signal(object, object)
    read = Signal(object, object)

    def __init__(
        self, dataset: Dataset, cases: Sequence[Case], listed: Sequence[Path], home: Path
    ) -> None:
        super().__init__()
        self.dataset = dataset
        self._cases, self._listed, self._home = cases, listed, home
        self._stopped = False

    def stop(self) -> None:
        """Stop after the case that is being looked at."""
        self._stopped = True

    def run(self) -> None:
        """Read; a file that cannot be read is one of the things told."""
        try:
            self._read_run()
            self._read_headers()
        except Exception:
            logger.exception("Reading the headers failed")

    def _read_run(self) -> None:
        try:
            run = newest_run(self.dataset, self._listed, self._home)
            if run is not None:
                self.scored.emit(self.dataset, read_run_cases(run))
        except (InputError, OSError) as error:
            # Nobody asked for this run; who chooses it is told.
            logger.warning("The newest run is left out: %s", error)

    def _read_headers(self) -> None:
        batch: dict[str, CaseHeader] = {}
        sent = time.monotonic()
        for case in self._cases:
            if self._stopped:
                return
            batch[case.name] = read_header(case)
            if time.monotonic() - sent > SECONDS_A_BATCH:
                self.read.emit(self.dataset, batch)
                batch, sent = {}, time.monotonic()
            self.usleep(500)  # headers are parsed in Python: let the window have its turn
        if batch:
            self.read.emit(self.dataset, batch)
