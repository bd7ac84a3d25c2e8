"""Undo puts back, bit for bit, what a long and mixed sequence of operations changed."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.random import Generator

from segstudio.core.editing.allowed import Limits, where_allowed
from segstudio.core.editing.brush import brush_voxels, stroke_voxels
from segstudio.core.editing.copying import copy_plane
from segstudio.core.editing.edit import Edit, apply, edit_where, joined, limited, no_edit, revert
from segstudio.core.editing.history import History
from segstudio.core.editing.holes import fill_holes
from segstudio.core.editing.interpolation import interpolate_planes
from segstudio.core.editing.islands import keep_largest_piece, keep_piece_at, remove_small_pieces
from segstudio.core.editing.margin import add_margin, hollow
from segstudio.core.editing.polygon import fill_polygon
from segstudio.core.editing.seeds import grow_from_seeds
from segstudio.core.editing.smoothing import smooth_by_distance, smooth_by_majority
from segstudio.core.editing.splitting import split_touching

SPACING = (2.0, 0.9, 1.1)
SHAPE = (7, 18, 16)
Operation = Callable[[np.ndarray, Generator], Edit]


def a_class(rng: Generator) -> int:
    return int(rng.integers(1, 4))


def a_voxel(rng: Generator) -> tuple[int, ...]:
    return tuple(int(v) for v in rng.integers(0, SHAPE))


def paint(labels: np.ndarray, rng: Generator) -> Edit:
    axis = [None, 0, 1, 2][rng.integers(4)]
    box, mask = brush_voxels(a_voxel(rng), rng.uniform(1, 9), SPACING, SHAPE, plane_axis=axis)
    return edit_where(labels, box, mask, int(rng.integers(0, 4)))


def stroke(labels: np.ndarray, rng: Generator) -> Edit:
    """Return the joined edit of strokes, each painted where the one before is painted already."""
    shown, edits = labels.copy(), []
    for _ in range(3):
        found = stroke_voxels(a_voxel(rng), a_voxel(rng), rng.uniform(1, 5), SPACING, SHAPE)
        edits.append(edit_where(shown, *found, a_class(rng)))
        apply(edits[-1], shown)
    return joined(edits)


def grow(labels: np.ndarray, rng: Generator) -> Edit:
    if len(np.unique(labels[labels > 0])) < 2:
        return no_edit(labels)
    image = rng.normal(size=SHAPE)
    return grow_from_seeds(labels, image, SPACING, background=a_class(rng))


def keep_at(labels: np.ndarray, rng: Generator) -> Edit:
    voxel = a_voxel(rng)
    return keep_piece_at(labels, voxel) if labels[voxel] else no_edit(labels)


def smooth(labels: np.ndarray, rng: Generator) -> Edit:
    act = (smooth_by_distance, smooth_by_majority)[rng.integers(2)]
    return act(labels, SPACING, 1.2, plane_axis=(None, 1)[rng.integers(2)])


def clear_planes(labels: np.ndarray, rng: Generator) -> Edit:
    kept = np.arange(SHAPE[0]) % 3 != rng.integers(3)
    mask = np.broadcast_to(kept[:, None, None], SHAPE)
    return edit_where(labels, tuple(slice(0, n) for n in SHAPE), mask, 0)


# Painting comes up most, as it does with people, and keeps the volume from running empty.
OPERATIONS: tuple[Operation, ...] = (
    *(paint,) * 6,
    *(stroke,) * 3,
    grow,
    keep_at,
    smooth,
    clear_planes,
    lambda labels, rng: interpolate_planes(labels, SPACING, axis=int(rng.integers(3))),
    lambda labels, rng: add_margin(labels, a_class(rng), 2.5, SPACING, over=(0, 1)),
    lambda labels, rng: add_margin(labels, a_class(rng), -1.0, SPACING),
    lambda labels, rng: hollow(labels, a_class(rng), 1.5, SPACING),
    lambda labels, rng: fill_holes(labels, a_class(rng), plane_axis=0),
    lambda labels, rng: remove_small_pieces(labels, a_class(rng), 5),
    lambda labels, rng: keep_largest_piece(labels, a_class(rng)),
    lambda labels, rng: split_touching(labels, a_class(rng), SPACING, 1.0),
    lambda labels, rng: copy_plane(labels, 2, 3, axis=int(rng.integers(3))),
    lambda labels, rng: fill_polygon(labels, rng.uniform(0, 16, (5, 2)), a_class(rng), plane=3),
)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_two_hundred_mixed_operations_are_undone_and_redone_bit_for_bit(
    dtype: str, order: str
) -> None:
    rng = np.random.default_rng(11)
    labels = np.zeros(SHAPE, dtype, order=order)
    history = History(labels, depth=200)
    states = [labels.copy()]
    while history.undoable < 200:
        act = OPERATIONS[rng.integers(len(OPERATIONS))]
        edit = act(labels, rng)
        if rng.random() < 0.3:
            limits = Limits(over=(0, 1, 3), locked=(3,))
            edit = limited(edit, where_allowed(labels, limits, edit.box))
        np.testing.assert_array_equal(labels, states[-1])
        if edit.count:
            history.do(edit)
            states.append(labels.copy())
    for state in states[-2::-1]:
        assert history.undo() is not None
        np.testing.assert_array_equal(labels, state, strict=True)
    assert history.undo() is None
    for state in states[1:]:
        assert history.redo() is not None
        np.testing.assert_array_equal(labels, state, strict=True)
    assert history.redo() is None


@pytest.mark.parametrize("operation", range(9, len(OPERATIONS)))
def test_every_operation_changes_something_and_leaves_its_labels_alone(operation: int) -> None:
    rng = np.random.default_rng(1)
    labels = np.zeros(SHAPE, np.uint8)
    for _ in range(25):
        apply(paint(labels, rng), labels)
    labels[3] = 0  # a gap to interpolate in
    labels[5, 4:9, 4:9] = 1
    labels[5, 6, 6] = 0  # a hole
    before, changed = labels.copy(), 0
    for _ in range(12):
        edit = OPERATIONS[operation](labels, rng)
        np.testing.assert_array_equal(labels, before)
        changed += edit.count
        apply(edit, labels)
        assert (labels != before).sum() == edit.count
        revert(edit, labels)
        np.testing.assert_array_equal(labels, before)
    assert changed
