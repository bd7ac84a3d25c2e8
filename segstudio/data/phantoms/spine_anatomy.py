"""The measures of a generated trunk and the corners of its seventeen vertebrae.

Sizes, tilts and their spread were matched to the training set of AASCE 2019; lengths are in units
of the film's height.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import idct

VERTEBRAE = 17
THORACIC = 12
_WIDTHS = np.array(
    [615, 571, 535, 528, 520, 523, 543, 565, 579, 595, 641, 657, 696, 708, 739, 775, 805]
)
_HEIGHTS = np.array(
    [254, 258, 294, 313, 319, 335, 339, 357, 366, 380, 401, 415, 428, 425, 461, 466, 400]
)
_GAPS = np.array([123, 133, 143, 147, 149, 142, 141, 151, 157, 173, 188, 219, 233, 250, 237, 242])
# Cosines of the tilt from vertebra to vertebra, degrees: most curves bend to the right in the
# chest and back in the loin.
_TILT_MEAN = np.array([0, 9.7, 2.2, -13.9, -2.7, 0, 0, 1.2])
_TILT_SPREAD = np.array([10.5, 28.2, 24.4, 25.9, 13.2, 8.1, 5.4, 4.0, 3, 3, 2.5, 2, 2, 2, 2, 2, 2])


@dataclass(frozen=True)
class Trunk:
    """Measures of the body about the spine.

    ``half_width`` is that of the trunk, ``shoulder`` where its top lies,
    ``apex`` that of the lungs, ``chest`` half the
    width inside the ribs, ``domes`` the tops of the diaphragm on the left and right of the
    picture, ``crest`` the top of the hip bones.
    """

    half_width: float
    shoulder: float
    apex: float
    chest: float
    domes: tuple[float, float]
    heart: tuple[float, float, float, float]
    crest: float


def draw_corners(rng: np.random.Generator, half_width: float) -> NDArray[np.float64]:
    """Return the corners of the vertebrae from the first thoracic to the last lumbar one.

    Parameters
    ----------
    rng : Generator
        Draws the curve and the sizes.
    half_width : float
        Half the width of the film: the spine fits in it.

    Returns
    -------
    ndarray, shape (17, 4, 2)
        Top left, top right, bottom left, bottom right; ``(x, y)`` from the film's top middle.
    """
    size = np.exp(rng.normal(0, 0.11))
    widths = _WIDTHS * size * np.exp(rng.normal(0, 0.05, VERTEBRAE)) / 1e4
    heights = _HEIGHTS * np.exp(rng.normal(0, 0.07, VERTEBRAE)) / 1e4
    gaps = _GAPS * np.exp(rng.normal(0, 0.15, VERTEBRAE - 1) + rng.normal(0, 0.2)) / 1e4
    tilt = _draw_tilt(rng)
    top, bottom = rng.uniform(0.034, 0.08), float(np.clip(rng.normal(0.895, 0.035), 0.8, 0.945))
    place = np.clip(rng.normal(-0.03, 0.07), -0.15, 0.15) * half_width
    room = half_width - widths.max() / 2 - 0.012
    centres, tilt, scale = _stack(tilt, heights, gaps, bottom - top, room)
    centres += (np.clip(place, -(room - _reach(centres)), room - _reach(centres)), top)
    return _quadrilaterals(rng, centres, tilt, widths, heights * scale)


def _draw_tilt(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the tilt of each vertebra in radians; positive where its right side is lower."""
    severity = float(np.clip(0.9 * np.exp(rng.normal(0, 0.55)), 0.15, 2.0))
    normal = rng.normal(size=VERTEBRAE)
    # A spine stands upright at both ends: what one cosine tilts there, the next but one undoes.
    normal[3:5] = 0.8 * normal[3:5] - 0.6 * normal[1:3]
    cosines = severity * normal * _TILT_SPREAD
    cosines[: _TILT_MEAN.size] += min(severity, 1.2) * _TILT_MEAN
    tilt: NDArray[np.float64] = np.clip(idct(cosines, norm="ortho"), -48, 48)
    return np.radians(tilt)


