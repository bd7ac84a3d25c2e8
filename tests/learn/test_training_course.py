"""The course of a training: guards, pauses, stops, schedules, and what the run folder keeps."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import torch

from segstudio.core.errors import InputError
from segstudio.core.volume import Volume
from segstudio.data.datasets import Dataset, load_case, open_dataset
from segstudio.learn.checkpoint import load_checkpoint
from segstudio.learn.config import TrainConfig, make_config
from segstudio.learn.control import Control
from segstudio.learn.events import (
    CaseValidated,
    EpochDone,
    Event,
    Finished,
    Guarded,
    Paused,
    Saved,
    Started,
    StepDone,
    Stopped,
    Warned,
)
from segstudio.learn.job import Job
from segstudio.learn.predict import predict
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.training import train
from segstudio.losses.criterion import Criterion


def tiny(**settings: Any) -> TrainConfig:
    defaults = {"loss": "dice", "epochs": 2, "batch_size": 4, "base_channels": 4, "levels": 3}
    return make_config(**defaults | {"precision": "32-true"} | settings)


def told_by(events: Iterator[Event], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def told_in_time(events: Iterator[Event]) -> list[Guarded]:
    """Return what the guard said, but of classes: a tiny network finds few, and it says so."""
    kinds = ("collapse", "lost class")
    return [event for event in told_by(events, Guarded) if event.kind not in kinds]


def write(path: Path, data: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nib.Nifti1Image(data.T, np.diag([1.0, 1.0, 2.0, 1.0]))
    image.header.set_xyzt_units("mm")
    nib.save(image, path)


def blobs(folder: Path, patients: int, channels: int = 1, radius: float = 6.0) -> Path:
    """Write nnU-Net's layout with a bright ball in each case, brightest in the last channel."""
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(*map(np.arange, (8, 32, 32)), indexing="ij"))
    for i in range(patients):
        centre = np.array([4, *rng.uniform(10, 22, 2)])[:, None, None, None]
        labels = np.linalg.norm((grid - centre) * [[[[2]]], [[[1]]], [[[1]]]], axis=0) < radius
        for c in range(channels):
            image = labels * (c + 1.0) + rng.normal(0, 0.2, labels.shape)
            write(folder / "imagesTr" / f"p{i}_{c:04d}.nii.gz", image.astype(np.float32))
        write(folder / "labelsTr" / f"p{i}.nii.gz", labels.astype(np.uint8))
    names = {str(c): f"channel {c}" for c in range(channels)}
    table = {"channel_names": names, "labels": {"background": 0, "ball": 1}}
    (folder / "dataset.json").write_text(json.dumps(table | {"file_ending": ".nii.gz"}))
    return folder


