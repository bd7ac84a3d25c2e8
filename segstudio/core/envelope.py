"""The compiled kernel of `segstudio.core.distance`: the signed map of one mask.

Along x the distance to the other side is counted off. Along every further axis the squared map is
the lower envelope of parabolas, one per voxel of a line (Felzenszwalb and Huttenlocher, *Distance
Transforms of Sampled Functions*, Theory of Computing 8, 2012), with the hidden parabolas found
without a division (Maurer, Qi and Raghavan, IEEE TPAMI 25, 2003).

Both sides come out of one pass. A line falls into runs of one side, and the voxel next to a run is
on the other side, at squared distance 0. Whatever lies beyond it is further away, so a run needs
its own parabolas and those two zeros only.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

P = ParamSpec("P")
R = TypeVar("R")

# A cache line of float32: long lines across x are gathered this many at a time.
BLOCK = 16
# Up to this length comparing all pairs, many lines at once, beats the envelope's branches. A heart
# in ten thick planes is the common case, and there it takes a seventh of the time.
SHORT = 32
ABREAST = 128


def _compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function compiled at its first call, or then loaded from numba's cache.

    It runs without the GIL, so that a window beside it stays alive.
    """
    compiler = numba.njit(nogil=True, cache=True, error_model="numpy")
    return cast(Callable[P, R], compiler(function))


@_compiled
def signed_map(
    mask: NDArray[np.bool_],
    step_z: float,
    step_y: float,
    step_x: float,
    out: NDArray[np.float32],
) -> None:
    """Write the signed distance to the other side of a mask; 0 where there is one side only.

    Parameters
    ----------
    mask : ndarray of bool, shape (Z, Y, X), C order
        The target.
    step_z, step_y, step_x : float
        Spacing in mm.
    out : ndarray of float32, shape (Z, Y, X), C order
        Receives the map in mm, negative on the target.
    """
    planes, rows, columns = mask.shape
    if not _count_along_x(mask, step_x, out):
        out[:] = 0.0
        return
    # Until the roots are taken, `out` holds squared distances under their sign.
    _spread(out, step_y)
    _spread(out.reshape(1, planes, rows * columns), step_z)
    _take_roots(out.reshape(out.size))


@_compiled
def _count_along_x(mask: NDArray[np.bool_], step: float, out: NDArray[np.float32]) -> bool:
    """Return whether the mask has two sides; write signed squared distances within rows.

    A row of one side is infinitely far from the other.
    """
    planes, rows, columns = mask.shape
    seen_target = False
    seen_background = False
    for z in range(planes):
        for y in range(rows):
            start = 0
            while start < columns:
                target = mask[z, y, start]
                stop = start + 1
                while stop < columns and mask[z, y, stop] == target:
                    stop += 1
                _fill_run(out[z, y], start, stop, -1.0 if target else 1.0, step)
                seen_target |= target
                seen_background |= not target
                start = stop
    return seen_target and seen_background


@_compiled
def _fill_run(row: NDArray[np.float32], start: int, stop: int, sign: float, step: float) -> None:
    """Write the signed squared distance to the nearer end of a run that is not the image's."""
    before = start - 1.0 if start > 0 else -np.inf
    after = float(stop) if stop < row.size else np.inf
    for x in range(start, stop):
        away = step * min(x - before, after - x)
        row[x] = sign * away * away


@_compiled
def _spread(squares: NDArray[np.float32], step: float) -> None:
    """Let signed squared distances, shape (P, N, M), also reach along N, in place."""
    length = squares.shape[1]
    if 1 < length <= SHORT:
        _spread_short(squares, step)
    elif length > SHORT:
        _spread_long(squares, step)


