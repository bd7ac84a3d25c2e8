"""Pieces that touch, taken apart where they are narrow."""

from collections.abc import Sequence

import numpy as np
import skimage  # its parts load where they are used: a window need not wait for them
from numpy.typing import NDArray

from segstudio.core.distance import signed_distance
from segstudio.core.editing.box import check_length, check_spacing, class_box
from segstudio.core.editing.edit import Edit, Labels, check_value, edit_to, no_edit


def touching_pieces(
    mask: NDArray[np.bool_], spacing: Sequence[float], waist_mm: float
) -> NDArray[np.int32]:
    """Return the numbered pieces of a mask, taken apart at their waists by a watershed.

    Parameters
    ----------
    mask : ndarray of bool, shape (Z, Y, X)
    spacing : sequence of float
        In mm, along the axes of `mask`.
    waist_mm : float
        Two pieces are taken apart where the distance to the outline between them is by so much
        less than in the middle of the smaller one. Larger values split less.

    Returns
    -------
    ndarray of int32, shape (Z, Y, X)
        1 to the number of pieces; 0 off the mask. Pieces that do not touch are apart in any case.

    Raises
    ------
    InputError
        The spacing does not fit, or `waist_mm` is not positive.
    """
    check_spacing(spacing, mask.ndim)
    check_length(waist_mm, "difference that a waist makes")
    depth = -signed_distance(mask.view(np.uint8), spacing, classes=[1], convention="face")[0]
    depth[~mask] = 0
    # Deferred: a window need not wait for it.
    from skimage.morphology import local_maxima, reconstruction

    # Not h_maxima, which keeps every voxel of the highest depth: an ellipsoid has several of them,
    # with no waist between. Lowered so, what a waist does not part is one plateau.
    lowered = reconstruction(depth - waist_mm, depth, footprint=np.ones((3,) * mask.ndim))
    markers = skimage.measure.label(local_maxima(lowered) & (lowered > 0), connectivity=mask.ndim)
    # A piece that is shallow as a whole has no maximum that stands out: it is its own marker.
    pieces = skimage.measure.label(mask, connectivity=mask.ndim)
    without = mask & ~np.isin(pieces, pieces[markers > 0])
    markers[without] = markers.max() + pieces[without]
    basins = skimage.segmentation.watershed(-depth, markers, mask=mask, connectivity=mask.ndim)
    numbered: NDArray[np.int32] = skimage.segmentation.relabel_sequential(basins)[0].astype(
        np.int32
    )
    return numbered


def split_touching(
    labels: Labels, value: int, spacing: Sequence[float], waist_mm: float, *, above: int = 0
) -> Edit:
    """Return the edit that makes every piece of a class but the largest a class of its own.

    Parameters
    ----------
    labels : ndarray of int, shape (Z, Y, X)
    value : int
        The class; the largest piece keeps it. The others get the values above the highest that
        occurs, larger pieces first.
    spacing, waist_mm
        As for `touching_pieces`.
    above : int
        The new values are above this one, too: a class that occurs nowhere yet has a meaning.

    Returns
    -------
    Edit

    Raises
    ------
    InputError
        The labels cannot hold as many classes; else as `touching_pieces`.
    """
    check_spacing(spacing, labels.ndim)
    box = class_box(labels, [value])
    if box is None:
        return no_edit(labels)
    here = labels[box]
    pieces = touching_pieces(here == value, spacing, waist_mm)
    sizes = np.bincount(pieces.ravel())[1:]
    first = max(int(labels.max()), above) + 1
    check_value(labels, first + len(sizes) - 2)
    numbers = np.empty(len(sizes) + 1, labels.dtype)
    by_size = np.argsort(-sizes, kind="stable")
    numbers[1 + by_size] = [value, *range(first, first + len(sizes) - 1)]
    return edit_to(labels, box, np.where(pieces > 0, numbers[pieces], here))
