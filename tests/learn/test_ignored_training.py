"""Trainings on labels of which some are to be ignored: steps, validation and scores."""

import json
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Any
from unittest.mock import create_autospec

import nibabel as nib
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable, onehot
from segstudio.core.loss_maps import MapOptions
from segstudio.core.metrics import dice, evaluate, mean_of
from segstudio.core.volume import Grid, Volume
from segstudio.data.datasets import load_case, open_dataset
from segstudio.learn.augment import Augmentation
from segstudio.learn.config import make_config
from segstudio.learn.device import choose_compute
from segstudio.learn.events import CaseValidated, EpochDone, Finished, StepDone
from segstudio.learn.predict import Predictor, load_predictor
from segstudio.learn.preparation import Preparation
from segstudio.learn.training import train
from segstudio.learn.validation import Validation, Validator
from segstudio.losses.criterion import Criterion

MUCH = Augmentation(probability=1.0, rotation=40.0, scale=0.3, shift=0.1, elastic=0.1, flips="all")
CUT = 30  # the rows from here on are ignored


def ignoring(hearts: Path, folder: Path, value: int) -> Path:
    """Write the hearts with some rows of every image, and one whole image, to be ignored."""
    copytree(hearts, folder)
    for i, path in enumerate(sorted(folder.rglob("*_gt.nii.gz"))):
        file = nib.load(path)
        labels = np.asarray(file.dataobj).copy()
        labels[:, CUT:] = value  # (X, Y, Z) in the file
        if i == 0:
            labels[:] = value
        nib.save(nib.Nifti1Image(labels, file.affine, file.header), path)
    return folder


def trained(dataset: Path, run: Path, **settings: Any) -> list[Any]:
    defaults = {"loss": "dice + cross-entropy", "epochs": 2, "batch_size": 4, "base_channels": 4}
    more = {"levels": 3, "precision": "32-true", "hd95_every": 1, "device": "cpu"}
    return list(train(dataset, make_config(**defaults | more | settings), run))


@pytest.fixture(scope="module")
def heart_run(hearts: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Any]:
    """Return the data, the run and the events of a training that ignores the label value 9."""
    folder = tmp_path_factory.mktemp("ignored")
    data, run = ignoring(hearts, folder / "data", 9), folder / "run"
    return data, run, trained(data, run, ignore_label=9)


def test_the_losses_of_validation_are_those_of_what_counts(heart_run: tuple[Any, ...]) -> None:
    data, run, events = heart_run
    predictor, dataset = load_predictor(run, newest=True), open_dataset(data)
    told_of = [e for e in events if isinstance(e, CaseValidated) and e.epoch == 2]
    validated = [e for e in told_of if not np.isnan(e.loss)]
    assert len(validated) == 2
    for event in validated:
        volume, labels = load_case(dataset.case(event.case))
        logits = torch.from_numpy(predictor.grid_logits(predictor.preparation.image(volume)))
        counted = torch.from_numpy(labels != 9)
        if not counted.any():
            assert event.loss == 0
            continue
        truth = torch.from_numpy(labels).long()[counted]
        z = logits[:, counted]
        p, g = z.softmax(0)[1:], torch.nn.functional.one_hot(truth, 4).T[1:]
        dices = (2 * (p * g).sum(1) + 1e-5) / (p.square().sum(1) + g.sum(1) + 1e-5)
        expected = (1 - dices).mean() + torch.nn.functional.cross_entropy(z.T, truth)
        assert event.loss == pytest.approx(float(expected), rel=1e-4)


def test_the_scores_are_those_of_what_counts(heart_run: tuple[Any, ...]) -> None:
    data, run, events = heart_run
    predictor, dataset = load_predictor(run), open_dataset(data)
    scored = [e for e in events if isinstance(e, CaseValidated) and np.isnan(e.loss)]
    assert len(scored) == 8
    for event in scored:
        volume, labels = load_case(dataset.case(event.case))
        predicted = predictor.labels(volume)
        assert set(np.unique(predicted)) <= {0, 1, 2, 3}
        for c in predictor.classes.foreground:
            p, t = ((a == c.value) & (labels != 9) for a in (predicted, labels))
            np.testing.assert_equal(event.dice[c.name], dice(p, t))


def test_the_scores_of_validation_are_those_of_what_counts() -> None:
    rng = np.random.default_rng(2)
    truth, found = rng.integers(0, 4, (2, 3, 12, 12)).astype(np.int32)
    truth[:, 7:] = 9
    grid = Grid(truth.shape, (5.0, 1.0, 1.0), np.eye(4), "mm")
    classes = ClassTable.found_in([1, 2, 3], ignore=9)
    rows = []
    for there in (0, 1, 3):  # predicted where the truth is ignored
        image = np.where(truth == 9, there, found)
        rows.append(validated(image, truth, grid, classes))
    np.testing.assert_array_equal(rows[0][:12], rows[1][:12])
    np.testing.assert_array_equal(rows[0][:12], rows[2][:12])
    scores = evaluate(found, truth, grid, classes)
    assert rows[0][:9:3].tolist() == [s.dice for s in scores]
    assert rows[0][9:12].tolist() == [s.hd95 for s in scores]


def test_a_class_that_is_predicted_where_nothing_counts_alone_is_predicted_nowhere() -> None:
    truth = np.zeros((2, 8, 8), np.int32)
    truth[:, :2], truth[:, 5:] = 1, 9
    grid = Grid(truth.shape, (1.0, 1.0, 1.0), np.eye(4), "mm")
    row = validated(np.where(truth == 9, 1, 0), truth, grid, ClassTable.found_in([1], ignore=9))
    result = Validation(["class 1"], ["dice"], rows=[row])
    assert result.is_nowhere() == {"class 1": True}


