import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.core.labels import PALETTE, ClassTable, onehot


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
