"""Where regions leak."""

import numpy as np
import pytest

from segstudio.core.distance import signed_distance
from segstudio.core.labels import IGNORED
from segstudio.core.leaks import leak_map


def depth_of(labels: np.ndarray) -> np.ndarray:
    maps = signed_distance(labels, (1.0,) * labels.ndim)
    return -np.take_along_axis(maps, labels[None], axis=0)[0]


def probs_of(sure: np.ndarray) -> np.ndarray:
    """Return two classes' probabilities from those of class 1."""
    return np.stack([1 - sure, sure]).astype(np.float32)


def two_blocks() -> np.ndarray:
    """Return two blocks of class 1, parted by a wall of background three columns wide."""
    labels = np.zeros((9, 15), int)
    labels[2:7, 1:6] = labels[2:7, 9:14] = 1
    return labels


def test_a_sure_and_right_prediction_leaks_nowhere() -> None:
    labels = two_blocks()
    assert leak_map(probs_of(labels), labels, depth_of(labels)).max() == 0


def test_a_bridge_between_two_pieces_leaks_and_the_rest_does_not() -> None:
    labels = two_blocks()
    predicted = labels.astype(float)
    predicted[4, 6:9] = 1.0
    leak = leak_map(probs_of(predicted), labels, depth_of(labels))
    assert leak[4, 5:10].max() == 1.0
    leak[4, 5:10] = 0
    # Beside the bridge, background is parted from it as from any other target.
    assert leak.max() < 0.01


def test_a_leak_is_as_strong_as_its_weakest_joint() -> None:
    labels = two_blocks()
    predicted = labels.astype(float)
    predicted[4, 6:9] = [1.0, 0.8, 1.0]
    leak = leak_map(probs_of(predicted), labels, depth_of(labels))
    # The joints of the bridge's middle: .8 · 1 + .2 · 0.
    assert leak[4, 6:9].max() == pytest.approx(0.8)


def test_a_leak_in_a_volume_is_found_across_planes() -> None:
    labels = np.zeros((5, 5, 5), int)
    labels[0, 1:4, 1:4] = labels[4, 1:4, 1:4] = 1
    predicted = labels.astype(float)
    predicted[1:4, 2, 2] = 1.0
    leak = leak_map(probs_of(predicted), labels, depth_of(labels))
    assert leak[:, 2, 2].max() == 1.0
    leak[:, 2, 2] = 0
    assert leak.max() < 0.01


def test_a_plane_of_one_region_has_nothing_to_leak_into() -> None:
    labels = np.zeros((4, 5), int)
    uneven = np.random.default_rng(0).random((4, 5))
    assert not leak_map(probs_of(uneven), labels, np.zeros((4, 5), np.float32)).any()


def test_a_prediction_that_knows_nothing_leaks_along_all_that_meets() -> None:
    labels = two_blocks()
    leak = leak_map(probs_of(np.full(labels.shape, 0.5)), labels, depth_of(labels))
    assert set(np.unique(leak)) == {0.0, 0.5}


def test_ignored_voxels_are_as_if_they_were_not_there() -> None:
    rng = np.random.default_rng(5)
    labels = np.kron(rng.integers(0, 3, (4, 5)), np.ones((3, 3), int))
    probs = rng.dirichlet(np.ones(3), labels.shape).transpose(2, 0, 1).astype(np.float32)
    depth = rng.random(labels.shape).astype(np.float32)
    labels[8:] = IGNORED
    leak = leak_map(probs, labels, depth)
    np.testing.assert_array_equal(leak[:8], leak_map(probs[:, :8], labels[:8], depth[:8]))
    assert leak[:8].max() > 0
    assert not leak[8:].any()


def test_regions_that_only_ignored_voxels_join_do_not_leak() -> None:
    labels = two_blocks()
    labels[:, 7] = IGNORED
    probs = probs_of(np.ones(labels.shape))
    leak = leak_map(probs, labels, labels == 1)
    assert not leak[:, 7].any()
    assert leak[:, :7].max() == leak[:, 8:].max() == 1.0  # with background on either side


def test_an_image_that_is_ignored_whole_has_no_leak() -> None:
    labels = np.full((3, 4), IGNORED)
    assert not leak_map(probs_of(np.ones((3, 4))), labels, np.zeros((3, 4), np.float32)).any()
