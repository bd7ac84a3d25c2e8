"""The measures of a generated heart, and the outlines of it and of the body around it.

Sizes and missing classes were matched to ACDC.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from segstudio.data.phantoms.canvas import THETA, Array

Phase = Literal["ED", "ES"]

STACK_MM = 80.0
_COS, _SIN = (wave(np.arange(30)[:, None] * THETA) for wave in (np.cos, np.sin))


@dataclass(frozen=True)
class HeartMeasures:
    """Measures of one heart at one phase, mm; ``base`` to ``*_end`` lie on the long axis.

    The axis starts at the most basal plane, 0, and points to the apex.
    """

    cavity: float
    outer: float
    rv_width: float
    rv_half_angle: float
    base: float
    rv_base: float
    cavity_end: float
    outer_end: float
    rv_end: float


@dataclass(frozen=True)
class Outlines:
    """Distance from the axis by plane and angle, mm, each (Z, angles); 0 where absent."""

    cavity: Array
    blood: Array
    outer: Array
    rv: Array
    heart: Array
    chest: Array
    muscle: Array
    skin: Array
    diaphragm: Array


def draw_measures(rng: np.random.Generator, phase: Phase) -> HeartMeasures:
    """Return the measures of a heart; the same numbers are drawn for both phases."""
    cavity = float(np.clip(28 * np.exp(rng.normal(0, 0.22)), 17, 42))
    wall = float(np.clip(8.9 * np.exp(rng.normal(0, 0.25)) * (28 / cavity) ** 0.4, 5.6, 17))
    base, cavity_end = rng.uniform(-14, 1), float(np.clip(rng.normal(87, 4), 80, 96))
    diastole = HeartMeasures(
        cavity=cavity,
        outer=cavity + wall,
        rv_width=float(np.clip(36 * np.exp(rng.normal(0, 0.3)), 18, 62)),
        rv_half_angle=rng.uniform(1.2, 1.55),
        base=base,
        rv_base=base + rng.uniform(-2, 9),
        cavity_end=cavity_end,
        outer_end=cavity_end + wall,
        rv_end=rng.uniform(68, 79.7),
    )
    # Dilated hearts pump badly: ACDC's large cavities hardly shrink.
    squeeze = float(np.clip(0.8 + 0.025 * (cavity - 28) + rng.normal(0, 0.11), 0.45, 0.95))
    rv_squeeze = float(np.clip(0.72 + 0.5 * (squeeze - 0.8) + rng.normal(0, 0.12), 0.4, 0.97))
    descent, rv_descent = rng.uniform(1, 9), rng.uniform(1, 11)
    if phase == "ED":
        return diastole
    smaller = squeeze * cavity
    # The wall keeps its volume: shorter by the descent of the base, so larger in plane.
    area = 1.2 * (diastole.outer**2 - cavity**2)
    return replace(
        diastole,
        cavity=smaller,
        outer=float(np.sqrt(smaller**2 + area)),
        rv_width=rv_squeeze * diastole.rv_width,
        base=diastole.base + descent,
        rv_base=diastole.rv_base + rv_descent,
        cavity_end=cavity_end - 22 * (1 - squeeze),
    )


def draw_centres(rng: np.random.Generator, n_planes: int) -> Array:
    """Return where the axis meets each plane, (Z, 2), y and x in mm: off centre, jittered.

    The jitter is that of breath-holds: each plane of a real stack is another one.
    """
    place = rng.normal((2, -4), (13, 14))
    lean = rng.normal(0, 5, 2) * np.linspace(-0.5, 0.5, n_planes)[:, None]
    return (place + lean + rng.normal(0, 1.1, (n_planes, 2))).astype(np.float32)


def edge_widths(axis: NDArray[Any], pixel: float) -> Array:
    """Return the width of edges, (Z, 1, 1) mm: thick planes cut the tapering apex obliquely."""
    oblique = 5 * np.clip(axis / STACK_MM - 0.45, 0, None)
    return (1.4 * pixel + oblique).astype(np.float32)[:, None, None]


def draw_outlines(
    rng: np.random.Generator, heart: HeartMeasures, axis: NDArray[Any], pixel: float, tilt: float
) -> Outlines:
    """Return the outlines of a heart and of the body around it.

    Parameters
    ----------
    rng : Generator
        Draws what the measures leave open.
    heart : HeartMeasures
        Of the phase to draw.
    axis : ndarray of float64, shape (Z,)
        Where the planes lie on the long axis, mm from the base.
    pixel : float
        In-plane spacing, mm: no wall is thinner than 1.5 of it.
    tilt : float
        How far the patient is turned in plane, radians.
    """
    outer = heart.outer * _taper(axis, heart.outer_end)
    nominal = heart.cavity * _taper(axis, heart.cavity_end)
    shape = 1 + 0.032 * _ripples(rng, axis, range(2, 6), 1.4)
    uneven = 1 + 0.12 * _ripples(rng, axis, range(1, 5), 1.0)
    # Atria follow above the base: blood in a thin wall, and no label.
    wall = np.where((axis < heart.base)[:, None], 2.5, (outer - nominal) * uneven)
    outer = outer * shape
    cavity = np.clip(outer - np.maximum(wall, 1.5 * pixel), 0, None)
    cavity[nominal[:, 0] < 1.5 * pixel] = 0
    # Trabeculae take a ragged rim of the blood, more towards the apex; labels keep to the wall.
    ragged = np.clip(_ripples(rng, axis, range(3, 17), 0.4), 0, 2.5)
    ragged *= 0.05 + 0.11 * axis[:, None] / STACK_MM
    rv = outer + _rv_width(rng, heart, axis, tilt)
    rv[rv <= outer] = 0
    fat = np.clip(6 * _ripples(rng, axis, range(1, 8), 0.7) + 1, 0, 14)
    whole = np.maximum(outer + 1.5, rv + 3.0) + fat
    body = _draw_body(rng, axis, tilt, whole)
    drawn = (cavity, cavity * (1 - ragged), outer, rv, whole, *body)
    return Outlines(*(a.astype(np.float32) for a in drawn))


def _rv_width(
    rng: np.random.Generator, heart: HeartMeasures, axis: NDArray[Any], tilt: float
) -> NDArray[Any]:
    """Return the thickness of the right ventricle's crescent by plane and angle, mm."""
    along = np.clip(axis / heart.rv_end, 0, 1)[:, None]
    middle = np.pi - 0.25 + tilt + rng.normal(0, 0.12)
    off = np.angle(np.exp(1j * (THETA - middle))) / (heart.rv_half_angle * (1 - 0.4 * along))
    skew = rng.uniform(-0.35, 0.35)
    bump = np.clip(1 - off**2, 0, None) ** 0.7 * (1 + skew * off)
    # Above its base lie atrium and outflow tract, with a fold between them.
    fold = np.where((axis < heart.rv_base)[:, None], 0.75 * np.exp(-((off / 0.14) ** 2)), 0)
    bulge = 1 + 0.06 * _ripples(rng, axis, range(2, 7), 0.5)
    width: NDArray[Any] = heart.rv_width * (1 - along) ** 0.9 * bump * (1 - fold) * bulge
    return width


