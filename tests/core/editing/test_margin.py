"""Margins against scipy's distances, with touching classes and the volume's edge."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from segstudio.core.editing.edit import apply
from segstudio.core.editing.margin import add_margin, hollow
from segstudio.core.errors import InputError

SPACING = (2.5, 0.7, 1.1)


def blobs(dtype: str = "uint8") -> np.ndarray:
    """Return classes 1, 2 and 3, of which 1 and 2 touch each other, 1 and 3 the volume's edge."""
    labels = np.zeros((9, 20, 18), dtype)
    labels[0:5, 4:13, 0:8] = 1
    labels[2:6, 6:15, 8:13] = 2
    labels[7:, 15:, 14:] = 3
    labels[5, 5, 5] = 1
    return labels


def done(labels: np.ndarray, edit) -> np.ndarray:
    new = labels.copy()
    apply(edit, new)
    return new


@pytest.mark.parametrize("value", [1, 2, 3])
@pytest.mark.parametrize("margin", [0.7, 2.5, 3.3, 40.0])
@pytest.mark.parametrize("over", [(0,), (0, 2), (1, 3)])
def test_a_class_grows_over_what_is_within_the_margin_and_allowed(
    value: int, margin: float, over: tuple[int, ...]
) -> None:
    labels = blobs()
    near = distance_transform_edt(labels != value, sampling=SPACING) <= margin + 1e-5
    expected = np.where(near & np.isin(labels, over), value, labels)
    found = done(labels, add_margin(labels, value, margin, SPACING, over=over))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("value", [1, 2, 3])
@pytest.mark.parametrize("margin", [0.7, 1.5, 3.3, 40.0])
def test_a_class_shrinks_from_its_outline_but_not_from_the_volumes_edge(
    value: int, margin: float
) -> None:
    labels = blobs("int32")
    deep = distance_transform_edt(labels == value, sampling=SPACING) > margin + 1e-5
    expected = np.where((labels == value) & ~deep, 5, labels)
    found = done(labels, add_margin(labels, value, -margin, SPACING, fill=5))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("wall", [0.7, 1.1, 2.0, 2.5])
def test_a_hollow_class_is_its_wall(wall: float) -> None:
    labels = blobs()
    deep = distance_transform_edt(labels == 1, sampling=SPACING) > wall + 1e-5
    found = done(labels, hollow(labels, 1, wall, SPACING))
    np.testing.assert_array_equal(found, np.where(deep, 0, labels))
    assert deep.any()


def test_a_margin_below_the_spacing_changes_nothing_along_that_axis() -> None:
    labels = np.zeros((5, 5, 5), np.uint8)
    labels[2, 2, 2] = 1
    found = done(labels, add_margin(labels, 1, 1.0, (3.0, 1.0, 1.0)))
    assert np.argwhere(found == 1).tolist() == [
        [2, 1, 2], [2, 2, 1], [2, 2, 2], [2, 2, 3], [2, 3, 2]
    ]  # fmt: skip


@pytest.mark.parametrize("fills", [False, True])
def test_a_class_without_an_outline_does_not_change(fills: bool) -> None:
    labels = np.full((3, 4, 5), int(fills), np.uint8)
    for margin in (2.0, 0.0, -2.0):
        assert add_margin(labels, 1, margin, SPACING).count == 0
    assert hollow(labels, 1, 1.0, SPACING).count == 0


def test_a_margin_that_is_no_length_is_told() -> None:
    with pytest.raises(InputError, match="margin, nan mm"):
        add_margin(blobs(), 1, np.nan, SPACING)
    with pytest.raises(InputError, match="thickness of the wall"):
        hollow(blobs(), 1, 0.0, SPACING)
    with pytest.raises(InputError, match="3 positive numbers"):
        add_margin(blobs(), 1, 1.0, (1.0, 1.0))
    with pytest.raises(InputError, match="not 300"):
        add_margin(blobs(), 1, -1.0, SPACING, fill=300)
