"""The thread that reads a case before it is asked for."""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from qtpy.QtCore import QThread, Signal

from segstudio.core.errors import InputError
from segstudio.data.datasets import Case, Dataset
from segstudio.data.formats import read_grid
from segstudio.session.open_case import OpenCase, read_case

logger = logging.getLogger(__name__)

MOST_AHEAD = 100_000_000  # voxels; a larger case is not kept in memory beside the one in view

Stamp = Mapping[Path, tuple[int, int]]


@dataclass(frozen=True, eq=False)
class Ahead:
    """A case that was read before it is asked for, and the state its files were in."""

    opened: OpenCase
    stamp: Stamp

    def serves(self, case: Case | None, dataset: Dataset) -> bool:
        """Return whether it is what a case of a dataset would be read as now."""
        is_same = self.opened.case == case and self.stamp == stamp_of(self.opened.case)
        return is_same and self.opened.holds_in(dataset)


def stamp_of(case: Case) -> Stamp:
    """Return when each of a case's files was last written, and its size; less what is gone."""
    paths = (*case.channels, *((case.labels,) if case.labels is not None else ()))
    stats = {path: path.stat() for path in paths if path.exists()}
    return {path: (stat.st_mtime_ns, stat.st_size) for path, stat in stats.items()}


class AheadThread(QThread):
    """Reads a case that may be asked for next.

    Parameters
    ----------
    dataset : Dataset
        The open dataset.
    case : Case
        Which case of it.
    """

    read = Signal(object)

    def __init__(self, dataset: Dataset, case: Case) -> None:
        super().__init__()
        self.dataset, self.case = dataset, case

    def run(self) -> None:
        """Read; what goes wrong is told when the case is asked for, and not before."""
        try:
            stamp = stamp_of(self.case)
            if math.prod(read_grid(self.case.image).shape) <= MOST_AHEAD:
                self.read.emit(Ahead(read_case(self.dataset, self.case), stamp))
        except (InputError, OSError):
            return
        except Exception:
            logger.exception("Reading ahead failed")
