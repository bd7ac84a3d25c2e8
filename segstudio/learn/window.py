"""A volume predicted in overlapping windows, blended by Gaussian weights."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

OVERLAP = 0.5
SIGMA = 0.125  # of the window's size, as in nnU-Net and MONAI
LEAST_WEIGHT = 1e-3


def starts(shape: Sequence[int], window: Sequence[int]) -> list[tuple[int, ...]]:
    """Return the first voxels of windows that cover an array, evenly spread along each axis."""
    axes = []
    for whole, size in zip(shape, window, strict=True):
        count = 1 + max(0, -(-(whole - size) // max(1, int(size * (1 - OVERLAP)))))
        axes.append(sorted({round(s) for s in np.linspace(0, max(0, whole - size), count)}))
    return list(itertools.product(*axes))


def gaussian(window: Sequence[int]) -> Array:
    """Return the weights of a window's voxels, 1 in its middle and at least `LEAST_WEIGHT`."""
    weights = np.ones((), np.float32)
    for size in window:
        away = (np.arange(size) - (size - 1) / 2) / (SIGMA * size)
        weights = np.multiply.outer(weights, np.exp(-(away**2) / 2))
    return np.maximum(weights, LEAST_WEIGHT).astype(np.float32)


def slide(
    image: Array,
    window: Sequence[int],
    forward: Callable[[Array], Array],
    *,
    at_once: int = 2,
    progress: Callable[[float], None] | None = None,
) -> Array:
    """Return a network's output for an image of any size.

    Parameters
    ----------
    image : ndarray of float32, shape (C, Z, Y, X)
        At least as large as the window.
    window : (int, int, int)
        What the network takes.
    forward : callable
        From windows ``(N, C, z, y, x)`` to outputs ``(N, K, z, y, x)``.
    at_once : int
        N.
    progress : callable, optional
        Told the share that is done, after every N windows; an exception it raises ends the work.

    Returns
    -------
    ndarray of float32, shape (K, Z, Y, X)
        The mean of the windows' outputs, weighted by `gaussian`.
    """
    places = [
        tuple(slice(s, s + n) for s, n in zip(start, window, strict=True))
        for start in starts(image.shape[1:], window)
    ]
    weights, weight_sum = gaussian(window), np.zeros(image.shape[1:], np.float32)
    total: Array | None = None
    for first in range(0, len(places), at_once):
        boxes = places[first : first + at_once]
        outputs = forward(np.stack([image[(slice(None), *box)] for box in boxes]))
        if total is None:
            total = np.zeros((outputs.shape[1], *image.shape[1:]), np.float32)
        for box, output in zip(boxes, outputs, strict=True):
            total[(slice(None), *box)] += output * weights
            weight_sum[box] += weights
        if progress is not None:
            progress(min(1.0, (first + len(boxes)) / len(places)))
    assert total is not None  # noqa: S101  (an array has one window at least)
    total /= weight_sum
    return total
