"""Bones laid on the film: vertebrae, ribs, collar bones, hip bones."""

import numpy as np
from numpy.typing import NDArray

from segstudio.data.phantoms.canvas import Array
from segstudio.data.phantoms.film import Film, Local, soft_step
from segstudio.data.phantoms.spine_anatomy import THORACIC, Trunk


def paint_vertebrae(
    film: Film,
    rng: np.random.Generator,
    corners: NDArray[np.float64],
    others: NDArray[np.float64],
) -> None:
    """Add the vertebrae and the bones that look like them.

    Parameters
    ----------
    film : Film
        Painted on.
    rng : Generator
        Draws how dense each part of each vertebra is.
    corners : ndarray, shape (17, 4, 2)
        Of the vertebrae.
    others : ndarray, shape (4, 4, 2)
        Of the bones above and below; fainter.
    """
    patient, rotation = rng.uniform(0.75, 1.25), _rotation(corners)
    _paint_column(film, rng, corners)
    for quad in others:
        _paint_vertebra(film, rng, quad, 0.7 * patient, 0.0, lumbar=False)
    for i, quad in enumerate(corners):
        strength = patient * rng.uniform(0.8, 1.2)
        _paint_vertebra(film, rng, quad, strength, rotation[i], lumbar=i >= THORACIC)


def _paint_column(film: Film, rng: np.random.Generator, corners: NDArray[np.float64]) -> None:
    """Add what joins the vertebrae, discs and arches: a column that their gaps hardly break."""
    y = film.y[:, 0]
    sides = [corners[:, k::2].reshape(-1, 2) for k in (0, 1)]
    left, right = (np.interp(y, s[:, 1], s[:, 0])[:, None] for s in sides)
    depth = np.minimum(film.x - left, right - film.x).astype(np.float32)
    share = soft_step(depth + 0.006, rng.uniform(0.008, 0.022))
    upright = soft_step(film.y - corners[0, 0, 1] + 0.05, 0.1)
    # In the loin the psoas muscles are as dense as the column.
    loin = 1 - 0.65 * soft_step(film.y - corners[THORACIC, 0, 1], 0.2)
    film.density += rng.uniform(0.05, 0.12) * share * upright * loin


