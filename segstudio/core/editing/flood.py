"""What touches a voxel and is of its class, filled with another."""

from collections.abc import Sequence

import skimage  # its parts load where they are used: a window need not wait for them

from segstudio.core.editing.box import full_box, plane_box
from segstudio.core.editing.edit import Edit, Labels, edit_where
from segstudio.core.errors import InputError


def flood_fill(
    labels: Labels,
    voxel: Sequence[int],
    value: int,
    *,
    plane_axis: int | None = None,
    contiguous: bool = True,
) -> Edit:
    """Return the edit that gives the piece around a voxel another class.

    Parameters
    ----------
    labels : ndarray of int, shape (Z, Y, X)
    voxel : sequence of int
        ``(z, y, x)``; what is of its class, background perhaps, is filled.
    value : int
        The class that it gets.
    plane_axis : int, optional
        Fill in the plane across this axis only; by default in the volume.
    contiguous : bool
        Only what hangs together with the voxel through faces; else all of its class.

    Returns
    -------
    Edit

    Raises
    ------
    InputError
        The voxel is outside of the volume, there is no such axis, or the labels cannot hold the
        value.
    """
    place = tuple(int(v) for v in voxel)
    if not all(0 <= v < n for v, n in zip(place, labels.shape, strict=True)):
        raise InputError(f"The voxel {place} is outside of labels of shape {labels.shape}.")
    box = full_box((slice(None),) * labels.ndim, labels.shape)
    if plane_axis is not None:
        box = plane_box(labels.shape, plane_axis, place[plane_axis])
    here = labels[box]
    inside = tuple(v - part.start for v, part in zip(place, box, strict=True))
    mask = (
        skimage.segmentation.flood(here, inside, connectivity=1)
        if contiguous
        else here == here[inside]
    )
    return edit_where(labels, box, mask, value)
