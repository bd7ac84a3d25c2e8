"""Holes in a class, filled in the volume or plane by plane."""

from collections.abc import Sequence

import numpy as np
import scipy  # its parts load where they are used: a window need not wait for them

from segstudio.core.editing.box import check_axis, class_box, in_classes
from segstudio.core.editing.edit import Edit, Labels, edit_where, no_edit


def fill_holes(
    labels: Labels, value: int, *, plane_axis: int | None = None, over: Sequence[int] = (0,)
) -> Edit:
    """Return the edit that fills what a class encloses.

    Parameters
    ----------
    labels : ndarray of int, shape (Z, Y, X)
    value : int
        The class. What reaches the volume's edge is not enclosed.
    plane_axis : int, optional
        Fill each plane across this axis for itself, where a ring is enough; by default a hole is
        enclosed on all sides, or in a volume of one plane all round. Leaks go through faces: a
        ring may be closed by voxels that touch at a corner only.
    over : sequence of int
        The classes that may be filled; by default background, so that an enclosed structure stays.

    Returns
    -------
    Edit

    Raises
    ------
    InputError
        There is no such axis.
    """
    if plane_axis is not None:
        check_axis(labels.shape, plane_axis)
    # Not a voxel more: what lies at the box's side and not at the volume's is open there too.
    box = class_box(labels, [value], (0, 0, 0))
    if box is None:
        return no_edit(labels)
    here = labels[box]
    structure = scipy.ndimage.generate_binary_structure(here.ndim, 1)
    for axis, length in enumerate(labels.shape):
        if axis == plane_axis or length == 1:
            # Nothing spreads from a plane to the next one, nor into a single one from its sides.
            np.moveaxis(structure, axis, 0)[[0, 2]] = False
    filled = scipy.ndimage.binary_fill_holes(here == value, structure)
    return edit_where(labels, box, filled & in_classes(here, over), value)
