"""The training loop, on generated hearts and real tiny networks."""

import json
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch

from segstudio.core.errors import InputError
from segstudio.core.metrics import TOGETHER, mean_of
from segstudio.data.datasets import load_case, open_dataset
from segstudio.learn.checkpoint import load_checkpoint
from segstudio.learn.config import TrainConfig, make_config
from segstudio.learn.events import (
    CaseValidated,
    EpochDone,
    Event,
    Finished,
    Saved,
    Started,
    StepDone,
)
from segstudio.learn.predict import predict
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.training import train
from segstudio.losses.registry import LOSSES, card


def tiny(**settings: object) -> TrainConfig:
    defaults = {"loss": "dice", "epochs": 2, "batch_size": 4, "base_channels": 4, "levels": 3}
    return make_config(**defaults | settings)


def weights(run: Path, name: str = "last") -> dict[str, torch.Tensor]:
    return load_checkpoint(run / "checkpoints" / f"{name}.pt")["model"]


def losses(events: list[Event]) -> list[float]:
    return [e.loss for e in events if isinstance(e, StepDone)]


def test_events_come_in_order_and_count_from_one(hearts: Path, tmp_path: Path) -> None:
    events = list(train(hearts, tiny(), tmp_path / "run"))

    started = events[0]
    assert isinstance(started, Started)
    assert (started.train_cases, started.validation_cases, started.test_cases) == (4, 2, 2)
    epochs = [e for e in events if isinstance(e, EpochDone)]
    steps = [(e.epoch, e.step) for e in events if isinstance(e, StepDone)]
    per_epoch = started.steps_per_epoch
    assert [e.epoch for e in epochs] == [1, 2]
    assert steps == [(e, s) for e in (1, 2) for s in range(1, per_epoch + 1)]
    assert sum(isinstance(e, Saved) for e in events) == 2
    assert isinstance(events[-1], Finished)
    scored = [e.split for e in events if isinstance(e, CaseValidated)]
    assert scored == ["validation"] * 4 + ["test"] * 2 + ["validation"] * 2 + ["train"] * 4


def test_a_longer_training_learns_the_hearts(hearts: Path, tmp_path: Path) -> None:
    config = tiny(epochs=12, base_channels=8, learning_rate=5e-3)
    events = list(train(hearts, config, tmp_path / "run"))

    dice = [e.mean_dice for e in events if isinstance(e, EpochDone)]
    per_step = losses(events)
    assert max(dice) > dice[0] + 0.1
    assert np.mean(per_step[-4:]) < np.mean(per_step[:4]) - 0.1


@pytest.mark.parametrize("loss", LOSSES)
def test_each_loss_trains_and_tells_its_part_by_name(
    loss: str, hearts: Path, tmp_path: Path
) -> None:
    events = list(train(hearts, tiny(loss=loss, epochs=1), tmp_path / "run"))

    steps = [e for e in events if isinstance(e, StepDone)]
    assert all(np.isfinite(e.loss) and e.parts == {loss: pytest.approx(e.loss)} for e in steps)


def test_the_parts_of_a_sum_are_told_by_step_and_epoch_and_grow(
    hearts: Path, tmp_path: Path
) -> None:
    config = tiny(loss="dice + 0.01*boundary, growing")
    events = list(train(hearts, config, tmp_path / "run"))

    for epoch in (e for e in events if isinstance(e, EpochDone)):
        steps = [e for e in events if isinstance(e, StepDone) and e.epoch == epoch.epoch]
        assert all(e.loss == pytest.approx(sum(e.parts.values()), abs=1e-6) for e in steps)
        for name in ("dice", "boundary"):
            assert epoch.parts[name] == pytest.approx(np.mean([e.parts[name] for e in steps]))
    constant = list(train(hearts, tiny(loss="dice + 0.01*boundary"), tmp_path / "constant"))
    first, second = (
        next(e for e in told if isinstance(e, StepDone) and e.epoch == 1)
        for told in (events, constant)
    )
    assert first.parts == second.parts
    assert losses(events)[-1] != losses(constant)[-1]


