"""Prepared cases, in memory up to a budget and in temporary files beyond it."""

import os
import tempfile
import weakref
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.labels import IGNORED
from segstudio.learn.preparation import Shape, Spacing

Box = tuple[slice | int, ...]

VOXELS_A_CLASS = 2000  # whose places are remembered, to draw patches about them


class Stored:
    """An array in memory or in a file.

    Parameters
    ----------
    array : ndarray
        Its values.
    file : binary file or None
        Where to append them; None keeps them in memory.
    """

    def __init__(self, array: NDArray[Any], file: IO[bytes] | None) -> None:
        self.shape, self._dtype = array.shape, array.dtype
        self._held: NDArray[Any] | tuple[IO[bytes], int] = array
        if file is not None:
            self._held = file, file.seek(0, os.SEEK_END)
            file.write(np.ascontiguousarray(array).data)
            file.flush()

    def read(self, box: Box = ()) -> NDArray[Any]:
        """Return the values in a box, or all; not to be changed."""
        if isinstance(self._held, np.ndarray):
            part: NDArray[Any] = self._held[box]
            return part
        file, offset = self._held
        # A map that is left open counts as memory for every page that was ever read through it.
        whole = np.memmap(file, self._dtype, "r", offset, self.shape)
        copied: NDArray[Any] = np.array(whole[box])
        return copied


@dataclass(frozen=True, eq=False)
class PreparedCase:
    """A labelled case on the network's grid.

    Attributes
    ----------
    name : str
        Of the case.
    image : Stored
        Float32 ``(C, Z, Y, X)``, normalised.
    labels : Stored
        Class indices, uint8 ``(Z, Y, X)``, `IGNORED` among them.
    spacing : (float, float, float)
        Along ``(Z, Y, X)``.
    surround : float
        The least value of the image, which pads it.
    counts : ndarray of int64, shape (Z, K)
        Voxels of each class in each plane, without those that are ignored.
    places : tuple of ndarray of int32, shape (n, 3)
        For each class some of its voxels, evenly taken.
    places_known : ndarray of int32, shape (n, 3)
        Of a case that ignores voxels some of the others, evenly taken.
    """

    name: str
    image: Stored
    labels: Stored
    spacing: Spacing
    surround: float
    counts: NDArray[np.int64]
    places: tuple[NDArray[np.int32], ...]
    places_known: NDArray[np.int32]

    @property
    def shape(self) -> Shape:
        """Planes, rows and columns."""
        planes, rows, columns = self.labels.shape
        return planes, rows, columns


class CaseStore:
    """Prepared cases in the order in which they were added.

    Parameters
    ----------
    budget : int
        Bytes of images and labels to keep in memory; what does not fit is kept in a temporary
        file without a name, which goes with the process, however that ends. What is left of it
        is `free`.

    Attributes
    ----------
    in_file : int
        How many arrays are in the file.
    """

    def __init__(self, budget: int) -> None:
        self.free = budget
        self.in_file = 0
        self._file: IO[bytes] | None = None
        self.cases: list[PreparedCase] = []

    def __len__(self) -> int:
        return len(self.cases)

    def __getitem__(self, index: int) -> PreparedCase:
        return self.cases[index]

    def add(
        self,
        name: str,
        image: NDArray[np.float32],
        labels: NDArray[np.uint8],
        spacing: Spacing,
        n_classes: int,
    ) -> None:
        """Add a case: image ``(C, Z, Y, X)`` and class indices ``(Z, Y, X)``."""
        counts = count_classes(labels, n_classes)
        places = tuple(_places(labels, k, counts[:, k]) for k in range(n_classes))
        is_whole = counts.sum() == labels.size  # wherever a patch is, it holds what counts
        known = _places(labels, 0 if is_whole else None, counts.sum(axis=1))
        stored = self._stored(image), self._stored(labels)
        case = PreparedCase(name, *stored, spacing, float(image.min()), counts, places, known)
        self.cases.append(case)

    def _stored(self, array: NDArray[Any]) -> Stored:
        if array.nbytes <= self.free:
            self.free -= array.nbytes
            return Stored(array, None)
        self.free = 0  # the first that does not fit ends it: smaller ones fit no better
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="segstudio-")  # noqa: SIM115  (lives on)
            weakref.finalize(self, self._file.close)
        self.in_file += 1
        return Stored(array, self._file)

    def frequencies(self) -> NDArray[np.float32]:
        """Return the share of each class ``(K,)`` among all voxels that are not ignored."""
        counts = np.sum([case.counts.sum(axis=0) for case in self.cases], axis=0)
        shares: NDArray[np.float32] = (counts / max(counts.sum(), 1)).astype(np.float32)
        return shares


def count_classes(planes: NDArray[np.uint8], n_classes: int) -> NDArray[np.int64]:
    """Return the voxels of each class in each plane ``(Z, K)``; those ignored are not counted."""
    return np.stack([np.bincount(p.ravel(), minlength=n_classes)[:n_classes] for p in planes])


def _places(
    labels: NDArray[np.uint8], value: int | None, counts: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Return up to `VOXELS_A_CLASS` voxels of a class, evenly taken in the order of the array.

    None stands for all classes together; `counts` are the voxels in each plane. Of background
    alone there are none.
    """
    step, passed = -(-int(counts.sum()) // VOXELS_A_CLASS), 0
    found = [np.empty((0, 3), np.int32)]
    for z in np.flatnonzero(counts) if value != 0 else ():
        mask = labels[z] != IGNORED if value is None else labels[z] == value
        own = np.flatnonzero(mask)[-passed % step :: step]
        rows, columns = np.unravel_index(own, mask.shape)
        found.append(np.column_stack((np.full(len(own), z), rows, columns)).astype(np.int32))
        passed += int(counts[z])
    return np.concatenate(found)
