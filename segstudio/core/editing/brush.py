"""A brush: a ball, or a disc in one plane, with a diameter in mm."""

import math
from collections.abc import Sequence

import numpy as np
import skimage  # its parts load where they are used: a window need not wait for them
from numpy.typing import NDArray

from segstudio.core.editing.box import Box, check_axis, check_length, check_spacing, hull

# Added to a radius, so that rounding does not leave out the voxels that lie just on it.
_ROUNDING = 1e-9


def brush_voxels(
    centre: Sequence[float],
    diameter_mm: float,
    spacing: Sequence[float],
    shape: Sequence[int],
    *,
    plane_axis: int | None = None,
) -> tuple[Box, NDArray[np.bool_]]:
    """Return the voxels of a brush: a box of the volume, and which of its voxels.

    Parameters
    ----------
    centre : sequence of float
        In voxels, ``(z, y, x)``; may lie between voxels and outside of the volume.
    diameter_mm : float
        A voxel is of the brush where its centre lies within half of this, and the voxel that the
        brush's own centre is in always is: the finest brush still paints.
    spacing : sequence of float
        In mm, along the axes of `shape`.
    shape : sequence of int
        Of the volume.
    plane_axis : int, optional
        The axis across which a disc of one plane is painted; by default the brush is a ball.

    Returns
    -------
    (tuple of slice, ndarray of bool)
        Clipped to the volume; the box is empty where the brush is outside.

    Raises
    ------
    InputError
        The diameter or the spacing is not positive, or there is no such axis.
    """
    return stroke_voxels(centre, centre, diameter_mm, spacing, shape, plane_axis=plane_axis)


def stroke_voxels(
    start: Sequence[float],
    end: Sequence[float],
    diameter_mm: float,
    spacing: Sequence[float],
    shape: Sequence[int],
    *,
    plane_axis: int | None = None,
) -> tuple[Box, NDArray[np.bool_]]:
    """Return the voxels that a brush passes over on its way from one place to another.

    A pointer that moves fast is reported at places far apart; the stroke has no gaps.

    Parameters
    ----------
    start, end : sequence of float
        In voxels, ``(z, y, x)``. With `plane_axis` the stroke stays in the plane of its start.
    diameter_mm, spacing, shape, plane_axis
        As for `brush_voxels`, which also says what is returned and raised.
    """
    check_spacing(spacing, len(shape))
    check_length(diameter_mm, "diameter of the brush")
    ends = np.array([start, end], np.float64)
    reach = np.full(len(shape), diameter_mm / 2 * (1 + _ROUNDING)) / np.asarray(spacing)
    if plane_axis is not None:
        check_axis(shape, plane_axis)
        ends[:, plane_axis] = math.floor(ends[0, plane_axis] + 0.5)
        reach[plane_axis] = 0.0
    box = hull([_reached(place, reach, shape) for place in ends])
    within = _within(ends, box, spacing, diameter_mm / 2 * (1 + _ROUNDING))
    crossed = np.stack(skimage.draw.line_nd(*np.floor(ends + 0.5), endpoint=True), axis=-1)
    first = [part.start for part in box]
    inside = ((crossed >= first) & (crossed < [part.stop for part in box])).all(axis=1)
    within[tuple((crossed[inside] - first).T)] = True
    return box, within


def _reached(place: NDArray[np.float64], reach: NDArray[np.float64], shape: Sequence[int]) -> Box:
    """Return the box of the voxels around a place, and of the one it is in, clipped."""
    home = np.floor(place + 0.5)
    first = np.clip(np.minimum(home, np.ceil(place - reach)), 0, shape)
    stop = np.clip(np.maximum(home, np.floor(place + reach)) + 1, first, shape)
    return tuple(slice(int(a), int(b)) for a, b in zip(first, stop, strict=True))


def _within(
    ends: NDArray[np.float64], box: Box, spacing: Sequence[float], radius: float
) -> NDArray[np.bool_]:
    """Return which voxels of a box lie within a radius in mm of the line between two ends."""
    steps = np.asarray(spacing)
    along = (ends[1] - ends[0]) * steps
    places = np.meshgrid(
        *[np.arange(part.start, part.stop) for part in box], indexing="ij", sparse=True
    )
    away = [(p - middle) * step for p, middle, step in zip(places, ends[0], steps, strict=True)]
    if along.any():
        # How far along the line, from 0 to 1, the point lies that is nearest to each voxel.
        t = sum(a * d for a, d in zip(away, along, strict=True)) / (along @ along)
        t = np.clip(t, 0.0, 1.0)
        away = [a - t * d for a, d in zip(away, along, strict=True)]
    *others, last = (a**2 for a in away)
    # Compared so, the squares of a ball are never added up over the whole box.
    within: NDArray[np.bool_] = sum(others) <= radius**2 - last
    return within
