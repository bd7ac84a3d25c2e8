"""The compiled kernels of the losses that weigh regions by distance: their sums and their pull.

Both walk through maps and probabilities once. The same in whole-array operations takes a dozen
passes over arrays that no cache holds.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from segstudio.core.compiled import compiled, compiled_sum

Number = TypeVar("Number", np.float32, np.float64)

# Voxels taken at a time: short enough for float32 to sum, and for the nearest cache.
BLOCK = 256


@compiled
def region_sums(
    probs: NDArray[Number], sdm: NDArray[Number], first: int, sums: NDArray[np.float64]
) -> None:
    """Write T = Σ φ_t s, F = Σ φ_bg s + Σ φ_t (1 − s) and Σ φ_t of every sample and class.

    1 − s is taken as the sum of the other classes' probabilities: the difference would be 0 where
    s is nearly 1.

    Parameters
    ----------
    probs : ndarray of float, shape (N, K, V), C order
        Probabilities that add up to 1 over K.
    sdm : ndarray of float, shape (N, K, V), C order
        Signed distance maps.
    first : int
        The first class to look at; those before it are left at 0.
    sums : ndarray of float64, shape (N, K, 3)
        T, F and Σ φ_t.
    """
    samples, classes, voxels = probs.shape
    room = np.empty(BLOCK, probs.dtype)
    sums[:] = 0.0
    for n in range(samples):
        for start in range(0, voxels, BLOCK):
            stop = min(start + BLOCK, voxels)
            others = room[: stop - start]
            for k in range(first, classes):
                others[:] = 0.0
                for j in range(classes):
                    if j != k:
                        _add(others, probs[n, j, start:stop])
                block = _sum_block(probs[n, k, start:stop], others, sdm[n, k, start:stop])
                for i in range(3):
                    sums[n, k, i] += block[i]


@compiled_sum
def _add(total: NDArray[Number], more: NDArray[Number]) -> None:
    """Add in place. A function of its own, since only then are several voxels taken at a time."""
    for i in range(total.size):
        total[i] += more[i]


@compiled_sum
def _sum_block(
    s: NDArray[Number], others: NDArray[Number], phi: NDArray[Number]
) -> tuple[Number, Number, Number]:
    """Return T, F and Σ φ_t of a block of voxels of one class."""
    zero = s.dtype.type(0)
    true, false, target = zero, zero, zero
    for i in range(s.size):
        inside = -phi[i] if phi[i] < zero else zero
        outside = phi[i] if phi[i] > zero else zero
        true += inside * s[i]
        false += outside * s[i] + inside * others[i]
        target += inside
    return true, false, target


@compiled
def region_pulls(
    probs: NDArray[Number],
    sdm: NDArray[Number],
    first: int,
    by_true: NDArray[Number],
    by_false: NDArray[Number],
    pulls: NDArray[Number],
) -> None:
    """Write the derivative by log s, given those by T and F.

    ∂T/∂log s = φ_t s and ∂F/∂log s = φ s, every probability taken as free.

    Parameters
    ----------
    probs, sdm, first
        As in `region_sums`.
    by_true, by_false : ndarray of float, shape (N, K)
        Derivatives by T and F.
    pulls : ndarray of float, shape (N, K, V), C order
        The derivative by log s.
    """
    samples, classes, _ = probs.shape
    for n in range(samples):
        pulls[n, :first] = 0.0
        for k in range(first, classes):
            _pull(probs[n, k], sdm[n, k], by_true[n, k], by_false[n, k], pulls[n, k])


@compiled_sum
def _pull(
    s: NDArray[Number],
    phi: NDArray[Number],
    by_true: Number,
    by_false: Number,
    pull: NDArray[Number],
) -> None:
    zero = s.dtype.type(0)
    for i in range(s.size):
        inside = -phi[i] if phi[i] < zero else zero
        pull[i] = s[i] * (phi[i] * by_false + inside * by_true)
