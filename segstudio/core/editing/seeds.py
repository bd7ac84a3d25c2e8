"""Classes grown from seeds by the image's edges."""

import math
from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
import scipy  # its parts load where they are used: a window need not wait for them
import skimage  # its parts load where they are used: a window need not wait for them
from numpy.typing import NDArray

from segstudio.core.editing.box import (
    Box,
    box_shape,
    check_spacing,
    class_box,
    full_box,
    voxels_across,
)
from segstudio.core.editing.edit import Edit, Labels, edit_to
from segstudio.core.errors import InputError, near_names

Method = Literal["watershed", "random walker"]

# Neither method can be stopped on its way: so many voxels take it a minute at most.
MOST_VOXELS: dict[Method, int] = {"watershed": 20_000_000, "random walker": 1_000_000}


def grow_from_seeds(
    labels: Labels,
    image: NDArray[Any],
    spacing: Sequence[float],
    *,
    method: Method = "watershed",
    box: Box | None = None,
    allowed: NDArray[np.bool_] | None = None,
    background: int | None = None,
    sigma_mm: float = 1.0,
    beta: float = 130.0,
) -> Edit:
    """Return the edit that gives every unlabelled voxel of a box the class of a seed.

    Parameters
    ----------
    labels : ndarray of int, shape (Z, Y, X)
        The seeds: what is labelled stays, what is 0 is to be labelled.
    image : ndarray, shape (Z, Y, X)
        Intensities.
    spacing : sequence of float
        In mm, along the axes of `labels`.
    method : {'watershed', 'random walker'}
        Flood the gradient's magnitude, fast; or ask at each voxel which seed a walker that
        avoids edges reaches first, which also closes gaps in edges (Grady, 2006).
    box : tuple of slice, optional
        Where to grow; by default `seed_box`.
    allowed : ndarray of bool, of the box's shape, optional
        Where to grow, such as by `where_allowed`; a seed grows around what is not allowed.
    background : int, optional
        The class that marks what is none of the others. It is 0 afterwards, seeds and all.
    sigma_mm : float
        How much the watershed's image is smoothed; 0 for none.
    beta : float
        How much an edge hinders the random walker.

    Returns
    -------
    Edit

    Raises
    ------
    InputError
        There are seeds of less than two classes, the image does not fit, is not finite or is
        the same everywhere, the box is too large for the method, or there is no such method.
    """
    check_spacing(spacing, labels.ndim)
    box = seed_box(labels, spacing) if box is None else full_box(box, labels.shape)
    seeds, part = labels[box], _checked(labels, image, box, method)
    free = np.ones(seeds.shape, np.bool_) if allowed is None else allowed | (seeds > 0)
    if method == "watershed":
        found = skimage.segmentation.watershed(
            _edges(part, spacing, sigma_mm), seeds.astype(np.int32), mask=free
        )
    else:
        found = _walk(part, seeds, free, spacing, beta)
    grown = np.where((seeds == 0) & (found > 0), found, seeds)
    if background is not None:
        grown[grown == background] = 0
    return edit_to(labels, box, grown)


def seed_box(labels: Labels, spacing: Sequence[float], margin_mm: float = 10.0) -> Box:
    """Return the box of everything that is labelled, with a margin on all sides.

    Raises
    ------
    InputError
        Nothing is labelled.
    """
    around = voxels_across(margin_mm, spacing)
    values = [int(value) for value in np.unique(labels) if value > 0]
    box = class_box(labels, values, around) if values else None
    if box is None:
        raise InputError("There are no seeds. Paint some of two classes at least.")
    return box


def _checked(labels: Labels, image: NDArray[Any], box: Box, method: Method) -> NDArray[np.float32]:
    """Return the box's part of an image that can be grown in."""
    if method not in get_args(Method):
        raise InputError(f"There is no way to grow '{method}'. {near_names(method, MOST_VOXELS)}")
    if image.shape != labels.shape:
        raise InputError(
            f"The image of shape {image.shape} does not lie on the grid of labels of shape "
            f"{labels.shape} (planes, rows, columns). Choose one that does."
        )
    seeds = np.unique(labels[box])
    if (seeds > 0).sum() < 2:
        raise InputError(
            "Seeds have to be of two classes at least: paint some in what is to be found, and some "
            "of another class in what is not."
        )
    voxels, most = math.prod(box_shape(box)), MOST_VOXELS[method]
    if voxels > most:
        raise InputError(
            f"The box has {voxels} voxels; the {method} takes {most} at most. Choose a smaller one."
        )
    part = image[box].astype(np.float32)
    if not np.isfinite(part).all():
        raise InputError("The image has voxels here that are no numbers. Choose another box.")
    if part.min() == part.max():
        raise InputError("The image is the same everywhere in the box: nothing stops the growth.")
    return part


def _edges(
    image: NDArray[np.float32], spacing: Sequence[float], sigma_mm: float
) -> NDArray[np.float32]:
    """Return the magnitude of a smoothed image's gradient, per mm."""
    smooth = scipy.ndimage.gaussian_filter(image, [sigma_mm / step for step in spacing])
    squared = np.zeros_like(smooth)
    for axis, step in enumerate(spacing):
        if smooth.shape[axis] > 1:
            squared += np.gradient(smooth, step, axis=axis) ** 2
    return np.sqrt(squared)


def _walk(
    image: NDArray[np.float32],
    seeds: Labels,
    free: NDArray[np.bool_],
    spacing: Sequence[float],
    beta: float,
) -> NDArray[np.integer]:
    """Return the class that a random walker from each free voxel meets first; 0 elsewhere."""
    marks = np.where(free, seeds.astype(np.int32), -1)
    # A part that has no seeds, or nothing but seeds, leaves the walker's equations singular.
    parts, count = scipy.ndimage.label(marks >= 0)
    open_parts = [
        np.bincount(parts.ravel(), (wanted & free).ravel(), count + 1) > 0
        for wanted in (marks > 0, marks == 0)
    ]
    marks[~(open_parts[0] & open_parts[1])[parts]] = -1
    if not (marks == 0).any():
        return np.zeros_like(seeds)
    # Numbered only now: the walker closes the gap that a class leaves whose seeds are shut in.
    values = np.unique(marks[marks > 0])
    marks[marks > 0] = 1 + np.searchsorted(values, marks[marks > 0])
    scaled = (image - image.mean()) / image.std()
    # The tolerance of the probabilities only warns; which one is highest is all that is asked.
    found = skimage.segmentation.random_walker(
        scaled, marks, beta=beta, mode="cg_j", spacing=spacing, prob_tol=1.0
    )
    classes: NDArray[np.integer] = np.append(0, values)[np.maximum(found, 0)]
    return classes