def test_a_training_is_given_the_maps_it_asks_for(hearts: Path, tmp_path: Path) -> None:
    settings = {"loss": "boundary", "epochs": 1}
    plain = list(train(hearts, tiny(**settings), tmp_path / "plain"))
    capped = tiny(**settings, maps={"unit": "voxels", "cap": 2.0})
    told = list(train(hearts, capped, tmp_path / "capped"))

    # In mm a voxel is 6 long here, and distances reach far beyond two of them.
    assert abs(losses(told)[0]) < abs(losses(plain)[0]) / 3
    assert RunFolder.opened(tmp_path / "capped").read_config()[0].loss_maps.cap == 2.0


def test_a_run_out_of_time_trains_no_more_when_it_is_resumed(hearts: Path, tmp_path: Path) -> None:
    config = tiny(epochs=500, max_seconds=0.01)
    with closing(train(hearts, config, tmp_path / "run")) as events:
        for event in events:
            if isinstance(event, CaseValidated) and event.split == "test":
                break
    told = list(train(hearts, config, tmp_path / "run", resume=True))
    assert not losses(told)
    assert isinstance(told[-1], Finished)


def test_a_run_writes_down_what_its_loss_brought(hearts: Path, tmp_path: Path) -> None:
    list(train(hearts, tiny(loss="modified-boundary-log", epochs=1), tmp_path / "run"))
    config, _ = RunFolder.opened(tmp_path / "run").read_config()
    assert config.maps == card("modified-boundary-log").maps
    assert config.learning_rate == card("modified-boundary-log").learning_rate


def test_the_same_seed_gives_the_same_network(hearts: Path, tmp_path: Path) -> None:
    first = list(train(hearts, tiny(), tmp_path / "a"))
    torch.rand(7)  # the shared random stream must not matter
    second = list(train(hearts, tiny(), tmp_path / "b"))

    assert losses(first) == losses(second)
    for name, tensor in weights(tmp_path / "a").items():
        assert torch.equal(tensor, weights(tmp_path / "b")[name]), name


def test_another_seed_gives_another_order(hearts: Path, tmp_path: Path) -> None:
    first = list(train(hearts, tiny(epochs=1), tmp_path / "a"))
    second = list(train(hearts, tiny(epochs=1, seed=1), tmp_path / "b"))

    assert losses(first) != losses(second)


# All that could draw from a shared stream of random numbers, or have a state of its own.
EVERYTHING = {
    "loss": "modified-boundary",
    "augmentation": {"probability": 0.8, "flips": "all"},
    "dropout": 0.3,
    "average": 0.9,
    "foreground_share": 0.4,
    "schedule": "cosine",
    "warm_up_epochs": 1.5,
    "deep_supervision": True,
}


@pytest.fixture(scope="module")
def unbroken(hearts: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event]]:
    run = tmp_path_factory.mktemp("unbroken") / "run"
    return run, list(train(hearts, tiny(**EVERYTHING, prefetch=2), run))


def stop_after(events: Generator[Event], is_last: Callable[[Event], bool]) -> list[Event]:
    """Return what was told until an event after which the training was closed."""
    told = []
    with closing(events):
        for event in events:
            told.append(event)
            if is_last(event):
                return told
    raise AssertionError("the training ended before the event to stop at")


# In the order of the training: one can be closed at each of them in turn.
STOPS: dict[str, Callable[[Event], bool]] = {
    "the start": lambda e: isinstance(e, Started),
    "a step": lambda e: isinstance(e, StepDone),
    "the last step of an epoch": lambda e: isinstance(e, StepDone) and e.done == 0.5,
    "a case of a validation": lambda e: isinstance(e, CaseValidated),
    "a validation": lambda e: isinstance(e, EpochDone),
    "a checkpoint": lambda e: isinstance(e, Saved),
    "a step of the second epoch": lambda e: isinstance(e, StepDone) and e.epoch == 2,
    "the last validation": lambda e: isinstance(e, EpochDone) and e.epoch == 2,
    "a case of the test": lambda e: isinstance(e, CaseValidated) and e.split == "test",
}


