"""Tissues laid over a canvas: body, look-alikes and heart, each over the ones before.

Contrasts were matched to ACDC.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.data.phantoms.canvas import ANGLES, Array, Canvas, Spot, smooth_field
from segstudio.data.phantoms.heart_anatomy import Outlines


def paint_body(canvas: Canvas, outlines: Outlines, rng: np.random.Generator) -> None:
    """Paint chest wall, lungs and abdomen around the place of the heart."""
    shape = canvas.image.shape
    coarse = smooth_field(rng, shape, 24, 6.0)
    fine = smooth_field(rng, shape, 56, 30.0)
    fat, lung = rng.uniform(240, 380), rng.uniform(25, 60)
    canvas.paint(fat * (1 + 0.08 * coarse), canvas.share(outlines.skin))
    canvas.paint(85 + 30 * coarse, canvas.share(outlines.muscle))
    inside = canvas.share(outlines.chest)
    vessels = np.clip(fine - 2.1, 0, 1) * 260
    canvas.paint(lung * (1 + 0.12 * fine) + vessels, inside)
    inside *= 1 - canvas.share(outlines.diaphragm)
    tissue = _abdomen(coarse + canvas.x * np.float32(1 / 60), fat, rng)
    canvas.paint(tissue + 9 * fine, inside)


def _abdomen(organs: Array, fat: float, rng: np.random.Generator) -> Array:
    """Return the tissue below the diaphragm: liver where ``organs`` is low, bowel in fat else.

    Level lines of the field are the borders of organs, and dark, as chemical shift makes them.
    """
    levels = rng.permutation(np.array([0.9, 0.75, 0.4, 0.25])) * fat
    field = np.arange(-4, 6, 1 / 64)
    value = rng.uniform(100, 185)
    tissue = np.full(field.size, value)
    for border, level in zip(np.sort(rng.uniform(0.2, 2.6, 4)), levels, strict=True):
        step = 5 * (field - border)
        tissue += (level - value) * np.clip(step, 0, 1) - 45 * np.clip(1 - np.abs(step), 0, 1)
        value = level
    cell = np.clip((organs + 4) * 64, 0, field.size - 1).astype(np.int32)
    look_up: Array = np.clip(tissue, 5, None).astype(np.float32)
    return look_up[cell]


def paint_lookalikes(
    canvas: Canvas,
    rng: np.random.Generator,
    chest: Array,
    axis: NDArray[Any],
    tilt: float,
    blood: float,
) -> None:
    """Paint the look-alikes, each swelling, shrinking and wandering from plane to plane.

    Parameters
    ----------
    canvas : Canvas
        Painted on.
    rng : Generator
        Draws the look-alikes.
    chest : ndarray of float32, shape (Z, angles)
        Outline they have to fit in, mm.
    axis : ndarray of float64, shape (Z,)
        Where the planes lie on the long axis, mm from the base.
    tilt : float
        How far the patient is turned in plane, radians.
    blood : float
        Value of the blood in the left ventricle.
    """
    cos, sin = np.cos(tilt), np.sin(tilt)
    for spot, wall, dark, first, last in _draw_lookalikes(rng, blood):
        lean = rng.normal(0, 12, 2)
        for plane in map(int, np.flatnonzero((axis > first) & (axis < last))):
            along = (axis[plane] - first) / (last - first)
            here = replace(
                spot,
                y=spot.y * cos + spot.x * sin + lean[0] * (along - 0.5),
                x=spot.x * cos - spot.y * sin + lean[1] * (along - 0.5),
                radius=spot.radius * np.sin(np.pi * along) ** 0.4,
                turn=spot.turn + along,
            )
            if not _fits(here, chest[plane]):
                continue
            if wall > 0:
                canvas.paint_spot(plane, replace(here, radius=here.radius + wall, value=dark))
            canvas.paint_spot(plane, here)


def _draw_lookalikes(
    rng: np.random.Generator, blood: float
) -> list[tuple[Spot, float, float, float, float]]:
    """Return what a network mistakes for ventricles, from aorta and stomach to small vessels.

    Each is a spot with the thickness and value of its wall, and where it starts and ends on
    the axis, mm.
    """
    r = rng.uniform
    shape = {"turn": r(0, 3), "wobble": r(0, 0.15)}
    aorta = Spot(r(30, 62), r(38, 70), r(9, 14), blood * r(0.85, 1.1), r(0.85, 1.2))
    stomach = Spot(r(60, 95), r(20, 80), r(13, 24), r(180, 420), r(0.7, 1.4), **shape)
    kidney = Spot(r(60, 105), r(-40, 60), r(15, 28), r(80, 170), r(0.6, 1.6), **shape)
    found = [
        (aorta, 2.0, 60.0, -20.0, 95.0),
        (stomach, r(3, 8), 95.0, r(0, 40), 110.0),
        (kidney, 1.5, 50.0, r(-30, 30), 110.0),
    ]
    if r() < 0.6:  # a second ring with a bright middle, on the side of the right ventricle
        spot = Spot(r(45, 75), r(-80, -30), r(12, 20), blood * r(0.8, 1), r(0.7, 1.3), **shape)
        found.append((spot, r(4, 8), 100.0, r(0, 40), r(70, 110)))
    for _ in range(9):
        start, value = r(-20, 70), blood * r(0.6, 1.1)
        spot = Spot(r(45, 115), r(-70, 60), r(2.5, 7), value, r(0.5, 2.0), r(0, 3), r(0, 0.25))
        found.append((spot, 0.0, 0.0, start, start + 30))
    return found


def _fits(spot: Spot, chest: Array) -> bool:
    """Return whether a spot lies within the chest of its plane."""
    cell = int((np.arctan2(spot.y, spot.x) / (2 * np.pi) + 0.5) * ANGLES) % ANGLES
    return bool(np.hypot(spot.y, spot.x) + spot.radius < chest[cell])


def paint_heart(canvas: Canvas, outlines: Outlines, rng: np.random.Generator, blood: float) -> None:
    """Paint the heart: fat and pericardium, right ventricle, wall, blood."""
    near = canvas.within(float(outlines.heart.max()) + 3)
    texture = smooth_field(rng, near.image.shape, 30, 10.0)
    muscle = float(np.clip(93 * np.exp(rng.normal(0, 0.2)), 55, 140))
    right = blood * rng.uniform(0.6, 0.9)
    near.paint(rng.uniform(160, 340) + 60 * texture, near.share(outlines.heart))
    near.paint(muscle * 0.8, near.share(np.where(outlines.rv > 0, outlines.rv + 2.5, 0)))
    # Trabeculae, dark where the texture is high: all over the right ventricle, and in the left
    # one beside its wall.
    strands = np.clip(texture - 0.35, 0, 1)
    near.paint(right - strands * (right - 0.7 * muscle) + 14 * texture, near.share(outlines.rv))
    near.paint(muscle + 18 * texture, near.share(outlines.outer))
    near.paint(blood - strands * (blood - 0.9 * muscle), near.share(outlines.blood))
    near.paint(blood + 24 * texture, near.share(0.66 * outlines.blood))


def paint_papillary_muscles(
    canvas: Canvas,
    rng: np.random.Generator,
    outlines: Outlines,
    axis: NDArray[Any],
    tilt: float,
) -> None:
    """Paint two dark spots near the lateral wall of the cavity, in the middle planes.

    ``axis`` and ``tilt`` are those of `paint_lookalikes`.
    """
    for side in (-1, 1):
        angle = tilt + side * rng.uniform(0.6, 1.1)
        depth, share, dark = rng.uniform(0.6, 0.82), rng.uniform(0.14, 0.25), rng.uniform(85, 130)
        first, last = rng.uniform(14, 28), rng.uniform(45, 66)
        for plane in map(int, np.flatnonzero((axis > first) & (axis < last))):
            cavity = float(outlines.cavity[plane].mean())
            y, x = depth * cavity * np.sin(angle), depth * cavity * np.cos(angle)
            spot = Spot(y, x, share * cavity, dark, 1.2, angle, 0.2)
            canvas.paint_spot(plane, replace(spot, turn=angle + plane))