@pytest.fixture
def broken_at(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what makes the loss of some training steps NaN, counted from 1."""

    def install(*steps: int) -> None:
        whole, count = Criterion.__call__, iter(range(1, 10_000))

        def call(self: Criterion, logits: torch.Tensor, target: Any, *, epoch: int = 1) -> Any:
            loss, parts = whole(self, logits, target, epoch=epoch)
            if logits.requires_grad and next(count) in steps:
                return loss * torch.nan, dict.fromkeys(parts, float("nan"))
            return loss, parts

        monkeypatch.setattr(Criterion, "__call__", call)

    return install


def test_a_step_that_is_no_number_is_undone_and_told(
    hearts: Path, tmp_path: Path, broken_at: Callable[..., None]
) -> None:
    broken_at(7)
    events = list(train(hearts, tiny(epochs=3), tmp_path / "run"))

    (guarded,) = told_in_time(events)
    per_epoch = told_by(events, Started)[0].steps_per_epoch
    assert (guarded.epoch - 1) * per_epoch + guarded.step == 7
    assert guarded.kind == "non-finite"
    assert "undone" in guarded.text
    assert isinstance(events[-1], Finished)
    steps = told_by(events, StepDone)
    assert len(steps) == 3 * per_epoch - 1
    assert np.isfinite([e.loss for e in steps]).all()
    model = load_checkpoint(tmp_path / "run" / "checkpoints" / "last.pt")["model"]
    assert all(torch.isfinite(v).all() for v in model.values())


def test_after_the_third_undone_step_the_training_ends_and_keeps_the_best(
    hearts: Path, tmp_path: Path, broken_at: Callable[..., None]
) -> None:
    per_epoch = told_by(train(hearts, tiny(epochs=1), tmp_path / "probe"), Started)[0]
    first = per_epoch.steps_per_epoch
    broken_at(first + 1, first + 2, first + 3)
    events = list(train(hearts, tiny(epochs=3), tmp_path / "run"))

    guarded = told_in_time(events)
    assert [g.kind for g in guarded] == ["non-finite"] * 3
    assert "keeps its best network" in guarded[-1].text
    assert isinstance(events[-1], Finished)
    assert events[-1].best_epoch == 1
    assert events[-1].summary["ended_by"] == "guard"


@pytest.fixture
def leap_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return what gives the step after so many of the first epoch a rate that ruins the weights."""

    def install(steps: int) -> None:
        honest = Job.set_learning_rate

        def far(self: Job) -> float:
            rate = honest(self)
            if (self.progress.epoch, self.progress.step) == (1, steps):
                self.optimizer.param_groups[0]["lr"] = 1e30
            return rate

        monkeypatch.setattr(Job, "set_learning_rate", far)

    return install


def test_an_undone_step_leaves_no_trace_in_the_average(
    hearts: Path, tmp_path: Path, leap_after: Callable[[int], None]
) -> None:
    leap_after(1)
    config = tiny(epochs=2, average=0.99, loss="cross-entropy")
    guarded = told_by(train(hearts, config, tmp_path / "run"), Guarded)
    assert "non-finite" in {g.kind for g in guarded}
    last = load_checkpoint(tmp_path / "run" / "checkpoints" / "last.pt")
    weights = [v for v in last["average"]["weights"].values() if v.is_floating_point()]
    assert max(float(v.abs().max()) for v in weights) < 100


def test_a_training_stopped_after_a_bad_step_undoes_it_when_it_is_resumed(
    hearts: Path, tmp_path: Path, leap_after: Callable[[int], None]
) -> None:
    leap_after(2)
    config, runs = tiny(epochs=2, loss="cross-entropy"), (tmp_path / "whole", tmp_path / "run")
    whole = told_by(train(hearts, config, runs[0]), Guarded)
    events = train(hearts, config, runs[1])
    for event in events:
        if isinstance(event, StepDone) and event.step == 3:
            events.close()
            break
    rest = told_by(train(hearts, config, runs[1], resume=True), Guarded)
    assert [g.kind for g in told_in_time(whole)] == ["non-finite"]
    assert whole == rest
    models = [load_checkpoint(run / "checkpoints" / "last.pt")["model"] for run in runs]
    assert all(torch.equal(v, models[1][k]) for k, v in models[0].items())


def test_a_training_killed_before_its_first_step_can_be_resumed(
    hearts: Path, tmp_path: Path
) -> None:
    events = train(hearts, tiny(epochs=1), tmp_path / "run")
    next(events)
    progress = load_checkpoint(tmp_path / "run" / "checkpoints" / "last.pt")["progress"]
    assert (progress["epoch"], progress["step"]) == (1, 0)
    events.close()


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_stop_is_heard_between_two_cases(split: str, hearts: Path, tmp_path: Path) -> None:
    control, events = Control(), []
    for event in train(hearts, tiny(), tmp_path / "run", control=control):
        events.append(event)
        if isinstance(event, CaseValidated) and event.split == split:
            control.wish = "stop"
    assert isinstance(events[-2], CaseValidated)
    assert isinstance(events[-1], Stopped)
    resumed = list(train(hearts, tiny(), tmp_path / "run", resume=True))
    assert isinstance(resumed[-1], Finished)


def test_labels_that_are_cut_off_the_planes_are_told(hearts: Path, tmp_path: Path) -> None:
    config = tiny(epochs=1, patch_size=(16, 16))
    texts = [w.text for w in told_by(train(hearts, config, tmp_path / "run"), Warned)]
    assert any(
        re.search(r"cut to 16 x 16 .* \d+% of the labelled voxels lie outside", t) for t in texts
    )


def test_a_training_that_breaks_before_its_first_epoch_is_stopped(
    hearts: Path, tmp_path: Path, broken_at: Callable[..., None]
) -> None:
    broken_at(1, 2, 3)
    events = list(train(hearts, tiny(), tmp_path / "run"))
    assert events[-1] == Stopped(1, 3, "guard")
    resumed = list(train(hearts, tiny(), tmp_path / "run", resume=True))
    assert isinstance(resumed[-1], Finished)


def poisoned(folder: Path, value: float) -> Dataset:
    """Return balls of which one image holds voxels of a value."""
    dataset = open_dataset(blobs(folder, 4))
    path = dataset.case("p2").image
    data = np.asarray(nib.load(path).dataobj).T.copy()
    data[3, 4:8, 4:8] = value
    write(path, data)
    sides = {"p0": "test", "p1": None, "p2": None, "p3": None}
    cases = tuple(replace(c, official_split=sides[c.name]) for c in dataset.cases)
    return replace(dataset, cases=cases)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_image_with_what_is_no_number_is_named_and_harms_nothing(
    value: float, tmp_path: Path
) -> None:
    events = list(train(poisoned(tmp_path / "data", value), tiny(), tmp_path / "run"))
    (warned,) = told_by(events, Warned)
    assert warned.text == "The image of 'p2' holds 16 voxels that are no numbers; 0 is taken."
    assert not told_in_time(events)
    assert np.isfinite([e.loss for e in told_by(events, StepDone)]).all()


def test_a_poisoned_case_is_named_by_the_guard(
    hearts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from segstudio.learn import job_setup as jobs

    read = jobs.read_cases

    def poison(*given: Any) -> Any:
        store, notes = read(*given)
        store.cases[1].image.read()[0, 2, 3, 3] = np.nan
        return store, notes

    monkeypatch.setattr(jobs, "read_cases", poison)
    events = list(train(hearts, tiny(), tmp_path / "run"))
    guarded = told_in_time(events)
    name = RunFolder(tmp_path / "run").read_split().train[1]
    assert guarded
    assert all(f"The image of '{name}' holds values that are no numbers" in g.text for g in guarded)


@pytest.mark.parametrize("loss", ["cross-entropy", "modified-boundary-log", "dice + cross-entropy"])
def test_a_learning_rate_of_a_thousand_raises_a_guard_that_says_so(
    loss: str, hearts: Path, tmp_path: Path
) -> None:
    config = tiny(loss=loss, epochs=4, learning_rate=1e3)
    guarded = told_by(train(hearts, config, tmp_path / "run"), Guarded)
    assert {g.kind for g in guarded} & {"divergence", "non-finite", "vanished gradient"}
    assert any("learning rate" in g.text for g in guarded)


def test_the_boundary_loss_alone_on_tiny_lesions_raises_collapse(tmp_path: Path) -> None:
    data = blobs(tmp_path / "data", 4, radius=2.0)
    config = tiny(loss="boundary", epochs=5, learning_rate=1e-2, split="two-way")
    guarded = told_by(train(data, config, tmp_path / "run"), Guarded)
    collapse = [g for g in guarded if g.kind == "collapse"]
    assert collapse
    assert "'ball' is there and was predicted nowhere in 3 validations" in collapse[0].text
    assert "boundary loss alone has the empty prediction as a trap" in collapse[0].text


def test_a_pause_saves_and_waits_and_changes_nothing(hearts: Path, tmp_path: Path) -> None:
    plain = [e.loss for e in told_by(train(hearts, tiny(), tmp_path / "plain"), StepDone)]
    control, losses, paused = Control(), [], []
    for event in train(hearts, tiny(), tmp_path / "run", control=control):
        if isinstance(event, StepDone):
            losses.append(event.loss)
            if event.step == 2 and event.epoch == 1:
                control.wish = "pause"
        if isinstance(event, Paused):
            progress = load_checkpoint(tmp_path / "run" / "checkpoints" / "last.pt")["progress"]
            paused.append((event, progress["step"]))
            control.wish = "go on"
    assert paused == [(Paused(1, 2), 2)]
    assert losses == plain


def test_a_stop_while_paused_ends_the_training(hearts: Path, tmp_path: Path) -> None:
    control, events = Control("pause"), []
    for event in train(hearts, tiny(), tmp_path / "run", control=control):
        events.append(event)
        if isinstance(event, Paused):
            control.wish = "stop"
    assert events[-1] == Stopped(1, 1, "the user stopped it")


def test_a_stop_after_this_epoch_ends_with_its_checkpoint(hearts: Path, tmp_path: Path) -> None:
    control = Control("stop after this epoch")
    events = list(train(hearts, tiny(epochs=5), tmp_path / "run", control=control))
    assert [e.epoch for e in told_by(events, EpochDone)] == [1]
    assert isinstance(events[-2], Saved)
    assert isinstance(events[-1], Stopped)


def test_an_extended_run_goes_on_with_the_schedule_of_the_longer_one(
    hearts: Path, tmp_path: Path
) -> None:
    config = tiny(epochs=2, schedule="cosine")
    short = told_by(train(hearts, config, tmp_path / "run"), StepDone)
    longer = tiny(epochs=4, schedule="cosine")
    more = told_by(train(hearts, longer, tmp_path / "run", resume=True), StepDone)
    assert {e.epoch for e in more} == {3, 4}
    assert more[0].learning_rate == pytest.approx(config.step_size / 2)
    assert short[-1].learning_rate < more[0].learning_rate
    assert more[-1].learning_rate < config.step_size / 10


def test_long_epochs_are_saved_within(hearts: Path, tmp_path: Path) -> None:
    config = tiny(epochs=1, checkpoint_minutes=1e-9)
    saved = told_by(train(hearts, config, tmp_path / "run"), Saved)
    assert len([s for s in saved if s.step]) >= 4
    assert [s.step for s in saved][-1] == 0


def test_early_stopping_ends_after_epochs_that_were_no_better(hearts: Path, tmp_path: Path) -> None:
    config = tiny(epochs=50, early_stop=2, learning_rate=1e-9, loss="dice")
    finished = told_by(train(hearts, config, tmp_path / "run"), Finished)[0]
    assert finished.summary["ended_by"] == "early stopping"
    logged = RunFolder(tmp_path / "run").events()
    last = max(e["epoch"] for e in logged if e["event"] == "EpochDone")
    assert last == finished.best_epoch + 2


def test_the_average_of_the_weights_is_what_is_validated_and_kept(
    hearts: Path, tmp_path: Path
) -> None:
    volume, _ = load_case(open_dataset(hearts).cases[0])
    config, lent = tiny(average=0.9, learning_rate=0.02), {}
    for event in train(hearts, config, tmp_path / "run"):
        if isinstance(event, EpochDone):
            lent[event.epoch] = event.predict(volume)
    run = RunFolder(tmp_path / "run")
    last, best = load_checkpoint(run.last), load_checkpoint(run.best)
    assert np.array_equal(predict(run.path, volume).labels, lent[best["epoch"]])
    newest, average = last["model"]["head.weight"], last["average"]["weights"]["head.weight"]
    assert not torch.equal(newest, average)
    assert not torch.equal(best["model"]["head.weight"], newest)


def test_the_timeline_keeps_what_was_predicted_after_every_epoch(
    hearts: Path, tmp_path: Path
) -> None:
    dataset, lent = open_dataset(hearts), {}
    for event in train(dataset, tiny(timeline_cases=1, learning_rate=0.01), tmp_path / "run"):
        if isinstance(event, EpochDone):
            name = RunFolder(tmp_path / "run").read_split().validation[0]
            lent[event.epoch] = event.predict(load_case(dataset.case(name))[0])
    run = RunFolder(tmp_path / "run")
    for epoch, labels in lent.items():
        kept = run.read_timeline(epoch)
        assert list(kept) == [run.read_split().validation[0]]
        assert np.array_equal(next(iter(kept.values())), labels)
    with pytest.raises(InputError, match="keeps no timeline of epoch 9"):
        run.read_timeline(9)


def test_the_cases_of_the_timeline_may_be_chosen_by_name(hearts: Path, tmp_path: Path) -> None:
    list(train(hearts, tiny(epochs=1), tmp_path / "first"))
    name = RunFolder(tmp_path / "first").read_split().validation[1]
    list(train(hearts, tiny(epochs=1, timeline_cases=(name,)), tmp_path / "run"))
    assert list(RunFolder(tmp_path / "run").read_timeline(1)) == [name]


def test_the_run_folder_says_on_what_it_was_trained(hearts: Path, tmp_path: Path) -> None:
    list(train(hearts, tiny(epochs=1), tmp_path / "run"))
    rows = json.loads((tmp_path / "run" / "environment.json").read_text())
    assert {"segstudio", "python", "packages", "device", "threads"} <= set(rows)


def test_validation_tells_the_loss_of_whole_cases_by_parts_and_hd95_when_asked(
    hearts: Path, tmp_path: Path
) -> None:
    config = tiny(loss="dice + boundary", hd95_every=2)
    first, second = told_by(train(hearts, config, tmp_path / "run"), EpochDone)
    for done in (first, second):
        assert done.validation_loss == pytest.approx(sum(done.validation_parts.values()))
        assert set(done.validation_parts) == {"dice", "boundary"}
        assert 0 <= done.validation_parts["dice"] <= 1
    assert first.hd95 is None
    assert set(second.hd95) == set(second.dice)
    assert all(v > 0 for v in second.hd95.values())


def test_without_a_test_side_validation_alone_is_scored(hearts: Path, tmp_path: Path) -> None:
    finished = told_by(train(hearts, tiny(split="two-way"), tmp_path / "run"), Finished)[0]
    assert finished.summary["test"]["mean_dice"] is None
    assert finished.summary["validation"]["mean_dice"] is not None


def test_without_a_split_every_case_is_trained_on_and_it_is_said(
    hearts: Path, tmp_path: Path
) -> None:
    events = list(train(hearts, tiny(split="none"), tmp_path / "run"))
    started = told_by(events, Started)[0]
    assert started.validated_on_training
    assert started.train_cases == started.validation_cases == 8
    assert "validation" not in events[-1].summary


@pytest.mark.parametrize("deep_supervision", [False, True])
def test_a_3d_network_learns_balls_of_three_channels(
    deep_supervision: bool, tmp_path: Path
) -> None:
    data = blobs(tmp_path / "data", 4, channels=3)
    config = tiny(
        dimensions=3,
        epochs=4,
        learning_rate=0.01,
        loss="dice + cross-entropy",
        batch_size=2,
        patch_size=(8, 16, 16),
        split="two-way",
        deep_supervision=deep_supervision,
        augmentation={},
        base_channels=8,
    )
    events = list(train(data, config, tmp_path / "run"))
    dice = [e.mean_dice for e in told_by(events, EpochDone)]
    assert max(dice) > 0.7
    volume, truth = load_case(open_dataset(data).cases[0])
    assert len(volume.channels) == 3
    labels = predict(tmp_path / "run", volume).labels
    assert (
        2 * ((labels == 1) & (truth == 1)).sum() / ((labels == 1).sum() + (truth == 1).sum()) > 0.7
    )
    with pytest.raises(InputError, match=r"trained on 3 channel\(s\) and is given 1"):
        predict(tmp_path / "run", Volume(volume.data, volume.grid))


def test_training_on_a_coarser_grid_predicts_on_the_source_s(tmp_path: Path) -> None:
    data = blobs(tmp_path / "data", 4)
    config = tiny(epochs=8, learning_rate=0.01, spacing=(2.0, 2.0, 2.0), split="two-way", levels=2)
    events = list(train(data, config, tmp_path / "run"))
    assert max(e.mean_dice for e in told_by(events, EpochDone)) > 0.7
    volume, truth = load_case(open_dataset(data).cases[0])
    assert predict(tmp_path / "run", volume).labels.shape == truth.shape


def test_files_beyond_the_memory_budget_train_the_same(hearts: Path, tmp_path: Path) -> None:
    losses = [
        [e.loss for e in told_by(train(hearts, tiny(cache_gb=gb), tmp_path / str(gb)), StepDone)]
        for gb in (1.0, 0.0)
    ]
    assert losses[0] == losses[1]


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_both_optimisers_learn(optimizer: str, hearts: Path, tmp_path: Path) -> None:
    rate = {"adamw": 5e-3, "sgd": 1e-2}[optimizer]
    config = tiny(epochs=8, base_channels=8, optimizer=optimizer, learning_rate=rate)
    dice = [e.mean_dice for e in told_by(train(hearts, config, tmp_path / "run"), EpochDone)]
    assert max(dice) > dice[0] + 0.05


@pytest.mark.parametrize(("split", "side"), [("three-way", "test"), ("none", "train")])
def test_classes_that_are_not_found_in_the_end_are_told_before_it_is_finished(
    split: str, side: str, hearts: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    events = train(hearts, tiny(epochs=1, learning_rate=1e-9, split=split), run)
    for event in events:
        if isinstance(event, Guarded) and event.kind == "lost class":
            break
    assert f"Lost on the {side} side" in event.text
    assert not (run / "summary.json").exists()
    assert [type(each) for each in events] == [Finished]
    lost = [r["text"] for r in RunFolder(run).events() if r.get("kind") == "lost class"]
    assert lost == [event.text]


def test_a_training_stopped_at_what_it_did_not_find_can_go_on(hearts: Path, tmp_path: Path) -> None:
    run, config, control = tmp_path / "run", tiny(epochs=1, learning_rate=1e-9), Control()
    for event in train(hearts, config, run, control=control):
        if isinstance(event, Guarded) and event.kind == "lost class":
            control.wish = "stop"
    assert isinstance(event, Stopped)
    assert isinstance(list(train(hearts, config, run, resume=True))[-1], Finished)
    lost = [r for r in RunFolder(run).events() if r.get("kind") == "lost class"]
    assert len(lost) == 1
