"""Polygons in a plane, filled."""

import numpy as np
import skimage  # its parts load where they are used: a window need not wait for them
from numpy.typing import ArrayLike, NDArray

from segstudio.core.editing.box import plane_box
from segstudio.core.editing.edit import Edit, Labels, edit_where
from segstudio.core.errors import InputError

# From top left, top right, bottom left, bottom right to the way round.
AROUND = (0, 1, 3, 2)
_FARTHEST = 1e6  # voxels: drawing fails on what is much larger


def fill_polygon(
    labels: Labels, points: ArrayLike, value: int, *, plane: int, axis: int = 0
) -> Edit:
    """Return the edit that fills a polygon in one plane.

    Parameters
    ----------
    labels : ndarray of int, shape (Z, Y, X)
    points : ndarray of float, shape (N, 2)
        Corners in order, in voxels along the two axes of the plane, such as ``(y, x)`` for axis
        0; the last is joined to the first. They may lie outside of the plane.
    value : int
        The class; 0 erases.
    plane, axis : int
        Which plane, and across which axis it lies.

    Returns
    -------
    Edit

    Raises
    ------
    InputError
        There are fewer than three corners, they are no places, or there is no such plane.
    """
    box = plane_box(labels.shape, axis, plane)
    corners = _checked(points, 3)
    shape = tuple(n for a, n in enumerate(labels.shape) if a != axis)
    mask = np.zeros(shape, np.bool_)
    mask[skimage.draw.polygon(*corners.T, shape)] = True
    return edit_where(labels, box, np.expand_dims(mask, axis), value)


def go_round(landmarks: ArrayLike) -> NDArray[np.float64]:
    """Return four landmarks in the order that goes round them.

    Parameters
    ----------
    landmarks : ndarray of float, shape (4, 2)
        Top left, top right, bottom left, bottom right, as a book is read.

    Raises
    ------
    InputError
        There are not four, or they are no places.
    """
    corners = _checked(landmarks, 4)
    if len(corners) > 4:
        raise InputError(f"Four landmarks make a quadrilateral, not {len(corners)}.")
    return corners[list(AROUND)]


def _checked(points: ArrayLike, fewest: int) -> NDArray[np.float64]:
    """Return points as an array of two columns."""
    array = np.asarray(points, np.float64)
    if array.ndim != 2 or array.shape[1] != 2 or len(array) < fewest:
        raise InputError(
            f"Points of shape {array.shape} make no polygon: give {fewest} or more, each a row and "
            "a column."
        )
    if not (np.abs(array) <= _FARTHEST).all():
        raise InputError("A corner of the polygon is no place in the image. Draw it again.")
    return array
