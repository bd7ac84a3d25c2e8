"""Holes, filled in the volume and plane by plane."""

import numpy as np
import pytest

from segstudio.core.editing.edit import apply
from segstudio.core.editing.holes import fill_holes
from segstudio.core.errors import InputError


def filled(labels: np.ndarray, value: int = 1, **options) -> np.ndarray:
    new = labels.copy()
    apply(fill_holes(labels, value, **options), new)
    return new


def box_with_cavity() -> np.ndarray:
    """Return a box of class 1 around a cavity, which holds a voxel of class 2."""
    labels = np.zeros((7, 8, 9), np.uint8)
    labels[1:6, 1:7, 1:8] = 1
    labels[2:5, 2:6, 2:7] = 0
    labels[3, 3, 3] = 2
    return labels


def test_a_cavity_is_filled_and_what_it_encloses_stays() -> None:
    expected = box_with_cavity()
    expected[2:5, 2:6, 2:7] = 1
    expected[3, 3, 3] = 2
    np.testing.assert_array_equal(filled(box_with_cavity()), expected)


def test_an_enclosed_class_is_filled_where_it_may_be() -> None:
    found = filled(box_with_cavity(), over=(0, 2))
    assert (found[1:6, 1:7, 1:8] == 1).all()
    only = filled(box_with_cavity(), over=(2,))
    assert only[3, 3, 3] == 1
    assert np.count_nonzero(only != box_with_cavity()) == 1


def test_a_cavity_with_a_way_out_is_a_hole_in_the_planes_only() -> None:
    labels = box_with_cavity()
    labels[3, 3, 3] = 0
    labels[5, 4, 4] = 0
    assert fill_holes(labels, 1).count == 0
    found = filled(labels, plane_axis=0)
    assert (found[1:6, 1:7, 1:8] == 1).all()
    # Along the other axes the way out opens one plane each.
    for axis in (1, 2):
        part = np.moveaxis(filled(labels, plane_axis=axis), axis, 0)
        assert (part[4] == np.moveaxis(labels, axis, 0)[4]).all()
        assert (part[3] != np.moveaxis(labels, axis, 0)[3]).any()


def test_what_opens_at_the_volumes_edge_is_no_hole() -> None:
    labels = box_with_cavity()[:, :, 2:]
    assert fill_holes(labels, 1).count == 0
    labels = box_with_cavity()[2:5]
    assert fill_holes(labels, 1).count == 0
    assert (filled(labels, plane_axis=0, over=(0, 2))[:, 1:7, 1:8] == 1).all()


def test_a_ring_closed_at_corners_is_enough_in_an_image_of_one_plane() -> None:
    labels = np.zeros((1, 5, 5), np.uint8)
    labels[0, [0, 1, 1, 2, 2, 3, 3, 4], [2, 1, 3, 0, 4, 1, 3, 2]] = 1
    expected = labels.copy()
    expected[0, [1, 2, 2, 2, 3], [2, 1, 2, 3, 2]] = 1
    for turned in (labels, labels.transpose(1, 0, 2)):
        assert (filled(turned) == 1).sum() == 13
    np.testing.assert_array_equal(filled(labels), expected)


def test_between_two_classes_that_touch_nothing_is_enclosed_by_one() -> None:
    labels = box_with_cavity()
    labels[:, 4:][labels[:, 4:] == 1] = 2
    assert fill_holes(labels, 1).count == 0


def test_a_class_that_is_absent_has_no_holes() -> None:
    assert fill_holes(box_with_cavity(), 7).count == 0
    with pytest.raises(InputError, match="no axis 3"):
        fill_holes(box_with_cavity(), 1, plane_axis=3)
