"""Where a prediction is right and wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segstudio.core.distance import halves, signed_distance
from segstudio.core.errors import InputError
from segstudio.core.labels import IGNORED
from segstudio.core.regions import VoxelCase, errors_by_distance, region_maps, regions

TRUTH = np.array([[0, 0, 1, 1, 1, 0]])
FOUND = np.array([[0, 1, 1, 1, 0, 0]])


def test_the_four_cases_of_a_voxel_are_told_apart() -> None:
    cases = region_maps(FOUND, TRUTH, (1.0, 2.0)).cases
    assert cases[1].tolist() == [[3, 4, 2, 2, 1, 3]]
    # For background the roles are changed.
    assert cases[0].tolist() == [[2, 1, 3, 3, 4, 2]]


def test_the_regions_are_weighted_by_distance() -> None:
    regions = region_maps(FOUND, TRUTH, (1.0, 2.0), classes=[1])
    assert regions.true_positive.tolist() == [[[0, 0, 2, 4, 0, 0]]]
    assert regions.false_positive.tolist() == [[[0, 2, 0, 0, 0, 0]]]
    assert regions.false_negative.tolist() == [[[0, 0, 0, 0, 2, 0]]]
    assert regions.where(VoxelCase.FALSE_ALARM).tolist() == [[[False, True] + [False] * 4]]


def test_probabilities_weigh_the_regions() -> None:
    s = np.array([[[0.9, 0.4, 0.2, 0.1, 0.7, 1.0]]], np.float32)
    probs = np.concatenate([s, 1 - s])
    regions = region_maps(probs, TRUTH, (1.0, 2.0))
    np.testing.assert_allclose(regions.true_positive[1], [[0, 0, 1.6, 3.6, 0.6, 0]], atol=1e-6)
    np.testing.assert_allclose(regions.false_positive[1], [[0.4, 1.2, 0, 0, 0, 0]], atol=1e-6)
    assert regions.cases[1].tolist() == [[3, 4, 2, 2, 1, 3]]


def test_classes_are_picked_after_the_most_probable_is_found() -> None:
    rng = np.random.default_rng(2)
    labels, probs = rng.integers(0, 3, (6, 7)), rng.random((3, 6, 7))
    whole = region_maps(probs, labels, (1.0, 2.0))
    some = region_maps(probs, labels, (1.0, 2.0), classes=[2, 1])
    for name in ("cases", "true_positive", "false_positive", "false_negative"):
        np.testing.assert_array_equal(getattr(some, name), getattr(whole, name)[[2, 1]])


@settings(deadline=None, max_examples=30)
@given(
    hnp.arrays(np.int64, (3, 5, 4), elements=st.integers(0, 2)),
    hnp.arrays(np.float64, (3, 3, 5, 4), elements=st.floats(0, 1)),
    st.booleans(),
)
def test_true_positives_and_false_negatives_add_up_to_the_target(
    labels: np.ndarray, probs: np.ndarray, per_plane: bool
) -> None:
    spacing = (3.0, 1.0, 2.0)
    regions = region_maps(probs, labels, spacing, per_plane=per_plane)
    sdm = signed_distance(labels, spacing, classes=range(3), per_plane=per_plane)
    phi_t, _ = halves(sdm)
    np.testing.assert_allclose(
        regions.true_positive + regions.false_negative, phi_t, rtol=1e-5, atol=1e-5
    )


def test_a_perfect_prediction_has_no_wrong_region() -> None:
    regions = region_maps(TRUTH, TRUTH, (1.0, 1.0))
    assert not regions.false_positive.any()
    assert not regions.false_negative.any()
    assert set(np.unique(regions.cases)) == {VoxelCase.FOUND, VoxelCase.LEFT_ALONE}


def test_classes_that_only_the_prediction_holds_are_seen() -> None:
    assert len(region_maps(2 * FOUND, TRUTH, (1.0, 1.0)).cases) == 3


@pytest.mark.parametrize("shape", [(1, 5), (2, 1, 5)])
def test_a_prediction_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="does not fit labels"):
        region_maps(np.zeros(shape, int if len(shape) == 2 else float), TRUTH, (1.0, 1.0))


@pytest.mark.parametrize("soft", [False, True])
def test_what_is_ignored_is_in_no_region(soft: bool) -> None:
    truth = np.array([[0, 0, IGNORED, 1, 1, IGNORED]])
    probs = np.stack([1.0 - FOUND, FOUND])
    regions = region_maps(probs if soft else FOUND, truth, (1.0, 2.0), ignore=IGNORED)
    assert regions.cases[1].tolist() == [[3, 4, 0, 2, 1, 0]]
    assert regions.cases[0].tolist() == [[2, 1, 0, 3, 4, 0]]
    # Distances are measured up to the ignored voxels, which are of no class.
    assert regions.true_positive[1].tolist() == [[0, 0, 0, 2, 0, 0]]
    assert regions.false_positive[1].tolist() == [[0, 4, 0, 0, 0, 0]]
    assert regions.false_negative[1].tolist() == [[0, 0, 0, 0, 2, 0]]


def test_a_truth_that_is_ignored_whole_has_no_regions() -> None:
    truth = np.full((2, 3), IGNORED)
    regions = region_maps(np.zeros((2, 3), int), truth, (1.0, 1.0), ignore=IGNORED)
    assert not regions.cases.any()
    assert not regions.false_positive.any()


def test_regions_and_their_distances_are_those_of_the_maps() -> None:
    rng = np.random.default_rng(0)
    labels, predicted = (rng.integers(0, 2, (3, 8, 9)).astype(np.uint8) for _ in range(2))
    spacing = (5.0, 1.5, 1.0)
    for per_plane in (True, False):
        maps = region_maps(predicted, labels, spacing, classes=[1], per_plane=per_plane)
        cases = regions(predicted == 1, labels == 1)
        far = errors_by_distance(cases, labels == 1, spacing, per_plane=per_plane)

        assert np.array_equal(
            cases, np.where(maps.cases[0] == VoxelCase.LEFT_ALONE, 0, maps.cases[0])
        )
        assert np.allclose(far, maps.false_negative[0] - maps.false_positive[0])


def test_what_is_ignored_is_no_region() -> None:
    predicted, true = np.array([[True, True]]), np.array([[True, False]])
    cases = regions(predicted, true, np.array([[False, True]]))

    assert cases.tolist() == [[VoxelCase.FOUND, 0]]
