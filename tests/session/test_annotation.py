"""Painting through the session: every edit is one step, within limits, and can be undone."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from numpy.random import Generator

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.core.volume import Grid, Volume
from segstudio.session import operations as op
from segstudio.session.annotation import Annotation
from segstudio.session.annotation_choices import Brush, Ground, Mask, Operation, Plane, Restriction
from segstudio.session.class_counts import count_pieces, count_voxels

SHAPE = (7, 24, 22)
SPACING = (2.0, 0.9, 1.1)


def annotated(labels: np.ndarray | None = None, seed: int = 0) -> Annotation:
    image = np.random.default_rng(seed).normal(100, 30, SHAPE).astype(np.float32)
    affine = np.diag([*SPACING[::-1], 1.0])
    labels = np.zeros(SHAPE, np.int32) if labels is None else labels
    annotation = Annotation()
    annotation.classes.take(ClassTable.found_in([1, 2, 3]))
    annotation.take(Ground(labels, Volume(image, Grid(SHAPE, SPACING, affine))))
    return annotation


def blob(*centre: int, value: int = 1, radius: int = 4) -> np.ndarray:
    grid = np.indices(SHAPE)
    away = sum(((g - c) * s) ** 2 for g, c, s in zip(grid, centre, SPACING, strict=True))
    return np.where(away <= radius**2, value, 0).astype(np.int32)


def with_something_to_do() -> np.ndarray:
    labels = blob(3, 8, 8, value=1, radius=6)
    labels[3, 8, 8] = 0  # a hole
    labels[2:6, 16:22, 12:20] = 2
    labels[4, 16:22, 12:20] = 0  # a gap between planes
    labels[0, 1, 1] = labels[6, 22, 1] = 1  # islands
    return labels


OPERATIONS: dict[str, Operation] = {
    "interpolation": op.interpolation(0, [2]),
    "smoothing": op.smoothing(1.5),
    "smoothing by majority in each plane": op.smoothing(1.5, scope="planes", by_majority=True),
    "holes": op.hole_filling(1),
    "the largest piece": op.keeping_largest(1),
    "small pieces": op.removing_small(1, 5),
    "a margin": op.margin(1, 2.0),
    "a margin in one plane": op.margin(1, -1.0, scope="plane"),
    "a wall": op.hollowing(1, 2.0),
    "a copied plane": op.copying(Plane(0, 4), -1),
    "clearing": op.clearing(2),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_one_step_that_is_undone_and_done_again(name: str) -> None:
    labels = with_something_to_do()
    annotation, before = annotated(labels), labels.copy()
    annotation.note_plane(Plane(0, 3))
    annotation.operations.run(OPERATIONS[name])
    after = labels.copy()

    assert not np.array_equal(after, before)
    assert annotation.undoable == 1
    annotation.undo()
    np.testing.assert_array_equal(labels, before)
    annotation.redo()
    np.testing.assert_array_equal(labels, after)


def test_an_operation_on_the_plane_in_view_leaves_the_others_alone() -> None:
    labels = with_something_to_do()
    annotation, before = annotated(labels), labels.copy()
    annotation.note_plane(Plane(1, 8))
    annotation.operations.run(op.margin(1, 3.0, scope="plane"))

    changed = np.flatnonzero((labels != before).any(axis=(0, 2)))
    assert changed.tolist() == [8]


def test_growing_is_shown_first_and_done_when_the_user_agrees() -> None:
    labels = np.zeros(SHAPE, np.int32)
    labels[3, 4:7, 4:7], labels[3, 15:18, 15:18] = 1, 2
    annotation, before = annotated(labels), labels.copy()
    annotation.operations.run(op.growing())
    np.testing.assert_array_equal(labels, before)
    assert annotation.operations.preview is not None

    annotation.operations.accept_preview()
    assert (labels > 0).sum() > (before > 0).sum()
    assert annotation.undoable == 1
    assert annotation.operations.preview is None


def test_a_preview_goes_when_something_is_painted() -> None:
    labels = np.zeros(SHAPE, np.int32)
    labels[3, 4:7, 4:7], labels[3, 15:18, 15:18] = 1, 2
    annotation = annotated(labels)
    annotation.operations.run(op.growing())
    annotation.paint((1, 1, 1), (1, 1, 1), 1, 0)
    assert annotation.operations.preview is None


def test_what_was_computed_for_labels_that_are_others_by_now_is_refused() -> None:
    annotation = annotated(with_something_to_do())
    told: list[str] = []
    annotation.operations.refused.connect(told.append)
    task = annotation.operations.task(op.hole_filling(1))
    edit = task.compute()
    annotation.paint((1, 1, 1), (1, 1, 1), 3, 0)
    steps = annotation.undoable

    assert annotation.operations.finish(task, edit) is None
    assert annotation.undoable == steps
    assert "labels were changed" in told[0]


def test_an_operation_that_changes_nothing_says_so_and_is_no_step() -> None:
    annotation = annotated(blob(3, 8, 8))
    told: list[str] = []
    annotation.operations.refused.connect(told.append)
    annotation.operations.run(op.hole_filling(1))
    annotation.limits.lock([1])
    annotation.operations.run(op.clearing(1))

    assert annotation.undoable == 0
    assert told[0] == "Filling holes: nothing changes."
    assert "restricted" in told[1]


def test_interpolation_of_one_slice_says_what_it_needs() -> None:
    labels = np.zeros(SHAPE, np.int32)
    labels[3, 8:12, 8:12] = 1
    annotation = annotated(labels)
    told: list[str] = []
    annotation.operations.refused.connect(told.append)
    annotation.operations.run(op.interpolation(0))
    assert "paint one on either side" in told[0]


def test_a_stroke_of_several_pieces_is_one_step() -> None:
    labels = np.zeros(SHAPE, np.int32)
    annotation = annotated(labels)
    with annotation.stroke():
        for x in range(4, 16, 2):
            annotation.paint((3, 10, x), (3, 10, x + 2), 1, 0)
        with annotation.stroke():
            annotation.paint((3, 4, 4), (3, 4, 4), 2, 0)
    assert annotation.undoable == 1
    annotation.undo()
    assert not labels.any()


def test_a_stroke_that_is_dropped_leaves_nothing() -> None:
    labels = with_something_to_do()
    annotation, before = annotated(labels), labels.copy()
    counts = dict(annotation.counts)
    annotation.begin_stroke()
    annotation.paint((3, 8, 8), (3, 8, 15), 3, 0)
    annotation.paint((3, 8, 8), (3, 15, 15), 2, 0)
    annotation.drop_stroke()
    np.testing.assert_array_equal(labels, before)
    assert annotation.undoable == 0
    assert {v: n for v, n in annotation.counts.items() if n} == counts


def test_who_listens_hears_when_a_stroke_begins_and_ends_in_any_way() -> None:
    annotation, told = annotated(), []
    annotation.stroke_changed.connect(told.append)
    with annotation.stroke(), annotation.stroke():
        annotation.paint((3, 10, 4), (3, 10, 6), 1, 0)
    assert told == [True, False]
    annotation.begin_stroke()
    annotation.begin_stroke()  # the end of the first was not told by the tool that drew it
    annotation.drop_stroke()
    annotation.end_stroke()
    assert told == [True, False] * 3
    annotation.begin_stroke()
    annotation.take(None)  # another case is opened meanwhile
    assert told == [True, False] * 4


def test_the_brush_is_a_disc_of_the_plane_in_mm_or_a_ball() -> None:
    labels = np.zeros(SHAPE, np.int32)
    annotation = annotated(labels)
    annotation.choose_brush(Brush(6.0))
    annotation.paint((3, 12, 11), (3, 12, 11), 1, 0)
    planes, rows, columns = (np.unique(index) for index in np.nonzero(labels))
    assert planes.tolist() == [3]
    assert len(rows) == 1 + 2 * int(3.0 / 0.9)
    assert len(columns) == 1 + 2 * int(3.0 / 1.1)

    annotation.choose_brush(Brush(6.0, is_sphere=True))
    annotation.paint((3, 12, 11), (3, 12, 11), 1, 0)
    assert np.unique(np.nonzero(labels)[0]).tolist() == [2, 3, 4]


def test_painting_stays_within_the_intensity_range() -> None:
    annotation = annotated()
    ground = annotation.expect_ground()
    annotation.choose_brush(Brush(12.0, is_sphere=True))
    annotation.limits.restrict(Restriction(intensity=(90.0, 110.0)))
    annotation.paint((3, 12, 11), (3, 12, 11), 1, 0)

    painted = ground.volume.data[ground.labels == 1]
    assert painted.size
    assert painted.min() >= 90
    assert painted.max() <= 110


def test_a_locked_class_neither_loses_nor_gains_a_voxel() -> None:
    labels = with_something_to_do()
    annotation, before = annotated(labels), labels.copy()
    annotation.limits.lock([2])
    annotation.choose_brush(Brush(60.0, is_sphere=True))
    annotation.paint((3, 12, 11), (3, 12, 11), 1, 0)
    np.testing.assert_array_equal(labels == 2, before == 2)
    assert (labels == 1).sum() > (before == 1).sum()

    annotation.paint((3, 12, 11), (3, 12, 11), 2, 0)
    np.testing.assert_array_equal(labels == 2, before == 2)


def test_painting_over_background_only_leaves_the_eraser_free() -> None:
    labels = with_something_to_do()
    annotation, before = annotated(labels), labels.copy()
    annotation.limits.restrict(Restriction(over=(0,)))
    annotation.choose_brush(Brush(60.0, is_sphere=True))
    annotation.paint((3, 12, 11), (3, 12, 11), 3, 0)
    np.testing.assert_array_equal(labels[before > 0], before[before > 0])
    annotation.paint((3, 12, 11), (3, 12, 11), 0, 0)
    assert not labels.any()


@pytest.mark.parametrize(("value", "expected"), [(None, (1, 2)), (2, (2,))])
def test_painting_stays_inside_other_labels(value: int | None, expected: tuple[int, ...]) -> None:
    mask = with_something_to_do()
    annotation = annotated()
    annotation.limits.note_mask("prediction", mask)
    annotation.limits.restrict(Restriction(inside=Mask("prediction", value)))
    annotation.choose_brush(Brush(80.0, is_sphere=True))
    annotation.paint((3, 12, 11), (3, 12, 11), 3, 0)
    labels = annotation.expect_ground().labels
    np.testing.assert_array_equal(labels == 3, np.isin(mask, expected))


def test_a_mask_that_is_gone_is_told() -> None:
    annotation = annotated()
    annotation.limits.restrict(Restriction(inside=Mask("prediction")))
    with pytest.raises(InputError, match="not there any more"):
        annotation.paint((3, 12, 11), (3, 12, 11), 3, 0)


def test_limits_hold_for_operations_too() -> None:
    labels = with_something_to_do()
    annotation, before = annotated(labels), labels.copy()
    image = annotation.expect_ground().volume.data
    annotation.limits.lock([2])
    annotation.limits.restrict(Restriction(intensity=(100.0, 200.0)))
    annotation.operations.run(op.margin(1, 4.0, over=(0, 2)))
    changed = labels != before
    assert changed.any()
    assert image[changed].min() >= 100
    np.testing.assert_array_equal(labels == 2, before == 2)


def test_corners_are_filled_in_whatever_order_they_were_clicked() -> None:
    corners = np.array([[2, 4, 4], [2, 15, 16], [2, 4, 16], [2, 15, 4]])
    annotation = annotated()
    annotation.fill_corners(corners, 2)
    labels = annotation.expect_ground().labels
    assert (labels[2, 4:16, 4:17] == 2).all()
    assert (labels == 2).sum() == 12 * 13


def test_counts_follow_edits_undo_and_redo() -> None:
    labels = with_something_to_do()
    annotation = annotated(labels)
    rng = np.random.default_rng(4)
    assert annotation.counts == count_voxels(labels)
    for _ in range(30):
        act = MIXED[rng.integers(len(MIXED))]
        act(annotation, rng)
        assert {v: n for v, n in annotation.counts.items() if n} == dict(count_voxels(labels))


def test_pieces_that_touch_at_a_corner_are_one() -> None:
    labels = np.zeros((2, 4, 4), np.int32)
    labels[0, 0, 0] = labels[1, 1, 1] = labels[0, 3, 3] = 1
    assert count_pieces(labels, [1, 2]) == {1: 2, 2: 0}


def test_splitting_adds_a_class_for_each_piece() -> None:
    labels = np.maximum(blob(3, 6, 6, radius=4), blob(3, 16, 14, radius=5))
    annotation = annotated(labels)
    table = annotation.classes.table
    annotation.operations.run(op.splitting(1, 1.0, table.values))
    assert annotation.classes.table.values == (0, 1, 2, 3, 4)
    assert {v for v, n in annotation.counts.items() if n} == {0, 1, 4}, "2 and 3 have names"


def test_undoing_a_split_takes_the_classes_that_it_brought_out_of_the_table() -> None:
    annotation = annotated(blob(3, 6, 6) + blob(3, 18, 6) + blob(3, 6, 17))
    annotation.operations.run(op.splitting(1, 1.0, annotation.classes.table.values))
    annotation.classes.rename(5, "the second lesion")
    assert annotation.classes.table.values == (0, 1, 2, 3, 4, 5)
    annotation.undo()
    assert annotation.classes.table.values == (0, 1, 2, 3, 5), "one that has a name by now stays"

    annotation.redo()
    assert annotation.classes.table.values == (0, 1, 2, 3, 4, 5)
    annotation.take(annotation.ground)
    annotation.operations.run(op.clearing(4))
    annotation.undo()
    assert annotation.classes.table.values == (0, 1, 2, 3, 4, 5)


def test_removing_a_class_erases_it_and_the_erasing_is_undone() -> None:
    labels = with_something_to_do()
    annotation, before = annotated(labels), labels.copy()
    annotation.remove_class(2)
    assert annotation.classes.table.values == (0, 1, 3)
    assert not (labels == 2).any()

    annotation.undo()
    np.testing.assert_array_equal(labels, before)
    assert 2 in annotation.classes.table.values


def test_a_removed_class_has_its_name_and_colour_again_when_it_comes_back() -> None:
    annotation = annotated(with_something_to_do())
    annotation.classes.rename(2, "tumour")
    annotation.classes.recolor(2, "#123456")
    table = annotation.classes.table
    annotation.remove_class(2)
    annotation.undo()
    assert annotation.classes.table == table
    annotation.remove_class(2)
    annotation.classes.take(annotation.classes.table)  # of another case
    annotation.classes.name_values([2])
    assert annotation.classes.name(2) == "class 2"


def test_a_new_class_is_seen_and_painted_although_a_removed_one_was_not() -> None:
    annotation = annotated()
    annotation.classes.hide([1, 2])
    annotation.limits.lock([2, 3])
    annotation.remove_class(2)
    assert annotation.classes.add().value == 2
    assert annotation.classes.hidden == {1}
    assert annotation.limits.locked == {3}


def test_a_locked_class_is_not_removed() -> None:
    annotation = annotated(with_something_to_do())
    annotation.limits.lock([2])
    with pytest.raises(InputError, match="stays"):
        annotation.remove_class(2)
    assert 2 in annotation.classes.table.values


def test_without_labels_painting_is_refused_in_words() -> None:
    with pytest.raises(InputError, match="no labels"):
        Annotation().paint((0, 0, 0), (0, 0, 0), 1, 0)


def _brush(annotation: Annotation, rng: Generator) -> None:
    annotation.choose_brush(Brush(float(rng.uniform(1, 9)), bool(rng.integers(2))))
    places = [rng.uniform(0, SHAPE) for _ in range(4)]
    with annotation.stroke():
        for start, end in pairwise(places):
            annotation.paint(start, end, int(rng.integers(4)), int(rng.integers(3)))


def _operation(annotation: Annotation, rng: Generator) -> None:
    annotation.note_plane(Plane(0, int(rng.integers(1, SHAPE[0]))))
    annotation.operations.run(list(OPERATIONS.values())[rng.integers(len(OPERATIONS))])


def _limit(annotation: Annotation, rng: Generator) -> None:
    annotation.limits.lock([int(rng.integers(1, 4))] if rng.integers(2) else [])
    intensity = (80.0, 130.0) if rng.integers(2) else None
    annotation.limits.restrict(Restriction(intensity=intensity))


def _fill(annotation: Annotation, rng: Generator) -> None:
    voxel = [int(v) for v in rng.integers(0, SHAPE)]
    annotation.fill(voxel, int(rng.integers(1, 4)), 0, contiguous=bool(rng.integers(2)))


def _polygon(annotation: Annotation, rng: Generator) -> None:
    points = rng.uniform(0, SHAPE, (5, 3))
    points[:, 0] = rng.integers(SHAPE[0])
    annotation.fill_polygon(points, int(rng.integers(1, 4)))


def _back(annotation: Annotation, rng: Generator) -> None:
    annotation.undo()
    if rng.integers(2):
        annotation.redo()


MIXED: tuple[Callable[[Annotation, Generator], None], ...] = (
    *(_brush,) * 4,
    *(_operation,) * 3,
    *(_polygon, _fill, _limit, _back),
)


@pytest.mark.parametrize("seed", range(4))
def test_sixty_mixed_edits_are_undone_bit_for_bit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = with_something_to_do()
    annotation = annotated(labels, seed)
    states = [labels.copy()]
    annotation.stepped.connect(lambda: _remember(states, annotation))
    for _ in range(60):
        MIXED[rng.integers(len(MIXED))](annotation, rng)

    assert annotation.undoable > 20
    for state in reversed(states[: annotation.undoable]):
        annotation.undo()
        np.testing.assert_array_equal(labels, state, strict=True)
    assert annotation.undo() is None


def _remember(states: list[np.ndarray], annotation: Annotation) -> None:
    """Keep what the labels are after each step that is not undone, the first state first."""
    labels = annotation.expect_ground().labels
    del states[annotation.undoable :]
    states.append(labels.copy())


def test_more_than_a_hundred_steps_take_less_memory_than_one_volume() -> None:
    labels, rng = np.zeros((20, 96, 96), np.int32), np.random.default_rng(2)
    grid = Grid(labels.shape, SPACING, np.diag([*SPACING[::-1], 1.0]))
    annotation = Annotation()
    annotation.take(Ground(labels, Volume(labels, grid)))
    for _ in range(130):
        place = rng.uniform(0, labels.shape)
        annotation.choose_brush(Brush(float(rng.uniform(4, 12)), bool(rng.integers(2))))
        annotation.paint(place, place + 3, int(rng.integers(1, 9)), 0)

    assert annotation.undoable > 110
    assert annotation._history is not None
    assert annotation._history.nbytes < labels.nbytes
