"""The timeline of a run: what it predicted for a case after every epoch."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.learn.run_folder import RunFolder

_EPOCH = re.compile(r"epoch_(\d+)\.npz")


@dataclass(frozen=True)
class Timeline:
    """What a run keeps.

    Attributes
    ----------
    cases : tuple of str
        The names of the cases whose predictions are kept.
    epochs : tuple of int
        The epochs they are kept of, rising.
    """

    cases: tuple[str, ...] = ()
    epochs: tuple[int, ...] = ()

    def lacks(self, case: str) -> str:
        """Return why a case's prediction cannot be shown growing; empty where it can."""
        if not self.cases:
            return "This run keeps no predictions of its epochs."
        if case not in self.cases:
            kept = " or ".join(f"'{name}'" for name in self.cases)
            return f"'{case}' is not in this run's timeline. Open {kept}."
        if not self.epochs:
            return "The predictions appear here when the first epoch has ended."
        return ""

    def place(self, epoch: int | None) -> int:
        """Return which of the epochs is the newest that is not after a given one; None: the last.

        The first, where the given one is before them all.
        """
        if epoch is None:
            return max(0, len(self.epochs) - 1)
        return max(0, int(np.searchsorted(self.epochs, epoch, side="right")) - 1)


def read_timeline(path: Path) -> Timeline:
    """Return what the run in a folder keeps; nothing, where there is no timeline or no run."""
    folder = path / "timeline"
    try:
        cases = tuple(json.loads((folder / "cases.json").read_text(encoding="utf-8")))
        names = (_EPOCH.fullmatch(file.name) for file in folder.iterdir())
    except (OSError, ValueError, TypeError):
        return Timeline()
    return Timeline(cases, tuple(sorted(int(name[1]) for name in names if name)))


def labels_after(
    path: Path, case: str, epoch: int | None, shape: Sequence[int]
) -> tuple[int, NDArray[np.int32]]:
    """Return the epoch that `Timeline.place` finds, and what was predicted for a case after it.

    Parameters
    ----------
    path : Path
        The run folder.
    case : str
        Its name.
    epoch : int or None
        None: the newest.
    shape : sequence of int
        Of the image ``(Z, Y, X)`` that the labels are to lie on.

    Raises
    ------
    InputError
        The run keeps no such prediction, or one of another image.
    """
    kept = read_timeline(path)
    if lack := kept.lacks(case):
        raise InputError(lack)
    found = kept.epochs[kept.place(epoch)]
    labels = RunFolder(path).read_timeline(found)[case]
    if labels.shape != tuple(shape):
        sizes = (" × ".join(str(n) for n in s) for s in (labels.shape, shape))
        raise InputError(
            "The run '{}' was trained on another '{}': its prediction has {} voxels, the image "
            "in view {}. Open the dataset of the run.".format(path.name, case, *sizes)
        )
    return found, labels.astype(np.int32)
