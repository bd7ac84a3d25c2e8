"""Lines of equal distance in one plane of a map."""

from typing import Any

import numpy as np
from contourpy import contour_generator
from numpy.typing import NDArray

MOST_LEVELS = 20  # on both sides together, the nearest to the contour

Segments = NDArray[np.float32]


def iso_lines(
    mask: NDArray[np.bool_], phi: NDArray[np.float32], step: float
) -> tuple[Segments, NDArray[np.float32]]:
    """Return the contour of a class, and the lines where its map is a multiple of a step.

    Parameters
    ----------
    mask : ndarray of bool, shape (Y, X)
        The class. Its contour runs between its voxels and the others, whatever the map's
        convention.
    phi : ndarray of float32, shape (Y, X)
        Its map, or a half of it.
    step : float
        In the unit of the map, above 0.

    Returns
    -------
    (ndarray of float32, shape (N, 2, 2), ndarray of float32, shape (N,))
        Straight pieces of the lines, from (row, column) to (row, column), and the distance at
        each: 0 at the contour. Of many lines the `MOST_LEVELS` nearest to it.
    """
    lines = contour_generator(z=phi, line_type="ChunkCombinedOffset")
    levels = levels_of(float(phi.min()), float(phi.max()), step)
    drawn = [(level, _segments(lines.lines(level))) for level in levels]
    outline = contour_generator(z=mask.astype(np.float32), line_type="ChunkCombinedOffset")
    drawn.append((0.0, _segments(outline.lines(0.5))))
    values = [np.full(len(segments), level, np.float32) for level, segments in drawn]
    return np.concatenate([segments for _, segments in drawn]), np.concatenate(values)


def levels_of(least: float, most: float, step: float) -> list[float]:
    """Return the multiples of a step strictly between two values, without 0: the nearest to it."""
    inside = int(np.ceil(-least / step)) - 1
    outside = int(np.ceil(most / step)) - 1
    half = MOST_LEVELS // 2
    inside, outside = max(inside, 0), max(outside, 0)
    inside, outside = (
        min(inside, max(half, MOST_LEVELS - outside)),
        min(outside, max(half, MOST_LEVELS - inside)),
    )
    return [k * step for k in range(-inside, outside + 1) if k]


def _segments(lines: Any) -> Segments:
    """Return the straight pieces of lines that lie one after the other in one array."""
    (points,), (offsets,) = lines
    if points is None:
        return np.empty((0, 2, 2), np.float32)
    starts = np.ones(len(points), np.bool_)
    starts[offsets[1:].astype(np.intp) - 1] = False  # the last point of a line starts no piece
    first = np.flatnonzero(starts)
    ends = np.stack([points[first], points[first + 1]], axis=1)
    segments: Segments = ends[..., ::-1].astype(np.float32)
    return segments
