"""Smoother outlines, class by class and without gaps between classes that touch."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy  # its parts load where they are used: a window need not wait for them
from numpy.typing import NDArray

from segstudio.core.distance import signed_distance
from segstudio.core.editing.box import (
    check_axis,
    check_length,
    check_spacing,
    class_box,
    in_classes,
    voxels_across,
)
from segstudio.core.editing.brush import brush_voxels
from segstudio.core.editing.edit import Edit, Labels, edit_to, no_edit

_TRUNCATE = 3.0  # standard deviations that a Gaussian reaches
# From labels and a class to how much speaks against each voxel being of it.
Cost = Callable[[Labels, int], NDArray[Any]]


def smooth_by_distance(
    labels: Labels,
    spacing: Sequence[float],
    sigma_mm: float,
    *,
    classes: Sequence[int] | None = None,
    plane_axis: int | None = None,
) -> Edit:
    """Return the edit that smooths outlines by a Gaussian of their signed distance.

    Every class, background among them, has its signed distance smoothed, and a voxel becomes of
    the class whose is lowest: what touches goes on touching. What is thinner than the Gaussian
    is wide gets lost.

    Parameters
    ----------
    labels : ndarray of int, shape (Z, Y, X)
    spacing : sequence of float
        In mm, along the axes of `labels`.
    sigma_mm : float
        Standard deviation of the Gaussian.
    classes : sequence of int, optional
        By default all but 0 that occur. Voxels of others stay as they are.
    plane_axis : int, optional
        Smooth each plane across this axis for itself; by default the volume as a whole.

    Returns
    -------
    Edit

    Raises
    ------
    InputError
        The spacing does not fit, there is no such axis, or `sigma_mm` is not positive.
    """
    _check(labels, spacing, sigma_mm, plane_axis)
    far = math.hypot(*(n * step for n, step in zip(labels.shape, spacing, strict=True)))
    front = plane_axis or 0
    steps = [spacing[front], *(step for a, step in enumerate(spacing) if a != front)]
    sigma = [sigma_mm / step for step in steps]
    if plane_axis is not None:
        sigma[0] = 0.0

    def smoothed(here: Labels, value: int) -> NDArray[np.float32]:
        phi = signed_distance(
            np.moveaxis(here, front, 0),
            steps,
            classes=[value],
            per_plane=plane_axis is not None,
            convention="face",
            absent="constant",
            absent_distance=far,
        )[0]
        scipy.ndimage.gaussian_filter(phi, sigma, mode="nearest", truncate=_TRUNCATE, output=phi)
        return np.moveaxis(phi, 0, front)

    return _cheapest(labels, classes, voxels_across(_TRUNCATE * sigma_mm, spacing), smoothed)


def smooth_by_majority(
    labels: Labels,
    spacing: Sequence[float],
    radius_mm: float,
    *,
    classes: Sequence[int] | None = None,
    plane_axis: int | None = None,
) -> Edit:
    """Return the edit that gives each voxel the class of most voxels around it.

    For one class this is the median filter. Where as many are of another class, the voxel stays
    as it is; corners get round and single voxels go.

    Parameters
    ----------
    labels, spacing, classes, plane_axis
        As for `smooth_by_distance`, which also says what is returned and raised.
    radius_mm : float
        Of the ball, or with `plane_axis` the disc, whose voxels are counted. At the volume's
        edge the last voxels are counted again.
    """
    _check(labels, spacing, radius_mm, plane_axis)
    reach = voxels_across(radius_mm, spacing)
    _, ball = brush_voxels(
        reach, 2 * radius_mm, spacing, [2 * n + 1 for n in reach], plane_axis=plane_axis
    )
    for axis, length in enumerate(labels.shape):
        if length == 1:  # a disc, whose one plane is not counted again as its own edge
            ball = ball.take([ball.shape[axis] // 2], axis)

    def against(here: Labels, value: int) -> NDArray[np.int32]:
        votes = np.empty(here.shape, np.int32)
        mask = (here == value).astype(np.uint8)
        scipy.ndimage.convolve(mask, ball.astype(np.uint8), output=votes, mode="nearest")
        return -votes

    return _cheapest(labels, classes, reach, against)


def _cheapest(
    labels: Labels, classes: Sequence[int] | None, reach: Sequence[int], cost: Cost
) -> Edit:
    """Return the edit that makes every voxel of the classes and of background the cheapest one."""
    if classes is None:
        classes = [int(value) for value in np.unique(labels) if value > 0]
    box = class_box(labels, classes, [n + 1 for n in reach])
    if box is None:
        return no_edit(labels)
    here = labels[box]
    winner = here.copy()
    own, least = (np.full(here.shape, np.inf, np.float32) for _ in range(2))
    values = [0, *classes]
    for value in values:
        price = cost(here, value)
        np.copyto(own, price, where=here == value)
        winner[price < least] = value
        np.minimum(least, price, out=least)
    # Another class has to be cheaper than the voxel's own, not as cheap.
    changed = (least < own) & in_classes(here, values)
    return edit_to(labels, box, np.where(changed, winner, here))


def _check(
    labels: Labels, spacing: Sequence[float], length_mm: float, plane_axis: int | None
) -> None:
    check_spacing(spacing, labels.ndim)
    check_length(length_mm, "size of the smoothing")
    if plane_axis is not None:
        check_axis(labels.shape, plane_axis)
