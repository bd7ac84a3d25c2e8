"""Maps as a loss sees them."""

from typing import Any

import numpy as np
import pytest

from segstudio.core.distance import signed_distance
from segstudio.core.errors import InputError
from segstudio.core.loss_maps import MapOptions, loss_maps, mend_far_classes

# A piece five deep in the middle, and one of a single voxel, six apart.
LINE = np.array([[0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1, 0]])


def phi(labels: np.ndarray = LINE, **options: Any) -> list[float]:
    """Return the map of class 1 along a line, at a spacing of 2."""
    maps = loss_maps(labels, (1.0, 2.0), [0, 1], MapOptions(**options))
    return maps[1, 0].tolist()


def test_without_options_the_maps_are_the_signed_distances() -> None:
    labels = np.random.default_rng(0).integers(0, 3, (4, 9, 8))
    for per_plane in (False, True):
        np.testing.assert_array_equal(
            loss_maps(labels, (3, 1, 2), range(3), MapOptions(), per_plane=per_plane),
            signed_distance(labels, (3, 1, 2), classes=range(3), per_plane=per_plane),
        )


def test_lengths_are_in_mm_or_in_voxels() -> None:
    assert phi() == [2, -2, -4, -6, -4, -2, 2, 4, 6, 4, 2, -2, 2]
    assert phi(unit="voxels") == [1, -1, -2, -3, -2, -1, 1, 2, 3, 2, 1, -1, 1]
    assert MapOptions().in_unit((3.0, 2.0)) == (3.0, 2.0)
    assert MapOptions(unit="voxels").in_unit((3.0, 2.0)) == (1.0, 1.0)


def test_a_cap_holds_on_both_sides() -> None:
    assert phi(cap=4) == [2, -2, -4, -4, -4, -2, 2, 4, 4, 4, 2, -2, 2]


def test_a_root_keeps_the_sign() -> None:
    expected = np.sign(phi()) * np.sqrt(np.abs(phi()))
    np.testing.assert_allclose(phi(root=True), expected, rtol=1e-6)


def test_a_cap_comes_before_the_root() -> None:
    assert max(phi(cap=4, root=True)) == 2.0


def test_a_floor_raises_the_inside_alone() -> None:
    assert phi(floor=5) == [2, -5, -5, -6, -5, -5, 2, 4, 6, 4, 2, -5, 2]


def test_a_floor_fills_a_contour_of_zeros() -> None:
    found = phi(convention="contour", floor=1)
    assert found[1] == found[5] == found[11] == -1.0
    assert found[3] == -4.0


def test_pieces_of_equal_depth_reach_one_and_share_the_background_by_nearness() -> None:
    third = 1 / 3
    expected = [third, -third, -2 / 3, -1, -2 / 3, -third, third, 2 / 3, 1, 2, 1, -1, 1]
    np.testing.assert_allclose(phi(pieces="equal depth"), expected, rtol=1e-6)


def test_pieces_of_equal_weight_sum_to_the_same() -> None:
    found = np.array(phi(pieces="equal weight"))
    # They sum to 18 and 2, 10 on average.
    assert found[1:6].sum() == pytest.approx(-10)
    assert found[11] == pytest.approx(-10)
    assert found[10] == pytest.approx(10)
    assert found[6] == pytest.approx(2 * 10 / 18)


@pytest.mark.parametrize("convention", ["voxel", "contour"])
def test_a_floor_comes_before_the_weighing_so_that_it_holds(convention: Any) -> None:
    found = np.array(phi(pieces="equal weight", floor=3.0, convention=convention))
    assert found[1:6].sum() == pytest.approx(found[11])


def test_a_piece_that_is_all_contour_does_not_count_in_the_mean() -> None:
    found = np.array(phi(pieces="equal weight", convention="contour"))
    np.testing.assert_allclose(found[1:6], phi(convention="contour")[1:6])


def test_one_piece_keeps_its_weight() -> None:
    labels = LINE.copy()
    labels[0, 11] = 0
    np.testing.assert_allclose(phi(labels, pieces="equal weight"), phi(labels))


def test_pieces_are_cut_in_planes_where_the_maps_are() -> None:
    # One piece in the volume; in its planes two and one.
    labels = np.array([[[1, 0, 1, 0, 0]], [[1, 1, 1, 0, 0]]])
    options = MapOptions(pieces="equal depth")
    found = loss_maps(labels, (1, 1, 1), [1], options, per_plane=True)[0]
    for plane, own in zip(labels, found, strict=True):
        np.testing.assert_array_equal(own, loss_maps(plane, (1, 1), [1], options)[0])


@pytest.mark.parametrize("pieces", ["as they are", "equal depth", "equal weight"])
@pytest.mark.parametrize("labels", [np.zeros((3, 4), int), np.ones((3, 4), int)])
def test_a_class_without_contour_stays_zero_under_every_option(
    labels: np.ndarray, pieces: Any
) -> None:
    options = MapOptions(pieces=pieces, floor=2.0, cap=5.0, root=True)
    assert not loss_maps(labels, (1.0, 1.0), [0, 1], options).any()


def test_a_constant_is_capped_with_the_rest() -> None:
    options = MapOptions(absent="constant", absent_distance=20.0, cap=5.0)
    assert (loss_maps(np.zeros((3, 4), int), (1, 1), [1], options) == 5.0).all()


def test_a_piece_that_is_all_contour_is_not_scaled() -> None:
    found = phi(convention="contour", pieces="equal depth")
    assert np.isfinite(found).all()
    assert found[10] == 2.0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"unit": "cm"}, "no unit of maps 'cm'"),
        ({"convention": "faces"}, "Did you mean 'face'"),
        ({"absent": "far"}, "no way to treat an absent class 'far'"),
        ({"pieces": "equal"}, "no way to scale pieces 'equal'"),
        ({"cap": -1.0}, "The cap of maps, -1.0, is not a number from 0 up"),
        ({"floor": float("nan")}, "The floor of maps, nan, is not a number from 0 up"),
        ({"cap": float("inf")}, "The cap of maps, inf, is not a number from 0 up"),
        ({"absent_distance": -1.0}, "The absent_distance of maps, -1.0, is not"),
        ({"absent_distance": 0.0}, "say absent = 'zero' instead"),
    ],
)
def test_an_option_that_will_not_do_is_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        MapOptions(**options)
    assert sentence in str(caught.value)


def test_a_class_is_measured_up_to_what_is_ignored() -> None:
    labels = np.array([[0, 1, 1, 1, 255, 255, 0]])
    maps = loss_maps(labels, (1.0, 2.0), [0, 1], MapOptions())
    # The ignored voxels are of neither class: what a loss is given there is set to 0 later.
    assert maps[1, 0].tolist() == [2, -2, -4, -2, 2, 4, 6]
    assert maps[0, 0].tolist() == [-2, 2, 4, 6, 4, 2, -2]


def test_a_class_that_fills_a_patch_has_a_contour_where_the_volume_is_ignored() -> None:
    options, maps = MapOptions(cap=4.0), np.zeros((2, 1, 2, 3), np.float32)
    patch = np.ones((1, 2, 3), int)
    mend_far_classes(maps, patch, np.array([0, 6]), 6, options)
    assert not maps.any()  # the whole volume is of the class
    mend_far_classes(maps, patch, np.array([0, 6]), 12, options)
    assert (maps[1] == -4).all()
    assert not maps[0].any()  # nowhere in the volume
