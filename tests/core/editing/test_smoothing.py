"""Smoothed outlines: what goes, what stays, and that no gap opens."""

import numpy as np
import pytest
from scipy import ndimage

from segstudio.core.editing.edit import Edit, apply
from segstudio.core.editing.smoothing import smooth_by_distance, smooth_by_majority
from segstudio.core.errors import InputError

SPACING = (2.0, 1.0, 0.8)
BOTH = pytest.mark.parametrize("smooth", [smooth_by_distance, smooth_by_majority])


def done(labels: np.ndarray, edit: Edit) -> np.ndarray:
    new = labels.copy()
    apply(edit, new)
    return new


def halves() -> np.ndarray:
    """Return a block of two classes that touch, one of them at the volume's edge."""
    labels = np.zeros((12, 26, 30), np.uint8)
    labels[3:9, 5:21, 0:14] = 1
    labels[3:9, 5:21, 14:24] = 2
    return labels


@BOTH
def test_flat_outlines_and_the_border_between_classes_stay(smooth) -> None:
    labels = halves()
    found = done(labels, smooth(labels, SPACING, 1.5))
    # Away from the block's edges and corners nothing is rounded.
    np.testing.assert_array_equal(found[5:7, 9:17], labels[5:7, 9:17])
    assert (found != labels).any()


@BOTH
def test_bumps_and_dents_go(smooth) -> None:
    labels = halves()
    labels[5, 12, 24] = 2
    labels[5, 20, 8] = 0
    labels[5, 12, 14] = 1
    found = done(labels, smooth(labels, SPACING, 1.5))
    assert (found[5, 12, 24], found[5, 20, 8], found[5, 12, 14]) == (0, 1, 2)


@BOTH
def test_no_gap_opens_between_classes_with_a_ragged_border(smooth) -> None:
    labels = halves()
    ragged = np.random.default_rng(1).integers(10, 18, (6, 16))
    labels[3:9, 5:21, 0:24] = np.where(np.arange(24) < ragged[..., None], 1, 2)
    found = done(labels, smooth(labels, SPACING, 1.5))
    assert (found[5:7, 8:18, 0:21] > 0).all()
    before, after = ((part[5:7, 8:18] == 1).sum(axis=2).std() for part in (labels, found))
    assert after < 0.7 * before


@BOTH
def test_classes_that_are_not_named_stay_as_they_are(smooth) -> None:
    labels = halves()
    labels[:, :, 24:26] = 3
    labels[5, 12, 10] = 3
    labels[5, 4, 6] = 1  # a bump
    found = done(labels, smooth(labels, SPACING, 1.5, classes=[1]))
    np.testing.assert_array_equal(found == 2, labels == 2)
    np.testing.assert_array_equal(found == 3, labels == 3)
    assert found[5, 4, 6] == 0


@BOTH
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_planes_smoothed_for_themselves_are_as_if_each_were_alone(smooth, axis: int) -> None:
    labels = np.kron(np.random.default_rng(2).integers(0, 3, (3, 4, 4)), np.ones((3, 4, 4), int))
    found = done(labels, smooth(labels, SPACING, 1.2, plane_axis=axis))
    for k in range(labels.shape[axis]):
        one = np.take(labels, [k], axis)
        alone = done(one, smooth(one, SPACING, 1.2, plane_axis=axis))
        np.testing.assert_array_equal(np.take(found, [k], axis), alone)


@BOTH
def test_labels_of_one_value_do_not_change(smooth) -> None:
    for value in (0, 3):
        assert smooth(np.full((3, 4, 5), value, np.uint8), SPACING, 2.0).count == 0


def test_the_majority_of_one_class_is_the_median_filter() -> None:
    labels = (np.random.default_rng(3).random((7, 9, 11)) < 0.4).astype(np.uint8)
    # Of 2 mm: one voxel along the first axis, two along the others.
    ball = np.zeros((3, 5, 5), bool)
    for place in np.ndindex(ball.shape):
        ball[place] = np.linalg.norm((np.array(place) - (1, 2, 2)) * (2.0, 1.0, 0.9)) <= 2
    expected = ndimage.median_filter(labels, footprint=ball, mode="nearest")
    found = done(labels, smooth_by_majority(labels, (2.0, 1.0, 0.9), 2.0))
    assert ball.sum() % 2 == 1
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("sigma", [0.8, 1.5])
def test_a_noisy_ball_comes_nearer_to_the_true_one(sigma: float) -> None:
    z, y, x = np.ogrid[:16, :32, :40]
    away = np.sqrt(((z - 8) * 2.0) ** 2 + (y - 16) ** 2 + ((x - 20) * 0.8) ** 2)
    truth = away <= 11
    noise = np.random.default_rng(4).normal(0, 1.2, away.shape)
    labels = (away + noise <= 11).astype(np.uint8)
    found = done(labels, smooth_by_distance(labels, SPACING, sigma))
    assert ((found == 1) != truth).sum() < 0.6 * ((labels == 1) != truth).sum()


@BOTH
def test_a_size_or_an_axis_that_is_none_is_told(smooth) -> None:
    with pytest.raises(InputError, match="size of the smoothing"):
        smooth(halves(), SPACING, 0.0)
    with pytest.raises(InputError, match="no axis 3"):
        smooth(halves(), SPACING, 1.0, plane_axis=3)
    with pytest.raises(InputError, match="3 positive numbers"):
        smooth(halves(), (1.0, -1.0, 1.0), 1.0)


@pytest.mark.parametrize("axis", [0, 1, 2])
@BOTH
def test_a_single_plane_is_smoothed_as_each_plane_of_a_volume_is(smooth, axis: int) -> None:
    rng = np.random.default_rng(5)
    noise = ndimage.gaussian_filter(rng.normal(size=(3, 9, 10, 11)), (0, 1, 1, 1))
    labels, spacing = noise.argmax(axis=0).astype(np.int32), (1.0, 0.8, 0.7)
    whole = labels.copy()
    apply(smooth(labels, spacing, 2.0, plane_axis=axis), whole)
    for k in range(labels.shape[axis]):
        one = labels.take([k], axis)
        apply(smooth(one, spacing, 2.0), one)
        np.testing.assert_array_equal(one, whole.take([k], axis))
