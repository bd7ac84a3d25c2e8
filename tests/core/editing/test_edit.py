"""Edits hold what changed, and put it back."""

import numpy as np
import pytest

from segstudio.core.editing.edit import (
    apply,
    edit_to,
    edit_where,
    joined,
    limited,
    no_edit,
    part_of,
    placed,
    revert,
)
from segstudio.core.errors import InputError


def some_labels(dtype: str = "uint8") -> np.ndarray:
    return np.random.default_rng(0).integers(0, 4, (4, 5, 6)).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "int64"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_edit_is_applied_and_reverted_bit_for_bit(dtype: str, order: str) -> None:
    labels = some_labels(dtype).copy(order=order)
    before = labels.copy()
    new = np.random.default_rng(1).integers(0, 4, (2, 3, 3)).astype(dtype)
    box = (slice(1, 3), slice(2, 5), slice(0, 3))
    edit = edit_to(labels, box, new)
    np.testing.assert_array_equal(labels, before)
    apply(edit, labels)
    np.testing.assert_array_equal(labels[box], new)
    assert np.array_equal(labels == before, ~full(edit, labels))
    revert(edit, labels)
    np.testing.assert_array_equal(labels, before, strict=True)


def full(edit, labels: np.ndarray) -> np.ndarray:
    mask = np.zeros(labels.shape, bool)
    mask[edit.box] = edit.mask
    return mask


def test_an_edit_of_a_view_that_is_not_contiguous_is_put_back() -> None:
    labels = some_labels()[::2, ::-1, 1::2]
    before = labels.copy()
    edit = edit_where(labels, whole_of(labels), labels == 1, 3)
    apply(edit, labels)
    assert not (labels == 1).any()
    revert(edit, labels)
    np.testing.assert_array_equal(labels, before)


def whole_of(labels: np.ndarray) -> tuple[slice, ...]:
    return tuple(slice(0, n) for n in labels.shape)


def test_the_box_is_no_larger_than_what_changes() -> None:
    labels = np.zeros((9, 9, 9), np.uint8)
    labels[4, 4, 4] = 2
    mask = np.zeros(labels.shape, bool)
    mask[4, 4, 4:7] = mask[6, 4, 4] = True
    edit = edit_where(labels, whole_of(labels), mask, 2)
    assert edit.box == (slice(4, 7), slice(4, 5), slice(4, 7))
    assert edit.count == 3
    assert edit.old.tolist() == [0, 0, 0]
    assert edit.new.tolist() == [2, 2, 2]


def test_an_edit_holds_what_changed_and_not_the_volume() -> None:
    labels = np.zeros((50, 200, 200), np.uint16)
    mask = np.ones((20, 60, 60), bool)
    edit = edit_where(labels, (slice(20), slice(60), slice(60)), mask, 7)
    assert edit.count == mask.size
    assert edit.nbytes < 2000


def test_nothing_changes_where_the_labels_are_so_already() -> None:
    labels = some_labels()
    for edit in (edit_to(labels, whole_of(labels), labels), no_edit(labels)):
        assert edit.count == 0
        apply(edit, labels)
        revert(edit, labels)
    np.testing.assert_array_equal(labels, some_labels())


def test_a_limited_edit_changes_only_what_is_allowed() -> None:
    labels = some_labels()
    before = labels.copy()
    edit = edit_where(labels, whole_of(labels), np.ones(labels.shape, bool), 3)
    allowed = before == 1
    part = limited(edit, allowed[edit.box])
    apply(part, labels)
    np.testing.assert_array_equal(labels, np.where(allowed, 3, before))
    revert(part, labels)
    np.testing.assert_array_equal(labels, before)


def test_joined_edits_are_undone_in_one_step() -> None:
    labels = some_labels()
    before = labels.copy()
    rng = np.random.default_rng(2)
    edits = []
    for value in (1, 2, 3, 0, 2):
        a, b, c = rng.integers(0, 3, 3)
        box = (slice(a, a + 2), slice(b, b + 3), slice(c, c + 3))
        edits.append(edit_where(labels, box, rng.random((2, 3, 3)) < 0.7, value))
        apply(edits[-1], labels)
    after = labels.copy()
    whole = joined(edits)
    revert(whole, labels)
    np.testing.assert_array_equal(labels, before)
    apply(whole, labels)
    np.testing.assert_array_equal(labels, after)
    assert whole.count == (before != after).sum()


def test_edits_that_cancel_each_other_are_nothing_together() -> None:
    labels = np.zeros((2, 2, 2), np.uint8)
    there = edit_where(labels, whole_of(labels), labels == 0, 1)
    apply(there, labels)
    back = edit_where(labels, whole_of(labels), labels == 1, 0)
    assert joined([there, back]).count == 0
    assert joined([no_edit(labels)]).count == 0


@pytest.mark.parametrize(("dtype", "value"), [("uint8", 256), ("uint16", 65536), ("int8", -1)])
def test_a_class_that_the_labels_cannot_hold_is_refused(dtype: str, value: int) -> None:
    labels = np.zeros((2, 2, 2), dtype)
    with pytest.raises(InputError, match=f"not {value}"):
        edit_where(labels, whole_of(labels), labels == 0, value)


def test_a_part_of_an_edit_changes_some_of_its_voxels() -> None:
    labels = some_labels()
    before = labels.copy()
    edit = edit_where(labels, (slice(None),) * 3, labels > 0, 5)
    part = part_of(edit, edit.old == 2)
    apply(part, labels)
    np.testing.assert_array_equal(labels, np.where(before == 2, 5, before))
    revert(part, labels)
    np.testing.assert_array_equal(labels, before)


def test_an_edit_of_a_part_of_the_labels_is_placed_in_the_whole() -> None:
    labels = some_labels()
    expected = labels.copy()
    expected[2, 1:4, 2:5] = 7
    box = (slice(2, 3), slice(1, 5), slice(2, 6))
    inner = (slice(0, 1), slice(0, 3), slice(0, 3))
    edit = edit_where(labels[box], inner, np.ones((1, 3, 3), bool), 7)
    apply(placed(edit, box), labels)
    np.testing.assert_array_equal(labels, expected)
