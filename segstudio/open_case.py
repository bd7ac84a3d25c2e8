"""A case read from disk, as the session shows it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

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
    """

    case: Case
    volume: Volume
    truth: NDArray[np.int32] | None
    classes: ClassTable

    def paintable(self) -> "OpenCase":
        """Return the case with classes to paint with, where the data name none."""
        if self.classes.foreground:
            return self
        return replace(self, classes=ClassTable.found_in(range(1, len(PALETTE) + 1)))


def read_case(dataset: Dataset, case: Case) -> OpenCase:
    """Return a case of a dataset, read from disk.

    Raises
    ------
    InputError
        Its image or labels cannot be read, or do not fit each other or the dataset's classes.
    """
    volume = read_image(case)
    truth = None if case.labels is None else read_case_labels(case, volume)
    classes = dataset.classes
    if classes is None:
        classes = ClassTable.found_in([] if truth is None else np.unique(truth).tolist())
    elif truth is not None:
        classes.to_indices(truth, f"'{case.labels}'")
    return OpenCase(case, volume, truth, classes)