@pytest.mark.parametrize("stop", STOPS)
def test_a_closed_and_resumed_training_equals_an_unbroken_one(
    stop: str, hearts: Path, unbroken: tuple[Path, list[Event]], tmp_path: Path
) -> None:
    whole, run = unbroken[0], tmp_path / "run"
    told = stop_after(train(hearts, tiny(**EVERYTHING, prefetch=1), run), STOPS[stop])
    told += train(hearts, tiny(**EVERYTHING, prefetch=3), run, resume=True)

    assert losses(told) == losses(unbroken[1])
    first, second = (load_checkpoint(path / "checkpoints" / "last.pt") for path in (run, whole))
    assert first["optimizer"]["state"]
    assert same(first["optimizer"], second["optimizer"])
    assert same(first["average"], second["average"])
    assert same(first["good"], second["good"])
    for state in (first, second):
        state["progress"].pop("seconds")
    assert same(first["progress"], second["progress"])
    for name in ("last", "best"):
        assert same(weights(run, name), weights(whole, name)), name
    assert _records(run) == _records(whole)


def same(first: object, second: object) -> bool:
    """Whether two nested states are equal, bit for bit."""
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
    if isinstance(first, list):
        return len(first) == len(second) and all(map(same, first, second))
    return torch.equal(first, second) if isinstance(first, torch.Tensor) else first == second


def test_a_training_closed_again_and_again_tells_everything_once(
    hearts: Path, unbroken: tuple[Path, list[Event]], tmp_path: Path
) -> None:
    run, stops = tmp_path / "run", list(STOPS.values())
    config = tiny(**EVERYTHING)
    stop_after(train(hearts, config, run), stops[0])
    for stop in stops[1:]:
        stop_after(train(hearts, config, run, resume=True), stop)
    list(train(hearts, config, run, resume=True))

    assert _records(run) == _records(unbroken[0])


def test_a_resumed_training_says_in_the_log_where_it_went_on(hearts: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    stop_after(train(hearts, tiny(), run), STOPS["a checkpoint"])
    list(train(hearts, tiny(), run, resume=True))

    starts = [e["epoch"] for e in RunFolder(run).events() if e["event"] == "Started"]
    assert starts == [1, 2]


def _records(run: Path) -> list[dict]:
    """The log without times, and without the starts: there is one for each sitting."""
    records = [e for e in RunFolder(run).events() if e["event"] != "Started"]
    for record in records:
        record.pop("seconds", None)
        record.get("summary", {}).pop("seconds", None)
    return records


def test_what_was_told_after_the_last_checkpoint_is_cut_from_the_log_on_resume(
    hearts: Path, tmp_path: Path
) -> None:
    run = RunFolder(tmp_path / "run")
    list(train(hearts, tiny(epochs=1), run.path))
    finished = len(run.events())

    list(train(hearts, tiny(epochs=2), run.path, resume=True))

    kinds = [e["event"] for e in run.events()]
    assert kinds.count("Finished") == 1
    assert [e["epoch"] for e in run.events() if e["event"] == "EpochDone"] == [1, 2]
    assert len(kinds) > finished


def test_the_epoch_lends_a_network_that_predicts_the_case_in_view(
    hearts: Path, tmp_path: Path
) -> None:
    dataset = open_dataset(hearts)
    volume, _ = load_case(dataset.cases[0])
    plain = list(train(hearts, tiny(), tmp_path / "plain"))
    lent = train(hearts, tiny(), tmp_path / "lent")
    seen = [e.predict(volume) for e in lent if isinstance(e, EpochDone)]

    assert [s.shape for s in seen] == [volume.data.shape] * 2
    assert set(np.unique(seen)) <= {0, 1, 2, 3}
    # Looking does not change what is learned.
    assert losses(plain) == [
        e["loss"] for e in RunFolder(tmp_path / "lent").events() if e["event"] == "StepDone"
    ]


def test_the_summary_agrees_with_the_scores(hearts: Path, tmp_path: Path) -> None:
    finished = list(train(hearts, tiny(), tmp_path / "run"))[-1]
    assert isinstance(finished, Finished)
    rows = [
        line.split(",") for line in (tmp_path / "run" / "scores.csv").read_text().splitlines()[1:]
    ]
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())

    for side in ("test", "validation", "train"):
        by_class = {
            name: mean_of(float(r[3]) for r in rows if r[0] == side and r[2] == name)
            for name in {r[2] for r in rows} - {TOGETHER}
        }
        assert summary[side]["mean_dice"] == pytest.approx(mean_of(by_class.values()), abs=1e-5)
    assert summary["best_epoch"] == finished.best_epoch


