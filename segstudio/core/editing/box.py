"""Boxes: the part of a volume that an operation looks at."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError

Box = tuple[slice, ...]


def bounding_box(mask: NDArray[np.bool_]) -> Box | None:
    """Return the smallest box that holds a mask; None where the mask is empty.

    Parameters
    ----------
    mask : ndarray of bool, shape (Z, Y, X)
    """
    box: list[slice] = []
    # The mask is cut axis by axis, so that the later axes are searched in the part that is left.
    for axis in range(mask.ndim):
        rest = tuple(other for other in range(mask.ndim) if other != axis)
        found = np.flatnonzero(mask.any(axis=rest))
        if not found.size:
            return None
        box.append(slice(int(found[0]), int(found[-1]) + 1))
        mask = mask[(slice(None),) * axis + (box[-1],)]
    return tuple(box)


def class_box(
    labels: NDArray[np.integer], values: Sequence[int], around: Sequence[int] = (1, 1, 1)
) -> Box | None:
    """Return the box of some classes with voxels around it; None where none of them is there.

    Parameters
    ----------
    labels : ndarray of int, shape (Z, Y, X)
    values : sequence of int
        The classes.
    around : sequence of int
        How many voxels are added on both sides along each axis, as far as the volume goes. With
        one or more, distances measured inside of the classes are those of the whole volume.
    """
    box = bounding_box(in_classes(labels, values))
    return None if box is None else padded(box, around, labels.shape)


def padded(box: Box, around: Sequence[int], shape: Sequence[int]) -> Box:
    """Return a box that is larger by some voxels on all sides, clipped to the volume."""
    return tuple(
        slice(max(0, part.start - more), min(length, part.stop + more))
        for part, more, length in zip(box, around, shape, strict=True)
    )


def plane_box(shape: Sequence[int], axis: int, index: int) -> Box:
    """Return the box of one plane.

    Raises
    ------
    InputError
        There is no such axis or plane.
    """
    check_axis(shape, axis)
    if not 0 <= index < shape[axis]:
        raise InputError(
            f"There is no plane {index} along axis {axis}: choose one of 0 to {shape[axis] - 1}."
        )
    one = slice(index, index + 1)
    return tuple(one if a == axis else slice(0, n) for a, n in enumerate(shape))


def full_box(box: Box, shape: Sequence[int]) -> Box:
    """Return a box whose every end is a number, counted from the volume's first voxel."""
    return tuple(slice(*part.indices(length)[:2]) for part, length in zip(box, shape, strict=True))


def hull(boxes: Sequence[Box]) -> Box:
    """Return the smallest box that holds some boxes, one at least."""
    return tuple(
        slice(min(part.start for part in parts), max(part.stop for part in parts))
        for parts in zip(*boxes, strict=True)
    )


def inner_box(part: Box, whole: Box) -> Box:
    """Return where a box lies inside of one that holds it."""
    return tuple(
        slice(p.start - w.start, p.stop - w.start) for p, w in zip(part, whole, strict=True)
    )


def box_shape(box: Box) -> tuple[int, ...]:
    """Return how many voxels a box has along each axis."""
    return tuple(part.stop - part.start for part in box)


def in_classes(labels: NDArray[np.integer], values: Sequence[int]) -> NDArray[np.bool_]:
    """Return where the labels have one of some values."""
    if len(values) == 1:
        one: NDArray[np.bool_] = labels == values[0]
        return one
    return np.isin(labels, list(values))


def voxels_across(length_mm: float, spacing: Sequence[float]) -> tuple[int, ...]:
    """Return how many voxels along each axis a length reaches over, rounded up."""
    return tuple(math.ceil(length_mm / step) for step in spacing)


def check_axis(shape: Sequence[int], axis: int) -> None:
    """Raise `InputError` for an axis that the volume does not have."""
    if not 0 <= axis < len(shape):
        raise InputError(f"There is no axis {axis}: choose one of 0 to {len(shape) - 1}.")


def check_spacing(spacing: Sequence[float], axes: int) -> None:
    """Raise `InputError` for a spacing that does not fit the volume's axes."""
    fits = len(spacing) == axes
    if not fits or not all(math.isfinite(step) and step > 0 for step in spacing):
        raise InputError(
            f"The spacing {tuple(spacing)} should be {axes} positive numbers in mm, one for "
            "each axis of the volume."
        )


def check_length(length_mm: float, what: str) -> None:
    """Raise `InputError` for a length that is not positive and finite."""
    if not (math.isfinite(length_mm) and length_mm > 0):
        raise InputError(f"The {what}, {length_mm} mm, has to be positive and finite.")
