"""An edit of labels: what changed and nothing else, so that it can be undone and done again."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segstudio.core.editing.box import (
    Box,
    bounding_box,
    box_shape,
    full_box,
    hull,
    inner_box,
)
from segstudio.core.errors import InputError

LARGEST_LABEL = 65535  # what is above is read from no file
Labels = NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class Edit:
    """A change of labels, small enough to keep a hundred of.

    Attributes
    ----------
    box : tuple of slice
        The smallest box that holds every voxel that changes; what a viewer has to draw again.
    count : int
        How many voxels change.
    dtype : dtype
        Of the labels.
    packed_mask, packed_old, packed_new : bytes
        Where in the box, from which values and to which, compressed: a stroke of one class takes
        a few bytes per row. `mask`, `old` and `new` return the arrays.
    """

    box: Box
    count: int
    dtype: np.dtype[np.integer]
    packed_mask: bytes
    packed_old: bytes
    packed_new: bytes

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Where voxels change: bool, of the box's shape."""
        shape = box_shape(self.box)
        bits = np.frombuffer(zlib.decompress(self.packed_mask), np.uint8)
        return np.unpackbits(bits, count=int(np.prod(shape))).astype(np.bool_).reshape(shape)

    @property
    def old(self) -> Labels:
        """The values before, in the order of the voxels in `mask`; not to be written to."""
        return np.frombuffer(zlib.decompress(self.packed_old), self.dtype)

    @property
    def new(self) -> Labels:
        """The values afterwards, in the same order; not to be written to."""
        return np.frombuffer(zlib.decompress(self.packed_new), self.dtype)

    @property
    def nbytes(self) -> int:
        """How much memory the edit holds."""
        return len(self.packed_mask) + len(self.packed_old) + len(self.packed_new)


def edit_to(labels: Labels, box: Box, new: ArrayLike) -> Edit:
    """Return the edit that makes a box of the labels equal to new values.

    Parameters
    ----------
    labels : ndarray of int, shape (Z, Y, X)
        As they are; they are not changed.
    box : tuple of slice
        The part that `new` is of.
    new : ndarray of int, of the box's shape
        Values that the labels' dtype holds.
    """
    box = full_box(box, labels.shape)
    old = labels[box]
    after = np.asarray(new).astype(labels.dtype, copy=False)
    return _edit(box, old != after, old, after)


def edit_where(labels: Labels, box: Box, mask: NDArray[np.bool_], value: int) -> Edit:
    """Return the edit that sets voxels of a box to one class.

    Parameters
    ----------
    labels : ndarray of int, shape (Z, Y, X)
        As they are; they are not changed.
    box : tuple of slice
        The part that `mask` is of.
    mask : ndarray of bool, of the box's shape
        The voxels to set.
    value : int
        The class; 0 erases.

    Raises
    ------
    InputError
        The labels cannot hold this value.
    """
    check_value(labels, value)
    box = full_box(box, labels.shape)
    old = labels[box]
    after = np.broadcast_to(labels.dtype.type(value), old.shape)
    return _edit(box, mask & (old != value), old, after)


def no_edit(labels: Labels) -> Edit:
    """Return the edit that changes nothing."""
    nothing = (slice(0, 0),) * labels.ndim
    return edit_to(labels, nothing, labels[nothing])


def limited(edit: Edit, allowed: NDArray[np.bool_]) -> Edit:
    """Return the part of an edit that lies where editing is allowed.

    Parameters
    ----------
    edit : Edit
    allowed : ndarray of bool, of the shape of the edit's box
        As by `where_allowed` with that box.
    """
    return part_of(edit, allowed[edit.mask])


def part_of(edit: Edit, kept: NDArray[np.bool_]) -> Edit:
    """Return the part of an edit that some of its voxels make up.

    Parameters
    ----------
    edit : Edit
    kept : ndarray of bool, shape (edit.count,)
        In the order of `edit.old` and `edit.new`.
    """
    if kept.all():
        return edit
    mask = edit.mask
    mask[mask] = kept
    return _packed(edit.box, mask, edit.old[kept], edit.new[kept])


def placed(edit: Edit, part: Box) -> Edit:
    """Return an edit of a part of the labels as one of the whole.

    Parameters
    ----------
    edit : Edit
        Of ``labels[part]``.
    part : tuple of slice
        Whose every start is a number, as by `full_box`.
    """
    box = tuple(
        slice(inner.start + outer.start, inner.stop + outer.start)
        for inner, outer in zip(edit.box, part, strict=True)
    )
    return replace(edit, box=box)


def joined(edits: Sequence[Edit]) -> Edit:
    """Return one edit for several, one at least, that were applied one after the other.

    A stroke of the brush is applied piece by piece while the pointer moves, and is undone whole.
    """
    told = [edit for edit in edits if edit.count] or [edits[0]]
    box = hull([edit.box for edit in told])
    old, new = (np.zeros(box_shape(box), told[0].dtype) for _ in range(2))
    mask = np.zeros(old.shape, np.bool_)
    for edit in told:
        part, changed = inner_box(edit.box, box), edit.mask
        new[part][changed] = edit.new
        mask[part] |= changed
    for edit in reversed(told):
        old[inner_box(edit.box, box)][edit.mask] = edit.old
    return _edit(box, mask & (old != new), old, new)


def apply(edit: Edit, labels: Labels) -> None:
    """Change labels in place as an edit says."""
    labels[edit.box][edit.mask] = edit.new


def revert(edit: Edit, labels: Labels) -> None:
    """Change labels in place to what they were before an edit."""
    labels[edit.box][edit.mask] = edit.old


def check_value(labels: Labels, value: int) -> None:
    """Raise `InputError` for a class that the labels cannot hold."""
    most = min(int(np.iinfo(labels.dtype).max), LARGEST_LABEL)
    if not 0 <= value <= most:
        raise InputError(
            f"Labels of type {labels.dtype} hold the classes 0 to {most}, not {value}. Choose "
            "another class, or open the labels with a wider type."
        )


def _edit(box: Box, mask: NDArray[np.bool_], old: Labels, new: Labels) -> Edit:
    return _packed(box, mask, old[mask], new[mask])


def _packed(box: Box, mask: NDArray[np.bool_], old: Labels, new: Labels) -> Edit:
    """Return an edit whose box is no larger than it has to be."""
    inner = bounding_box(mask) or (slice(0, 0),) * mask.ndim
    outer = tuple(
        slice(whole.start + part.start, whole.start + part.stop)
        for whole, part in zip(box, inner, strict=True)
    )
    bits, before, after = (
        # The lowest level: values that repeat are all there is to gain, and a stroke is short.
        zlib.compress(array.tobytes(), level=1)
        for array in (np.packbits(mask[inner]), old, new)
    )
    return Edit(outer, old.size, old.dtype, bits, before, after)
