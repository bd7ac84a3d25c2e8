"""The labelled cases of a training, read, checked and prepared."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError, shortened
from segstudio.core.labels import ClassTable
from segstudio.core.volume import Volume
from segstudio.data.datasets import Case, load_case
from segstudio.learn.case_store import CaseStore
from segstudio.learn.config import TrainConfig


def read_cases(
    cases: Sequence[Case], classes: ClassTable, config: TrainConfig, room: int
) -> tuple[CaseStore, list[str]]:
    """Return the training cases prepared, and what there is to say of them."""
    store, notes = CaseStore(room), []
    doubts: dict[str, list[str]] = {}
    left: list[str] = []
    for case in cases:
        volume, labels = load_case(case)
        indices = classes.to_indices(labels, f"'{case.labels}'")
        if store.cases:
            _expect_channels(case, len(volume.channels), store[0].image.shape[0])
        add_prepared(store, case.name, volume, indices, config, len(classes))
        notes += _not_numbers(case, volume.channels)
        for doubt in volume.grid.doubts:
            doubts.setdefault(doubt, []).append(case.name)
        if config.preparation.leaves(volume.grid):
            left.append(volume.grid.unit)
    slices = sum(int(case.counts.any(axis=1).sum()) for case in store.cases)
    if not slices:
        raise InputError("All voxels of the training cases are to be ignored. Label some.")
    if config.dimensions == 2 and slices < 2:
        raise InputError("The training cases hold one slice in all; two are needed at least.")
    return store, [*notes, *_not_resampled(left, len(cases)), *_told_once(doubts)]


def add_prepared(
    store: CaseStore,
    name: str,
    volume: Volume,
    indices: NDArray[np.uint8],
    config: TrainConfig,
    n_classes: int,
) -> None:
    """Add an image and its class indices ``(Z, Y, X)`` to a store, on the network's grid."""
    preparation, grid = config.preparation, volume.grid
    image, labels = preparation.image(volume), preparation.labels(indices, grid)
    store.add(name, image, labels, preparation.spacing_of(grid), n_classes)


def _told_once(doubts: dict[str, list[str]]) -> list[str]:
    """Return each doubt of a header in a sentence, with how many images it is true of."""
    return [
        shortened([f"'{name}'" for name in names], 1) + f": {doubt}"
        for doubt, names in doubts.items()
    ]


def _expect_channels(case: Case, found: int, wanted: int) -> None:
    if found != wanted:
        raise InputError(
            f"'{case.image}' has {found} channel(s), other cases have {wanted}. All cases need the "
            "same sequences."
        )


def _not_resampled(units: Sequence[str], count: int) -> list[str]:
    """Return a sentence for images that keep their own grid though resampling is asked for."""
    notes, unsized = [], units.count("voxels")
    if unsized:
        notes.append(
            f"{unsized} of {count} images keep their own grid, whatever the spacing: their header "
            "holds no true voxel size. 'rescale' changes them."
        )
    if sized := len(units) - unsized:
        notes.append(
            f"{sized} of {count} images are not rescaled, as their header holds a voxel size. "
            "'spacing' changes them."
        )
    return notes


def _not_numbers(case: Case, channels: Sequence[Any]) -> list[str]:
    """Return a sentence where an image holds what is no number."""
    count = sum(c.size - int(np.isfinite(c).sum()) for c in channels if c.dtype.kind == "f")
    if not count:
        return []
    return [f"The image of '{case.name}' holds {count} voxels that are no numbers; 0 is taken."]


def check_cases(cases: Sequence[Case], classes: ClassTable, channels: int) -> list[str]:
    """Read the other sides once: better a mistake now than after an hour. Return what to say."""
    notes, unsized = [], 0
    for case in cases:
        volume, labels = load_case(case)
        classes.to_indices(labels, f"'{case.labels}'")
        _expect_channels(case, len(volume.channels), channels)
        notes += _not_numbers(case, volume.channels)
        unsized += volume.grid.unit == "voxels"
    if unsized:
        notes.append(
            f"{unsized} of {len(cases)} images to validate and test on have no true voxel size in "
            "their header: lengths are in voxels, and HD95 is measured in plane."
        )
    return notes
