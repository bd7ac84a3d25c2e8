"""Voxels that are to be ignored, from the label file to the batch."""

from pathlib import Path

import numpy as np
import pytest
import torch

from segstudio.core.labels import IGNORED, ClassTable
from segstudio.core.loss_maps import MapOptions
from segstudio.core.volume import Grid
from segstudio.learn.augment import Augmentation, draw_deformation
from segstudio.learn.batches import Batches
from segstudio.learn.case_store import CaseStore
from segstudio.learn.config import make_config
from segstudio.learn.deformation import take
from segstudio.learn.preparation import Preparation
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.sampling import Sampler

MUCH = Augmentation(probability=1.0, rotation=40.0, scale=0.3, shift=0.1, elastic=0.1, flips="all")


def labels_of(seed: int = 0) -> np.ndarray:
    """Return blocks of three classes, some of them ignored."""
    rng = np.random.default_rng(seed)
    coarse = rng.choice([0, 1, 2, IGNORED], (3, 4, 4)).astype(np.uint8)
    coarse[0, 0, 0], coarse[2, 2, 2] = 1, IGNORED
    return np.kron(coarse, np.ones((2, 5, 5), np.uint8))


def store_of(*labels: np.ndarray) -> CaseStore:
    store = CaseStore(10**8)
    for i, one in enumerate(labels):
        image = np.random.default_rng(i).normal(size=(1, *one.shape)).astype(np.float32)
        store.add(f"case{i}", image, one, (2.0, 1.0, 1.0), 3)
    return store


def batches(store: CaseStore, patch: tuple[int, ...], maps: MapOptions | None = None) -> Batches:
    return Batches(Sampler(store, patch, 0.0, None, 0), 3, maps, MUCH, batch_size=3)


def test_ignored_voxels_are_in_no_count_and_no_share() -> None:
    labels = labels_of()
    store = store_of(labels)
    for k in range(3):
        assert store[0].counts[:, k].tolist() == [(plane == k).sum() for plane in labels]
    known = labels[labels != IGNORED]
    expected = [(known == k).mean() for k in range(3)]
    np.testing.assert_allclose(store.frequencies(), expected, rtol=1e-6)
    for k, places in enumerate(store[0].places):
        assert (labels[tuple(places.T)] == k).all()


def test_cases_that_are_ignored_whole_have_no_shares() -> None:
    store = store_of(np.full((2, 8, 8), IGNORED, np.uint8))
    assert store.frequencies().tolist() == [0, 0, 0]


def test_planes_and_patches_are_drawn_for_the_classes_that_are_not_ignored() -> None:
    labels = np.zeros((4, 12, 12), np.uint8)
    labels[0], labels[1, 0, 0], labels[2, 5, 5] = IGNORED, 2, 1
    for patch, starts in (((12, 12), {1, 2}), ((8, 8), {2}), ((1, 6, 6), {1, 2})):
        samples = Sampler(store_of(labels), patch, 1.0, 40, 0).samples(1)
        assert {s.start[0] for s in samples} == starts
    assert Sampler(store_of(labels), (8, 8), 0.0, None, 0).cut_off() == 0.5


def test_planes_without_anything_that_counts_are_not_shown() -> None:
    sparse = np.full((5, 8, 8), IGNORED, np.uint8)
    sparse[1, 3, 3], sparse[4, :4] = 0, 1
    nothing = np.full((3, 8, 8), IGNORED, np.uint8)
    sampler = Sampler(store_of(nothing, sparse, labels_of()), (8, 8), 0.0, None, 0)
    shown = sorted((s.case, s.start[0]) for s in sampler.samples(1))
    assert shown == [(1, 1), (1, 4), *((2, z) for z in range(6))]


