"""How far two versions of a case's labels agree: of two readers, or of two times."""

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from segstudio.core.errors import InputError
from segstudio.core.metrics import Score, evaluate
from segstudio.data.formats import read_labels
from segstudio.session.open_case import OpenCase


class Difference(IntEnum):
    """What a voxel is in two versions of labels; 0 where they agree."""

    ONLY_HERE = 1  # labelled here, background there
    ONLY_THERE = 2
    OTHER_CLASS = 3


@dataclass(frozen=True, eq=False)
class AgreementFound:
    """How far the labels of a case agree with another version.

    Attributes
    ----------
    case : str
        The case.
    other : str
        The other version's name.
    scores : tuple of Score
        By class, and last of all classes as one; `volume_ml` is this version's.
    differences : ndarray of uint8, shape (Z, Y, X)
        A `Difference` for each voxel; 0 where both say the same.
    """

    case: str
    other: str
    scores: tuple[Score, ...]
    differences: NDArray[np.uint8]

    @property
    def worst_plane(self) -> int | None:
        """The plane in which most voxels differ; None where none does."""
        counts = np.count_nonzero(self.differences, axis=(1, 2))
        return int(counts.argmax()) if counts.any() else None


@dataclass(frozen=True, eq=False)
class AgreementRequest:
    """Labels of a case that are to be compared with a file.

    Attributes
    ----------
    opened : OpenCase
        The case.
    labels : ndarray of int32, shape (Z, Y, X)
        This version; nobody paints on these.
    other : Path or None
        The file of the other version; None for this one as it was read.
    """

    opened: OpenCase
    labels: NDArray[np.int32]
    other: Path | None

    def find(self) -> AgreementFound:
        """Compare.

        Raises
        ------
        InputError
            The file cannot be read, or does not lie on the image's grid.
        """
        opened = self.opened
        if self.other is None:
            other, name = opened.base, "as it was opened"
        else:
            other, name = read_labels(self.other, like=opened.volume), self.other.name
        if other is None:
            raise InputError(f"'{opened.case.name}' was opened without labels: choose a file.")
        values = np.union1d(np.unique(self.labels), np.unique(other)).tolist()
        classes = opened.classes.with_values(values)
        found = evaluate(self.labels, other, opened.volume.grid, classes, together=True)
        return AgreementFound(opened.case.name, name, tuple(found), differences(self.labels, other))


def differences(here: NDArray[np.integer], there: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Return where two label arrays differ, and how, as `Difference`; 0 where they agree.

    Parameters
    ----------
    here, there : ndarray of int, same shape
        Label values.
    """
    differ = here != there
    found = np.where(differ, np.uint8(Difference.OTHER_CLASS), np.uint8(0))
    found[differ & (there == 0)] = Difference.ONLY_HERE
    found[differ & (here == 0)] = Difference.ONLY_THERE
    return found


class Agreement:
    """The comparison of the case in view with another version of its labels.

    Attributes
    ----------
    found : AgreementFound or None
        The last one, of the case in view.
    looking : str
        What is being compared, for the user; empty if nothing is.
    """

    asked = Signal(AgreementRequest)
    changed = Signal(object)
    looking_changed = Signal(str)

    def __init__(self) -> None:
        self.found: AgreementFound | None = None
        self.looking = ""

    def ask(
        self, opened: OpenCase | None, labels: NDArray[np.int32] | None, other: Path | None
    ) -> None:
        """Ask for labels to be compared with a file, or with what was read; see `AgreementRequest`.

        Raises
        ------
        InputError
            There are no labels.
        """
        if opened is None or labels is None:
            raise InputError("There are no labels to compare. Open a case that has some.")
        self.asked.emit(AgreementRequest(opened, labels.copy(), other))

    def note_looking(self, text: str) -> None:
        """Note what is being compared; nothing, if empty."""
        self.looking = text
        self.looking_changed.emit(text)

    def note(self, found: AgreementFound | None) -> None:
        """Take what was found, or forget it."""
        if found is not self.found:
            self.found = found
            self.changed.emit(found)
