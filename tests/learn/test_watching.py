"""The test side watched while a network trains, for protocols that choose by it."""

from pathlib import Path

import pytest
import torch

from segstudio.core.errors import InputError
from segstudio.core.metrics import mean_of
from segstudio.learn.checkpoint import load_checkpoint
from segstudio.learn.config import TrainConfig, make_config
from segstudio.learn.events import CaseValidated, EpochDone, Event
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.training import train

EPOCHS = 4


def config(**settings: object) -> TrainConfig:
    tiny = {"base_channels": 4, "levels": 3, "epochs": EPOCHS, "precision": "32-true"}
    return make_config(**{"loss": "dice", **tiny, **settings})


@pytest.fixture(scope="module")
def watched(hearts: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event]]:
    run = tmp_path_factory.mktemp("runs") / "watched"
    return run, list(train(hearts, config(watch_test=True), run))


def test_every_epoch_tells_the_mean_dice_of_the_test_side(
    watched: tuple[Path, list[Event]],
) -> None:
    run, events = watched
    test = RunFolder(run).read_split().test
    for epoch in (e for e in events if isinstance(e, EpochDone)):
        cases = [
            e
            for e in events
            if isinstance(e, CaseValidated) and (e.epoch, e.split) == (epoch.epoch, "test")
        ][: len(test)]  # the best epoch's are told once more at the end
        means = [mean_of(e.dice[name] for e in cases) for name in cases[0].dice]
        assert [e.case for e in cases] == list(test)
        assert epoch.test_dice == pytest.approx(mean_of(means))


def test_the_summary_tells_the_epoch_that_the_test_side_would_choose(
    watched: tuple[Path, list[Event]],
) -> None:
    run, events = watched
    dice = {e.epoch: e.test_dice for e in events if isinstance(e, EpochDone)}
    summary = RunFolder(run).read_summary() or {}
    told = summary["best_on_test"]

    assert len(dice) == EPOCHS
    assert told["mean_dice"] == max(dice.values())
    assert dice[told["epoch"]] == told["mean_dice"]
    assert summary["test"]["mean_dice"] == pytest.approx(dice[summary["best_epoch"]])


def test_watching_changes_nothing_of_the_training(
    hearts: Path, watched: tuple[Path, list[Event]], tmp_path: Path
) -> None:
    plain = list(train(hearts, config(), tmp_path / "plain"))
    networks = [
        load_checkpoint(run / "checkpoints" / "last.pt")["model"]
        for run in (watched[0], tmp_path / "plain")
    ]

    assert all(torch.equal(networks[0][key], networks[1][key]) for key in networks[1])
    assert all(e.test_dice is None for e in plain if isinstance(e, EpochDone))


def test_a_resumed_training_remembers_what_it_saw(
    hearts: Path, watched: tuple[Path, list[Event]], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    events = train(hearts, config(watch_test=True), run)
    for event in events:
        if isinstance(event, EpochDone) and event.epoch == EPOCHS - 1:
            break
    events.close()
    list(train(hearts, config(watch_test=True), run, resume=True))

    summaries = [RunFolder(path).read_summary() or {} for path in (run, watched[0])]
    assert summaries[0]["best_on_test"] == summaries[1]["best_on_test"]


def test_without_a_test_side_there_is_nothing_to_watch(hearts: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no test side to watch"):
        next(train(hearts, config(watch_test=True, split="two-way"), tmp_path / "run"))
