"""The measures of a generated brain: its surface, folds and ventricles, in mm.

z runs from below the cerebellum to the top, y to the back and x to the patient's left, y and x
from the middle of the brain. Sizes were matched to three patients with white matter lesions.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from segstudio.data.phantoms.canvas import ANGLES, Array, Canvas, smooth_field

STACK_MM = 128.0
FIELD_MM = 240.0
FAR = 80.0
_BLEND = np.float32(1.6)
_DEPTHS, _TURN = 16, 256  # of the field of folds: bins of 2.5 mm, and about the axis

# The lateral ventricle of one side: tubes between places (x, y, z), and the radii at their ends.
_HORN, _FRONT, _MIDDLE, _BODY = (15, -33, 78), (8, -19, 81), (9, 0, 85), (14, 17, 87)
_TRIGONE, _TEMPORAL, _OCCIPITAL = (24, 32, 79), (34, 2, 56), (24, 55, 73)
_TUBES = (
    (_HORN, _FRONT, 2.6, 4.6),
    (_FRONT, _MIDDLE, 4.6, 4.4),
    (_MIDDLE, _BODY, 4.4, 4.8),
    (_BODY, _TRIGONE, 4.8, 6.0),
    (_TRIGONE, _TEMPORAL, 4.0, 1.6),
    (_TRIGONE, _OCCIPITAL, 4.5, 1.2),
)
_TALL = np.array([1.0, 1.0, 0.55], np.float32)  # nearly twice as high as wide


@dataclass(frozen=True)
class Brain:
    """Where the voxels of one brain lie, each array broadcast to (Z, Y, X), float32, mm.

    ``depth`` is how deep under the surface of brain and stripped fluid a voxel lies, negative
    outside; ``fold`` how far it is from the middle of the nearest sulcus and ``groove`` how far
    that one is open there, or less than 0 where it has ended; ``ventricle`` how far it lies
    outside a lateral ventricle, at most `FAR`, negative inside.
    """

    x: Array
    y: Array
    z: Array
    depth: Array
    fold: Array
    groove: Array
    ventricle: Array

    @property
    def places(self) -> tuple[Array, Array, Array]:
        """Where the voxels lie, x, y and z."""
        return self.x, self.y, self.z


def plane_heights(n_planes: int) -> Array:
    """Return the height of each plane, (Z,): one alone cuts the lateral ventricles."""
    thick = STACK_MM / n_planes
    heights = (np.arange(n_planes) + 0.5) * thick if n_planes > 1 else np.array([87.0])
    return heights.astype(np.float32)


def draw_brain(rng: np.random.Generator, canvas: Canvas) -> Brain:
    """Return a brain on a canvas.

    Parameters
    ----------
    rng : Generator
        Draws its sizes and folds.
    canvas : Canvas
        About the middle of the brain.
    """
    shape = canvas.image.shape
    size = rng.normal(0.965, 0.025, 3).clip(0.91, 1.02).astype(np.float32)
    height = (plane_heights(shape[0]) + float(rng.normal(0, 2.5)))[:, None, None]
    # Warped coordinates make simple shapes irregular, and the halves unlike each other.
    x = canvas.x / size[0] + 1.2 * smooth_field(rng, shape, 12, 4.0)
    y = canvas.y / size[1] + 1.2 * smooth_field(rng, shape, 12, 4.0)
    z = height / size[2] + 1.5 * smooth_field(rng, shape, 8, 3.0)
    depth = _surface(x, y, z) + 0.4 * smooth_field(rng, shape, 40, 20.0)
    fold, groove = _folds(rng, canvas, (x, y, z), depth)
    width = float(np.clip(np.exp(rng.normal(0.1, 0.35)), 0.65, 2.1))
    ventricle = _ventricles((x, y, z), width, rng)
    return Brain(x, y, z, depth, fold, groove, ventricle)


def _ellipsoid(
    offsets: tuple[Array, Array, Array], radii: tuple[Any, Any, Any], power: float = 1.0
) -> Array:
    """Return how deep in an ellipsoid voxels lie, about; offsets and radii in x, y, z.

    A ``power`` above 1 makes it more like a box.
    """
    parts = (np.square(o / r) for o, r in zip(offsets, radii, strict=True))
    square = sum(p**power if power != 1 else p for p in parts)
    depth: Array = (1 - square ** np.float32(0.5 / power)) * np.float32(0.7 * np.min(radii[0]))
    return depth


def _surface(x: Array, y: Array, z: Array) -> Array:
    """Return the depth under the surface of cerebrum, temporal lobes, cerebellum and stem."""
    ahead = np.clip((8 - y) / 90, 0, 1)
    half = 67 * (1 - 0.13 * ahead**2) * (1 - 0.05 * np.clip((y - 40) / 45, 0, 1))
    up = np.where(z > 66, 68, 27).astype(np.float32)
    depth = _ellipsoid((x, y, z - 66), (half, 87, up), 1.17)
    side = np.abs(x) - 40
    lobe = _ellipsoid((side, y + 12 - 0.3 * (z - 40), z - 47), (27, 47, 29))
    cerebellum = _ellipsoid((x, y - 46, z - 26), (54, 35, 33))
    cerebellum -= 5 * np.exp(-np.square(x / 5)) * np.clip((y - 52) / 20, 0, 1.5)
    stem = _ellipsoid((x, y - 8, z - 28), (16, 15, 45))
    return np.maximum(np.maximum(depth, lobe), np.maximum(cerebellum, stem))


def _folds(
    rng: np.random.Generator,
    canvas: Canvas,
    place: tuple[Array, Array, Array],
    depth: Array,
) -> tuple[Array, Array]:
    """Return the distance to the middle of a sulcus, and half its width; see `Brain`.

    Sulci are the zeros of a field that changes along the surface more than into the depth.
    """
    shape = canvas.image.shape
    x, y, z = place
    cleft = np.abs(x) + 60 * np.clip(1.1 - ((y - 3) / 40) ** 2 - ((z - 70) / 24) ** 2, 0, 1)
    near = np.minimum(depth, cleft)
    # Near the axis all angles meet: there the folds run anywhere.
    radial = 0.85 * np.clip(canvas.radius / 45, 0, 1)
    across = radial * _radial_field(rng, canvas, near)
    across += (1.2 - 0.65 * radial) * smooth_field(rng, shape, 40, 30.0)
    # A field of deviation 1 and of this fineness rises by 1 in about four millimetres.
    fold = np.abs(across) * np.float32(4.0)
    reach = np.maximum(11 + 4.5 * smooth_field(rng, shape, 16, 8.0), 3)
    atrophy = rng.uniform(0.7, 1.3)
    groove = atrophy * 1.9 * (1 - near / reach)
    middle = cleft < fold
    return np.where(middle, cleft, fold), np.where(middle, 0.9 * atrophy, groove)


def _radial_field(rng: np.random.Generator, canvas: Canvas, depth: Array) -> Array:
    """Return a random field of deviation 1, finer along the surface than into the depth."""
    n_planes = len(depth)
    noise = rng.standard_normal((n_planes, _DEPTHS, _TURN), np.float32)
    blur = (3.75 / STACK_MM * n_planes, 2.6, 2.0)
    table = gaussian_filter(noise, blur, mode=("nearest", "nearest", "wrap"), truncate=3)
    table /= table.std()
    padded = np.concatenate([table, table[:, :, :1]], axis=2)
    planes = np.broadcast_to(np.arange(n_planes, dtype=np.float32)[:, None, None], depth.shape)
    turn = canvas.cell % ANGLES * np.float32(_TURN / ANGLES)
    field: Array = map_coordinates(
        padded, np.stack([planes, np.clip(depth / 2.5, 0, _DEPTHS - 1), turn]), order=1
    )
    return field


def _ventricles(place: tuple[Array, Array, Array], width: float, rng: np.random.Generator) -> Array:
    """Return the distance from the lateral ventricles, negative inside, at most `FAR`."""
    x, y, z = place
    distance = np.full(x.shape, FAR, np.float32)
    rows = np.flatnonzero((np.abs(y) < 85).any(axis=(0, 2)))
    columns = np.flatnonzero((np.abs(x) < 62).any(axis=(0, 1)))
    planes = np.flatnonzero((np.abs(z - 79) < 44).any(axis=(1, 2)))
    if planes.size == 0:
        return distance
    window = tuple(slice(k[0], k[-1] + 1) for k in (planes, rows, columns))
    side = np.where(x[window] < 0, np.float32(-1), np.float32(1))
    swell = np.float32(width) * (1 + np.float32(rng.normal(0, 0.08)) * side)
    here = side * x[window], y[window], z[window]
    # A sum of exponentials is a smooth minimum: the tubes flow into each other.
    total = np.zeros(here[0].shape, np.float32)
    for start, end, first, last in _TUBES:
        off, along = _from_tube(here, start, end)
        off -= (first + (last - first) * along) * swell
        total += np.exp(np.clip(-off / _BLEND, -60, 40))
    # The sides never meet: a septum parts them.
    distance[window] = np.maximum(-_BLEND * np.log(total + 1e-26), 1.2 - here[0])
    return distance


def _from_tube(
    here: tuple[Array, Array, Array], start: tuple[int, ...], end: tuple[int, ...]
) -> tuple[Array, Array]:
    """Return the distance from the line between two places ``(x, y, z)``, and where along it."""
    origin = np.array(start, np.float32)
    axis = (np.array(end, np.float32) - origin) * _TALL
    off = [(h - s) * t for h, s, t in zip(here, origin, _TALL, strict=True)]
    along = sum(o * (a / (axis @ axis)) for o, a in zip(off, axis, strict=True))
    along = np.clip(along, 0, 1)
    square = sum((o - along * a) ** 2 for o, a in zip(off, axis, strict=True))
    return np.sqrt(square), along
