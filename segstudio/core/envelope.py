"""The compiled kernel of `segstudio.core.distance`: the signed map of one mask.

Along x the distance to the other side is counted off. Along every further axis the squared map is
the lower envelope of parabolas, one per voxel of a line (Felzenszwalb and Huttenlocher, *Distance
Transforms of Sampled Functions*, Theory of Computing 8, 2012), with the hidden parabolas found
without a division (Maurer, Qi and Raghavan, IEEE TPAMI 25, 2003).

Both sides come out of one pass. A line falls into runs of one side, and the voxel next to a run is
on the other side, at squared distance 0. Whatever lies beyond it is further away, so a run needs
its own parabolas and those two zeros only.

Distances run to the centre of the nearest voxel of the other side, or to the nearest point of it,
which lies on a face. A voxel that is `n` steps away along an axis has its nearest face `n − ½`
steps away, and none at all along an axis on which both have the same place: so the parabolas stand
between the voxels instead of on them, each as high as the lower of its two neighbours, and a voxel
keeps its own height where that is less.
"""

import numpy as np
from numpy.typing import NDArray

from segstudio.core.compiled import compiled

# A cache line of float32: long lines across x are gathered this many at a time.
BLOCK = 16
# Up to this length comparing all pairs, many lines at once, beats the envelope's branches. A heart
# in ten thick planes is the common case, and there it takes a seventh of the time.
SHORT = 32
ABREAST = 128


@compiled
def signed_map(
    mask: NDArray[np.bool_],
    step_z: float,
    step_y: float,
    step_x: float,
    to_face: bool,
    out: NDArray[np.float32],
) -> None:
    """Write the signed distance to the other side of a mask; 0 where there is one side only.

    Parameters
    ----------
    mask : ndarray of bool, shape (Z, Y, X), C order
        The target.
    step_z, step_y, step_x : float
        Spacing in mm.
    to_face : bool
        Whether to measure to the nearest face of a voxel instead of its centre.
    out : ndarray of float32, shape (Z, Y, X), C order
        Receives the map in mm, negative on the target.
    """
    planes, rows, columns = mask.shape
    gap = 0.5 if to_face else 0.0
    if not _count_along_x(mask, step_x, gap, out):
        out[:] = 0.0
        return
    # Until the roots are taken, `out` holds squared distances under their sign.
    _spread(out, step_y, gap)
    _spread(out.reshape(1, planes, rows * columns), step_z, gap)
    _take_roots(out.reshape(out.size))


@compiled
def _count_along_x(
    mask: NDArray[np.bool_], step: float, gap: float, out: NDArray[np.float32]
) -> bool:
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
                _fill_run(out[z, y], start, stop, -1.0 if target else 1.0, step, gap)
                seen_target |= target
                seen_background |= not target
                start = stop
    return seen_target and seen_background


@compiled
def _fill_run(
    row: NDArray[np.float32], start: int, stop: int, sign: float, step: float, gap: float
) -> None:
    """Write the signed squared distance to the nearer end of a run that is not the image's."""
    before = start - 1.0 if start > 0 else -np.inf
    after = float(stop) if stop < row.size else np.inf
    for x in range(start, stop):
        away = step * (min(x - before, after - x) - gap)
        row[x] = sign * away * away


@compiled
def _spread(squares: NDArray[np.float32], step: float, gap: float) -> None:
    """Let signed squared distances, shape (P, N, M), also reach along N, in place."""
    length = squares.shape[1]
    if 1 < length <= SHORT:
        _spread_short(squares, step, gap)
    elif length > SHORT:
        _spread_long(squares, step, gap)


@compiled
def _spread_short(squares: NDArray[np.float32], step: float, gap: float) -> None:
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
                    away = np.float32((step * max(abs(k - i) - gap, 0.0)) ** 2)
                    _lower(squares[group, i, left:right], before[i], before[k], away)


@compiled
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


@compiled
def _spread_long(squares: NDArray[np.float32], step: float, gap: float) -> None:
    """Spread along N by lower envelopes, one line after the other."""
    groups, length, width = squares.shape
    lines = np.empty((BLOCK, length), np.float32)
    sites = np.empty(length + 1, np.float64)
    heights = np.empty(length + 1, np.float64)
    for group in range(groups):
        for left in range(0, width, BLOCK):
            count = min(BLOCK, width - left)
            for i in range(length):
                for j in range(count):
                    lines[j, i] = squares[group, i, left + j]
            for j in range(count):
                _spread_line(lines[j], step, gap, sites, heights)
            for i in range(length):
                for j in range(count):
                    squares[group, i, left + j] = lines[j, i]


@compiled
def _spread_line(
    line: NDArray[np.float32],
    step: float,
    gap: float,
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
        count = _build(line, start, stop, step, gap, sites, heights)
        if count > 0:
            _evaluate(line, start, stop, sign, step, sites[:count], heights[:count])
        start = stop


@compiled
def _build(
    line: NDArray[np.float32],
    start: int,
    stop: int,
    step: float,
    gap: float,
    sites: NDArray[np.float64],
    heights: NDArray[np.float64],
) -> int:
    """Return how many parabolas are on a run's envelope, after writing where and how high."""
    count = 0
    if start > 0:
        sites[0] = (start - 1 + gap) * step
        heights[0] = 0.0
        count = 1
    end = min(stop + 1, line.size) if gap == 0.0 else min(stop, line.size - 1)
    for i in range(start, end):
        height = _height(line, i, stop, gap)
        if height == np.inf:
            continue
        site = (i + gap) * step
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


@compiled
def _height(line: NDArray[np.float32], i: int, stop: int, gap: float) -> float:
    """Return how high the parabola of a voxel is, or of the face after it; 0 past the run."""
    if gap == 0.0:
        return abs(np.float64(line[i])) if i < stop else 0.0
    return min(abs(np.float64(line[i])), abs(np.float64(line[i + 1]))) if i + 1 < stop else 0.0


@compiled
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
        # Between voxels no parabola stands on the voxel itself.
        line[i] = sign * min(value, abs(np.float64(line[i])))


@compiled
def _take_roots(squares: NDArray[np.float32]) -> None:
    """Replace signed squares by signed lengths."""
    for i in range(squares.size):
        length = np.sqrt(abs(squares[i]))
        squares[i] = length if squares[i] > 0.0 else -length
