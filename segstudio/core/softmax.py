"""The compiled kernels of a softmax over classes, in float32.

Arrays are ``(N, K, V)``, C order. All classes of a block of voxels are taken at a time, so that
what one step has written is still near for the next: the same in whole-array operations spends
its time on fetching.
"""

from math import factorial, log

import numpy as np
from numpy.typing import NDArray

from segstudio.core.compiled import compiled

Floats = NDArray[np.float32]

BLOCK = 2048
LOG2_E = np.float32(1 / log(2))
# 2^f by its Taylor series: for |f| ≤ ½ the first term left out is below half a float32's last bit.
C1, C2, C3, C4, C5, C6, C7 = (np.float32(log(2) ** k / factorial(k)) for k in range(1, 8))
LN_2, ROOT_2 = np.float32(log(2)), np.float32(2**0.5)
FRACTION, ONE = np.int32(0x007FFFFF), np.int32(0x3F800000)  # of a float32's bits
LEAST_POWER = np.float32(-126)  # below, float32 has no whole precision


@compiled
def softmax_classes(logits: Floats, probs: Floats, log_probs: Floats) -> None:
    """Write the probabilities of every class, and their logarithms.

    Parameters
    ----------
    logits, probs, log_probs : ndarray of float32, shape (N, K, V)
    """
    samples, classes, voxels = logits.shape
    bits = np.empty(BLOCK, np.int32)
    largest, total = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    for n in range(samples):
        for start in range(0, voxels, BLOCK):
            stop = min(start + BLOCK, voxels)
            top, sums, room = (
                largest[: stop - start],
                total[: stop - start],
                bits[: stop - start],
            )
            top[:] = logits[n, 0, start:stop]
            for k in range(1, classes):
                _raise(top, logits[n, k, start:stop])
            sums[:] = 0.0
            for k in range(classes):
                block = probs[n, k, start:stop]
                _exponential(block, logits[n, k, start:stop], top, room)
                _add(sums, block)
            for k in range(classes):
                _divide(probs[n, k, start:stop], sums)
            _take_logarithm(sums, room)
            for k in range(classes):
                _subtract(log_probs[n, k, start:stop], logits[n, k, start:stop], top, sums)


@compiled
def pull_on_logits(probs: Floats, pulls: Floats, on_logits: Floats) -> None:
    """Write the derivative by logits, given that by log-probabilities: g − p Σ g.

    Parameters
    ----------
    probs, pulls : ndarray of float32, shape (N, K, V)
        The probabilities p, and the derivative g of anything by their logarithms.
    on_logits : ndarray of float32, shape (N, K, V)
        The derivative by logits.
    """
    samples, classes, voxels = probs.shape
    room = np.empty(BLOCK, np.float32)
    for n in range(samples):
        for start in range(0, voxels, BLOCK):
            stop = min(start + BLOCK, voxels)
            total = room[: stop - start]
            total[:] = 0.0
            for k in range(classes):
                _add(total, pulls[n, k, start:stop])
            for k in range(classes):
                block = on_logits[n, k, start:stop]
                _pull(block, pulls[n, k, start:stop], probs[n, k, start:stop], total)


# Loops over one block are functions of their own: only then are several voxels taken at a time.


@compiled
def _raise(top: Floats, more: Floats) -> None:
    for i in range(top.size):
        top[i] = more[i] if more[i] > top[i] else top[i]


@compiled
def _add(total: Floats, more: Floats) -> None:
    for i in range(total.size):
        total[i] += more[i]


@compiled
def _subtract(out: Floats, logits: Floats, top: Floats, log_total: Floats) -> None:
    for i in range(out.size):
        out[i] = (logits[i] - top[i]) - log_total[i]


@compiled
def _divide(values: Floats, total: Floats) -> None:
    for i in range(values.size):
        values[i] /= total[i]


@compiled
def _exponential(out: Floats, logits: Floats, top: Floats, bits: NDArray[np.int32]) -> None:
    """Write exp(z − top), at most 1: as 2^n 2^f with a whole n and f between −½ and ½."""
    for i in range(out.size):
        power = (logits[i] - top[i]) * LOG2_E
        # A NaN fails the comparison and stays one.
        power = LEAST_POWER if power < LEAST_POWER else power
        # Cut towards 0, which for a power of at most 0 rounds it to the nearest.
        whole = np.int32(power - np.float32(0.5))
        f = power - np.float32(whole)
        # The exponent's bits of a float32 stand above the 23 of its fraction.
        bits[i] = (whole + np.int32(127)) << np.int32(23)
        series = C7
        series = series * f + C6
        series = series * f + C5
        series = series * f + C4
        series = series * f + C3
        series = series * f + C2
        series = series * f + C1
        out[i] = series * f + np.float32(1)
    powers = bits.view(np.float32)
    for i in range(out.size):
        out[i] *= powers[i]


@compiled
def _take_logarithm(values: Floats, bits: NDArray[np.int32]) -> None:
    """Replace values from 1 up by their logarithms: of m 2^n with m between √½ and √2."""
    bits[:] = values.view(np.int32)
    for i in range(values.size):
        # The bits of a NaN or ∞ make a number like any other: the difference brings it back.
        lost = values[i] - values[i]
        values[i] = np.float32((bits[i] >> np.int32(23)) - np.int32(127)) * LN_2 + lost
        bits[i] = (bits[i] & FRACTION) | ONE
    fractions = bits.view(np.float32)
    for i in range(values.size):
        above = fractions[i] > ROOT_2
        m = fractions[i] * np.float32(0.5) if above else fractions[i]
        # log m = 2 artanh t, whose series ends here below half a float32's last bit.
        t = (m - np.float32(1)) / (m + np.float32(1))
        t2 = t * t
        series = np.float32(1 / 9)
        series = series * t2 + np.float32(1 / 7)
        series = series * t2 + np.float32(1 / 5)
        series = series * t2 + np.float32(1 / 3)
        series = series * t2 + np.float32(1)
        values[i] += np.float32(2) * t * series + (LN_2 if above else np.float32(0))


@compiled
def _pull(out: Floats, pull: Floats, p: Floats, total: Floats) -> None:
    for i in range(out.size):
        out[i] = pull[i] - p[i] * total[i]
