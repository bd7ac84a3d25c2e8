import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.core.labels import IGNORED, PALETTE, ClassTable, LabelClass, onehot


@pytest.mark.parametrize("values", [(0, 1, 2, 3), (0, 1, 255), (0, 7, 40000), (0,)])
@pytest.mark.parametrize("dtype", ["uint16", "int32", "int64"])
def test_label_values_survive_the_way_to_indices_and_back(
    values: tuple[int, ...], dtype: str
) -> None:
    table = ClassTable.found_in(values)
    labels = np.random.default_rng(0).choice(values, size=(2, 3, 4)).astype(dtype)
    indices = table.to_indices(labels, "labels.nii")
    assert indices.max() < len(table)
    np.testing.assert_array_equal(table.to_values(indices), labels)


def test_indices_count_the_values_in_order() -> None:
    table = ClassTable.found_in([255, 0, 1])
    assert table.values == (0, 1, 255)
    np.testing.assert_array_equal(
        table.to_indices(np.array([[255, 0, 1]]), ""), np.array([[2, 0, 1]], np.uint8), strict=True
    )


@pytest.mark.parametrize("stray", [2, 254, 256, -1])
def test_a_stray_value_is_told_with_its_file_and_the_known_classes(stray: int) -> None:
    table = ClassTable.named({1: "wall", 255: "lesion"})
    with pytest.raises(InputError) as caught:
        table.to_indices(np.array([0, 1, 255, stray]), "'p1_gt.nii'")
    assert f"'p1_gt.nii' holds the label value {stray}," in str(caught.value)
    assert "(0 background, 1 wall, 255 lesion)" in str(caught.value)


def test_background_comes_first_and_is_not_a_foreground_class() -> None:
    table = ClassTable.named({0: "nothing", 5: "b", 2: "a"})
    assert [c.name for c in table.classes] == ["background", "a", "b"]
    assert [c.value for c in table.foreground] == [2, 5]


def test_classes_beyond_the_palette_take_its_colours_again() -> None:
    table = ClassTable.found_in(range(1, len(PALETTE) + 2))
    assert table.classes[-1].color == table.classes[1].color == PALETTE[0]


def test_onehot_has_one_true_mask_at_every_voxel() -> None:
    masks = onehot(np.array([[0, 2], [1, 2]], np.uint8), 4)
    expected = [[[1, 0], [0, 0]], [[0, 0], [1, 0]], [[0, 1], [0, 1]], [[0, 0], [0, 0]]]
    np.testing.assert_array_equal(masks, np.array(expected, bool), strict=True)


IGNORING = ClassTable.named({1: "lesion", 3: "vessel"}, ignore=2)


def test_the_value_to_ignore_is_no_class() -> None:
    assert IGNORING.values == (0, 1, 3)
    assert len(IGNORING) == 3
    assert [c.name for c in IGNORING.foreground] == ["lesion", "vessel"]


def test_ignored_voxels_survive_the_way_to_indices_and_back() -> None:
    labels = np.array([[0, 1, 2], [3, 2, 2]])
    indices = IGNORING.to_indices(labels, "labels.nii")
    expected = np.array([[0, 1, IGNORED], [2, IGNORED, IGNORED]], np.uint8)
    np.testing.assert_array_equal(indices, expected, strict=True)
    np.testing.assert_array_equal(IGNORING.to_values(indices), labels)


@pytest.mark.parametrize("ignore", [9, 255, 65535])
def test_the_value_to_ignore_may_be_the_highest(ignore: int) -> None:
    table = ClassTable.found_in([1, 254, ignore], ignore=ignore)
    labels = np.array([0, 1, 254, ignore])
    np.testing.assert_array_equal(table.to_indices(labels, ""), [0, 1, 2, IGNORED])


def test_ignored_voxels_are_in_no_mask() -> None:
    masks = onehot(np.array([0, 2, IGNORED, 1], np.uint8), 3)
    assert masks.sum(axis=0).tolist() == [1, 1, 0, 1]


def test_without_a_value_to_ignore_there_is_no_index_of_it() -> None:
    with pytest.raises(IndexError):
        ClassTable.found_in([1]).to_values(np.array([IGNORED], np.uint8))


def test_a_stray_value_is_told_beside_the_one_to_ignore() -> None:
    with pytest.raises(InputError, match=r"value 4.*\(0 background, 1 lesion, 3 vessel, 2 ignored"):
        IGNORING.to_indices(np.array([2, 4]), "labels.nii")


@pytest.mark.parametrize("value", [0, 1])
def test_a_class_cannot_be_ignored_as_well(value: int) -> None:
    with pytest.raises(InputError, match=f"value {value} is to be ignored, but is that of"):
        ClassTable.named({1: "lesion"}, ignore=value)


def test_a_class_that_is_ignored_later_leaves_the_table_and_no_other_changes_its_colour() -> None:
    table = ClassTable.named({1: "lesion", 2: "other", 3: "vessel"}).ignoring(2)
    assert table == IGNORING
    with pytest.raises(InputError, match="'background'"):
        table.ignoring(0)


@pytest.mark.parametrize("count", [255, 256])
def test_as_many_classes_as_a_byte_counts_beside_the_ignored_are_taken(count: int) -> None:
    table = ClassTable.found_in(range(count), ignore=300)
    labels = np.append(np.arange(count), 300)
    if count > 255:
        with pytest.raises(InputError, match="has 256 classes; 255 are the most"):
            table.to_indices(labels, "")
    else:
        np.testing.assert_array_equal(table.to_values(table.to_indices(labels, "")), labels)


def test_a_class_is_added_changed_and_taken_away_in_order_of_value() -> None:
    table = ClassTable.named({3: "c", 1: "a"})
    assert table.next_class.value == 2
    assert table.next_class.color not in {c.color for c in table.foreground}

    table = table.with_class(LabelClass(2, "b", "#123456")).with_class(
        LabelClass(3, "d", "#ffffff")
    )
    assert [(c.value, c.name) for c in table.foreground] == [(1, "a"), (2, "b"), (3, "d")]
    assert table.without(1).values == (0, 2, 3)
    assert table.without(0) == table


def test_the_next_class_has_no_value_that_is_ignored() -> None:
    assert ClassTable.named({1: "a"}, ignore=2).next_class.value == 3


def test_values_that_lack_a_class_get_one_from_another_table_or_a_name_by_number() -> None:
    table = ClassTable.named({1: "a"}, ignore=9).with_values(
        [0, 1, 4, 5, 9], ClassTable.named({4: "known"})
    )
    assert [(c.value, c.name) for c in table.foreground] == [(1, "a"), (4, "known"), (5, "class 5")]