@_compiled
def _spread_short(squares: NDArray[np.float32], step: float) -> None:
    """Spread along N by comparing all pairs on a line, with many lines side by side."""
    groups, length, width = squares.shape
    before = np.empty((length, ABREAST), np.float32)
    for group in range(groups):
        for left in range(0, width, ABREAST):
            right = min(left + ABREAST, width)
            for i in range(length):
                for j in range(right - left):
                    before[i, j] = squares[group, i, left + j]
            for i in range(length):
                for k in range(length):
                    away = np.float32((step * (k - i)) ** 2)
                    _lower(squares[group, i, left:right], before[i], before[k], away)


@_compiled
def _lower(
    squares: NDArray[np.float32],
    own: NDArray[np.float32],
    others: NDArray[np.float32],
    away: np.float32,
) -> None:
    """Bring squares down to what voxels at a squared distance from them allow."""
    for j in range(squares.size):
        positive = own[j] > 0
        height = others[j] if positive else -others[j]
        # A voxel of the other side is itself what is looked for: its height is 0.
        square = max(height, np.float32(0)) + away
        least = min(abs(squares[j]), square)
        squares[j] = least if positive else -least


@_compiled
def _spread_long(squares: NDArray[np.float32], step: float) -> None:
    """Spread along N by lower envelopes, one line after the other."""
    groups, length, width = squares.shape
    lines = np.empty((BLOCK, length), np.float32)
    sites = np.empty(length, np.float64)
    heights = np.empty(length, np.float64)
    for group in range(groups):
        for left in range(0, width, BLOCK):
            count = min(BLOCK, width - left)
            for i in range(length):
                for j in range(count):
                    lines[j, i] = squares[group, i, left + j]
            for j in range(count):
                _spread_line(lines[j], step, sites, heights)
            for i in range(length):
                for j in range(count):
                    squares[group, i, left + j] = lines[j, i]


@_compiled
def _spread_line(
    line: NDArray[np.float32],
    step: float,
    sites: NDArray[np.float64],
    heights: NDArray[np.float64],
) -> None:
    """Replace the squares on a line by their lower envelope, run by run."""
    start = 0
    while start < line.size:
        sign = 1.0 if line[start] > 0.0 else -1.0
        stop = start + 1
        while stop < line.size and (line[stop] > 0.0) == (sign > 0.0):
            stop += 1
        count = _build(line, start, stop, step, sites, heights)
        if count > 0:
            _evaluate(line, start, stop, sign, step, sites[:count], heights[:count])
        start = stop


@_compiled
def _build(
    line: NDArray[np.float32],
    start: int,
    stop: int,
    step: float,
    sites: NDArray[np.float64],
    heights: NDArray[np.float64],
) -> int:
    """Return how many parabolas are on a run's envelope, after writing where and how high."""
    count = 0
    if start > 0:
        sites[0] = (start - 1) * step
        heights[0] = 0.0
        count = 1
    for i in range(start, min(stop + 1, line.size)):
        height = abs(np.float64(line[i])) if i < stop else 0.0
        if height == np.inf:
            continue
        site = i * step
        while count > 1:
            a = sites[count - 1] - sites[count - 2]
            b = site - sites[count - 1]
            c = a + b
            if c * heights[count - 1] - b * heights[count - 2] - a * height <= a * b * c:
                break
            count -= 1
        sites[count] = site
        heights[count] = height
        count += 1
    return count


@_compiled
def _evaluate(
    line: NDArray[np.float32],
    start: int,
    stop: int,
    sign: float,
    step: float,
    sites: NDArray[np.float64],
    heights: NDArray[np.float64],
) -> None:
    """Write the envelope's signed value at every voxel of a run."""
    lowest = 0
    for i in range(start, stop):
        here = i * step
        value = heights[lowest] + (here - sites[lowest]) ** 2
        while lowest + 1 < sites.size:
            other = heights[lowest + 1] + (here - sites[lowest + 1]) ** 2
            if other > value:
                break
            value = other
            lowest += 1
        line[i] = sign * value


@_compiled
def _take_roots(squares: NDArray[np.float32]) -> None:
    """Replace signed squares by signed lengths."""
    for i in range(squares.size):
        length = np.sqrt(abs(squares[i]))
        squares[i] = length if squares[i] > 0.0 else -length
