"""Lines of equal distance."""

import numpy as np
import pytest

from segstudio.core.iso_lines import MOST_LEVELS, iso_lines, levels_of
from segstudio.core.loss_maps import MapOptions, loss_maps

ROW, COLUMN = np.mgrid[:81, :81]
DISK = np.hypot(ROW - 40, COLUMN - 38) < 15
PHI = loss_maps(DISK.view(np.uint8), (1, 1), [1], MapOptions(convention="face"))[0]


def test_lines_around_a_disk_are_circles_at_their_distances() -> None:
    segments, levels = iso_lines(DISK, PHI, 5.0)

    for level in (-10, -5, 0, 5, 10, 20):
        radii = np.hypot(*(segments[levels == level].reshape(-1, 2) - (40, 38)).T)
        assert radii.size
        assert np.abs(radii - (15 + level)).max() < 1.2  # voxels have corners


def test_the_contour_is_that_of_the_class_in_every_convention_and_half() -> None:
    of_phi, levels = iso_lines(DISK, PHI, 5.0)
    of_half, half_levels = iso_lines(DISK, np.maximum(-PHI, 0), 5.0)

    assert np.array_equal(of_phi[levels == 0], of_half[half_levels == 0])
    assert set(half_levels) == {0, 5, 10}


def test_pieces_of_a_line_follow_each_other_and_none_joins_two_lines() -> None:
    two = DISK | (np.hypot(ROW - 10, COLUMN - 70) < 5)
    segments, _ = iso_lines(two, np.zeros(two.shape, np.float32), 1.0)

    lengths = np.hypot(*(segments[:, 1] - segments[:, 0]).T)
    assert lengths.max() <= 1
    # Closed: every end is a start.
    assert set(map(tuple, segments[:, 0])) == set(map(tuple, segments[:, 1]))


def test_an_absent_class_has_no_lines() -> None:
    segments, levels = iso_lines(np.zeros((9, 9), np.bool_), np.zeros((9, 9), np.float32), 1.0)
    assert segments.shape == (0, 2, 2)
    assert levels.shape == (0,)


@pytest.mark.parametrize("span", [(-7, 300), (-300, 7), (-300, 300)])
def test_of_many_lines_the_nearest_to_the_contour_are_drawn(span: tuple[int, int]) -> None:
    levels = levels_of(*span, 5.0)

    assert len(levels) == MOST_LEVELS
    assert {-5.0, 5.0} <= set(levels)
    assert np.diff(sorted([*levels, 0.0])) == pytest.approx(5.0)
