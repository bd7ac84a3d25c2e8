"""Soft tissue and air on the film: trunk, lungs, heart, diaphragm, gas in the bowel."""

import numpy as np
from numpy.typing import NDArray

from segstudio.data.phantoms.canvas import Array
from segstudio.data.phantoms.film import Film, soft_step
from segstudio.data.phantoms.spine_anatomy import Trunk


def paint_trunk(
    film: Film, rng: np.random.Generator, corners: NDArray[np.float64], trunk: Trunk
) -> None:
    """Add the trunk, without the air in lungs, windpipe, stomach and bowel."""
    centre = _midline(film, corners)
    tissue = _thickness(film, rng, trunk, centre)
    lungs = _lungs(film, rng, trunk, centre)
    mediastinum = _mediastinum(film, rng, trunk, centre)
    vessels = film.texture(rng, 110, 50.0)
    air = lungs * (1 - mediastinum) * rng.uniform(0.55, 0.8)
    film.density += tissue * (1 - air * (1 - 0.06 * np.clip(vessels, -1, 3)))
    belly = soft_step(film.y - trunk.domes[1] - 0.08, 0.15)
    film.density += rng.uniform(0.004, 0.02) * film.texture(rng, 90, 16.0) * belly
    film.density -= _windpipe(film, rng, trunk, centre)
    film.density -= _gas(film, rng, trunk, centre) * tissue


def _midline(film: Film, corners: NDArray[np.float64]) -> Array:
    """Return where the trunk's middle lies by row, (rows, 1): it follows the spine by half."""
    centres = corners.mean(axis=1)
    spine = np.interp(film.y[:, 0], centres[:, 1], centres[:, 0])
    middle = 0.45 * spine + 0.55 * centres[:, 0].mean()
    column: Array = middle.astype(np.float32)[:, None]
    return column


def _thickness(film: Film, rng: np.random.Generator, trunk: Trunk, centre: Array) -> Array:
    """Return how much tissue a ray meets: 1 in the middle of the belly."""
    y = film.y
    grown = soft_step(y - trunk.shoulder, rng.uniform(0.05, 0.11))
    neck = rng.uniform(0.055, 0.08)
    waist = 1 - 0.1 * np.exp(-(((y - 0.72) / 0.1) ** 2)) + 0.06 * soft_step(y - 0.85, 0.1)
    half = neck + (trunk.half_width * waist - neck) * grown
    # The arms leave the trunk at the shoulders.
    arms = rng.uniform(0.0, 0.1) * np.exp(-(((y - trunk.shoulder - 0.1) / 0.05) ** 2))
    across = np.clip(1 - ((film.x - centre) / (half + arms)) ** 2, 0, 1)
    deep = 0.55 + 0.45 * soft_step(y - 0.45, 0.35) + rng.uniform(-0.05, 0.1) * (1 - y)
    coarse = film.texture(rng, 20, 5.0)
    tissue: Array = (deep * across ** rng.uniform(0.3, 0.55) * (1 + 0.02 * coarse)).astype(
        np.float32
    )
    return tissue


def _lungs(film: Film, rng: np.random.Generator, trunk: Trunk, centre: Array) -> Array:
    """Return the share of a ray's chest that is lung, (rows, columns)."""
    out = np.zeros_like(film.density)
    apex = trunk.apex
    for side, dome in zip((-1, 1), trunk.domes, strict=True):
        x = side * (film.x - centre)
        down = (film.y - apex) / (dome - apex)
        wall = trunk.chest * np.sqrt(np.clip(1 - (1 - np.clip(down / 0.75, 0, 1)) ** 2, 0, 1))
        middle = 0.52 * trunk.chest
        floor = dome + 0.9 * (x - middle) ** 2 / trunk.chest
        floor = floor + 0.5 * np.clip(x / trunk.chest - 0.75, 0, None) * trunk.chest
        share = soft_step(wall - x, 0.02) * soft_step(floor - film.y, rng.uniform(0.006, 0.02))
        share *= soft_step(x, 0.02) * soft_step(film.y - apex, 0.03)
        # Beside the wall and behind the dome a ray meets less of the lung.
        share *= 0.75 + 0.25 * soft_step(wall - x, 0.1)
        out += share
    return out


def _mediastinum(film: Film, rng: np.random.Generator, trunk: Trunk, centre: Array) -> Array:
    """Return how much heart and great vessels lie in a ray, 0 to 1."""
    x, y = film.x - centre, film.y
    half = rng.uniform(0.028, 0.04) + 0.02 * np.exp(-(((y - trunk.shoulder) / 0.06) ** 2))
    strip = soft_step(half - np.abs(x), rng.uniform(0.01, 0.025))
    hx, hy, rx, ry = trunk.heart
    lean = rng.uniform(0.3, 0.6)
    along = (film.x - hx - lean * (y - hy)) / rx
    radius = np.sqrt(along**2 + ((y - hy) / ry) ** 2)
    dense = rng.uniform(0.4, 0.75)
    heart = dense * soft_step(1 - radius, rng.uniform(0.1, 0.35))
    knob_place = hx - 0.01, hy - 1.25 * ry
    knob = np.sqrt((film.x - knob_place[0]) ** 2 + (y - knob_place[1]) ** 2)
    arch = 0.5 * dense * soft_step(rng.uniform(0.02, 0.03) - knob, 0.012)
    dense_parts: Array = np.maximum(np.maximum(strip, heart), arch)
    return dense_parts


def _windpipe(film: Film, rng: np.random.Generator, trunk: Trunk, centre: Array) -> Array:
    """Return the density that the air of the windpipe lacks."""
    off = np.abs(film.x - centre - rng.normal(0, 0.006)) / rng.uniform(0.011, 0.016)
    end = soft_step(trunk.shoulder + rng.uniform(0.1, 0.16) - film.y, 0.06)
    lack: Array = rng.uniform(0.06, 0.2) * soft_step(1 - off, 0.6) * end
    return lack


def _gas(film: Film, rng: np.random.Generator, trunk: Trunk, centre: Array) -> Array:
    """Return the share of a ray's tissue that is gas: stomach bubble and bowel."""
    gas = np.zeros_like(film.density)
    x, y = film.x - centre, film.y
    if rng.uniform() < 0.8:  # below the dome on the right of the picture, with a level
        place = rng.uniform(0.06, 0.12), trunk.domes[1] + rng.uniform(0.02, 0.035)
        radius = np.sqrt(
            ((x - place[0]) / rng.uniform(0.03, 0.06)) ** 2 + 900 * (y - place[1]) ** 2
        )
        level = soft_step(place[1] + rng.uniform(0.0, 0.03) - y, 0.004)
        gas += rng.uniform(0.15, 0.45) * soft_step(1 - radius, 0.15) * level
    # A coarse field gathers the bubbles of a fine one in loops of the bowel.
    field = film.texture(rng, 70, 22.0) + 0.9 * film.texture(rng, 16, 8.0)
    reach = rng.uniform(0.0, 0.1)
    low = soft_step(y - rng.uniform(0.6, 0.78), 0.1)
    beside = low * (0.3 + 0.7 * soft_step(np.abs(x) - reach, 0.06))
    bubbles = soft_step(field - rng.uniform(1.6, 2.8), 2.2)
    gas += rng.uniform(0.15, 0.45) * bubbles * beside
    return gas
