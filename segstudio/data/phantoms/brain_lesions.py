"""White matter lesions: confluent ones about the ventricles, and many of a few voxels."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from segstudio.data.phantoms.brain_anatomy import FAR, Brain
from segstudio.data.phantoms.brain_painting import WHITE
from segstudio.data.phantoms.canvas import Array, Canvas, Spot, smooth_field

# Where a lesion begins for those who drew the labels: a point in the middle of its edge, a
# confluent one where it stands out of the white matter by so much.
_HALF, _CLEAR = 0.5, 36.0


def paint_lesions(
    canvas: Canvas, brain: Brain, rng: np.random.Generator, pixel: float
) -> NDArray[np.bool_]:
    """Paint the lesions; return where they are, (Z, Y, X).

    Parameters
    ----------
    canvas : Canvas
        Painted on.
    brain : Brain
        Whose white matter is ill.
    rng : Generator
        Draws how much of it, and where.
    pixel : float
        In-plane spacing, mm.
    """
    severity = float(np.clip(np.exp(rng.normal(-0.55, 0.75)), 0.25, 1.6))
    bright = rng.uniform(76, 112)
    lesions = _paint_confluent(canvas, brain, rng, severity, bright, pixel)
    lesions |= _paint_points(canvas, brain, rng, bright, pixel)
    return lesions


def _paint_confluent(
    canvas: Canvas,
    brain: Brain,
    rng: np.random.Generator,
    severity: float,
    bright: float,
    pixel: float,
) -> NDArray[np.bool_]:
    """Paint the lesions about the ventricles: caps at the horns first, then all along."""
    shape = canvas.image.shape
    ragged = smooth_field(rng, shape, 56, 30.0)
    coarse = smooth_field(rng, shape, 14, 5.0)
    side = np.abs(brain.x)
    front = np.sqrt((side - 18) ** 2 + (brain.y + 38) ** 2 + (0.6 * brain.z - 48) ** 2)
    back = np.sqrt((side - 29) ** 2 + (brain.y - 44) ** 2 + (0.6 * brain.z - 46) ** 2)
    caps = 6.5 * np.exp(-((np.minimum(front, back) / 13) ** 2))
    above = 5 * np.clip((brain.z - 78) / 20, 0, 1)
    extent = severity * (4 + 1.4 * caps + above + 4.5 * coarse) + 0.5 * caps - 3.4
    extent = np.minimum(extent + 2.0 * ragged * np.sqrt(severity), 13)
    deep = np.minimum(extent - np.maximum(brain.ventricle, 0), brain.depth - 11)
    # Not into the cortex of the midline, nor the callosal body.
    deep = np.minimum(np.minimum(deep, side - 6.5), brain.ventricle + 0.2)
    deep[brain.ventricle >= FAR] = -FAR
    share = np.clip(deep / max(2.4, 1.3 * pixel) + 0.5, 0, 1)
    inner = np.clip(0.62 + 0.09 * deep + 0.1 * coarse + 0.09 * ragged, 0.5, 1.2)
    canvas.paint(WHITE + bright * inner, share)
    lesions: NDArray[np.bool_] = share * bright * inner > _CLEAR
    return lesions


def _paint_points(
    canvas: Canvas, brain: Brain, rng: np.random.Generator, bright: float, pixel: float
) -> NDArray[np.bool_]:
    """Paint the lesions scattered in the deep white matter, from less than a voxel on."""
    lesions = np.zeros(canvas.image.shape, bool)
    white = (brain.depth > 12) & (brain.ventricle > 2.5) & (brain.z > 62)
    white &= (np.abs(brain.x) > 11) & (np.minimum(brain.fold - brain.groove, 9) > 3.0)
    places = np.argwhere(white)
    if len(places) == 0:
        return lesions
    share = min(1, len(np.unique(places[:, 0])) / 6)
    wanted = 1 + rng.poisson(share * np.clip(np.exp(rng.normal(3.75, 0.5)), 12, 120))
    radii = np.exp(rng.normal(0.02, 0.42, wanted))
    # A coarse image shows the larger ones only; one at least, for there is no healthy patient.
    radii[0] = max(radii[0], pixel)
    shown = radii > 0.35 * pixel
    chosen = places[rng.integers(0, len(places), wanted)]
    for (plane, row, column), radius in zip(chosen[shown], radii[shown], strict=True):
        shift = rng.uniform(-0.3, 0.3, 2) * pixel
        spot = Spot(
            float(canvas.y[plane, row, 0] + shift[0]),
            float(canvas.x[plane, 0, column] + shift[1]),
            max(0.52 * pixel, float(radius)),
            WHITE + bright * rng.uniform(0.42, 0.85),
            float(np.exp(rng.normal(0, 0.2))),
            rng.uniform(0, 3),
            rng.uniform(0, 0.2),
        )
        _paint_point(canvas, lesions, int(plane), spot)
        if rng.uniform() < 0.15 and plane + 1 < len(lesions):
            _paint_point(canvas, lesions, int(plane) + 1, replace(spot, radius=0.8 * spot.radius))
    return lesions


def _paint_point(canvas: Canvas, lesions: NDArray[np.bool_], plane: int, spot: Spot) -> None:
    """Paint one of them, and mark where it is."""
    place, share = canvas.spot_share(plane, spot)
    window: Array = canvas.image[place]
    window += share * np.clip(spot.value - window, 0, None)
    lesions[place] |= share > _HALF
