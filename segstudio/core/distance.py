"""Signed distance maps: how far every voxel is from the contour of each class."""

import math
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError, near_names

Convention = Literal["voxel", "contour", "face"]
Absent = Literal["zero", "constant"]

FAR = 20.0  # what an absent class costs with absent="constant", unless another distance is given


def signed_distance(
    labels: NDArray[np.integer],
    spacing: Sequence[float],
    *,
    classes: Sequence[int] | None = None,
    per_plane: bool = False,
    convention: Convention = "voxel",
    absent: Absent = "zero",
    absent_distance: float = FAR,
) -> NDArray[np.float32]:
    """Return φ, the signed distance to the contour of every class, in mm.

    φ(q) = −D(q) on the class and +D(q) off it. Where D(q) is measured to goes by the
    `convention`; along a line with a spacing of 2 and the class in its middle they give:

    ===========  ============================================  ========================
    labels                                                      0  0  0  1  1  1  0  0
    ===========  ============================================  ========================
    ``voxel``    to the centre of the nearest voxel of the      6  4  2 −2 −4 −2  2  4
                 other side: at least one step, 0 nowhere
    ``contour``  to the nearest voxel of the class that has     6  4  2  0 −2  0  2  4
                 a face on the outside: 0 on those voxels
    ``face``     to the nearest point of the other side's       5  3  1 −1 −3 −1  1  3
                 voxels, which lies on one of their faces
    ===========  ============================================  ========================

    Parameters
    ----------
    labels : ndarray of int, shape (Y, X) or (Z, Y, X)
        Class indices, of any integer dtype and memory layout.
    spacing : sequence of float
        Distance between voxel centres in mm, one number per axis of `labels`, in the same order;
        ones for a map in voxels.
    classes : sequence of int, optional
        The classes to measure, in the order of the result. By default 0 to the largest that
        occurs; name them where the number of maps has to be the same for every case, or where
        voxels are ignored.
    per_plane : bool
        Measure every plane of a volume for itself, as a 2-D network's loss sees it.
    convention : {'voxel', 'contour', 'face'}
        What is measured to.
    absent : {'zero', 'constant'}
        What a class without a contour has, because it is absent or fills the image. ``'zero'``:
        a distance loss then neither rewards nor punishes anything there. ``'constant'``: the
        map is +`absent_distance` where the class is absent, so that false positives cost, and
        −`absent_distance` where it fills the image. With `per_plane` this holds plane by plane.
    absent_distance : float
        In the unit of `spacing`; positive.

    Returns
    -------
    ndarray of float32, shape (K, Y, X) or (K, Z, Y, X)
        One map per class, in the unit of `spacing`.

    Raises
    ------
    InputError
        The labels are not integers, are empty or have another number of axes; the spacing has
        another length, or is not positive and finite; the convention is unknown.

    Notes
    -----
    Beside the result this takes one byte per voxel (and with ``'contour'`` a second map of one
    class), and a copy of labels that are not in C order. The GIL is free throughout; `warm_up`
    says what the first call does.

    A voxel that is to be ignored is of none of the classes: each is measured from its own voxels
    as they are, up to where the truth stops being known.

    The boundary-loss repository subtracts the constant 1 inside, which makes the map positive
    inside where the spacing is below 1; ``'contour'`` is what it means, for any spacing.
    """
    # Deferred: numba takes longer to load than a window should wait for.
    from segstudio.core.envelope import signed_map

    steps = _checked_steps(labels, spacing)
    _check_words(convention, absent, absent_distance)
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
            part, out = target[z : z + depth], phi[z : z + depth]
            signed_map(part, *steps, convention == "face", out)
            if convention == "contour":
                _measure_to_contour(part, steps, out)
            if absent == "constant" and not _has_two_sides(part):
                out[:] = -absent_distance if part.flat[0] else absent_distance
    return maps


def halves(sdm: NDArray[np.floating]) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Return φ_t and φ_bg: the map's distances on the target and on the background.

    Parameters
    ----------
    sdm : ndarray of float, any shape
        Signed distance maps.

    Returns
    -------
    (ndarray, ndarray)
        Both ≥ 0 and of the same shape; φ_t is 0 off the target, φ_bg is 0 on it. Both are 0
        everywhere for a class without a contour.
    """
    return np.maximum(-sdm, 0), np.maximum(sdm, 0)


def warm_up() -> None:
    """Compile the kernel, or load it from numba's cache.

    The first `signed_distance` of a process does this otherwise, and holds the GIL meanwhile:
    seconds to compile, a fraction of one to load. A program calls this once, early, in a thread.
    """
    signed_distance(np.eye(2, dtype=np.uint8), (1.0, 1.0))


def _measure_to_contour(
    target: NDArray[np.bool_], steps: tuple[float, float, float], phi: NDArray[np.float32]
) -> None:
    """Replace a map's inside by minus the distance to the target's own outermost voxels."""
    from segstudio.core.envelope import signed_map

    if not _has_two_sides(target):
        return
    inner = _inner(target)
    contour = target & ~inner
    away = np.empty_like(phi)
    signed_map(contour, *steps, False, away)
    np.negative(away, out=phi, where=inner)
    phi[contour] = 0.0


def _inner(target: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the voxels whose neighbours across every face are of the target too."""
    inner = target.copy()
    for axis in range(target.ndim):
        ahead = [slice(None)] * target.ndim
        behind = [slice(None)] * target.ndim
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        inner[tuple(ahead)] &= target[tuple(behind)]
        inner[tuple(behind)] &= target[tuple(ahead)]
    return inner


def _has_two_sides(target: NDArray[np.bool_]) -> bool:
    return bool(target.any()) and not bool(target.all())


def _check_words(convention: str, absent: str, absent_distance: float) -> None:
    for word, known, what in (
        (convention, get_args(Convention), "convention"),
        (absent, get_args(Absent), "way to treat an absent class"),
    ):
        if word not in known:
            raise InputError(f"There is no {what} '{word}'. {near_names(word, known)}")
    if not (math.isfinite(absent_distance) and absent_distance > 0):
        raise InputError(
            f"The distance of an absent class, {absent_distance}, has to be positive and finite."
        )


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