def _draw_body(
    rng: np.random.Generator, axis: NDArray[Any], tilt: float, heart: NDArray[Any]
) -> tuple[NDArray[Any], ...]:
    """Return the outlines of the chest, of its muscle, of the skin and of the diaphragm.

    The chest goes on below the diaphragm as the abdomen, and narrows towards the apex.
    """
    down = (axis / STACK_MM)[:, None]
    y, x = rng.uniform(60, 100), rng.uniform(15, 45)
    radii = (y + rng.uniform(72, 122), rng.uniform(110, 155))
    lie = tilt + rng.normal(0.15, 0.2)
    chest = _ray_to_ellipse(y + 0 * down, x - 15 * down, radii, lie, near=False)
    chest *= 1 - 0.22 * down + 0.03 * _ripples(rng, axis, range(1, 8), 0.6)
    # The heart makes room for itself; a smooth bulge, or the skin would show its corners.
    room = uniform_filter1d(maximum_filter1d(heart, 181, mode="wrap"), 181, mode="wrap")
    chest = np.maximum(chest, room + 3)
    muscle = chest + np.clip(6 + 3 * _ripples(rng, axis, range(2, 16), 0.4), 1.5, 15)
    fat = rng.uniform(5, 27) * (1 + 0.5 * _ripples(rng, axis, range(1, 5), 0.8))
    skin = uniform_filter1d(muscle, 91, mode="wrap") + np.clip(fat, 4, None)
    dome = rng.uniform(110, 200)
    top = heart.mean(axis=1, keepdims=True) + rng.uniform(-10, 6)
    place = (top + dome, rng.normal(0, 20) + 0 * down)
    diaphragm = _ray_to_ellipse(*place, (dome, 190), tilt, near=True)
    diaphragm = diaphragm * (1 + 0.05 * _ripples(rng, axis, range(3, 12), 0.6))
    return chest, muscle, skin, diaphragm


def _ray_to_ellipse(
    y: NDArray[Any], x: NDArray[Any], radii: tuple[float, float], tilt: float, *, near: bool
) -> NDArray[Any]:
    """Return how far ellipses centred on ``(y, x)``, (Z, 1), lie from the axis by angle, mm.

    ``near`` takes the first crossing, for shapes beside the axis; rays that miss get 1000.
    """
    angle = THETA - tilt
    dy, dx = np.sin(angle) / radii[0], np.cos(angle) / radii[1]
    oy, ox = y / radii[0], x / radii[1]
    a, b, c = dy**2 + dx**2, dy * oy + dx * ox, oy**2 + ox**2 - 1
    root = np.sqrt(np.clip(b**2 - a * c, 0, None))
    far: NDArray[Any] = np.where(b**2 - a * c > 0, (b - root if near else b + root) / a, 1000)
    return np.where(far > 0, far, 1000)


def _ripples(rng: np.random.Generator, axis: NDArray[Any], orders: range, power: float) -> Array:
    """Return a random closed curve per plane, (Z, angles), of standard deviation about 1.

    Harmonic ``k`` has an amplitude of ``k ** -power`` and turns slowly from plane to plane.
    """
    k = np.array(orders)
    size = rng.normal(size=k.size) * k**-power
    drift = rng.normal(0, 0.012, k.size) * k
    phase = rng.uniform(0, 2 * np.pi, k.size) + axis[:, None] * drift
    waves = np.einsum("zk,ka->za", size * np.cos(phase), _COS[k])
    waves -= np.einsum("zk,ka->za", size * np.sin(phase), _SIN[k])
    ripples: Array = waves / np.sqrt(0.5 * (k ** (-2 * power)).sum())
    return ripples


def _taper(axis: NDArray[Any], end: float) -> NDArray[Any]:
    """Return the radius along the axis as a share of the largest: half an egg, 0 past ``end``."""
    widest = 0.2 * end
    reach = (axis - widest) / (end - widest)
    return np.sqrt(np.clip(1 - reach**2, 0, None))[:, None]
