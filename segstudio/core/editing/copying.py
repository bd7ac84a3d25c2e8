"""Labels copied from one plane to another."""

from collections.abc import Sequence

from segstudio.core.editing.box import in_classes, plane_box
from segstudio.core.editing.edit import Edit, Labels, edit_to


def copy_plane(
    labels: Labels,
    source: int,
    target: int,
    *,
    axis: int = 0,
    classes: Sequence[int] | None = None,
) -> Edit:
    """Return the edit that lays the labels of one plane over another.

    Parameters
    ----------
    labels : ndarray of int, shape (Z, Y, X)
    source, target : int
        The planes; a neighbour is one more or less.
    axis : int
        Across which the planes lie.
    classes : sequence of int, optional
        What is copied; by default all but background. The rest of the target stays as it is.

    Returns
    -------
    Edit

    Raises
    ------
    InputError
        There is no such axis or plane.
    """
    box = plane_box(labels.shape, axis, target)
    new = labels[box].copy()
    copied = labels[plane_box(labels.shape, axis, source)]
    taken = copied != 0 if classes is None else in_classes(copied, classes)
    new[taken] = copied[taken]
    return edit_to(labels, box, new)
