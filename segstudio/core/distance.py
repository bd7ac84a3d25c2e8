"""Signed distance maps: how far every voxel is from the contour of each class."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError


def signed_distance(
    labels: NDArray[np.integer],
    spacing: Sequence[float],
    *,
    classes: Sequence[int] | None = None,
    per_plane: bool = False,
) -> NDArray[np.float32]:
    """Return φ, the signed distance to the contour of every class, in mm.

    φ(q) = −D(q) on the class and +D(q) off it, where D(q) is the Euclidean distance from the
    centre of voxel q to the centre of the nearest voxel on the other side. Between centres there
    is always at least one step, so φ is 0 nowhere but in a map without a contour.

    Parameters
    ----------
    labels : ndarray of int, shape (Y, X) or (Z, Y, X)
        Class indices, of any integer dtype and memory layout.
    spacing : sequence of float
        Distance between voxel centres in mm, one number per axis of `labels`, in the same order.
    classes : sequence of int, optional
        The classes to measure, in the order of the result. By default 0 to the largest that
        occurs; name them where the number of maps has to be the same for every case.
    per_plane : bool
        Measure every plane of a volume for itself, as a 2-D network's loss sees it.

    Returns
    -------
    ndarray of float32, shape (K, Y, X) or (K, Z, Y, X)
        One map per class, in mm. A class without a contour, because it is absent or fills the
        image, has a map of zeros: a distance loss then neither rewards nor punishes anything
        there. With `per_plane` this holds plane by plane.

    Raises
    ------
    InputError
        The labels are not integers, are empty or have another number of axes; the spacing has
        another length, or is not positive and finite.

    Notes
    -----
    Beside the result this takes one byte per voxel, and a copy of labels that are not in C order.
    The GIL is free throughout; `warm_up` says what the first call does.
    """
    # Deferred: numba takes longer to load than a window should wait for.
    from segstudio.core.envelope import signed_map

    steps = _checked_steps(labels, spacing)
    values = range(int(labels.max()) + 1) if classes is None else classes
    maps = np.empty((len(values), *labels.shape), np.float32)
    # The kernel sees this mask only, so one compiled version serves every dtype and layout.
    mask = np.empty(labels.shape, np.bool_)
    # Comparing across the memory's order is slow: turn it once, not once per class.
    labels = np.ascontiguousarray(labels)
    target = mask if labels.ndim == 3 else mask[np.newaxis]
    depth = 1 if per_plane else len(target)
    for value, phi in zip(values, maps.reshape(len(maps), *target.shape), strict=True):
        np.equal(labels, value, out=mask)
        for z in range(0, len(target), depth):
            signed_map(target[z : z + depth], *steps, phi[z : z + depth])
    return maps


def warm_up() -> None:
    """Compile the kernel, or load it from numba's cache.

    The first `signed_distance` of a process does this otherwise, and holds the GIL meanwhile:
    seconds to compile, a fraction of one to load. A program calls this once, early, in a thread.
    """
    signed_distance(np.eye(2, dtype=np.uint8), (1.0, 1.0))


def _checked_steps(
    labels: NDArray[np.integer], spacing: Sequence[float]
) -> tuple[float, float, float]:
    """Return the spacing along (Z, Y, X), or raise `InputError`."""
    if labels.dtype.kind not in "biu":
        raise InputError(f"Labels have to be integers to be measured, not {labels.dtype}.")
    if labels.ndim not in (2, 3) or labels.size == 0:
        raise InputError(
            f"Labels of shape {labels.shape} cannot be measured: "
            "give one image (Y, X) or one volume (Z, Y, X), with at least one voxel."
        )
    steps = tuple(float(step) for step in spacing)
    if len(steps) != labels.ndim:
        raise InputError(
            f"The spacing {steps} has {len(steps)} numbers for labels with {labels.ndim} axes: "
            "give one number per axis, in the same order."
        )
    if not all(math.isfinite(step) and step > 0 for step in steps):
        raise InputError(
            f"The spacing {steps} has to be positive and finite along every axis. "
            "Correct it in the file's header or give the true one."
        )
    return (steps[0], steps[1], steps[2]) if len(steps) == 3 else (1.0, steps[0], steps[1])
