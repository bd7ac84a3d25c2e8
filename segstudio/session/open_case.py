"""A case read from disk, as the session shows it."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError, sentence
from segstudio.core.labels import PALETTE, ClassTable
from segstudio.core.volume import Volume
from segstudio.data.atomic import stamp_of
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
    draft : ndarray of int32, shape (Z, Y, X), or None
        What a network proposed, where it has no labels.
    stray : str
        Which value of its labels is no class of the dataset; it is shown as one all the same.
    stamp : str
        Of `base_file` as it was read, see `stamp_of`.
    known : ClassTable or None
        The dataset's classes when it was read.
    """

    case: Case
    volume: Volume
    truth: NDArray[np.int32] | None
    classes: ClassTable
    present: tuple[int, ...] = ()
    left_out: str = ""
    draft: NDArray[np.int32] | None = None
    stray: str = ""
    stamp: str = ""
    known: ClassTable | None = None

    @property
    def base(self) -> NDArray[np.int32] | None:
        """What painting starts from: the labels, or else the draft; None where there is neither."""
        return self.draft if self.truth is None else self.truth

    @property
    def base_file(self) -> Path | None:
        """The file of that."""
        return self.case.draft if self.truth is None else self.case.labels

    @property
    def is_stale(self) -> bool:
        """Whether that file was written since it was read."""
        return self.base is not None and self.stamp != stamp_of(self.base_file)

    def holds_in(self, dataset: Dataset) -> bool:
        """Return whether a dataset has the case as it was read: its files, and the classes."""
        is_same = self.case in dataset.cases and self.known == dataset.classes
        return is_same and not self.is_stale

    def paintable(self, known: Collection[int] = ()) -> "OpenCase":
        """Return the case with classes to paint with, where the data name none.

        Parameters
        ----------
        known : collection of int
            Label values of other cases, which this one is likely to have; any, if there are none.
        """
        if self.classes.foreground:
            return self
        values = sorted(known) or range(1, len(PALETTE) + 1)
        return replace(self, classes=ClassTable.found_in(values))


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
    stamp = stamp_of(case.labels if case.labels is not None else case.draft)  # before it is read
    bare = OpenCase(case, volume, None, ClassTable.found_in([]), stamp=stamp, known=dataset.classes)
    try:
        truth, present = _labels_of(case, volume)
    except (InputError, OSError) as error:
        classes = dataset.classes or bare.classes
        return replace(bare, classes=classes, left_out=sentence(error), stamp="")
    if truth is None and case.draft is not None:
        return _with_draft(dataset, bare)
    found = ClassTable.found_in(present)
    return _classed(dataset, replace(bare, truth=truth, classes=found, present=present))


def _classed(dataset: Dataset, opened: OpenCase) -> OpenCase:
    """Return a case with the dataset's classes, and those that only its labels have."""
    if dataset.classes is None:
        return opened
    try:
        present = np.array(opened.present, np.int64)
        dataset.classes.to_indices(present, f"'{opened.base_file}'")
    except InputError as error:
        classes = dataset.classes.with_values(opened.present)
        return replace(opened, classes=classes, stray=sentence(error))
    return replace(opened, classes=dataset.classes)


def _with_draft(dataset: Dataset, opened: OpenCase) -> OpenCase:
    """Return a case without labels, with its draft to correct."""
    case = replace(opened.case, labels=opened.case.draft)
    try:
        draft, present = _labels_of(case, opened.volume)
    except (InputError, OSError) as error:
        classes = dataset.classes or opened.classes
        return replace(opened, classes=classes, left_out=f"Its draft: {sentence(error)}")
    found = ClassTable.found_in(present)
    drafted = _classed(dataset, replace(opened, draft=draft, classes=found, present=present))
    return replace(drafted, present=())  # what a network proposed is not known to be there


def _labels_of(case: Case, volume: Volume) -> tuple[NDArray[np.int32] | None, tuple[int, ...]]:
    """Return a case's label values ``(Z, Y, X)``, and which there are."""
    if case.labels is None:
        return None, ()
    truth = read_case_labels(case, volume)
    # Labels are below 65536, and counting is several times as fast as sorting.
    present = np.flatnonzero(np.bincount(truth.ravel()))
    return truth, tuple(present.tolist())
