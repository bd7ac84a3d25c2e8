"""The cases of a training as they are read: on the network's grid, and what is said of them."""

from pathlib import Path

import pytest

from segstudio.data.datasets import open_dataset
from segstudio.data.phantoms import write_spine_dataset
from segstudio.learn.config import make_config
from segstudio.learn.reading import read_cases

ROOM = 2**30  # bytes


@pytest.fixture(scope="module")
def spines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return two generated radiographs and more, whose files hold no voxel size."""
    folder = tmp_path_factory.mktemp("data") / "spines"
    write_spine_dataset(folder, patients=3, shape=(1, 192, 64))
    return folder


def test_images_without_a_voxel_size_are_rescaled(spines: Path) -> None:
    dataset = open_dataset(spines)
    whole, _ = read_cases(dataset.cases, dataset.classes, make_config(), ROOM)
    config = make_config(rescale=(1.0, 0.5, 0.5))
    half, told = read_cases(dataset.cases, dataset.classes, config, ROOM)

    assert told == []
    assert [case.shape for case in whole.cases] == [(1, 192, 64)] * 3
    for before, after in zip(whole.cases, half.cases, strict=True):
        assert after.shape == (1, 96, 32)
        assert after.spacing == (1.0, 2.0, 2.0)
        # As large a share of the image as before is vertebra.
        assert after.counts[0, 1] == pytest.approx(before.counts[0, 1] / 4, rel=0.05)


def test_it_is_told_that_a_spacing_changes_nothing_where_no_voxel_size_is_known(
    spines: Path,
) -> None:
    dataset = open_dataset(spines)
    store, told = read_cases(
        dataset.cases, dataset.classes, make_config(spacing=(1.0, 2.0, 2.0)), ROOM
    )

    assert store.cases[0].shape == (1, 192, 64)
    assert told == [
        "3 of 3 images keep their own grid, whatever the spacing: their header holds no true "
        "voxel size. 'rescale' changes them."
    ]


def test_it_is_told_that_images_of_known_voxel_size_are_not_rescaled(hearts: Path) -> None:
    dataset = open_dataset(hearts)
    cases = dataset.cases[:3]
    store, told = read_cases(cases, dataset.classes, make_config(rescale=(1.0, 0.5, 0.5)), ROOM)

    assert store.cases[0].shape == (4, 48, 48)
    assert told == [
        "3 of 3 images are not rescaled, as their header holds a voxel size. 'spacing' changes "
        "them."
    ]
