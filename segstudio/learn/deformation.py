"""One deformation of space, through which an image and its labels are taken alike."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy  # its parts load where they are used: a window need not wait for them
from numpy.typing import NDArray

Array = NDArray[np.float64]
Image = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Deformation:
    """Where a voxel o of the augmented image is taken from: c + A (o − c + u(o)) + t, in voxels.

    One mapping of all voxels, however far: which box is asked for changes nothing.

    Attributes
    ----------
    matrix, center, shift : ndarray, shape (ndim, ndim), (ndim,) and (ndim,), float64
        A, c and t.
    control : ndarray, shape (ndim, *points), float32, or None
        A u at the control points, along each axis three more than there are cells.
    size : tuple of int
        Voxels that the cells span, c in their middle; beyond, u stays as it is at the edge.
    """

    matrix: Array
    center: Array
    shift: Array
    control: Image | None = None
    size: tuple[int, ...] = ()

    @classmethod
    def identity(cls, ndim: int) -> "Deformation":
        """Return the deformation that changes nothing."""
        return cls(np.eye(ndim), np.zeros(ndim), np.zeros(ndim))

    @property
    def is_identity(self) -> bool:
        """Whether every voxel stays where it is."""
        return self.mirrored is not None and not any(self.mirrored)

    @property
    def mirrored(self) -> tuple[bool, ...] | None:
        """Which axes are mirrored, if that is all and voxels fall on voxels; else None."""
        flips = np.diag(self.matrix) < 0
        is_plain = self.control is None and not self.shift.any()
        if not is_plain or (np.abs(self.matrix) != np.eye(len(flips))).any():
            return None
        return None if (2 * self.center[flips] % 1).any() else tuple(flips.tolist())

    def coordinates(self, start: Sequence[int], shape: Sequence[int]) -> Image:
        """Return the source coordinates ``(ndim, *shape)``, in voxels, of the voxels of a box.

        Parameters
        ----------
        start, shape : sequence of int
            First voxel and size of the box, which may reach beyond the image.
        """
        axes = [np.arange(s, s + n) for s, n in zip(start, shape, strict=True)]
        offsets = np.ix_(*(axis - c for axis, c in zip(axes, self.center, strict=True)))
        found = np.zeros((len(axes), *shape), np.float32)
        if self.control is not None:
            found = self._elastic(self.control, axes)
        for row, origin, target in zip(self.matrix, self.center + self.shift, found, strict=True):
            *terms, last = (a * o for a, o in zip(row, offsets, strict=True))
            # In place, by two steps: a temporary array of this size costs as much as the sum.
            np.add(target, (origin + sum(terms)).astype(np.float32), out=target)
            np.add(target, last.astype(np.float32), out=target)
        return found

    def _elastic(self, field: Image, axes: Sequence[NDArray[np.intp]]) -> Image:
        """Return A u at some indices along each axis."""
        for axis, c, size in zip(axes, self.center, self.size, strict=True):
            cells = field.shape[1] - 3
            weights = _spline_weights((axis - c + size / 2) * (cells / size), cells)
            # Not by BLAS, whose threads belong to the training and whose sums depend on the box.
            field = np.ascontiguousarray(np.moveaxis(field, 1, -1))
            field = np.einsum("d...k,kn->d...n", field, weights)
        return field


def _spline_weights(places: Array, cells: int) -> Image:
    """Return the weights ``(cells + 3, n)`` of cubic B-splines at places from 0 to `cells`."""
    away = np.abs(np.clip(places, 0, cells) - np.arange(-1, cells + 2)[:, None])
    weights: Array = np.maximum(2 - away, 0) ** 3 - 4 * np.maximum(1 - away, 0) ** 3
    return np.asarray(weights / 6, np.float32)


def take(
    array: NDArray[Any],
    deformation: Deformation,
    start: Sequence[int],
    shape: Sequence[int],
    *,
    order: int,
    fill: float,
) -> NDArray[Any]:
    """Return a box ``(..., *shape)`` of a deformed array ``(..., *space)``, as a new array.

    Where axes are only mirrored, voxels are copied.

    Parameters
    ----------
    start, shape : sequence of int
        First voxel and size of the box, which may reach beyond the array.
    order : {0, 1}
        0, the nearest voxel, for labels of any type; 1, linear, for images, float32.
    fill : float
        What lies outside the array.
    """
    ndim, flips = len(shape), deformation.mirrored
    if flips is not None:
        places = zip(flips, deformation.center, start, shape, strict=True)
        low = [round(2 * c) - s - n + 1 if flip else s for flip, c, s, n in places]
        steps: list[Any] = [slice(None, None, -1 if flip else 1) for flip in flips]
        box = _cut(array, low, shape, fill)[(..., *steps)]
        return np.ascontiguousarray(box, np.float32 if order else array.dtype)
    if ndim > 2 and shape[0] > 1:
        # Plane by plane: the coordinates of a volume are many times as large as its labels.
        planes = [((z, *start[1:]), (1, *shape[1:])) for z in range(start[0], start[0] + shape[0])]
        taken = [take(array, deformation, *box, order=order, fill=fill) for box in planes]
        return np.concatenate(taken, axis=-ndim)
    return _interpolated(array, deformation.coordinates(start, shape), order, fill)


def _interpolated(array: NDArray[Any], where: Image, order: int, fill: float) -> NDArray[Any]:
    """Return what lies at coordinates ``(ndim, *shape)``, which are used up."""
    ndim = len(where)
    # One voxel of `fill` around the array, beyond it the nearest: as if all outside were `fill`.
    ends = list(zip(where, array.shape[-ndim:], strict=True))
    low = [max(-1, min(n, math.floor(w.min()))) for w, n in ends]
    high = [max(-1, min(n, math.ceil(w.max()))) for w, n in ends]
    block = _cut(array, low, [b - a + 1 for a, b in zip(low, high, strict=True)], fill)
    where -= np.array(low, np.float32).reshape(-1, *(1,) * ndim)
    if ndim > 2 and low[0] == high[0]:
        # A plane that stays a plane is interpolated as one, in half the time.
        block, where = block[..., 0, :, :], where[1:]
    if order == 0:
        return _nearest(block, where)
    block = block.astype(np.float32, copy=False)
    found = np.empty((*array.shape[:-ndim], *where.shape[1:]), np.float32)
    for i in np.ndindex(array.shape[:-ndim]):
        scipy.ndimage.map_coordinates(block[i], where, found[i], order=1, mode="nearest")
    return found


def _nearest(block: NDArray[Any], where: Image) -> NDArray[Any]:
    """Return the voxels nearest to coordinates, as scipy does in five times the time."""
    shape = block.shape[-len(where) :]
    index = np.zeros(where.shape[1:], np.intp)
    for w, n in zip(np.rint(where, out=where), shape, strict=True):
        index *= n
        index += w.clip(0, n - 1, out=w).astype(np.intp)
    return block.reshape(*block.shape[: -len(shape)], -1).take(index, axis=-1)


def _cut(
    array: NDArray[Any], low: Sequence[int], shape: Sequence[int], fill: float
) -> NDArray[Any]:
    """Return a box of an array ``(..., *space)``, filled where it reaches beyond, as a new one."""
    axes = list(zip(low, shape, array.shape[-len(shape) :], strict=True))
    block = np.full((*array.shape[: -len(shape)], *shape), fill, array.dtype)
    inside = [(min(max(a, 0), n), min(max(a + s, 0), n)) for a, s, n in axes]
    place: list[Any] = [slice(a - o, b - o) for (a, b), o in zip(inside, low, strict=True)]
    source: list[Any] = [slice(a, b) for a, b in inside]
    if all(a < b for a, b in inside):
        block[(..., *place)] = array[(..., *source)]
    return block
