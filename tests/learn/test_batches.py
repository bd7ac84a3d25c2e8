"""Samples into batches, with the maps of what the network is shown."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from segstudio.core.loss_maps import MapOptions, loss_maps
from segstudio.learn.augment import Augmentation, draw_deformation
from segstudio.learn.batches import Batch, Batches
from segstudio.learn.case_store import CaseStore
from segstudio.learn.deformation import take
from segstudio.learn.sampling import CHANGE, Sample, Sampler

CAPPED = MapOptions(unit="voxels", cap=3.0)
MUCH = Augmentation(probability=1.0, rotation=30.0, scale=0.3, flips="all")


@pytest.fixture(scope="module")
def store() -> CaseStore:
    """Two cases: blobs of two classes in thick planes."""
    rng, store = np.random.default_rng(0), CaseStore(10**8)
    grid = np.stack(np.meshgrid(*map(np.arange, (12, 40, 36)), indexing="ij"))
    for i in range(2):
        labels = np.zeros(grid.shape[1:], np.uint8)
        for k in (1, 2):
            centre = rng.uniform(0.3, 0.7, 3) * labels.shape
            away = np.linalg.norm(
                (grid - centre[:, None, None, None]) * [[[[2]]], [[[1]]], [[[1]]]], axis=0
            )
            labels[away < 7] = k
        image = (labels + rng.normal(0, 0.1, labels.shape))[None].astype(np.float32)
        store.add(f"case{i}", image, labels, (3.0, 1.0, 1.0), 3)
    return store


def batches(
    store: CaseStore,
    patch: tuple[int, ...] = (32, 32),
    maps: MapOptions | None = None,
    **more: object,
) -> Batches:
    settings = {"augmentation": None, "batch_size": 5, "threads": 0} | more
    return Batches(Sampler(store, patch, 0.0, None, 0), 3, maps, **settings)


def same(first: Iterator[Batch], second: Iterator[Batch]) -> None:
    pairs = list(zip(first, second, strict=True))
    assert pairs
    for a, b in pairs:
        assert torch.equal(a.image, b.image)
        assert torch.equal(a.target.labels, b.target.labels)
        assert torch.equal(a.target.maps, b.target.maps)
        assert a.cases == b.cases


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("patch", [(32, 32), (4, 16, 16)])
def test_any_number_of_threads_makes_the_same_batches(
    store: CaseStore, patch: tuple[int, ...], threads: int
) -> None:
    alone = batches(store, patch, CAPPED, augmentation=MUCH)
    same(alone.epoch(2), replace(alone, threads=threads).epoch(2))


@pytest.mark.parametrize("threads", [0, 2])
def test_an_epoch_entered_in_its_middle_goes_on_as_it_would_have(
    store: CaseStore, threads: int
) -> None:
    whole = batches(store, maps=CAPPED, augmentation=MUCH, threads=threads)
    rest = list(whole.epoch(1))[3:]
    same(iter(rest), whole.epoch(1, start=3))


def test_ranks_share_every_batch(store: CaseStore) -> None:
    whole = list(batches(store, maps=CAPPED, augmentation=MUCH, batch_size=6).epoch(1))
    halves = [
        list(batches(store, maps=CAPPED, augmentation=MUCH, batch_size=3, rank=r, ranks=2).epoch(1))
        for r in range(2)
    ]
    assert len(whole) == len(halves[0]) == len(halves[1])
    for one, *shares in zip(whole, *halves, strict=True):
        for rank, share in enumerate(shares):
            assert torch.equal(one.image[rank::2], share.image)
            assert torch.equal(one.target.maps[rank::2], share.target.maps)


def test_a_batch_is_a_function_of_its_place_and_not_of_what_was_drawn_before(
    store: CaseStore,
) -> None:
    first = batches(store, augmentation=MUCH)
    sample = first.sampler.samples(1)[7]
    shown = first.show(sample, 1)
    np.random.default_rng(0).normal(size=9)
    assert np.array_equal(first.show(sample, 1).image, shown.image)
    assert not np.array_equal(first.show(sample, 2).image, shown.image)


@pytest.mark.parametrize("patch", [(32, 32), (4, 16, 16)])
def test_maps_are_those_of_the_augmented_labels(store: CaseStore, patch: tuple[int, ...]) -> None:
    options = MapOptions()
    made = batches(store, patch, options, augmentation=MUCH)
    for sample in made.sampler.samples(1)[:6]:
        shown = made.show(sample, 1)
        inside = np.stack([shown.labels == k for k in range(3)])
        assert ((shown.sdm < 0) <= inside).all()
        assert (shown.sdm[inside] <= 0).all()
        if len(patch) == 2:
            expected = loss_maps(shown.labels, shown.spacing, range(3), options)
            assert np.array_equal(shown.sdm, expected)


def identity_patch(
    store: CaseStore, options: MapOptions, start: tuple[int, int, int]
) -> np.ndarray:
    shown = batches(store, (4, 16, 16), options).show(Sample(0, start, 0), 1)
    return shown.sdm


@pytest.mark.parametrize(
    "options",
    [
        MapOptions(),
        CAPPED,
        MapOptions(cap=5.0),
        MapOptions(unit="voxels", cap=2.0, root=True, floor=1.5),
        MapOptions(pieces="equal weight", cap=4.0),
        MapOptions(convention="contour", cap=4.0),
        MapOptions(convention="face", cap=2.5, root=True),
        MapOptions(absent="constant", absent_distance=7.0, cap=3.0),
        MapOptions(pieces="equal depth", cap=1.0),
    ],
)
@pytest.mark.parametrize("start", [(0, 0, 0), (4, 12, 10), (8, 24, 20)])
def test_maps_of_a_patch_are_those_of_the_whole_volume_cut(
    store: CaseStore, options: MapOptions, start: tuple[int, int, int]
) -> None:
    whole = loss_maps(store[0].labels.read(), store[0].spacing, range(3), options)
    box = tuple(slice(s, s + n) for s, n in zip(start, (4, 16, 16), strict=True))
    assert np.allclose(identity_patch(store, options, start), whole[(slice(None), *box)], atol=1e-5)


def test_maps_of_an_augmented_patch_are_those_of_the_whole_augmented_volume_cut(
    store: CaseStore,
) -> None:
    made = batches(store, (4, 16, 16), CAPPED, augmentation=Augmentation(1.0, shift=0.0))
    sample = Sample(0, (4, 12, 10), 3)
    rng = np.random.default_rng([0, 1, CHANGE, sample.position])
    center = [5.5, 19.5, 17.5]
    deformation = draw_deformation(rng, made.augmentation, (4, 16, 16), store[0].spacing, center)
    labels = take(store[0].labels.read(), deformation, (0, 0, 0), store[0].shape, order=0, fill=0)
    whole = loss_maps(labels, store[0].spacing, range(3), CAPPED)
    box = (slice(None), slice(4, 8), slice(12, 28), slice(10, 26))

    assert not np.array_equal(labels, store[0].labels.read())
    assert np.allclose(made.show(sample, 1).sdm, whole[box], atol=1e-5)


def test_a_class_beyond_the_cap_is_far_and_not_absent() -> None:
    labels = np.zeros((4, 64, 64), np.uint8)
    labels[:, :4, :4] = 1
    store = CaseStore(10**7)
    store.add("far", np.zeros((1, 4, 64, 64), np.float32), labels, (1.0, 1.0, 1.0), 3)
    made = batches(store, (4, 16, 16), MapOptions(unit="voxels", cap=5.0))
    background, far, absent = made.show(Sample(0, (0, 48, 48), 0), 1).sdm

    assert (background == -5).all()
    assert (far == 5).all()
    assert (absent == 0).all()


def test_a_plane_is_cut_about_its_centre(store: CaseStore) -> None:
    shown = batches(store, (32, 32)).show(Sample(0, (5,), 0), 1)
    assert np.array_equal(shown.image, store[0].image.read((slice(None), 5))[:, 4:36, 2:34])
    assert np.array_equal(shown.labels, store[0].labels.read((5,))[4:36, 2:34])
    assert shown.spacing == (1.0, 1.0)


def test_a_plane_smaller_than_asked_is_padded_with_background(store: CaseStore) -> None:
    shown = batches(store, (48, 48)).show(Sample(0, (5,), 0), 1)
    assert np.array_equal(shown.image[:, 4:44, 6:42], store[0].image.read((slice(None), 5)))
    assert (shown.image[:, :4] == store[0].surround).all()
    assert (shown.labels[:, :6] == 0).all()


def test_onehot_and_frequencies_agree_with_labels(store: CaseStore) -> None:
    batch = next(batches(store, maps=None).epoch(1))
    target = batch.target
    assert torch.equal(target.onehot.argmax(1), target.labels)
    assert (target.onehot.sum(1) == 1).all()
    assert target.sdm is None
    assert np.allclose(target.class_frequencies.numpy(), store.frequencies())
    assert len(batch.cases) == len(batch.image)


def test_threads_end_with_the_epoch_that_is_left(store: CaseStore) -> None:
    import threading

    epoch = batches(store, maps=CAPPED, threads=2).epoch(1)
    next(epoch)
    epoch.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("batches")]
