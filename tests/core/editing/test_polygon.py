"""Polygons of known area."""

import numpy as np
import pytest

from segstudio.core.editing.edit import apply
from segstudio.core.editing.polygon import fill_polygon, go_round
from segstudio.core.errors import InputError


def filled(points: object, shape: tuple[int, ...] = (3, 10, 12), **where) -> np.ndarray:
    labels = np.zeros(shape, np.uint8)
    apply(fill_polygon(labels, points, 5, **where), labels)
    return labels


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_rectangle_fills_its_voxels_in_its_plane_only(axis: int) -> None:
    points = [(0.5, 1.5), (0.5, 7.5), (2.5, 7.5), (2.5, 1.5)]
    shape = (3, 10, 12) if axis == 0 else (10, 12, 12)
    found = np.moveaxis(filled(points, shape, plane=2, axis=axis), axis, 0)
    expected = np.zeros_like(found)
    expected[2, 1:3, 2:8] = 5
    np.testing.assert_array_equal(found, expected)


def test_a_polygon_is_clipped_to_its_plane() -> None:
    found = filled([(-50, -50), (-50, 4.5), (3.5, 4.5), (3.5, -50)], plane=0)
    expected = np.zeros_like(found)
    expected[0, :4, :5] = 5
    np.testing.assert_array_equal(found, expected)
    assert not filled([(20, 20), (20, 30), (30, 30)], plane=0).any()


def test_landmarks_read_as_a_book_make_a_quadrilateral_without_a_crossing() -> None:
    top_left, top_right, bottom_left, bottom_right = (1, 2), (1, 8), (6, 2), (6, 8)
    corners = go_round([top_left, top_right, bottom_left, bottom_right])
    assert corners.tolist() == [[1, 2], [1, 8], [6, 8], [6, 2]]
    assert (filled(corners, plane=1)[1, 2:6, 3:8] == 5).all()


@pytest.mark.parametrize("points", [[(0, 0), (1, 1)], [1, 2, 3], [(0, 0, 0)] * 4, []])
def test_points_that_make_no_polygon_are_told(points: list[object]) -> None:
    with pytest.raises(InputError, match="make no polygon"):
        filled(points, plane=0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e12])
def test_a_corner_that_is_no_place_is_told(bad: float) -> None:
    with pytest.raises(InputError, match="no place"):
        filled([(0, 0), (0, 5), (bad, 5)], plane=0)


def test_a_plane_that_is_not_there_and_five_landmarks_are_told() -> None:
    with pytest.raises(InputError, match="no plane 3 along axis 0"):
        filled([(0, 0), (0, 5), (5, 5)], plane=3)
    with pytest.raises(InputError, match="Four landmarks"):
        go_round([(0, 0)] * 5)
