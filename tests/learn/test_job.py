"""What a training makes of a dataset: which cases are on which side, and what their labels are."""

import json
from pathlib import Path

import pytest

from segstudio.core.errors import InputError
from segstudio.data.datasets import open_dataset
from segstudio.data.phantoms import write_spine_dataset
from segstudio.learn.config import TrainConfig, make_config
from segstudio.learn.events import EpochDone
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.training import train


def tiny(**settings: object) -> TrainConfig:
    usual = {"base_channels": 2, "levels": 3, "epochs": 1, "precision": "32-true"}
    return make_config(**usual | {"loss": "dice"} | settings)


@pytest.fixture(scope="module")
def spines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return six radiographs of 17 vertebrae, the last of them the test side."""
    folder = tmp_path_factory.mktemp("data") / "spines"
    write_spine_dataset(folder, patients=6, shape=(1, 192, 64))
    return folder


@pytest.mark.parametrize(("drawing", "classes"), [(None, 1), ("each", 17), ("alternating", 2)])
def test_landmarks_are_trained_on_as_the_settings_draw_them(
    spines: Path, tmp_path: Path, drawing: str | None, classes: int
) -> None:
    config = tiny(landmarks=drawing, batch_size=2)
    events = list(train(spines, config, tmp_path / "run"))
    (epoch,) = [event for event in events if isinstance(event, EpochDone)]
    assert len(epoch.dice) == classes
    # The run is resumed on labels drawn alike.
    longer = train(spines, make_config(epochs=2), tmp_path / "run", resume=True)
    assert [len(event.dice) for event in longer if isinstance(event, EpochDone)] == [classes]


def test_the_folds_of_a_run_hold_every_case_once(hearts: Path, tmp_path: Path) -> None:
    held = []
    for fold in range(3):
        run = tmp_path / f"fold{fold}"
        list(train(hearts, tiny(folds=3, fold=fold, split="two-way"), run))
        held += RunFolder.opened(run).read_split().validation
        assert json.loads((run / "split.json").read_text())["test"] == []
    assert sorted(held) == sorted(case.name for case in open_dataset(hearts).cases)


def test_a_fold_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="no fold 3 of 3"):
        tiny(folds=3, fold=3)
