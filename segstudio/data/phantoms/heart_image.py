"""Generated short-axis heart images, from a seed to the image a scanner makes and its labels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid, Volume
from segstudio.data.phantoms.canvas import Canvas, smooth_field
from segstudio.data.phantoms.heart_anatomy import (
    STACK_MM,
    HeartMeasures,
    Outlines,
    Phase,
    draw_centres,
    draw_measures,
    draw_outlines,
    edge_widths,
)
from segstudio.data.phantoms.heart_painting import (
    paint_body,
    paint_heart,
    paint_lookalikes,
    paint_papillary_muscles,
)

HEART_CLASSES = {1: "right ventricle", 2: "myocardium", 3: "left ventricle"}

# A smaller shape is a coarser scan of the same body, so that the heart always fits.
FIELD_MM = 288.0
# ACDC's intensities end here; fat beside the coil is saturated in it.
_BRIGHTEST = 511


def heart(
    seed: int, *, shape: tuple[int, int, int] = (9, 192, 192), phase: Phase = "ED"
) -> tuple[Volume, NDArray[np.uint8]]:
    """Return a generated short-axis image of a heart and its labels.

    The two phases of a seed show the same patient. Planes run from base to apex over 80 mm
    and the shorter side of a plane spans 288 mm, whatever the shape; every class occurs where
    there are three planes of 64 x 64 voxels or more.

    Parameters
    ----------
    seed : int
        The patient; not negative.
    shape : (int, int, int)
        ``(Z, Y, X)``.
    phase : {'ED', 'ES'}
        End of diastole, or of systole: smaller cavities and a thicker wall.

    Returns
    -------
    volume : Volume
        int16, from 0 to 511, mm.
    labels : ndarray of uint8, shape (Z, Y, X)
        `HEART_CLASSES`; as in ACDC, papillary muscles belong to the left ventricle, the most
        apical plane has no right ventricle, and basal planes may have none of the classes.

    Raises
    ------
    InputError
        The phase is neither.
    """
    if phase not in ("ED", "ES"):
        raise InputError(f"A heart has no phase '{phase}': name ED or ES.")
    grid = heart_grid(shape)
    pixel = grid.spacing[1]
    axis = np.linspace(0, STACK_MM, shape[0]) if shape[0] > 1 else np.array([STACK_MM / 2])
    # The patient's streams must draw as much at both phases, or the scene would change between.
    body, scenery, blobs = (np.random.default_rng([seed, k]) for k in range(3))
    noise = np.random.default_rng([seed, 3, int(phase == "ES")])
    measures = draw_measures(body, phase)
    tilt = body.normal(0, np.radians(14))
    outlines = draw_outlines(body, measures, axis, pixel, tilt)
    canvas = Canvas(draw_centres(body, shape[0]), shape, pixel, edge_widths(axis, pixel))
    blood = float(np.clip(365 * np.exp(body.normal(0, 0.2)), 180, 470))
    paint_body(canvas, outlines, scenery)
    paint_lookalikes(canvas, blobs, outlines.chest, axis, tilt, blood)
    paint_heart(canvas, outlines, body, blood)
    paint_papillary_muscles(canvas, body, outlines, axis, tilt)
    labels = _labels(canvas, outlines, measures, axis)
    return Volume(_acquire(canvas, outlines, scenery, noise), grid), labels


def heart_grid(shape: tuple[int, int, int]) -> Grid:
    """Return the grid of a phantom: ``(10, 1.5, 1.5)`` mm for ``(9, 192, 192)`` voxels.

    Its affine points as in a scan: x to the patient's left, y to the back.
    """
    n_planes, n_rows, n_cols = shape
    pixel = FIELD_MM / min(n_rows, n_cols)
    thick = STACK_MM / (n_planes - 1) if n_planes > 1 else 10.0
    affine = np.diag([-pixel, -pixel, thick, 1.0])
    affine[:3, 3] = (n_cols - 1) * pixel / 2 - 30, (n_rows - 1) * pixel / 2 + 20, -60
    return Grid(shape, (thick, pixel, pixel), affine, "mm", file_shape=shape[::-1])


def _labels(
    canvas: Canvas, outlines: Outlines, heart: HeartMeasures, axis: NDArray[Any]
) -> NDArray[np.uint8]:
    """Return the labels: whole voxels by their centres, and none above the base."""
    labels = np.zeros(canvas.image.shape, np.uint8)
    near = canvas.within(float(outlines.heart.max()) + 3)
    part = labels[near.window]
    part[near.depth(outlines.rv) > 0] = 1
    part[axis < heart.rv_base] = 0
    part[near.depth(outlines.outer) > 0] = 2
    part[near.depth(outlines.cavity) > 0] = 3
    part[axis < heart.base] = 0
    return labels


def _acquire(
    canvas: Canvas, outlines: Outlines, scenery: np.random.Generator, noise: np.random.Generator
) -> NDArray[np.int16]:
    """Return the image a scanner makes of the scene: coil shading, gain by plane, Rician noise."""
    shape = canvas.image.shape
    shade = np.exp(0.16 * smooth_field(scenery, shape, 4, 2.0))
    # Surface coils: what lies near the skin is brighter.
    shade *= 1 + 0.45 * np.clip(1 - canvas.depth(outlines.skin) / 60, 0, 1)
    shade *= scenery.normal(1, 0.04, (shape[0], 1, 1)).astype(np.float32)
    signal = canvas.image * shade
    sigma = np.float32(scenery.uniform(4, 9))
    real, imaginary = noise.standard_normal((2, *shape), np.float32) * sigma
    magnitude = np.sqrt((signal + real) ** 2 + imaginary**2)
    image: NDArray[np.int16] = np.clip(np.rint(magnitude), 0, _BRIGHTEST).astype(np.int16)
    return image
