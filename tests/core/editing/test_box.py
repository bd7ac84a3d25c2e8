"""Boxes of voxels."""

import numpy as np
import pytest

from segstudio.core.editing.box import (
    bounding_box,
    class_box,
    full_box,
    hull,
    inner_box,
    plane_box,
    voxels_across,
)
from segstudio.core.errors import InputError


@pytest.mark.parametrize("seed", range(20))
def test_the_bounding_box_is_from_the_first_to_the_last_voxel(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((5, 6, 7)) < 0.02
    mask[tuple(rng.integers(0, mask.shape))] = True
    places = np.argwhere(mask)
    expected = tuple(
        slice(a, b + 1) for a, b in zip(places.min(axis=0), places.max(axis=0), strict=True)
    )
    assert bounding_box(mask) == expected


def test_an_empty_mask_has_no_box() -> None:
    assert bounding_box(np.zeros((2, 3, 4), bool)) is None
    assert class_box(np.zeros((2, 3, 4), np.uint8), [1, 2]) is None


def test_a_class_has_voxels_around_it_as_far_as_the_volume_goes() -> None:
    labels = np.zeros((5, 9, 9), np.uint8)
    labels[0, 4, 7], labels[1, 2, 2] = 3, 4
    assert class_box(labels, [3], (2, 1, 3)) == (slice(0, 3), slice(3, 6), slice(4, 9))
    assert class_box(labels, [3, 4], (0, 0, 0)) == (slice(0, 2), slice(2, 5), slice(2, 8))


def test_boxes_are_counted_from_the_first_voxel() -> None:
    assert full_box((slice(None), slice(-3, None)), (4, 9)) == (slice(0, 4), slice(6, 9))
    assert plane_box((4, 5, 6), 1, 2) == (slice(0, 4), slice(2, 3), slice(0, 6))
    whole = hull([(slice(2, 4), slice(5, 6)), (slice(3, 7), slice(1, 2))])
    assert whole == (slice(2, 7), slice(1, 6))
    assert inner_box((slice(3, 7), slice(1, 2)), whole) == (slice(1, 5), slice(0, 1))


def test_a_length_reaches_over_voxels_rounded_up() -> None:
    assert voxels_across(5.0, (2.5, 2.0, 10.0)) == (2, 3, 1)


@pytest.mark.parametrize("index", [-1, 5])
def test_a_plane_that_is_not_there_is_told(index: int) -> None:
    with pytest.raises(InputError, match=f"no plane {index} along axis 1: choose one of 0 to 4"):
        plane_box((4, 5, 6), 1, index)