def test_the_best_epoch_is_that_of_the_highest_validation_dice(
    hearts: Path, tmp_path: Path
) -> None:
    events = list(train(hearts, tiny(epochs=4, learning_rate=0.02), tmp_path / "run"))
    best = max((e for e in events if isinstance(e, EpochDone)), key=lambda e: e.mean_dice)

    assert events[-1].best_epoch == best.epoch
    assert load_checkpoint(tmp_path / "run" / "checkpoints" / "best.pt")["epoch"] == best.epoch


def test_the_best_checkpoint_is_what_predicts(hearts: Path, tmp_path: Path) -> None:
    run, lent = tmp_path / "run", {}
    volume, _ = load_case(open_dataset(hearts).cases[0])

    def has_left_the_best(event: Event) -> bool:
        if isinstance(event, EpochDone):
            lent[event.epoch] = event.predict(volume)
        return isinstance(event, StepDone) and event.epoch == 2

    stop_after(train(hearts, tiny(learning_rate=0.05), run), has_left_the_best)
    by_best = predict(run, volume).labels
    (run / "checkpoints" / "best.pt").unlink()
    by_last = predict(run, volume).labels

    assert np.array_equal(by_best, lent[1])
    assert not np.array_equal(by_last, lent[1])


def test_a_time_limit_ends_after_the_epoch_that_passes_it(hearts: Path, tmp_path: Path) -> None:
    events = list(train(hearts, tiny(epochs=500, max_seconds=0.01), tmp_path / "run"))

    assert [e.epoch for e in events if isinstance(e, EpochDone)] == [1]
    assert isinstance(events[-1], Finished)


def test_a_run_folder_that_exists_is_not_touched(hearts: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes.txt").write_text("mine")

    with pytest.raises(InputError, match="exists already"):
        next(train(hearts, tiny(), tmp_path / "run"))

    assert [p.name for p in (tmp_path / "run").iterdir()] == ["notes.txt"]


def test_bad_data_leaves_no_run_folder(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()

    with pytest.raises(InputError, match="holds no image"):
        next(train(empty, tiny(), tmp_path / "run"))

    assert not (tmp_path / "run").exists()


def test_a_finished_run_resumes_with_more_epochs_only(hearts: Path, tmp_path: Path) -> None:
    list(train(hearts, tiny(epochs=1), tmp_path / "run"))

    with pytest.raises(InputError, match="Ask for more epochs"):
        next(train(hearts, tiny(epochs=1), tmp_path / "run", resume=True))


def test_steps_tell_how_much_of_the_training_is_done(hearts: Path, tmp_path: Path) -> None:
    done = [e.done for e in train(hearts, tiny(), tmp_path / "run") if isinstance(e, StepDone)]

    assert done == sorted(done)
    assert done[len(done) // 2 - 1] == pytest.approx(0.5)
    assert done[-1] == 1
