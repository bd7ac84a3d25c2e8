"""The brush against the distance of every voxel."""

import numpy as np
import pytest

from segstudio.core.editing.box import Box
from segstudio.core.editing.brush import brush_voxels, stroke_voxels
from segstudio.core.errors import InputError

SHAPE = (7, 12, 15)
SPACING = (3.0, 1.0, 0.7)


def whole(found: tuple[Box, np.ndarray]) -> np.ndarray:
    """Return the brush's voxels in a mask of the volume."""
    box, mask = found
    volume = np.zeros(SHAPE, bool)
    volume[box] = mask
    return volume


def brute_force(centre: tuple[float, ...], diameter: float) -> np.ndarray:
    away = (np.argwhere(np.ones(SHAPE, bool)) - np.array(centre)) * SPACING
    return (np.linalg.norm(away, axis=1) <= diameter / 2 + 1e-9).reshape(SHAPE)


CENTRES = [(3, 6, 7), (3.4, 6.5, 7.2), (0, 0, 0), (6, 11, 14), (6.4, -0.4, 3), (-1, 5, 5)]


@pytest.mark.parametrize("centre", CENTRES)
@pytest.mark.parametrize("diameter", [4.0, 6.0, 9.5, 60.0])
def test_a_ball_holds_the_voxels_within_half_its_diameter(
    centre: tuple[float, ...], diameter: float
) -> None:
    expected = brute_force(centre, diameter)
    home = tuple(int(np.floor(c + 0.5)) for c in centre)
    if min(home) >= 0:
        expected[home] = True
    np.testing.assert_array_equal(whole(brush_voxels(centre, diameter, SPACING, SHAPE)), expected)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_disc_lies_in_the_plane_of_its_centre(axis: int) -> None:
    centre = [3.3, 6.3, 7.3]
    found = whole(brush_voxels(centre, 8.0, SPACING, SHAPE, plane_axis=axis))
    centre[axis] = round(centre[axis])
    expected = brute_force(tuple(centre), 8.0)
    others = np.arange(SHAPE[axis]) != centre[axis]
    np.moveaxis(expected, axis, 0)[others] = False
    np.testing.assert_array_equal(found, expected)


def test_the_finest_brush_paints_the_voxel_it_is_in() -> None:
    found = whole(brush_voxels((2.4, 5.5, 7.6), 0.01, SPACING, SHAPE))
    assert np.argwhere(found).tolist() == [[2, 6, 8]]


@pytest.mark.parametrize("centre", [(-9, 5, 5), (3, 40, 5), (3, 5, 90)])
@pytest.mark.parametrize("axis", [None, 0])
def test_a_brush_outside_of_the_volume_paints_nothing(
    centre: tuple[float, ...], axis: int | None
) -> None:
    box, mask = brush_voxels(centre, 4.0, SPACING, SHAPE, plane_axis=axis)
    assert not mask.any()
    assert np.zeros(SHAPE)[box].shape == mask.shape


def test_a_stroke_is_all_the_places_a_ball_passes_over() -> None:
    start, end = np.array([1.0, 2.0, 2.0]), np.array([5.0, 9.0, 12.0])
    passed = [brute_force(tuple(start + t * (end - start)), 4.0) for t in np.linspace(0, 1, 400)]
    found = whole(stroke_voxels(start, end, 4.0, SPACING, SHAPE))
    assert not (np.any(passed, axis=0) & ~found).any()
    # What the sampled places miss lies on the stroke's very edge, or on the line that is drawn.
    assert (found & ~np.any(passed, axis=0)).sum() <= 2


def test_a_fine_stroke_has_no_gap() -> None:
    found = whole(stroke_voxels((3, 0, 0), (3, 11, 14), 0.01, SPACING, SHAPE, plane_axis=0))
    assert found[3].any(axis=0).all()
    assert found.sum() == 15


def test_a_stroke_in_a_plane_stays_in_the_plane_of_its_start() -> None:
    found = whole(stroke_voxels((2, 2, 2), (5, 9, 9), 4.0, SPACING, SHAPE, plane_axis=0))
    assert np.flatnonzero(found.any(axis=(1, 2))).tolist() == [2]


@pytest.mark.parametrize("diameter", [0.0, -1.0, np.nan, np.inf])
def test_a_brush_without_a_size_is_refused(diameter: float) -> None:
    with pytest.raises(InputError, match="diameter of the brush"):
        brush_voxels((1, 1, 1), diameter, SPACING, SHAPE)


def test_a_spacing_that_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="3 positive numbers"):
        brush_voxels((1, 1, 1), 3.0, (1.0, 1.0), SHAPE)
    with pytest.raises(InputError, match="no axis 3"):
        brush_voxels((1, 1, 1), 3.0, SPACING, SHAPE, plane_axis=3)
