"""Generated radiographs of a spine, from a seed to a film, its labels and their corners."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.draw import polygon

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid, Volume
from segstudio.data.phantoms.canvas import Array, smooth_field
from segstudio.data.phantoms.film import Film
from segstudio.data.phantoms.spine_anatomy import (
    THORACIC,
    VERTEBRAE,
    draw_corners,
    draw_trunk,
    neighbours,
)
from segstudio.data.phantoms.spine_bones import paint_pelvis, paint_ribs, paint_vertebrae
from segstudio.data.phantoms.spine_marks import (
    paint_instruments,
    paint_marker,
    print_letters,
    shutters,
)
from segstudio.data.phantoms.spine_trunk import paint_trunk

SPINE_CLASSES = {
    i + 1: f"T{i + 1}" if i < THORACIC else f"L{i + 1 - THORACIC}" for i in range(VERTEBRAE)
}


def spine(
    seed: int, *, shape: tuple[int, int, int] = (1, 768, 256)
) -> tuple[Volume, NDArray[np.uint8], NDArray[np.float64]]:
    """Return a generated radiograph of a spine from the front, its labels and their corners.

    The film's height spans the trunk from the neck to the hips, whatever the shape. The curves
    are those of patients seen for scoliosis.

    Parameters
    ----------
    seed : int
        The patient; not negative.
    shape : (int, int, int)
        ``(1, Y, X)``.

    Returns
    -------
    volume : Volume
        uint8; a film has no true spacing, so its unit is voxels.
    labels : ndarray of uint8, shape (1, Y, X)
        `SPINE_CLASSES`; each vertebra is the quadrilateral of its corners, and where two
        overlap the upper one keeps its pixels.
    landmarks : ndarray of float64, shape (68, 2)
        ``(x, y)`` in pixels, from 0 in the middle of the first: top left, top right, bottom
        left, bottom right of each vertebra, from the first thoracic to the last lumbar one.

    Raises
    ------
    InputError
        There is more than one plane.
    """
    if shape[0] != 1:
        raise InputError(f"A radiograph has one plane, not {shape[0]}: give a shape (1, Y, X).")
    body, bones, tissue, marks = (np.random.default_rng([seed, k]) for k in range(4))
    film = Film(*shape[1:])
    corners = draw_corners(body, film.half_width)
    trunk = draw_trunk(body, corners)
    paint_trunk(film, tissue, corners, trunk)
    paint_ribs(film, bones, corners, trunk)
    paint_pelvis(film, bones, corners, trunk)
    paint_vertebrae(film, bones, corners, neighbours(corners))
    paint_instruments(film, marks, corners)
    paint_marker(film, marks)
    landmarks = film.to_pixels(corners).reshape(4 * VERTEBRAE, 2)
    image = print_letters(_expose(film, marks, np.random.default_rng([seed, 4])), marks)
    data = np.clip(np.rint(image), 0, 255).astype(np.uint8)[None]
    grid = Grid(
        shape, (1.0, 1.0, 1.0), np.diag([-1.0, -1.0, 1.0, 1.0]), "voxels", None, shape[::-1]
    )
    return Volume(data, grid), vertebra_labels(landmarks, (shape[1], shape[2])), landmarks


def vertebra_labels(landmarks: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the labels of the quadrilaterals of landmarks.

    Parameters
    ----------
    landmarks : ndarray, shape (68, 2)
        ``(x, y)`` in pixels; the corners in the order of `spine`.
    shape : (int, int)
        ``(Y, X)``.

    Returns
    -------
    ndarray of uint8, shape (1, Y, X)
        1 to 17 from top to bottom; a pixel of two vertebrae belongs to the upper one.
    """
    labels = np.zeros((1, *shape), np.uint8)
    for value, quad in enumerate(landmarks.reshape(VERTEBRAE, 4, 2), start=1):
        x, y = quad[[0, 1, 3, 2]].T
        rows, columns = polygon(y, x, shape)
        free = labels[0, rows, columns] == 0
        labels[0, rows[free], columns[free]] = value
    return labels


def _expose(film: Film, rng: np.random.Generator, noise: np.random.Generator) -> Array:
    """Return the film after exposure, 0 to 255: blur, shutters, grain, a narrow range of greys.

    Air is often black and the belly near white, as where a film was exposed too long for one
    and too short for the other.
    """
    size = film.density.shape
    density = gaussian_filter(film.density, float(rng.uniform(0.5, 1.5)) * size[0] / 768)
    density += 0.03 * smooth_field(rng, (1, *size), 4, 2.0)[0]
    grain = gaussian_filter(noise.standard_normal(size, np.float32), float(rng.uniform(0.3, 0.8)))
    density += rng.uniform(0.003, 0.014) * grain / grain.std()
    low = rng.uniform(0.12, 0.45)
    grey = np.clip((density - low) / (rng.uniform(1.2, 1.75) - low), 0, None)
    bend = rng.uniform(0.2, 1.8)
    image: Array = rng.uniform(180, 255) * (1 - np.exp(-bend * grey)) / (1 - np.exp(-bend))
    return np.clip(image, 0, 255) * shutters(film, rng)
