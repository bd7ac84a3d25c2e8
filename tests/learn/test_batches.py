"""Slices into batches."""

from pathlib import Path

import numpy as np
import pytest

from segstudio.core.distance import signed_distance
from segstudio.core.loss_maps import MapOptions
from segstudio.data.datasets import ACDC_CLASSES, open_dataset
from segstudio.learn.batches import SliceSet, fit_plane, normalise


@pytest.fixture(scope="module")
def slices(hearts: Path) -> SliceSet:
    return SliceSet(open_dataset(hearts).cases, ACDC_CLASSES, None, 16)


def test_every_slice_comes_once_an_epoch(slices: SliceSet) -> None:
    order = slices.order(seed=3, epoch=2)

    assert sorted(order) == list(range(len(slices)))
    assert len(slices) == 8 * 4


def test_the_order_depends_on_seed_and_epoch_alone(slices: SliceSet) -> None:
    assert np.array_equal(slices.order(3, 2), slices.order(3, 2))
    assert not np.array_equal(slices.order(3, 2), slices.order(3, 3))
    assert not np.array_equal(slices.order(3, 2), slices.order(4, 2))


def test_no_batch_is_larger_than_asked_or_holds_a_single_slice(slices: SliceSet) -> None:
    for batch_size in range(2, 12):
        sizes = [len(b.image) for b in slices.batches(0, 1, batch_size, maps=None)]
        assert sum(sizes) == len(slices)
        assert min(sizes) > 1
        assert max(sizes) <= batch_size
        assert len(sizes) == slices.steps(batch_size)


def test_an_epoch_can_be_entered_in_its_middle(slices: SliceSet) -> None:
    whole = list(slices.batches(0, 1, 5, maps=None))
    rest = list(slices.batches(0, 1, 5, maps=None, start=4))

    assert len(rest) == len(whole) - 4
    assert np.array_equal(rest[0].image.numpy(), whole[4].image.numpy())


def test_the_maps_are_those_of_the_plane_the_network_sees(slices: SliceSet) -> None:
    batch = next(slices.batches(0, 1, 4, maps=MapOptions()))
    spacing = (288 / 48, 288 / 48)

    for labels, sdm in zip(batch.target.labels, batch.target.maps, strict=True):
        expected = signed_distance(labels.numpy().astype(np.uint8), spacing, classes=range(4))
        assert np.allclose(sdm.numpy(), expected)


def test_the_maps_are_made_and_measured_as_asked(slices: SliceSet) -> None:
    options = MapOptions(unit="voxels", cap=3.0)
    target = next(slices.batches(0, 1, 4, maps=options)).target

    assert target.maps.abs().max() == 3.0
    assert target.maps.abs().min() in (0.0, 1.0)
    assert target.options == options
    assert list(target.image_spacing) == [(6.0, 6.0)] * len(target.labels)


def test_the_frequencies_are_those_of_all_slices(slices: SliceSet) -> None:
    batches = slices.batches(0, 1, 5, maps=None)
    targets = [b.target for b in batches]
    counts = sum(t.onehot.sum((0, 2, 3)) for t in targets)

    assert np.allclose(targets[0].class_frequencies, counts / counts.sum())
    assert (targets[0].class_frequencies > 0).all()


def test_onehot_agrees_with_labels(slices: SliceSet) -> None:
    batch = next(slices.batches(0, 1, 4, maps=None))

    assert np.array_equal(batch.target.onehot.argmax(1).numpy(), batch.target.labels.numpy())
    assert (batch.target.onehot.sum(1) == 1).all()
    assert batch.target.sdm is None


@pytest.mark.parametrize("shape", [(5, 7), (6, 6), (9, 4), (3, 12)])
@pytest.mark.parametrize("size", [(6, 6), (5, 8), (12, 3)])
def test_fitting_and_fitting_back_keeps_what_was_in_both(
    shape: tuple[int, int], size: tuple[int, int]
) -> None:
    rng = np.random.default_rng(0)
    plane = rng.random(shape).astype(np.float32) + 1
    fitted = fit_plane(plane, size, fill=0)
    back = fit_plane(fitted, shape, fill=0)

    assert fitted.shape == size
    kept = back > 0
    assert np.array_equal(back[kept], plane[kept])
    assert kept.sum() == min(shape[0], size[0]) * min(shape[1], size[1])


def test_normalised_volumes_have_mean_zero_and_unit_spread() -> None:
    data = np.random.default_rng(0).normal(100, 20, (3, 8, 8))
    data[0, 0, 0] = np.nan
    values = normalise(data)

    assert values.dtype == np.float32
    assert values.mean() == pytest.approx(0, abs=1e-5)
    assert values.std() == pytest.approx(1, abs=1e-5)


def test_an_image_of_one_value_becomes_zeros() -> None:
    assert (normalise(np.full((2, 4, 4), 7.0)) == 0).all()
