"""Generated FLAIR images of a brain, from a seed to the image a scanner makes and its labels."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from segstudio.core.volume import Grid, Volume
from segstudio.data.phantoms.brain_anatomy import FIELD_MM, STACK_MM, draw_brain, plane_heights
from segstudio.data.phantoms.brain_lesions import paint_lesions
from segstudio.data.phantoms.brain_painting import paint_brain, paint_lookalikes
from segstudio.data.phantoms.canvas import Array, Canvas, smooth_field

BRAIN_CLASSES = {1: "white matter lesion"}


def brain(
    seed: int, *, shape: tuple[int, int, int] = (24, 192, 192)
) -> tuple[Volume, NDArray[np.uint8]]:
    """Return a generated FLAIR image of a brain without its skull, and its lesions.

    Planes run from below the cerebellum to the top over 128 mm and the shorter side of a plane
    spans 240 mm, whatever the shape: ``(16, 512, 512)`` has the spacing of the real images.
    One plane alone cuts the lateral ventricles.

    Parameters
    ----------
    seed : int
        The patient; not negative.
    shape : (int, int, int)
        ``(Z, Y, X)``.

    Returns
    -------
    volume : Volume
        int16, mm; 0 outside the brain and nowhere inside.
    labels : ndarray of uint8, shape (Z, Y, X)
        `BRAIN_CLASSES`; some lesions are of one voxel, some run along a ventricle.
    """
    grid = brain_grid(shape)
    pixel = grid.spacing[1]
    body, scenery, spots, lesions = (np.random.default_rng([seed, k]) for k in range(4))
    place = np.broadcast_to(body.normal((-6, 0), 3), (shape[0], 2)).astype(np.float32)
    edge = max(1.2, 1.3 * pixel)
    edges = np.full((shape[0], 1, 1), max(1.1, 1.3 * pixel), np.float32)
    canvas = Canvas(place, shape, pixel, edges)
    anatomy = draw_brain(body, canvas)
    paint_brain(canvas, anatomy, scenery, edge)
    paint_lookalikes(canvas, spots, plane_heights(shape[0]))
    ill = paint_lesions(canvas, anatomy, lesions, pixel)
    inside = anatomy.depth > 0
    image = _acquire(canvas.image, scenery, np.random.default_rng([seed, 4]), pixel)
    data = np.where(inside, np.clip(np.rint(image), 1, 400), 0).astype(np.int16)
    return Volume(data, grid), (ill & inside).astype(np.uint8)


def brain_grid(shape: tuple[int, int, int]) -> Grid:
    """Return the grid of a phantom: ``(8, 0.46875, 0.46875)`` mm for ``(16, 512, 512)`` voxels.

    Its affine points as in a scan: x to the patient's left, y to the back.
    """
    n_planes, n_rows, n_cols = shape
    pixel = FIELD_MM / min(n_rows, n_cols)
    thick = STACK_MM / n_planes if n_planes > 1 else 8.0
    affine = np.diag([-pixel, -pixel, thick, 1.0])
    affine[:3, 3] = (n_cols - 1) * pixel / 2, (n_rows - 1) * pixel / 2 + 10, -20
    return Grid(shape, (thick, pixel, pixel), affine, "mm", file_shape=shape[::-1])


def _acquire(
    scene: Array, scenery: np.random.Generator, noise: np.random.Generator, pixel: float
) -> Array:
    """Return the image a scanner makes of the scene: shading, gain by plane, Rician noise.

    The noise has the grain of a raw matrix of about a millimetre, which scanners interpolate.
    """
    shape = scene.shape
    shade = np.exp(0.05 * smooth_field(scenery, shape, 4, 2.0))
    shade *= (scenery.uniform(0.92, 1.1) * scenery.normal(1, 0.015, (shape[0], 1, 1))).astype(
        np.float32
    )
    blur = 0.45 / pixel
    grain = noise.standard_normal((2, *shape), np.float32)
    if blur > 0.3:
        grain = gaussian_filter(grain, (0, 0, blur, blur))
        grain /= grain.std()
    sigma = np.float32(scenery.uniform(4.0, 7.0))
    signal = scene * shade
    image: Array = np.hypot(signal + sigma * grain[0], sigma * grain[1])
    return image
