"""What an epoch shows, and in which batches."""

from collections import Counter

import numpy as np
import pytest

from segstudio.learn.case_store import CaseStore
from segstudio.learn.sampling import Sample, Sampler, batches_in, in_batches


def store_of(*all_labels: np.ndarray, n_classes: int = 3) -> CaseStore:
    store = CaseStore(10**8)
    for i, labels in enumerate(all_labels):
        image = np.zeros((1, *labels.shape), np.float32)
        store.add(f"case{i}", image, labels.astype(np.uint8), (1.0, 1.0, 1.0), n_classes)
    return store


@pytest.fixture
def rare() -> CaseStore:
    """Class 1 in every plane; class 2 in one voxel of one plane of the second case."""
    first, second = np.zeros((10, 16, 16)), np.zeros((10, 16, 16))
    first[:, 4:8, 4:8] = second[:, 4:8, 4:8] = 1
    second[7, 12, 3] = 2
    return store_of(first, second)


def test_without_oversampling_every_plane_comes_once(rare: CaseStore) -> None:
    samples = Sampler(rare, (16, 16), 0.0, None, 3).samples(2)
    assert Counter((s.case, s.start) for s in samples) == Counter(
        (c, (z,)) for c in range(2) for z in range(10)
    )
    assert [s.position for s in samples] == list(range(20))


def test_the_samples_depend_on_seed_and_epoch_alone(rare: CaseStore) -> None:
    for patch in ((16, 16), (4, 8, 8)):
        sampler = Sampler(rare, patch, 0.5, 30, 3)
        assert sampler.samples(2) == Sampler(rare, patch, 0.5, 30, 3).samples(2)
        assert sampler.samples(2) != sampler.samples(3)
        assert sampler.samples(2) != Sampler(rare, patch, 0.5, 30, 4).samples(2)


def test_oversampled_planes_hold_a_rare_class_as_often_as_a_common_one(rare: CaseStore) -> None:
    samples = Sampler(rare, (16, 16), 1.0, 1000, 0).samples(1)
    with_rare = sum((s.case, s.start) == (1, (7,)) for s in samples)
    # Half of them for class 2, and a twentieth of those for class 1.
    assert with_rare / 1000 == pytest.approx(0.525, abs=0.05)


def test_oversampled_patches_hold_a_rare_class_as_often_as_a_common_one(rare: CaseStore) -> None:
    sampler = Sampler(rare, (2, 6, 6), 1.0, 2000, 0)
    held = [
        rare[s.case].labels.read(
            tuple(slice(a, a + n) for a, n in zip(s.start, (2, 6, 6), strict=True))
        )
        for s in sampler.samples(1)
    ]
    share = np.mean([(patch == 2).any() for patch in held])
    assert all((patch > 0).any() for patch in held)
    assert share == pytest.approx(0.5, abs=0.07)


def test_a_plane_is_chosen_for_what_it_shows_when_it_is_cut(rare: CaseStore) -> None:
    # The one voxel of class 2 lies outside of the middle 8 rows and columns.
    samples = Sampler(rare, (8, 8), 1.0, 200, 0).samples(1)
    assert sum((s.case, s.start) == (1, (7,)) for s in samples) < 30


def test_what_is_cut_off_the_planes_is_told() -> None:
    labels = np.zeros((2, 32, 32))
    labels[:, :8, :8] = 1
    labels[:, 12:20, 12:20] = 2
    store = store_of(labels)
    assert Sampler(store, (32, 32), 0.0, None, 0).cut_off() == 0
    assert Sampler(store, (16, 16), 0.0, None, 0).cut_off() == pytest.approx(0.5)
    assert Sampler(store, (64, 64), 0.0, None, 0).cut_off() == 0


def test_patches_lie_inside_of_the_case() -> None:
    store = store_of(np.random.default_rng(0).integers(0, 3, (9, 20, 31)))
    starts = np.array([s.start for s in Sampler(store, (4, 8, 8), 0.5, 500, 0).samples(1)])
    assert (starts >= 0).all()
    assert (np.add(starts, (4, 8, 8)) <= (9, 20, 31)).all()
    assert starts.min(axis=0).tolist() == [0, 0, 0]
    assert np.add(starts.max(axis=0), (4, 8, 8)).tolist() == [9, 20, 31]


def test_a_case_smaller_than_the_patch_lies_in_its_middle() -> None:
    store = store_of(np.ones((3, 20, 9)))
    starts = {s.start for s in Sampler(store, (8, 8, 16), 0.5, 50, 0).samples(1)}
    assert {(s[0], s[2]) for s in starts} == {(-2, -3)}


def test_an_epoch_has_as_many_patches_as_fill_the_cases() -> None:
    store = store_of(np.zeros((8, 16, 16)), np.zeros((8, 16, 32)))
    assert len(Sampler(store, (4, 8, 8), 0.3, None, 0)) == 8 + 16


def numbered(count: int) -> list[Sample]:
    return [Sample(0, (i,), i) for i in range(count)]


@pytest.mark.parametrize("count", [2, 5, 7, 12, 31])
@pytest.mark.parametrize("batch_size", [2, 4, 5])
@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_batches_are_near_equal_none_larger_than_asked_and_equal_on_all_ranks(
    count: int, batch_size: int, ranks: int
) -> None:
    batches = in_batches(numbered(count), batch_size, ranks)
    sizes = [len(b) for b in batches]
    assert len(batches) == batches_in(count, batch_size, ranks)
    assert all(size % ranks == 0 for size in sizes)
    assert max(sizes) <= batch_size * ranks
    assert max(sizes) - min(sizes) <= ranks
    flat = [s.position for b in batches for s in b]
    assert flat[:count] == list(range(count))
    assert flat[count:] == [i % count for i in range(-count % ranks)]