def _rotation(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each vertebra is turned about the spine's axis: most where the curve bends."""
    x = corners.mean(axis=1)[:, 0]
    straight = np.linspace(x[0], x[-1], x.size)
    turn: NDArray[np.float64] = np.clip((x - straight) * 4, -0.35, 0.35)
    return turn


def _paint_vertebra(
    film: Film,
    rng: np.random.Generator,
    corners: NDArray[np.float64],
    strength: float,
    turn: float,
    *,
    lumbar: bool,
) -> None:
    here = film.local(corners, (2.2, 2.0))
    if here.u.size == 0:
        return
    density = _body(here, rng) + _processes(here, rng, turn, lumbar=lumbar)
    for side in (-1.0, 1.0):
        place = side * rng.uniform(0.6, 0.7) + turn, rng.uniform(-0.4, -0.15)
        radii = rng.uniform(0.11, 0.17), rng.uniform(0.3, 0.45)
        density += _ring(here, place, radii, rng.uniform(0.03, 0.14), -0.02)
    film.density[here.window] += strength * density


def _body(here: Local, rng: np.random.Generator) -> Array:
    """Return the density of a vertebral body: its waist, end plates and sides."""
    u, v = np.abs(here.u), np.abs(here.v)
    waist = 1 - rng.uniform(0.05, 0.13) * np.clip(1 - v * v, 0, 1)
    across = soft_step(waist - u, max(1.6 * here.du, 0.05))
    along = soft_step(1 - v, max(1.6 * here.dv, 0.08))
    body = rng.uniform(-0.01, 0.03) * across * along
    thick = max(1.1 * here.dv, 0.07), max(1.1 * here.du, 0.035)
    for end in (-1.0, 1.0):
        rim = np.exp(-(((here.v - 0.97 * end) / thick[0]) ** 2))
        body += rng.uniform(0.03, 0.13) * rim * across
        side = np.exp(-(((here.u - end * (waist - 0.03)) / thick[1]) ** 2))
        body += rng.uniform(0.03, 0.1) * side * along
    density: Array = body
    return density


def _processes(here: Local, rng: np.random.Generator, turn: float, *, lumbar: bool) -> Array:
    """Return the density of the spinous and transverse processes and of the joints."""
    place = 1.4 * turn, rng.uniform(0.35, 0.8)
    radii = rng.uniform(0.08, 0.12), rng.uniform(0.4, 0.6)
    density = _ring(here, place, radii, rng.uniform(0.02, 0.1), 0.01)
    rise, length = (0.1, rng.uniform(0.5, 0.8)) if lumbar else (-0.35, rng.uniform(0.3, 0.5))
    for side in (-1.0, 1.0):
        along = side * here.u - 0.9
        across = np.abs(here.v + 0.25 + rise * along) / (0.3 - 0.1 * along)
        process = soft_step(1 - across, 0.5) * soft_step(along, 0.2)
        density += rng.uniform(0.03, 0.1) * process * soft_step(length - along, 0.2)
        joint = 0.5 * side + turn, 1.1
        density += _ring(here, joint, (0.16, 0.45), rng.uniform(0.01, 0.07), 0.03)
    return density


def _ring(
    here: Local, place: tuple[float, float], radii: tuple[float, float], rim: float, middle: float
) -> Array:
    """Return the density of an oval: ``rim`` along its border, ``middle`` inside."""
    across, along = (here.u - place[0]) / radii[0], (here.v - place[1]) / radii[1]
    radius = np.sqrt(across**2 + along**2)
    thick = max(0.28, 1.2 * here.du / radii[0])
    ring: Array = rim * np.exp(-(((radius - 1) / thick) ** 2)) + middle * (radius < 1)
    return ring


def paint_ribs(
    film: Film, rng: np.random.Generator, corners: NDArray[np.float64], trunk: Trunk
) -> None:
    """Add twelve pairs of ribs, behind and in front, and the collar bones."""
    x = film.x[0]
    drop, slope = rng.uniform(0.05, 0.085), rng.uniform(0.1, 0.3)
    back, front = rng.uniform(0.035, 0.085), rng.uniform(0.012, 0.035)
    for i in range(THORACIC):
        for side, corner in ((-1, corners[i, 0]), (1, corners[i, 1])):
            edge = side * corners[:THORACIC, 0 if side < 0 else 1, 0].mean()
            widest = max(edge + 0.03, trunk.chest * min(1.0, 0.52 + 0.13 * i))
            out = side * x - side * corner[0] + 0.01
            q = out / (widest - side * corner[0] + 0.01)
            arch = np.sqrt(np.clip(1 - q**2, 0, 1)) * drop
            lean = corner[1] + (slope + 0.04 * i) * out * 0.7 - 0.004
            length = 1.0 if i < 10 else 0.75 - 0.2 * (i - 10)
            behind = np.where((q > 0) & (q < length), lean + drop - arch, np.nan)
            film.add_curve(behind, rng.uniform(0.006, 0.009), (back, 0.6 * back))
            if i < 9:
                before = np.where((q > 0.45) & (q < 1), lean + drop + arch, np.nan)
                film.add_curve(before, rng.uniform(0.007, 0.011), (front, 0.4 * front))
    _paint_collar_bones(film, rng, corners, trunk)


def _paint_collar_bones(
    film: Film, rng: np.random.Generator, corners: NDArray[np.float64], trunk: Trunk
) -> None:
    """Add the collar bones: from beside the fourth vertebra up to the shoulders."""
    middle, level = corners[2:4].mean(axis=(0, 1))
    for side in (-1, 1):
        out = (side * (film.x[0] - middle) - 0.025) / trunk.half_width
        rise = rng.uniform(0.03, 0.08)
        line = level - rise * np.sin(np.clip(out, 0, 1) * 2.2) + rng.uniform(-0.01, 0.01)
        line = np.where((out > 0) & (out < 0.9), line, np.nan)
        film.add_curve(line, rng.uniform(0.007, 0.01), (0.05, 0.06))
        # The shoulder blade's inner border, far out.
        blade = trunk.half_width * rng.uniform(0.75, 0.9)
        off = (side * (film.x - middle) - blade - 0.15 * (film.y - level)) / 0.005
        along = soft_step(film.y - level - 0.01, 0.03) * soft_step(level + 0.15 - film.y, 0.05)
        film.density += 0.05 * np.exp(-(off**2)) * along + 0.03 * soft_step(off, 2.0) * along


def paint_pelvis(
    film: Film, rng: np.random.Generator, corners: NDArray[np.float64], trunk: Trunk
) -> None:
    """Add the sacrum and the hip bones, cut off by the film's lower border."""
    left, right = corners[-1, 2], corners[-1, 3]
    middle, width = (left + right) / 2, right[0] - left[0]
    depth = film.y - middle[1] - 0.015
    half = width * (0.75 - 0.8 * depth)
    sacrum = soft_step(half - np.abs(film.x - middle[0]), 0.012) * soft_step(depth, 0.02)
    film.density += rng.uniform(0.08, 0.16) * sacrum
    for side in (-1, 1):
        out = side * (film.x - middle[0]) - width * 0.62
        top = trunk.crest + rng.uniform(-0.012, 0.012)
        reach = trunk.half_width * rng.uniform(0.72, 0.82)
        across = np.abs(out - 0.55 * reach) / (0.6 * reach)
        # Flatter than a circle above, and slanting towards the sacrum.
        radius = (across**2.6 + np.abs((film.y - top - 0.13 + 0.25 * out) / 0.13) ** 2.2) ** 0.45
        radius = radius + 0.03 * film.texture(rng, 12, 6.0)
        wing = soft_step(1 - radius, 0.2)
        rim = np.exp(-(((radius - 0.97) / 0.035) ** 2))
        film.density += rng.uniform(0.03, 0.1) * wing + rng.uniform(0.01, 0.08) * rim
