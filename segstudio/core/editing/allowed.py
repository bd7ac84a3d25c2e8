"""Where editing is allowed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.editing.box import Box, in_classes
from segstudio.core.editing.edit import Labels
from segstudio.core.errors import InputError


@dataclass(frozen=True)
class Limits:
    """What restricts editing; nothing does where all are left out.

    Attributes
    ----------
    intensity : (float, float), optional
        Only voxels whose intensity lies in this range, both ends counted.
    over : sequence of int, optional
        Only voxels that are of one of these classes now; 0 is background.
    inside : sequence of int, optional
        Only voxels that are of one of these classes in the labels that serve as a mask.
    locked : sequence of int
        Classes whose voxels never change.
    """

    intensity: tuple[float, float] | None = None
    over: Sequence[int] | None = None
    inside: Sequence[int] | None = None
    locked: Sequence[int] = ()


def where_allowed(
    labels: Labels,
    limits: Limits,
    box: Box | None = None,
    *,
    image: NDArray[Any] | None = None,
    mask_labels: Labels | None = None,
) -> NDArray[np.bool_]:
    """Return where voxels may be edited.

    Parameters
    ----------
    labels : ndarray of int, shape (Z, Y, X)
        The labels to be edited, as they are.
    limits : Limits
        All of them hold at once.
    box : tuple of slice, optional
        The part to look at, such as an edit's box; by default the whole volume.
    image : ndarray, shape (Z, Y, X), optional
        What `limits.intensity` is a range of. A voxel that is NaN is in no range.
    mask_labels : ndarray of int, shape (Z, Y, X), optional
        What `limits.inside` are classes of; by default `labels`.

    Returns
    -------
    ndarray of bool, of the box's shape

    Raises
    ------
    InputError
        The image is missing or does not fit, or the range is empty.
    """
    box = (slice(None),) * labels.ndim if box is None else box
    here = labels[box]
    allowed = np.ones(here.shape, np.bool_)
    if limits.over is not None:
        allowed &= in_classes(here, limits.over)
    if limits.locked:
        allowed &= ~in_classes(here, limits.locked)
    if limits.inside is not None:
        mask = labels if mask_labels is None else mask_labels
        _check_shape(mask, labels, "labels that serve as a mask")
        allowed &= in_classes(mask[box], limits.inside)
    if limits.intensity is not None:
        low, high = limits.intensity
        if not low <= high:
            raise InputError(f"No intensity lies between {low} and {high}. Give the lower first.")
        if image is None:
            raise InputError("An intensity range needs an image. Choose one, or lift the range.")
        _check_shape(image, labels, "image")
        allowed &= (image[box] >= low) & (image[box] <= high)
    return allowed


def _check_shape(array: NDArray[Any], labels: Labels, what: str) -> None:
    if array.shape != labels.shape:
        raise InputError(
            f"The {what} of shape {array.shape} does not lie on the grid of labels of shape "
            f"{labels.shape} (planes, rows, columns). Choose one that does."
        )