def validated(
    found: np.ndarray, truth: np.ndarray, grid: Grid, classes: ClassTable
) -> NDArray[np.float64]:
    """Return the row of scores of a network that predicts what it is given to see."""
    predictor = create_autospec(Predictor, instance=True)
    predictor.classes, predictor.preparation = classes, Preparation()
    predictor.grid_logits.return_value = 9.0 * onehot(found, len(classes)).astype(np.float32)
    predictor.values_of.return_value = found
    truths: Any = [(Volume(found.astype(np.float32), grid), truth)]
    compute = choose_compute(make_config(device="cpu", precision="32-true"))
    shares = torch.ones(len(classes))
    validator = Validator(truths, predictor, Criterion("dice"), None, shares, compute, True)
    result = Validation([c.name for c in classes.foreground], ["dice"])
    return validator._row(0, 1, True, result)


def test_planes_without_anything_that_counts_do_not_thin_the_loss_of_validation(
    heart_run: tuple[Any, ...],
) -> None:
    data, run, _ = heart_run
    predictor, dataset = load_predictor(run), open_dataset(data)
    volume, labels = load_case(dataset.cases[2])
    labels = labels.copy()
    labels[1:] = 9
    maps = MapOptions(unit="voxels", cap=10.0)
    truths: Any = [(volume, labels)]
    compute, shares = predictor._compute, torch.ones(4) / 4
    validator = Validator(
        truths, predictor, Criterion("modified-boundary"), maps, shares, compute, per_plane=True
    )
    logits = predictor.grid_logits(predictor.preparation.image(volume))
    found = validator._loss(logits, labels, volume.grid, 1)
    alone = replace(volume.grid, shape=(1, *volume.grid.shape[1:]))
    expected = validator._loss(logits[:, :1], labels[:1], alone, 1)
    assert found == pytest.approx(expected)


def test_every_step_and_epoch_is_a_number(heart_run: tuple[Any, ...]) -> None:
    events = heart_run[-1]
    steps = [e.loss for e in events if isinstance(e, StepDone)]
    epochs = [e for e in events if isinstance(e, EpochDone)]
    assert np.isfinite(steps).all()
    assert len(epochs) == 2
    assert not np.isnan(mean_of(epochs[-1].dice.values()))
    assert isinstance(events[-1], Finished)


@pytest.mark.parametrize("known", [0, 1])
def test_data_in_which_nothing_counts_are_refused(hearts: Path, tmp_path: Path, known: int) -> None:
    data = copytree(hearts, tmp_path / "data")
    for i, path in enumerate(sorted(data.rglob("*_gt.nii.gz"))):
        file = nib.load(path)
        labels = np.full(file.shape, 9, np.uint8)
        labels[:, :, : known if i == 0 else 0] = 1
        nib.save(nib.Nifti1Image(labels, file.affine, file.header), path)
    expected = "one slice in all" if known else "All voxels of the training cases"
    with pytest.raises(InputError, match=expected):
        trained(data, tmp_path / "run", ignore_label=9, split="none")


def told(events: list[Any]) -> list[Any]:
    """Return all numbers of a training."""
    numbers = []
    for event in events:
        if isinstance(event, StepDone):
            numbers.append((event.loss, event.gradient_norm))
        if isinstance(event, CaseValidated):
            numbers.append((event.case, event.dice, event.loss, event.hd95))
    return numbers


def test_which_value_says_so_makes_no_difference(
    heart_run: tuple[Any, ...], hearts: Path, tmp_path: Path
) -> None:
    events = trained(ignoring(hearts, tmp_path / "data", 4), tmp_path / "run", ignore_label=4)
    assert repr(told(events)) == repr(told(heart_run[-1]))


@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_dataset_of_nnunet_that_ignores_is_trained_on(
    hearts: Path, tmp_path: Path, dimensions: int
) -> None:
    source = ignoring(hearts, tmp_path / "acdc", 4)
    images, labels = tmp_path / "raw" / "imagesTr", tmp_path / "raw" / "labelsTr"
    for folder in (images, labels):
        folder.mkdir(parents=True)
    for path in sorted(source.rglob("*_gt.nii.gz")):
        name = path.name.removesuffix("_gt.nii.gz")
        path.rename(labels / f"{name}.nii.gz")
        (path.parent / f"{name}.nii.gz").rename(images / f"{name}_0000.nii.gz")
    names = {"background": 0, "rv": 1, "myo": 2, "lv": 3, "ignore": 4}
    (tmp_path / "raw" / "dataset.json").write_text(json.dumps({"labels": names}))
    settings: dict[str, Any] = {"dimensions": dimensions, "loss": "modified-boundary"}
    if dimensions == 3:
        settings |= {"patch_size": (4, 24, 24), "samples_per_epoch": 4}
    events = trained(
        tmp_path / "raw",
        tmp_path / "run",
        augmentation=MUCH,
        spacing=(10.0, 2.0, 2.0),
        **settings,
    )
    assert isinstance(events[-1], Finished)
    assert np.isfinite([e.loss for e in events if isinstance(e, StepDone)]).all()
    predictor = load_predictor(tmp_path / "run")
    assert predictor.classes.ignore == 4
    assert [c.name for c in predictor.classes.foreground] == ["rv", "myo", "lv"]
