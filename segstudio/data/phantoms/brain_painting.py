"""Tissues of a brain laid over a canvas, as FLAIR shows them: fluid dark, grey matter bright.

Contrasts were matched to three patients with white matter lesions.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.data.phantoms.brain_anatomy import FAR, Brain
from segstudio.data.phantoms.canvas import Array, Canvas, Spot, smooth_field

WHITE = 142.0
FLUID = 42.0


def paint_brain(canvas: Canvas, brain: Brain, rng: np.random.Generator, edge: float) -> None:
    """Paint white and grey matter, the fluid in sulci and cisterns, and the ventricles.

    Parameters
    ----------
    canvas : Canvas
        Painted on.
    brain : Brain
        Whose surface and folds to paint.
    rng : Generator
        Draws contrasts.
    edge : float
        Width of an edge, mm.
    """
    shape = canvas.image.shape
    texture = smooth_field(rng, shape, 60, 40.0)
    canvas.image[:] = WHITE + 2.5 * texture + 5 * smooth_field(rng, shape, 8, 3.0)
    ribbon = np.maximum(brain.groove, 0)
    ribbon += rng.uniform(2.4, 3.4) * np.clip(1.2 + 3 * brain.groove, 0, 1)
    cortex = np.maximum(ribbon - brain.fold - 0.6, 4.0 - brain.depth)
    cerebellum = _inside(brain.places, (0, 46, 26), (54, 35, 25))
    stem = _inside(brain.places, (0, 8, 28), (19, 18, 45))
    cerebrum = 1 - _share(np.maximum(cerebellum, stem), 3.0)
    # Here and there the cortex is as bright as a lesion.
    patches = np.clip(smooth_field(rng, shape, 28, 12.0) - 0.2, 0, 2.2)
    grey = WHITE + rng.uniform(8, 18) + 5 * texture + rng.uniform(14, 30) * patches
    canvas.paint(grey, _share(cortex, 2 * edge) * cerebrum)
    _paint_grey_nuclei(canvas, brain, rng)
    _paint_folia(canvas, brain, cerebellum, rng)
    open_ = _share(brain.groove - brain.fold, edge) * (brain.groove > 0)
    open_ *= cerebrum
    canvas.paint(rng.uniform(55, 80) + 8 * texture, 0.9 * open_)
    _paint_cisterns(canvas, brain, rng, texture)
    rim = brain.depth + 0.8 * texture + rng.uniform(-1.4, -0.3)
    canvas.paint(rng.uniform(60, 95) + 20 * texture, _share(-rim, 2 * edge))
    _paint_ventricles(canvas, brain, rng, edge)


def _share(depth: NDArray[Any], edge: float) -> Array:
    """Return the share of each voxel inside, by its depth, mm."""
    share: Array = np.clip(depth / np.float32(edge) + np.float32(0.5), 0, 1)
    return share


def _inside(
    places: tuple[Array, Array, Array],
    centre: tuple[float, float, float],
    radii: tuple[float, float, float],
) -> Array:
    """Return the depth of places in an ellipsoid, mm, about; each in the order x, y, z."""
    parts = (np.square((p - c) / r) for p, c, r in zip(places, centre, radii, strict=True))
    depth: Array = (1 - np.sqrt(sum(parts))) * np.float32(min(radii))
    return depth


def _paint_grey_nuclei(canvas: Canvas, brain: Brain, rng: np.random.Generator) -> None:
    """Paint thalami, caudate and lentiform nuclei: a little brighter, or darker for iron."""
    places = np.abs(brain.x), brain.y, brain.z
    for centre, radii, low, high in (
        ((12, 8, 74), (9, 15, 11), 4, 12),
        ((26, -8, 74), (7, 19, 12), -8, 10),
        ((13, -22, 78), (4, 10, 12), 4, 12),
    ):
        share = _share(_inside(places, centre, radii), 3.0)
        canvas.image += share * rng.uniform(low, high)


def _paint_folia(canvas: Canvas, brain: Brain, cerebellum: Array, rng: np.random.Generator) -> None:
    """Paint the leaves of the cerebellum: fine dark lines about its middle."""
    radius = np.sqrt((0.8 * brain.x) ** 2 + (brain.y - 18) ** 2 + (brain.z - 30) ** 2)
    waves = np.sin(radius * np.float32(2 * np.pi / rng.uniform(3.6, 4.6)))
    share = _share(cerebellum, 4.0) * _share(radius - 20, 10.0)
    canvas.image += share * (rng.uniform(3, 7) * waves + rng.uniform(-2, 8))


def _paint_cisterns(canvas: Canvas, brain: Brain, rng: np.random.Generator, texture: Array) -> None:
    """Paint the fluid about the brain stem and below the brain."""
    fluid = rng.uniform(55, 80) + 14 * texture
    ring = np.abs(np.sqrt(brain.x**2 + (1.1 * (brain.y - 8)) ** 2) - 17 - 1.5 * texture)
    level = 10 - np.abs(brain.z - 53)
    behind = np.minimum(rng.uniform(1.5, 3.0) + 1.2 * texture - ring, level)
    behind = np.minimum(behind, 0.3 * (brain.y + 2))
    before = np.minimum(_inside(brain.places, (0, -14, 52), (13, 8, 8)) + 2 * texture, level)
    canvas.paint(fluid, 0.85 * _share(np.maximum(behind, before), 2.5))
    _paint_sylvian_fissures(canvas, brain, rng, texture)


def _paint_sylvian_fissures(
    canvas: Canvas, brain: Brain, rng: np.random.Generator, texture: Array
) -> None:
    """Paint the fluid over the insula, and in the cleft from there to the surface."""
    fluid = rng.uniform(55, 80) + 14 * texture
    side = np.abs(brain.x)
    insula = np.abs(side - 39 - 0.012 * (brain.y + 8) ** 2 - 1.5 * texture)
    deep = np.minimum(rng.uniform(1.0, 2.2) - insula, 18 - np.abs(brain.y + 8))
    cleft = np.abs(brain.y + 14 - 0.35 * (side - 40) - 2.5 * texture)
    outward = np.minimum(rng.uniform(1.0, 2.4) - cleft, side - 38)
    levels = 14 - np.abs(brain.z - 67)
    canvas.paint(fluid, 0.85 * _share(np.minimum(np.maximum(deep, outward), levels), 2.0))


def _paint_ventricles(canvas: Canvas, brain: Brain, rng: np.random.Generator, edge: float) -> None:
    """Paint the ventricles, the bright rim about them and the septum between."""
    rim = np.exp(-(((brain.ventricle - 0.6) / rng.uniform(0.8, 1.3)) ** 2))
    patchy = np.clip(0.6 + 0.6 * smooth_field(rng, rim.shape, 16, 6.0), 0, 1.3)
    canvas.image += rng.uniform(20, 42) * rim * patchy
    septum = np.exp(-((brain.x / 1.3) ** 2)) * _share(4 - brain.ventricle, 2.0)
    septum *= _share(26 - np.abs(brain.y + 4), 8.0) * (brain.ventricle < FAR)
    canvas.image += rng.uniform(15, 45) * septum
    flow = 10 * smooth_field(rng, rim.shape, 24, 12.0)
    canvas.paint(FLUID + flow, _share(-brain.ventricle, edge + 0.6))
    third = _inside(brain.places, (0, 2, 68), (rng.uniform(1.0, 3.2), 14, 11))
    canvas.paint(FLUID + 10, _share(third, edge))
    fourth = _inside(brain.places, (0, 24, 36), (rng.uniform(4, 9), 4.5, 10))
    canvas.paint(FLUID + 25 + flow, _share(fourth, edge + 1))


def paint_lookalikes(canvas: Canvas, rng: np.random.Generator, heights: Array) -> None:
    """Paint what is as bright as a lesion and is none.

    Choroid plexus in the trigones, flow in aqueduct and basal cisterns, vessels and fat left at
    the surface, and caps of the frontal horns too thin to count.

    ``heights`` are those of the planes, (Z,), mm.
    """
    r = rng.uniform
    for side in (-1, 1):
        spot = Spot(
            r(26, 38), side * r(21, 27), r(1.0, 3.2), r(100, 220), r(0.6, 1.7), r(0, 3), 0.15
        )
        if r() < 0.6:
            _paint_at(canvas, heights, spot, r(76, 84), r(3, 7))
        cap = Spot(-r(34, 38), side * r(15, 18), r(0.8, 1.6), r(185, 225), 2.0, side * 0.9)
        _paint_at(canvas, heights, cap, r(78, 84), 6)
    basal = ((0, 21, 54), (0, -16, 52), (5, -12, 50), (-6, -13, 53), (0, 30, 38))
    for x, y, z in basal:
        if r() < 0.5:
            spot = Spot(y + r(-3, 3), x + r(-3, 3), r(0.7, 2.0), r(170, 300), r(0.6, 1.6), r(0, 3))
            _paint_at(canvas, heights, spot, z, 4)
    for _ in range(rng.poisson(7)):
        angle = r(0, 2 * np.pi)
        rim = float(78 * np.sin(angle)), float(60 * np.cos(angle))
        spot = Spot(*rim, r(0.8, 2.0), r(175, 260), r(0.5, 2.0), r(0, 3))
        _paint_at(canvas, heights, spot, r(20, 70), 4)


def _paint_at(canvas: Canvas, heights: Array, spot: Spot, z: float, reach: float) -> None:
    """Paint a spot in the planes within ``reach`` mm of a height."""
    for plane in map(int, np.flatnonzero(np.abs(heights - z) < reach)):
        canvas.paint_spot(plane, spot)
