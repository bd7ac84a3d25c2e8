"""Touching balls are taken apart, on grids of any spacing and at the volume's edge."""

import numpy as np
import pytest

from segstudio.core.editing.edit import apply
from segstudio.core.editing.splitting import split_touching, touching_pieces
from segstudio.core.errors import InputError

SPACINGS = [(1.0, 1.0, 1.0), (2.5, 0.8, 1.0)]


def balls(spacing: tuple[float, ...], *balls_mm: tuple[float, ...]) -> np.ndarray:
    """Return which ball each voxel of 24 × 24 × 48 mm is in, the nearest of several."""
    shape = [round(length / step) for length, step in zip((24, 24, 48), spacing, strict=True)]
    places = np.stack(np.indices(shape), axis=-1) * spacing
    outside = [np.linalg.norm(places - ball[:3], axis=-1) - ball[3] for ball in balls_mm]
    return np.where(np.min(outside, axis=0) <= 0, 1 + np.argmin(outside, axis=0), 0)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_two_balls_that_touch_are_taken_apart_at_the_waist(spacing: tuple[float, ...]) -> None:
    truth = balls(spacing, (12, 12, 14, 9), (12, 12, 30, 8.5))
    found = touching_pieces(truth > 0, spacing, 2.0)
    assert found.max() == 2
    np.testing.assert_array_equal(found > 0, truth > 0)
    same = found == truth
    if same.mean() < 0.5:
        same = (3 - found) == truth
    assert same[truth > 0].mean() > 0.97


@pytest.mark.parametrize("spacing", SPACINGS)
def test_balls_cut_by_the_volumes_edge_are_taken_apart(spacing: tuple[float, ...]) -> None:
    truth = balls(spacing, (0, 0, 10, 9), (0, 0, 26, 9))
    assert touching_pieces(truth > 0, spacing, 2.0).max() == 2


@pytest.mark.parametrize("spacing", SPACINGS)
def test_one_ball_stays_whole_and_a_large_waist_splits_nothing(
    spacing: tuple[float, ...],
) -> None:
    assert touching_pieces(balls(spacing, (12, 12, 14, 9)) > 0, spacing, 2.0).max() == 1
    two = balls(spacing, (12, 12, 14, 9), (12, 12, 30, 8.5)) > 0
    assert touching_pieces(two, spacing, 8.0).max() == 1


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("waist", [0.5, 2.0, 4.0])
def test_a_long_body_with_many_deepest_voxels_stays_whole(
    spacing: tuple[float, ...], waist: float
) -> None:
    shape = [round(length / step) for length, step in zip((24, 24, 48), spacing, strict=True)]
    z, y, x = ((np.arange(n) - (n - 1) / 2) * step for n, step in zip(shape, spacing, strict=True))
    across = np.hypot(z[:, None], y)[:, :, None]
    body = (across / 8) ** 2 + (x / 22) ** 2 <= 1
    assert touching_pieces(body, spacing, waist).max() == 1


def test_pieces_apart_are_numbered_however_small_they_are() -> None:
    mask = np.zeros((6, 30, 30), bool)
    mask[2:5, 2:20, 2:20] = True
    mask[0, 25, 25] = mask[5, 28, 1] = True
    assert np.bincount(touching_pieces(mask, (1.0, 1.0, 1.0), 1.0).ravel())[1:].min() == 1
    assert touching_pieces(mask, (1.0, 1.0, 1.0), 1.0).max() == 3
    assert touching_pieces(mask, (1.0, 1.0, 1.0), 50.0).max() == 3


def test_the_largest_piece_keeps_its_class_and_others_get_new_ones() -> None:
    spacing = SPACINGS[0]
    labels = np.where(balls(spacing, (12, 12, 14, 9), (12, 12, 30, 8.5)) > 0, 2, 0)
    labels = labels.astype(np.uint8)
    labels[:3] = 7  # another class touches both
    before = labels.copy()
    apply(split_touching(labels, 2, spacing, 2.0), labels)
    assert np.unique(labels).tolist() == [0, 2, 7, 8]
    assert (labels == 2).sum() > (labels == 8).sum() > 1000
    np.testing.assert_array_equal(np.isin(labels, (2, 8)), before == 2)


def test_more_classes_than_the_labels_hold_are_told() -> None:
    labels = np.zeros((1, 3, 9), np.uint8)
    labels[0, 1, ::2] = 255
    with pytest.raises(InputError, match="not 259"):
        split_touching(labels, 255, (1.0, 1.0, 1.0), 1.0)
    labels[0, 1, 1:] = 0
    assert split_touching(labels, 255, (1.0, 1.0, 1.0), 1.0).count == 0


def test_a_class_that_is_absent_is_not_split_and_no_waist_is_told() -> None:
    labels = np.zeros((3, 3, 3), np.uint8)
    assert split_touching(labels, 1, (1.0, 1.0, 1.0), 1.0).count == 0
    with pytest.raises(InputError, match="waist"):
        touching_pieces(labels > 0, (1.0, 1.0, 1.0), 0.0)


def test_a_piece_gets_no_value_that_stands_for_something_else() -> None:
    labels = np.zeros((1, 3, 9), np.uint8)
    labels[0, 1, [1, 2, 4, 7]] = 1
    apply(split_touching(labels, 1, (1.0, 1.0, 1.0), 1.0, taken=(0, 1, 5)), labels)
    assert np.unique(labels).tolist() == [0, 1, 6, 7]
