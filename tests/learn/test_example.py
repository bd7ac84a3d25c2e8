"""An example is what the loss of a training is given."""

from pathlib import Path

import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.data.datasets import load_case, open_dataset
from segstudio.data.phantoms import write_spine_dataset
from segstudio.learn.config import TrainConfig, make_config
from segstudio.learn.example import Example, make_example
from segstudio.learn.job_setup import new_job

STRONG = {"probability": 1.0, "flips": "all"}


@pytest.fixture
def lone(hearts: Path, tmp_path: Path) -> Path:
    """Return a folder with one case."""
    for name in ("patient001_frame01.nii.gz", "patient001_frame01_gt.nii.gz"):
        (tmp_path / "lone").mkdir(exist_ok=True)
        (tmp_path / "lone" / name).write_bytes((hearts / "patient001" / name).read_bytes())
    return tmp_path / "lone"


def example(folder: Path, config: TrainConfig, **which: int) -> Example:
    dataset = open_dataset(folder)
    volume, labels = load_case(dataset.cases[0])
    from segstudio.core.labels import ClassTable

    classes = dataset.classes or ClassTable.found_in(np.unique(labels))
    return make_example(volume, labels, classes, config, **which)


@pytest.mark.parametrize(
    ("settings", "count"),
    [
        ({"spacing": (10.0, 2.0, 2.0)}, 3),
        ({"dimensions": 3, "patch_size": (4, 16, 16), "levels": 3}, 2),
    ],
)
def test_an_example_is_in_the_batch_that_a_training_makes(
    lone: Path, tmp_path: Path, settings: dict[str, object], count: int
) -> None:
    config = make_config(
        loss="modified-boundary-log", split="none", seed=5, augmentation=STRONG, **settings
    )
    _, job = new_job(open_dataset(lone), config, tmp_path / "run")
    batches = job.batches
    for number in range(count):
        epoch = number + 1 if config.dimensions == 2 else 1
        made = example(lone, config, plane=1, number=number)
        rows = [
            (image, sdm)
            for batch in batches.epoch(epoch)
            for image, sdm in zip(batch.image.numpy(), batch.target.maps.numpy(), strict=True)
        ]
        same = [np.array_equal(image, made.image) for image, _ in rows]
        assert sum(same) == 1
        assert np.array_equal(rows[same.index(True)][1], made.maps)


def test_examples_differ_by_number_and_are_the_same_for_the_same(lone: Path) -> None:
    config = make_config(augmentation=STRONG)
    first, again, other = (example(lone, config, number=n) for n in (0, 0, 1))
    assert np.array_equal(first.image, again.image)
    assert not np.array_equal(first.image, other.image)
    assert "Augmented: turned by" in first.words[-1]


def test_without_augmentation_and_maps_that_is_said(lone: Path) -> None:
    made = example(lone, make_config(loss="dice", patch_size=(32, 64)), plane=2)
    assert made.maps is None
    assert made.image.shape == (1, 32, 64)
    assert made.words[-1] == "No augmentation is set."
    assert "plane 2: cut or padded from 48 × 48 to 32 × 64 voxels" in made.words[1]


def test_how_the_grid_was_changed_is_said(lone: Path, tmp_path: Path) -> None:
    resampled = example(lone, make_config(loss="dice", spacing=(10.0, 2.0, 2.0)))
    assert resampled.words[0].startswith("Resampled from 26.7 × 6 × 6 to 9.7 × 2 × 2 mm.")
    left = example(lone, make_config(loss="dice", rescale=(1.0, 0.5, 0.5)))
    assert left.words[0].startswith("Not rescaled: 26.7 × 6 × 6 mm in its header")

    write_spine_dataset(tmp_path / "spines", patients=2, shape=(1, 192, 64))
    untouched = example(tmp_path / "spines", make_config(loss="dice", spacing=(1.0, 2.0, 2.0)))
    assert untouched.words[0].startswith("Not resampled: no true voxel size in its header")
    rescaled = example(tmp_path / "spines", make_config(loss="dice", rescale=(1.0, 0.5, 0.5)))
    assert rescaled.words[0].startswith("Rescaled from 1 × 192 × 64 to 1 × 96 × 32 voxels.")


def test_what_is_said_of_a_deformation_is_what_it_does() -> None:
    from segstudio.learn.augment import linear_map
    from segstudio.learn.deformation import Deformation
    from segstudio.learn.example import _deformation_words

    steps = np.array([1.0, 2.0])
    matrix = linear_map(30.0, np.array([1.2, 1.2]), steps) * (1, -1)
    deformation = Deformation(matrix, np.zeros(2), np.array([3.0, 2.0]))
    words = _deformation_words(deformation, (9, 1, 2), "voxels")
    assert words == [
        "turned by 30°",
        "enlarged to 120%",
        "shifted by 5.0 voxels",
        "columns mirrored",
    ]


def test_a_label_of_no_class_is_told(lone: Path) -> None:
    dataset = open_dataset(lone)
    volume, labels = load_case(dataset.cases[0])
    from segstudio.core.labels import ClassTable

    with pytest.raises(InputError, match="label value 3"):
        make_example(volume, labels, ClassTable.found_in([1, 2]), make_config())
