"""Margins: a class grown, shrunk or hollowed out by a distance in mm."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segstudio.core.distance import signed_distance
from segstudio.core.editing.box import (
    Box,
    check_length,
    check_spacing,
    class_box,
    in_classes,
    voxels_across,
)
from segstudio.core.editing.edit import Edit, Labels, edit_where, no_edit
from segstudio.core.errors import InputError

# Of a distance in float32: what rounding may put a voxel outside by that lies just on it.
_ROUNDING = 1e-6


def add_margin(
    labels: Labels,
    value: int,
    margin_mm: float,
    spacing: Sequence[float],
    *,
    over: Sequence[int] = (0,),
    fill: int = 0,
) -> Edit:
    """Return the edit that grows a class by a margin, or shrinks it by a negative one.

    Distances are between voxel centres: a class grows by the voxels that lie within the margin
    of one of its own, and shrinks by its voxels that lie within it of one that is not.

    Parameters
    ----------
    labels : ndarray of int, shape (Z, Y, X)
    value : int
        The class.
    margin_mm : float
        Below the spacing along an axis nothing changes along that axis.
    spacing : sequence of float
        In mm, along the axes of `labels`.
    over : sequence of int
        The classes that it may grow over; by default background only.
    fill : int
        What a class that shrinks leaves behind.

    Returns
    -------
    Edit
        The volume's edge is no outline: a class that touches it does not shrink from there.

    Raises
    ------
    InputError
        The spacing does not fit, or the margin is not finite.
    """
    check_spacing(spacing, labels.ndim)
    if not math.isfinite(margin_mm):
        raise InputError(f"The margin, {margin_mm} mm, has to be a number.")
    reach = max(0.0, margin_mm)
    around = [1 + n for n in voxels_across(reach, spacing)]
    box = class_box(labels, [value], around)
    if box is None:
        return no_edit(labels)
    phi = _signed_map(labels, value, box, spacing)
    if margin_mm < 0:
        lost = (phi < 0) & (phi >= margin_mm * (1 + _ROUNDING))
        return edit_where(labels, box, lost, fill)
    gained = (phi <= margin_mm * (1 + _ROUNDING)) & in_classes(labels[box], over)
    return edit_where(labels, box, gained, value)


def hollow(
    labels: Labels, value: int, wall_mm: float, spacing: Sequence[float], *, fill: int = 0
) -> Edit:
    """Return the edit that leaves of a class the wall along its outline.

    Parameters
    ----------
    labels : ndarray of int, shape (Z, Y, X)
    value : int
        The class.
    wall_mm : float
        A voxel stays where it lies within this of a voxel of another class, centre to centre.
        At the volume's edge there is no wall.
    spacing : sequence of float
        In mm, along the axes of `labels`.
    fill : int
        What the inside becomes.

    Returns
    -------
    Edit

    Raises
    ------
    InputError
        The spacing does not fit, or the wall has no thickness.
    """
    check_spacing(spacing, labels.ndim)
    check_length(wall_mm, "thickness of the wall")
    box = class_box(labels, [value])
    if box is None:
        return no_edit(labels)
    deep = _signed_map(labels, value, box, spacing) < -wall_mm * (1 + _ROUNDING)
    return edit_where(labels, box, deep, fill)


def _signed_map(
    labels: Labels, value: int, box: Box, spacing: Sequence[float]
) -> NDArray[np.float32]:
    """Return the signed distance to a class's outline in a box with a voxel around the class."""
    phi: NDArray[np.float32] = signed_distance(labels[box], spacing, classes=[value])[0]
    return phi
