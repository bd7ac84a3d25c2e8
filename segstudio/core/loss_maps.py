"""The distance maps a loss sees: signed distances, reshaped on request."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import scipy  # its parts load where they are used: a window need not wait for them
from numpy.typing import NDArray

from segstudio.core.distance import FAR, Absent, Convention, signed_distance
from segstudio.core.errors import InputError, near_names
from segstudio.core.pieces import label_pieces

Unit = Literal["mm", "voxels"]
Pieces = Literal["as they are", "equal depth", "equal weight"]


@dataclass(frozen=True)
class MapOptions:
    """How the maps of a loss are measured and shaped, in the order of application.

    Attributes
    ----------
    unit : {'mm', 'voxels'}
        ``'voxels'`` takes one step along every axis as 1, whatever its length.
    convention : {'voxel', 'contour', 'face'}
        See `signed_distance`.
    absent : {'zero', 'constant'}
        See `signed_distance`.
    absent_distance : float
        In `unit`.
    floor : float
        The least distance a voxel of the class has inside, in `unit`, so that a contour of zeros
        or a tiny piece is not lost. 0: none. To the nearest voxel of another class it is one step
        anyway.
    pieces : {'as they are', 'equal depth', 'equal weight'}
        Whether each connected piece of a class is scaled by a factor of its own, and the
        background nearest to it by the same. ``'equal depth'``: the deepest voxel of every piece
        is at 1, so that small pieces are as steep as large ones. ``'equal weight'``: the
        distances inside every piece sum to what they sum to on average, so that a lesion of
        three voxels weighs like the largest.
    cap : float
        The largest distance, on both sides, in `unit`, or in depths where they are equal. 0:
        none. Beyond it all voxels weigh alike, and far background no more than near.
    root : bool
        Whether to take the square root of distances, signs kept.

    Raises
    ------
    InputError
        A word is unknown or a number negative.
    """

    unit: Unit = "mm"
    convention: Convention = "voxel"
    absent: Absent = "zero"
    absent_distance: float = FAR
    pieces: Pieces = "as they are"
    floor: float = 0.0
    cap: float = 0.0
    root: bool = False

    def __post_init__(self) -> None:
        for word, known, what in (
            (self.unit, get_args(Unit), "unit of maps"),
            (self.convention, get_args(Convention), "convention of maps"),
            (self.absent, get_args(Absent), "way to treat an absent class"),
            (self.pieces, get_args(Pieces), "way to scale pieces"),
        ):
            if word not in known:
                raise InputError(f"There is no {what} '{word}'. {near_names(word, known)}")
        for name in ("floor", "cap", "absent_distance"):
            if not 0 <= getattr(self, name) < math.inf:
                raise InputError(
                    f"The {name} of maps, {getattr(self, name)}, is not a number from 0 up."
                )
        if not self.absent_distance:
            raise InputError("The absent_distance of maps is 0: say absent = 'zero' instead.")

    def in_unit(self, spacing: Sequence[float]) -> tuple[float, ...]:
        """Return a spacing in mm in the unit of the maps."""
        return (1.0,) * len(spacing) if self.unit == "voxels" else tuple(spacing)

    def words(self, *, with_convention: bool = True) -> list[str]:
        """Return what the options say, in words."""
        said = [f"in {self.unit}"]
        if with_convention:
            said.append(f"to the nearest {self.convention}")
        if self.absent == "constant":
            said.append(f"absent {self.absent_distance:g}")
        if self.pieces != "as they are":
            said.append(f"pieces of {self.pieces}")
        said += [
            f"{name} {getattr(self, name):g}" for name in ("floor", "cap") if getattr(self, name)
        ]
        return [*said, "square root"] if self.root else said


def loss_maps(
    labels: NDArray[np.integer],
    spacing: Sequence[float],
    classes: Sequence[int],
    options: MapOptions,
    *,
    per_plane: bool = False,
) -> NDArray[np.float32]:
    """Return the maps of some classes as a loss with these options sees them.

    Parameters
    ----------
    labels : ndarray of int, shape (Y, X) or (Z, Y, X)
        Class indices.
    spacing : sequence of float
        In mm, along the axes of `labels`.
    classes : sequence of int
        In the order of the result.
    options : MapOptions
        How to measure and shape.
    per_plane : bool
        Whether each plane is measured, and cut into pieces, for itself.

    Returns
    -------
    ndarray of float32, shape (K, Y, X) or (K, Z, Y, X)
        Negative inside, positive outside.

    Raises
    ------
    InputError
        See `signed_distance`.
    """
    steps = options.in_unit(spacing)
    maps = signed_distance(
        labels,
        steps,
        classes=classes,
        per_plane=per_plane,
        convention=options.convention,
        absent=options.absent,
        absent_distance=options.absent_distance,
    )
    in_planes = per_plane and labels.ndim == 3
    for value, phi in zip(classes, maps, strict=True):
        for part, out in zip(labels, phi, strict=True) if in_planes else [(labels, phi)]:
            _reshape(part == value, steps[1:] if in_planes else steps, options, out)
    if options.cap:
        np.clip(maps, -options.cap, options.cap, out=maps)
    if options.root:
        np.copysign(np.sqrt(np.abs(maps)), maps, out=maps)
    return maps


def map_margin(options: MapOptions, spacing: Sequence[float]) -> tuple[int, ...] | None:
    """Return how many voxels around a patch decide its maps, along each axis.

    None: all of the volume does. A distance that is capped is decided by what lies within the
    cap; one that is not, or is scaled by piece, by anything however far.
    """
    if not options.cap or options.pieces != "as they are":
        return None
    return tuple(math.ceil(options.cap / step) + 1 for step in options.in_unit(spacing))


def mend_far_classes(
    maps: NDArray[np.float32],
    labels: NDArray[np.integer],
    counts: NDArray[np.integer],
    total: int,
    options: MapOptions,
) -> None:
    """Write the cap where a class has no contour in a part of a volume, but has one elsewhere.

    Parameters
    ----------
    maps : ndarray of float32, shape (K, Z, Y, X)
        Of a patch and the `map_margin` around it; changed in place.
    labels : ndarray of int, shape (Z, Y, X)
        Class indices there.
    counts : ndarray of int, shape (K,)
        Voxels of each class in the whole volume.
    total : int
        All voxels of that volume, of no class too.
    options : MapOptions
        As the maps were made with.
    """
    if map_margin(options, (1.0,) * labels.ndim) is None:
        return
    far = math.sqrt(options.cap) if options.root else options.cap
    here = np.bincount(labels.ravel(), minlength=len(counts))
    for value, phi in enumerate(maps):
        if here[value] == 0 and counts[value] > 0:
            phi[:] = far
        elif here[value] == labels.size and counts[value] < total:
            phi[:] = -far


def _reshape(
    mask: NDArray[np.bool_], steps: Sequence[float], options: MapOptions, phi: NDArray[np.float32]
) -> None:
    """Raise a map to its floor and scale its pieces, in place."""
    if not mask.any() or mask.all():
        return
    if options.floor:
        np.minimum(phi, -options.floor, out=phi, where=mask)
    if options.pieces != "as they are":
        _scale_pieces(mask, steps, options.pieces, phi)


def _scale_pieces(
    mask: NDArray[np.bool_], steps: Sequence[float], how: Pieces, phi: NDArray[np.float32]
) -> None:
    """Divide a map by the depth or the weight of the piece that is nearest to each voxel."""
    numbers, count = label_pieces(mask)
    inside = np.maximum(-phi, 0)
    if how == "equal depth":
        size = np.asarray(scipy.ndimage.maximum(inside, numbers, range(1, count + 1)))
    else:
        weights = np.asarray(scipy.ndimage.sum(inside, numbers, range(1, count + 1)))
        size = weights / (weights[weights > 0].mean() if weights.any() else 1.0)
    # A piece without any depth, all contour, has nothing to be scaled by.
    factors = np.array([1.0, *(1.0 / s if s > 0 else 1.0 for s in size)], np.float32)
    away = scipy.ndimage.distance_transform_edt(
        ~mask, sampling=steps, return_distances=False, return_indices=True
    )
    phi *= factors[numbers[tuple(away)]]