def test_patches_without_anything_that_counts_are_drawn_elsewhere() -> None:
    sparse = np.full((8, 30, 30), IGNORED, np.uint8)
    sparse[5, 11:14, 20] = 0
    nothing = np.full((8, 30, 30), IGNORED, np.uint8)
    sampler = Sampler(store_of(sparse, nothing), (2, 6, 6), 0.0, 50, 0)
    samples = sampler.samples(1)
    assert {s.case for s in samples} == {0}
    for s in samples:
        z, y, x = s.start
        assert (sparse[z : z + 2, y : y + 6, x : x + 6] == 0).any()
    assert len({s.start for s in samples}) > 10


def test_patches_that_hold_something_that_counts_stay_where_they_are_drawn() -> None:
    whole = np.ones((8, 30, 30), np.uint8)
    speck = whole.copy()
    speck[4, 15, 15] = IGNORED
    for patch in ((2, 6, 6), (12, 40, 16)):
        drawn = [Sampler(store_of(x), patch, 0.0, 30, 0).samples(1) for x in (whole, speck)]
        assert drawn[0] == drawn[1]


@pytest.mark.parametrize("patch", [(16, 24), (4, 12, 12)])
@pytest.mark.parametrize("maps", [None, MapOptions(), MapOptions(unit="voxels", cap=3.0)])
def test_ignored_voxels_move_with_the_augmentation_and_are_of_no_class(
    patch: tuple[int, ...], maps: MapOptions | None
) -> None:
    made = batches(store_of(labels_of(), labels_of(1)), patch, maps)
    samples = made.sampler.samples(1)[:3]
    shown = np.stack([made.show(sample, 1).labels for sample in samples])
    assert set(np.unique(shown)) == {0, 1, 2, IGNORED}

    target = made.batch(samples, 1).target
    ignored = torch.from_numpy(shown == IGNORED)
    assert torch.equal(target.ignored, ignored)
    assert not target.labels[ignored].any()
    assert torch.equal(target.labels[~ignored], torch.from_numpy(shown[~ignored]).long())
    assert torch.equal(target.onehot.sum(1) == 1, ~ignored)
    if maps is not None:
        assert not target.maps[ignored[:, None].expand_as(target.maps)].any()
        assert ((target.maps < 0) <= (target.onehot == 1)).all()


def test_ignored_voxels_never_blend_with_others_when_labels_are_deformed() -> None:
    labels, size = labels_of(), (20, 20)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        deformation = draw_deformation(rng, MUCH, size, (1.0, 1.0), (9.5, 9.5))
        values = take(labels[2], deformation, (-3, -3), (26, 26), order=0, fill=0)
        for value in (0, 1, 2, IGNORED):
            mask = (labels[2] == value).astype(np.uint8)
            moved = take(mask, deformation, (-3, -3), (26, 26), order=0, fill=value == 0)
            np.testing.assert_array_equal(values == value, moved == 1)


def test_ignored_voxels_never_blend_with_others_when_labels_are_resampled() -> None:
    labels = labels_of()
    for spacing in ((2.0, 1.7, 1.3), (0.7, 0.4, 0.9), (5.0, 2.0, 2.0)):
        grid = Grid(labels.shape, (2.0, 1.0, 1.0), np.eye(4), "mm")
        resampled = Preparation(spacing=spacing).labels(labels, grid)
        assert set(np.unique(resampled)) <= {0, 1, 2, IGNORED}
        shares = [(one == IGNORED).mean() for one in (resampled, labels)]
        assert shares[0] == pytest.approx(shares[1], abs=0.1)


def test_a_batch_without_ignored_voxels_has_no_mask() -> None:
    labels = np.where(labels_of() == IGNORED, 0, labels_of()).astype(np.uint8)
    made = batches(store_of(labels), (16, 24), MapOptions())
    assert made.batch(made.sampler.samples(1)[:3], 1).target.ignored is None


def test_the_value_to_ignore_is_kept_with_the_run(tmp_path: Path) -> None:
    run, classes = RunFolder.free(tmp_path), ClassTable.named({1: "a", 3: "b"}, ignore=2)
    run.write_config(make_config(), classes, {"name": "set", "channels": 1})
    assert run.read_config()[1] == classes
