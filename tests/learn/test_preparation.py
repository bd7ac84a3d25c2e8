"""What a network is shown of an image, and the way back."""

import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid, Volume
from segstudio.learn.preparation import Preparation, fit


def volume(
    shape: tuple[int, int, int] = (4, 10, 12), spacing: tuple = (8.0, 1.0, 2.0), unit: str = "mm"
) -> Volume:
    data = np.random.default_rng(0).normal(100, 20, shape).astype(np.float32)
    return Volume(data, Grid(shape, spacing, np.eye(4), unit))


def test_without_a_spacing_an_image_keeps_its_grid() -> None:
    image = volume()
    assert Preparation().image(image).shape == (1, *image.data.shape)
    assert Preparation().spacing_of(image.grid) == image.spacing


def test_resampling_keeps_the_extent() -> None:
    image, preparation = volume(), Preparation(spacing=(4.0, 2.0, 2.0))
    shape, spacing = preparation.shape(image.grid), preparation.spacing_of(image.grid)

    assert shape == (8, 5, 12)
    assert preparation.image(image).shape[1:] == shape
    assert np.multiply(shape, spacing) == pytest.approx(
        np.multiply(image.data.shape, image.spacing)
    )


def test_an_image_of_unknown_spacing_is_not_resampled() -> None:
    image = volume(spacing=(1.0, 1.0, 1.0), unit="voxels")
    preparation = Preparation(spacing=(2.0, 2.0, 2.0))

    assert preparation.shape(image.grid) == image.data.shape
    assert preparation.leaves(image.grid)
    assert not Preparation().leaves(image.grid)
    assert not preparation.leaves(volume().grid)


def test_an_image_of_unknown_spacing_is_rescaled_and_no_other() -> None:
    image, preparation = (
        volume((1, 768, 318), (1.0,) * 3, "voxels"),
        Preparation(rescale=(1.0, 0.5, 0.5)),
    )

    assert preparation.shape(image.grid) == (1, 384, 159)
    assert preparation.image(image).shape == (1, 1, 384, 159)
    assert preparation.spacing_of(image.grid) == (1.0, 2.0, 2.0)
    assert not preparation.leaves(image.grid)
    assert preparation.shape(volume().grid) == volume().data.shape
    assert preparation.leaves(volume().grid)
    both = Preparation(spacing=(4.0, 2.0, 2.0), rescale=(1.0, 0.5, 0.5))
    assert both.shape(image.grid) == (1, 384, 159)
    assert both.shape(volume().grid) == (8, 5, 12)


def test_a_resampled_structure_stays_where_it_is() -> None:
    labels = np.zeros((6, 40, 40), np.uint8)
    labels[2:4, 10:20, 24:34] = 2
    grid = Grid(labels.shape, (3.0, 1.0, 1.0), np.eye(4))
    preparation = Preparation(spacing=(1.5, 2.0, 0.5))
    there = preparation.labels(labels, grid)
    onehot = np.stack([there == k for k in range(3)]).astype(np.float32)
    back = preparation.labels_back(onehot, grid)

    assert there.shape == (12, 20, 80)
    assert set(np.unique(there)) == {0, 2}
    centre = [np.mean(axis) for axis in np.nonzero(there == 2)]
    assert (np.add(centre, 0.5) * (1.5, 2.0, 0.5)) == pytest.approx(
        np.array([3, 15, 29]) * (3, 1, 1)
    )
    assert (back == labels).mean() > 0.99
    assert np.array_equal(preparation.back(onehot, grid).argmax(axis=0), back)


def test_labels_come_back_as_they_went_on_a_finer_grid() -> None:
    labels = np.random.default_rng(0).integers(0, 3, (3, 6, 6)).astype(np.uint8)
    grid = Grid(labels.shape, (1.0, 1.0, 1.0), np.eye(4))
    there = Preparation(spacing=(1 / 3, 1 / 3, 1 / 3)).labels(labels, grid)

    assert np.array_equal(there[1::3, 1::3, 1::3], labels)


@pytest.mark.parametrize("normalisation", ["z-score", "percentile"])
def test_a_normalised_channel_has_mean_zero_and_unit_spread(normalisation: str) -> None:
    values = Preparation(normalisation=normalisation).image(volume())
    assert values.dtype == np.float32
    assert values.mean() == pytest.approx(0, abs=1e-5)
    assert values.std() == pytest.approx(1, abs=1e-4)


def test_one_bright_voxel_does_not_flatten_an_image_cut_at_percentiles() -> None:
    image = volume((4, 40, 40))
    image.data[0, 0, 0] = 1e6
    inside = (slice(1, None), slice(None), slice(None))
    flat = Preparation().image(image)[0][inside].std()
    kept = Preparation(normalisation="percentile").image(image)[0][inside].std()
    assert flat < 0.01
    assert kept > 0.9


def test_a_window_maps_its_ends_to_minus_one_and_one() -> None:
    data = np.array([[[-1000, -160, 40, 240, 3000]]], np.int16)
    image = Volume(data, Grid(data.shape, (1.0, 1.0, 1.0), np.eye(4)))
    found = Preparation(normalisation="ct-window").image(image)
    assert found.ravel().tolist() == pytest.approx([-1, -1, 0, 1, 1])


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf, 3e38])
def test_what_comes_out_is_always_numbers(poison: float) -> None:
    image = volume()
    image.data[0, 0, 0] = poison
    for normalisation in ("z-score", "percentile", "ct-window"):
        assert np.isfinite(Preparation(normalisation=normalisation).image(image)).all()


def test_an_image_of_one_value_becomes_zeros() -> None:
    flat = Volume(np.full((2, 4, 4), 7.0), Grid((2, 4, 4), (1.0, 1.0, 1.0), np.eye(4)))
    assert (Preparation().image(flat) == 0).all()


def test_channels_are_normalised_one_by_one() -> None:
    first = volume()
    both = Volume(first.data, first.grid, other_channels=(first.data * 50 + 3,))
    image = Preparation().image(both)
    assert image.shape == (2, *first.data.shape)
    assert np.allclose(image[0], image[1], atol=1e-4)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"normalisation": "zscore"}, "no normalisation 'zscore'"),
        ({"spacing": (1.0, 0.0, 1.0)}, "not three numbers above 0"),
        ({"window": (100.0, 100.0)}, "a lower and a higher value"),
    ],
)
def test_what_will_not_do_is_told(settings: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Preparation(**settings)


@pytest.mark.parametrize("shape", [(5, 7), (6, 6), (9, 4), (3, 12)])
@pytest.mark.parametrize("size", [(6, 6), (5, 8), (12, 3)])
def test_fitting_and_fitting_back_keeps_what_was_in_both(
    shape: tuple[int, int], size: tuple[int, int]
) -> None:
    plane = np.random.default_rng(0).random(shape).astype(np.float32) + 1
    fitted = fit(plane, size, fill=0)
    back = fit(fitted, shape, fill=0)

    assert fitted.shape == size
    kept = back > 0
    assert np.array_equal(back[kept], plane[kept])
    assert kept.sum() == min(shape[0], size[0]) * min(shape[1], size[1])
