"""A case read from disk, as the session shows it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError, sentence
from segstudio.core.labels import PALETTE, ClassTable
from segstudio.core.volume import Volume
from segstudio.data.datasets import Case, Dataset, read_case_labels, read_image


@dataclass(frozen=True, eq=False)
class OpenCase:
    """The case in view, read from disk.

    Attributes
    ----------
    case : Case
        Which it is.
    volume : Volume
        Its image.
    truth : ndarray of int32, shape (Z, Y, X), or None
        Its label values as read.
    classes : ClassTable
        The dataset's classes, or those found in the labels.
    present : tuple of int
        The label values that occur in the labels.
    left_out : str
        Why its labels are not shown, where it has some that do not fit; empty otherwise.
    stray : str
        Which value of its labels is no class of the dataset; it is shown as one all the same.
    """

    case: Case
    volume: Volume
    truth: NDArray[np.int32] | None
    classes: ClassTable
    present: tuple[int, ...] = ()
    left_out: str = ""
    stray: str = ""

    def paintable(self) -> "OpenCase":
        """Return the case with classes to paint with, where the data name none."""
        if self.classes.foreground:
            return self
        return replace(self, classes=ClassTable.found_in(range(1, len(PALETTE) + 1)))


def read_case(dataset: Dataset, case: Case) -> OpenCase:
    """Return a case of a dataset, read from disk.

    Labels that cannot be read, or do not fit their image, are left out, and why is told: the image
    is worth seeing all the same. A value that is no class of the dataset is shown as one, so that
    it can be corrected.

    Raises
    ------
    InputError
        Its image cannot be read.
    """
    volume = read_image(case)
    try:
        truth, present = _labels_of(case, volume)
    except (InputError, OSError) as error:
        classes = dataset.classes or ClassTable.found_in([])
        return OpenCase(case, volume, None, classes, left_out=sentence(error))
    if dataset.classes is None:
        return OpenCase(case, volume, truth, ClassTable.found_in(present), present)
    try:
        dataset.classes.to_indices(np.array(present, np.int64), f"'{case.labels}'")
    except InputError as error:
        classes = dataset.classes.with_values(present)
        return OpenCase(case, volume, truth, classes, present, stray=sentence(error))
    return OpenCase(case, volume, truth, dataset.classes, present)


def _labels_of(case: Case, volume: Volume) -> tuple[NDArray[np.int32] | None, tuple[int, ...]]:
    """Return a case's label values ``(Z, Y, X)``, and which there are."""
    if case.labels is None:
        return None, ()
    truth = read_case_labels(case, volume)
    # Labels are below 65536, and counting is several times as fast as sorting.
    present = np.flatnonzero(np.bincount(truth.ravel()))
    return truth, tuple(present.tolist())
