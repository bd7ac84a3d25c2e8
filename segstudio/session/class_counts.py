"""How many voxels, and how many pieces, each class of some labels has."""

from collections import Counter
from collections.abc import Iterable

import numpy as np
import skimage  # its parts load where they are used: a window need not wait for them
from numpy.typing import NDArray

from segstudio.core.editing.box import class_box
from segstudio.core.editing.edit import Edit, Labels

_NARROW = 1 << 16  # values below are counted by place, others by sorting


def count_voxels(labels: NDArray[np.integer]) -> Counter[int]:
    """Return how many voxels there are of each value, background too."""
    counts: Counter[int] = Counter()
    # Plane by plane: counting makes a copy of 8 bytes a voxel.
    for plane in labels if labels.ndim > 2 else [labels]:
        counts.update(_counted(plane))
    return counts


def follow_edit(counts: Counter[int], edit: Edit, *, undone: bool = False) -> None:
    """Bring counts up to date after an edit, or after one was undone."""
    gained, lost = (edit.old, edit.new) if undone else (edit.new, edit.old)
    counts.update(_counted(gained))
    counts.subtract(_counted(lost))


def count_pieces(labels: Labels, values: Iterable[int]) -> dict[int, int]:
    """Return how many pieces each class has; voxels that touch at a corner are of one."""
    return {value: _pieces(labels, value) for value in values}


def _pieces(labels: Labels, value: int) -> int:
    box = class_box(labels, [value], (0,) * labels.ndim)
    if box is None:
        return 0
    return int(
        skimage.measure.label(labels[box] == value, return_num=True, connectivity=labels.ndim)[1]
    )


def _counted(values: NDArray[np.integer]) -> dict[int, int]:
    if not values.size:
        return {}
    if values.min() >= 0 and values.max() < _NARROW:
        by_place = np.bincount(values.ravel())
        present = np.flatnonzero(by_place)
        return {int(v): int(by_place[v]) for v in present}
    found, numbers = np.unique(values, return_counts=True)
    return {int(v): int(n) for v, n in zip(found, numbers, strict=True)}
