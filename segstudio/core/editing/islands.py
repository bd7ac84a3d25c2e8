"""Islands: the pieces of a class that are kept, and those that are removed."""

import math
from collections.abc import Sequence

import numpy as np
import skimage  # its parts load where they are used: a window need not wait for them
from numpy.typing import NDArray

from segstudio.core.editing.box import Box, check_spacing, class_box
from segstudio.core.editing.edit import Edit, Labels, edit_where, no_edit
from segstudio.core.errors import InputError


def remove_small_pieces(labels: Labels, value: int, smallest: int, *, fill: int = 0) -> Edit:
    """Return the edit that removes the pieces of a class that are too small.

    Voxels that touch, at a corner even, are of one piece.

    Parameters
    ----------
    labels : ndarray of int, shape (Z, Y, X)
    value : int
        The class.
    smallest : int
        How many voxels a piece has at least that stays; `voxels_of` counts them from ml.
    fill : int
        What becomes of the others.
    """
    found = _pieces(labels, value)
    if found is None:
        return no_edit(labels)
    box, pieces = found
    small = np.bincount(pieces.ravel()) < smallest
    small[0] = False
    return edit_where(labels, box, small[pieces], fill)


def keep_largest_piece(labels: Labels, value: int, *, fill: int = 0) -> Edit:
    """Return the edit that removes all pieces of a class but the largest.

    Of several that are largest the first in the volume stays; the parameters are those of
    `remove_small_pieces`.
    """
    found = _pieces(labels, value)
    if found is None:
        return no_edit(labels)
    box, pieces = found
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return edit_where(labels, box, (pieces > 0) & (pieces != sizes.argmax()), fill)


def keep_piece_at(labels: Labels, voxel: Sequence[int], *, fill: int = 0) -> Edit:
    """Return the edit that removes all pieces of the class at a voxel but the one it is in.

    Parameters
    ----------
    labels : ndarray of int, shape (Z, Y, X)
    voxel : sequence of int
        ``(z, y, x)``.
    fill : int
        What becomes of the others.

    Raises
    ------
    InputError
        The voxel is outside of the volume, or is background.
    """
    box, pieces, number = _piece_at(labels, voxel)
    return edit_where(labels, box, (pieces > 0) & (pieces != number), fill)


def remove_piece_at(labels: Labels, voxel: Sequence[int], *, fill: int = 0) -> Edit:
    """Return the edit that removes the piece that a voxel is in, or gives it another class.

    The parameters and errors are those of `keep_piece_at`.
    """
    box, pieces, number = _piece_at(labels, voxel)
    return edit_where(labels, box, pieces == number, fill)


def voxels_of(volume_ml: float, spacing: Sequence[float]) -> int:
    """Return how many voxels make up a volume in ml, rounded up."""
    check_spacing(spacing, 3)
    # Less what rounding adds: a millilitre is a thousand voxels of 1 mm, not a thousand and one.
    return math.ceil(volume_ml * 1000.0 / math.prod(spacing) * (1 - 1e-9))


def _piece_at(labels: Labels, voxel: Sequence[int]) -> tuple[Box, NDArray[np.integer], int]:
    """Return a class's pieces in a box, and the number of the one at a voxel."""
    place = tuple(int(v) for v in voxel)
    if len(place) != labels.ndim or not all(
        0 <= v < n for v, n in zip(place, labels.shape, strict=True)
    ):
        raise InputError(f"The voxel {place} is outside of labels of shape {labels.shape}.")
    value = int(labels[place])
    found = _pieces(labels, value) if value else None
    if found is None:
        raise InputError(f"The voxel {place} is background. Choose one inside of a piece.")
    box, pieces = found
    number = int(pieces[tuple(v - part.start for v, part in zip(place, box, strict=True))])
    return box, pieces, number


def _pieces(labels: Labels, value: int) -> tuple[Box, NDArray[np.integer]] | None:
    """Return the numbered pieces of a class in its box; None where it is absent."""
    box = class_box(labels, [value], (0, 0, 0))
    if box is None:
        return None
    return box, skimage.measure.label(labels[box] == value, connectivity=labels.ndim)
