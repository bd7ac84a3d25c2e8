"""Classes grown from seeds in images whose edges are known."""

import warnings

import numpy as np
import pytest

from segstudio.core.editing.edit import apply
from segstudio.core.editing.seeds import Method, grow_from_seeds, seed_box
from segstudio.core.errors import InputError

SPACING = (2.0, 1.0, 0.8)
METHODS: tuple[Method, ...] = ("watershed", "random walker")
WHOLE = (slice(None),) * 3


def scene() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return an image of two touching blocks, noisy, then its truth and some seeds."""
    truth = np.ones((8, 24, 26), np.uint8)
    truth[0:6, 6:18, 0:12] = 2
    truth[0:6, 6:18, 12:22] = 3
    image = np.array([0.0, 0.0, 100.0, 200.0])[truth]
    image += np.random.default_rng(0).normal(0, 4, image.shape)
    seeds = np.zeros_like(truth)
    seeds[3, 11:13, 4:7] = 2
    seeds[3, 11:13, 16:18] = 3
    seeds[7, 2:22, 2:22] = seeds[0:7, 2, 12] = seeds[0:7, 21, 12] = seeds[3, 2:22, 25] = 1
    return image, truth, seeds


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [np.float64, np.int16])
def test_seeds_grow_up_to_the_edges(method: Method, dtype: type) -> None:
    image, truth, seeds = scene()
    before = seeds.copy()
    edit = grow_from_seeds(
        seeds, image.astype(dtype), SPACING, method=method, box=WHOLE, sigma_mm=0.5
    )
    apply(edit, seeds)
    assert (seeds == truth).mean() > 0.97
    assert (seeds[before > 0] == before[before > 0]).all()


@pytest.mark.parametrize("method", METHODS)
def test_the_class_that_marks_the_rest_is_background_afterwards(method: Method) -> None:
    image, truth, seeds = scene()
    apply(grow_from_seeds(seeds, image, SPACING, method=method, box=WHOLE, background=1), seeds)
    assert np.unique(seeds).tolist() == [0, 2, 3]
    assert ((seeds > 0) == (truth > 1)).mean() > 0.97


@pytest.mark.parametrize("method", METHODS)
def test_nothing_grows_outside_of_the_box_or_where_it_is_not_allowed(method: Method) -> None:
    image, _, seeds = scene()
    before = seeds.copy()
    box = (slice(2, 8), slice(2, 22), slice(1, 26))
    allowed = np.ones((6, 20, 25), bool)
    allowed[:, 8:12] = False
    apply(grow_from_seeds(seeds, image, SPACING, method=method, box=box, allowed=allowed), seeds)
    inside = np.zeros(seeds.shape, bool)
    inside[box] = allowed
    np.testing.assert_array_equal(seeds[~inside], before[~inside])
    assert (seeds[inside] > 0).mean() > 0.95


@pytest.mark.parametrize("method", METHODS)
def test_one_plane_and_high_class_values_are_taken(method: Method) -> None:
    labels = np.zeros((1, 5, 9), np.int64)
    labels[0, 2, 0], labels[0, 2, 8] = 7, 70000
    image = np.broadcast_to(np.arange(9) > 5, labels.shape)
    apply(grow_from_seeds(labels, image, SPACING, method=method, sigma_mm=0.0), labels)
    assert (labels[0, :, :6] == 7).all()
    assert (labels[0, :, 6:] == 70000).all()


@pytest.mark.parametrize("method", METHODS)
def test_what_no_seed_reaches_stays_as_it_is(method: Method) -> None:
    image, _, seeds = scene()
    seeds[:, :, :10] = 0
    seeds[4, 5, 2] = 5
    allowed = np.ones(seeds.shape, bool)
    allowed[:, :, [1, 2, 3, 8]] = False
    allowed[4, 5, 1] = True
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        edit = grow_from_seeds(seeds, image, SPACING, method=method, box=WHOLE, allowed=allowed)
    apply(edit, seeds)
    assert (seeds[:, :, 9:] > 0).all()
    assert not seeds[:, :, 3:9].any()
    assert seeds[4, 5, 2] == seeds[4, 5, 1] == 5


@pytest.mark.parametrize("method", METHODS)
def test_with_nothing_left_to_label_nothing_changes(method: Method) -> None:
    image, truth, _ = scene()
    assert grow_from_seeds(truth, image, SPACING, method=method).count == 0


def test_the_box_is_that_of_the_seeds_with_a_margin() -> None:
    labels = np.zeros((20, 60, 60), np.uint8)
    labels[10, 30, 30], labels[12, 2, 31] = 1, 2
    assert seed_box(labels, SPACING, 4.0) == (slice(8, 15), slice(0, 35), slice(25, 37))


def test_what_cannot_grow_is_told() -> None:
    image, _, seeds = scene()
    with pytest.raises(InputError, match="two classes at least"):
        grow_from_seeds(np.minimum(seeds, 1), image, SPACING)
    with pytest.raises(InputError, match="There are no seeds"):
        grow_from_seeds(seeds * 0, image, SPACING)
    with pytest.raises(InputError, match="image of shape"):
        grow_from_seeds(seeds, image[1:], SPACING)
    with pytest.raises(InputError, match="Did you mean 'random walker'"):
        grow_from_seeds(seeds, image, SPACING, method="random walk")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="the same everywhere"):
        grow_from_seeds(seeds, np.zeros(seeds.shape), SPACING)
    image[3, 3, 3] = np.nan
    with pytest.raises(InputError, match="no numbers"):
        grow_from_seeds(seeds, image, SPACING)


def test_a_box_too_large_to_wait_for_is_told() -> None:
    labels = np.zeros((101, 100, 100), np.uint8)
    labels[0, 0, 0], labels[-1, -1, -1] = 1, 2
    with pytest.raises(InputError, match="1010000 voxels; the random walker takes 1000000"):
        grow_from_seeds(labels, labels, SPACING, method="random walker")


@pytest.mark.parametrize("method", METHODS)
def test_a_class_whose_seeds_are_shut_in_leaves_the_others_their_own_values(method: Method) -> None:
    image, truth, seeds = scene()
    before = np.select([truth == 1, truth == 3], [1, 7], 0) * (seeds > 0)
    before[3:6, 8:12, 2:6] = 4
    allowed = np.ones(seeds.shape, bool)
    allowed[2:7, 7:13, 1:7] = False
    after = before.copy()
    edit = grow_from_seeds(
        after, image, SPACING, method=method, box=WHOLE, allowed=allowed, sigma_mm=0.5
    )
    apply(edit, after)
    assert set(np.unique(edit.new)) == {1, 7}
    assert (after[truth == 3] == 7).mean() > 0.9
