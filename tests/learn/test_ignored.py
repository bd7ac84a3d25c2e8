"""Voxels that are to be ignored, from the label file to the scores."""

import json
from pathlib import Path
from shutil import copytree
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import torch

from segstudio.core.labels import IGNORED, ClassTable
from segstudio.core.loss_maps import MapOptions
from segstudio.core.metrics import dice, mean_of
from segstudio.core.volume import Grid
from segstudio.data.datasets import load_case, open_dataset
from segstudio.learn.augment import Augmentation, draw_deformation
from segstudio.learn.batches import Batches
from segstudio.learn.case_store import CaseStore
from segstudio.learn.config import make_config
from segstudio.learn.deformation import take
from segstudio.learn.events import CaseValidated, EpochDone, Finished, StepDone
from segstudio.learn.predict import load_predictor
from segstudio.learn.preparation import Preparation
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.sampling import Sampler
from segstudio.learn.training import train

MUCH = Augmentation(probability=1.0, rotation=40.0, scale=0.3, shift=0.1, elastic=0.1, flips="all")
CUT = 30  # the rows from here on are ignored


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


def test_planes_are_not_drawn_for_what_they_ignore() -> None:
    labels = np.zeros((4, 12, 12), np.uint8)
    labels[0], labels[1, 0, 0], labels[2, 5, 5] = IGNORED, 2, 1
    for patch in ((12, 12), (8, 8), (2, 6, 6)):
        sampler = Sampler(store_of(labels), patch, 1.0, 40, 0)
        shown = {s.start[0] for s in sampler.samples(1)}
        assert shown <= ({1, 2} if len(patch) == 2 else {0, 1, 2})
    assert Sampler(store_of(labels), (8, 8), 0.0, None, 0).cut_off() == 0.5


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
    run.write_config(make_config(), classes, "set")
    assert run.read_config()[1] == classes


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


def test_every_step_and_epoch_is_a_number(heart_run: tuple[Any, ...]) -> None:
    events = heart_run[-1]
    steps = [e.loss for e in events if isinstance(e, StepDone)]
    epochs = [e for e in events if isinstance(e, EpochDone)]
    assert np.isfinite(steps).all()
    assert len(epochs) == 2
    assert not np.isnan(mean_of(epochs[-1].dice.values()))
    assert isinstance(events[-1], Finished)


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
