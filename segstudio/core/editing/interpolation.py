"""Labels between labelled planes, by the signed distance of their outlines."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from segstudio.core.distance import signed_distance
from segstudio.core.editing.box import (
    bounding_box,
    check_axis,
    check_spacing,
    class_box,
    in_classes,
    padded,
)
from segstudio.core.editing.edit import Edit, Labels, edit_to, no_edit


def interpolate_planes(
    labels: Labels,
    spacing: Sequence[float],
    *,
    axis: int = 0,
    classes: Sequence[int] | None = None,
) -> Edit:
    """Return the edit that fills the gaps between labelled planes.

    The signed distance of every class is interpolated linearly between the two planes beside a
    gap. A voxel is labelled where a class, or all of them as one, is negative there, and has the
    class of the lowest distance: classes that touch in both planes touch in between. A class
    that only one of the planes holds tapers off and ends half way. (Raya and Udupa, 1990,
    doi:10.1109/42.52980)

    Parameters
    ----------
    labels : ndarray of int, shape (Z, Y, X)
        Planes that hold any of the classes are labelled and stay as they are; so does everything
        that is not background in the planes between.
    spacing : sequence of float
        In mm, along the axes of `labels`.
    axis : int
        Across which the planes lie.
    classes : sequence of int, optional
        By default all but 0 that occur.

    Returns
    -------
    Edit

    Raises
    ------
    InputError
        The spacing does not fit, or there is no such axis.
    """
    check_spacing(spacing, labels.ndim)
    check_axis(labels.shape, axis)
    if classes is None:
        classes = [int(value) for value in np.unique(labels) if value > 0]
    around = [0 if a == axis else 1 for a in range(labels.ndim)]
    box = class_box(labels, classes, around)
    if box is None:
        return no_edit(labels)
    new = labels[box].copy()
    planes = np.moveaxis(new, axis, 0)
    steps = [step for a, step in enumerate(spacing) if a != axis]
    labelled = np.flatnonzero(in_classes(planes, classes).any(axis=(1, 2)))
    for first, last in pairwise(labelled):
        if last - first > 1:
            _fill_gap(planes[first : last + 1], steps, classes)
    return edit_to(labels, box, new)


def _fill_gap(planes: Labels, steps: Sequence[float], classes: Sequence[int]) -> None:
    """Fill the planes between the first and the last, where they are background."""
    # Nothing between can lie where neither outline is.
    box = bounding_box(in_classes(planes[0], classes) | in_classes(planes[-1], classes))
    assert box is not None  # noqa: S101 - both planes are labelled
    part = planes[:, *padded(box, (1, 1), planes.shape[1:])]
    here = [value for value in classes if (part[[0, -1]] == value).any()]
    below, above = _maps(part[0], steps, here), _maps(part[-1], steps, here)
    _taper(below, above)
    for k in range(1, len(part) - 1):
        share = k / (len(part) - 1)
        phi = (1 - share) * below + share * above
        found = np.array(here, planes.dtype)[phi[1:].argmin(axis=0)]
        part[k] = np.where((phi.min(axis=0) < 0) & (part[k] == 0), found, part[k])


def _maps(plane: Labels, steps: Sequence[float], classes: Sequence[int]) -> NDArray[np.float32]:
    """Return the signed distance of all classes as one, then of each; far where absent."""
    # More than any distance in the plane, yet no infinity, which a share of 0 turns into NaN.
    far = float(np.hypot(*(n * step for n, step in zip(plane.shape, steps, strict=True))))
    joint = in_classes(plane, classes).astype(np.uint8)
    maps = [
        signed_distance(
            array, steps, classes=values, convention="face", absent="constant", absent_distance=far
        )
        for array, values in ((joint, [1]), (plane, classes))
    ]
    return np.concatenate(maps)


def _taper(below: NDArray[np.float32], above: NDArray[np.float32]) -> None:
    """Make a class that one of two planes lacks end half way between them."""
    for one, other in ((below, above), (above, below)):
        for phi, opposite in zip(one, other, strict=True):
            if phi.min() > 0:
                phi[:] = -opposite.min()