def _reach(centres: NDArray[np.float64]) -> float:
    """Return how far from its middle a spine strays."""
    return float(np.abs(centres[:, 0]).max())


def _stack(
    tilt: NDArray[np.float64],
    heights: NDArray[np.float64],
    gaps: NDArray[np.float64],
    length: float,
    room: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Return the centres, (17, 2), the tilt and the scale of a spine of a length, in its room."""
    for _ in range(4):
        step = (heights[1:] + heights[:-1]) / 2 + gaps
        lean = (tilt[1:] + tilt[:-1]) / 2
        path = np.cumsum(np.stack([-np.sin(lean) * step, np.cos(lean) * step], axis=1), axis=0)
        centres = np.concatenate([np.zeros((1, 2)), path])
        scale = length / centres[-1, 1]
        centres = centres * scale
        centres[:, 0] -= (centres[:, 0].min() + centres[:, 0].max()) / 2
        tilt = tilt * min(1.0, room / max(_reach(centres), 1e-9))
    centres[:, 0] *= min(1.0, room / max(_reach(centres), 1e-9))
    return centres, tilt, float(scale)


def _quadrilaterals(
    rng: np.random.Generator,
    centres: NDArray[np.float64],
    tilt: NDArray[np.float64],
    widths: NDArray[np.float64],
    heights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the corners about the centres, (17, 4, 2): uneven, and wider at the bottom."""
    across = np.stack([np.cos(tilt), np.sin(tilt)], axis=1)[:, None] * widths[:, None, None] / 2
    down = np.stack([-np.sin(tilt), np.cos(tilt)], axis=1)[:, None] * heights[:, None, None] / 2
    side = np.array([-0.985, 0.985, -1.015, 1.015])[:, None]
    end = np.array([-1.0, -1.0, 1.0, 1.0])[:, None]
    uneven = np.clip(rng.normal(0, 0.0017, (VERTEBRAE, 4, 2)), -0.004, 0.004)
    corners: NDArray[np.float64] = centres[:, None] + side * across + end * down + uneven
    return corners


def neighbours(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return bones that look like vertebrae and are none of the seventeen, (4, 4, 2).

    Three of the neck above, from top to bottom, and the first of the sacrum.
    """
    first, last = corners[0], corners[-1]
    up = (first[0] + first[1] - first[2] - first[3]) / 2 * 1.35
    shrink = first.mean(axis=0) + (first - first.mean(axis=0)) * (0.85, 1.0)
    neck = [shrink + k * up for k in (3, 2, 1)]
    down = (last[2] + last[3] - last[0] - last[1]) / 2 * 1.4
    return np.stack([*neck, last + down])


def draw_trunk(rng: np.random.Generator, corners: NDArray[np.float64]) -> Trunk:
    """Return the measures of the trunk about a spine."""
    middle = corners.mean(axis=(0, 1))[0]
    levels = corners.mean(axis=1)[:, 1]
    right = levels[8] + rng.uniform(-0.02, 0.035)
    heart = (
        middle + rng.uniform(0.03, 0.06),
        float(levels[7] + rng.uniform(-0.01, 0.03)),
        rng.uniform(0.05, 0.075),
        rng.uniform(0.085, 0.12),
    )
    half_width = rng.uniform(0.19, 0.26)
    return Trunk(
        half_width=half_width,
        shoulder=float(levels[0] + rng.uniform(-0.04, 0.03)),
        apex=float(levels[1] + rng.uniform(-0.02, 0.02)),
        chest=half_width * rng.uniform(0.8, 0.9),
        domes=(float(right), float(right + rng.uniform(-0.005, 0.035))),
        heart=heart,
        crest=float(levels[15] + rng.uniform(-0.02, 0.06)),
    )
