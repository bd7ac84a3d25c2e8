"""The folder of a run."""

import json
from pathlib import Path

import pytest

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.core.loss_maps import MapOptions
from segstudio.core.metrics import Score
from segstudio.data.splits import Split
from segstudio.learn.config import make_config
from segstudio.learn.events import CaseValidated, Guarded, Saved, StepDone
from segstudio.learn.run_folder import RunFolder, new_run_path


def made(path: Path) -> RunFolder:
    run = RunFolder.free(path)
    run.best.parent.mkdir(parents=True)
    return run


def test_config_and_classes_are_read_back(tmp_path: Path) -> None:
    run, classes = made(tmp_path / "run"), ClassTable.named({1: "a", 255: "b"})
    maps = {"unit": "voxels", "cap": 7.0, "pieces": "equal depth"}
    config = make_config(loss="boundary", seed=4, maps=maps)
    run.write_config(config, classes, {"name": "set", "channels": 1})

    assert run.read_config() == (config, classes)


def configured(path: Path, **settings: object) -> RunFolder:
    run = made(path)
    run.write_config(
        make_config(**settings), ClassTable.named({1: "a"}), {"name": "set", "channels": 1}
    )
    return run


def test_a_run_goes_on_with_its_own_settings_but_for_what_may_change(tmp_path: Path) -> None:
    own = {"loss": "dice", "epochs": 5, "device": "cuda", "precision": "16-mixed"}
    run = configured(tmp_path / "run", max_seconds=60, patch_size=(48, 48), **own)
    asked = make_config(device="cpu", precision="auto", patch_size=(40, 40), loss="dice")
    config, _ = run.config_to_resume(asked)

    assert (config.loss, config.epochs, config.max_seconds) == ("dice", 5, 60)
    assert (config.device, config.precision, config.patch_size) == ("cpu", "auto", (48, 48))
    longer, _ = run.config_to_resume(make_config(epochs=9, max_seconds=None))
    assert (longer.epochs, longer.max_seconds, longer.device) == (9, None, "cuda")


@pytest.mark.parametrize("setting", [{"loss": "boundary"}, {"seed": 1}, {"levels": 3}])
def test_a_run_that_goes_on_keeps_what_it_learns_by(
    tmp_path: Path, setting: dict[str, object]
) -> None:
    run = configured(tmp_path / "run", loss="dice")
    with pytest.raises(InputError, match=f"started with {next(iter(setting))} = .* and keeps it"):
        run.config_to_resume(make_config(**setting))


def test_a_run_with_maps_of_its_own_goes_on_when_they_are_asked_for_again(tmp_path: Path) -> None:
    maps = {"unit": "voxels", "cap": 3.0}
    run = configured(tmp_path / "run", loss="boundary", maps=maps)
    config, _ = run.config_to_resume(make_config(loss="boundary", maps=maps))
    assert config.maps == MapOptions(**maps)
    with pytest.raises(InputError, match=r"started with maps = MapOptions\(.*cap=3.0"):
        run.config_to_resume(make_config(loss="boundary", maps=maps | {"cap": 4.0}))


def test_the_split_is_read_back(tmp_path: Path) -> None:
    run, split = made(tmp_path / "run"), Split(("a", "b"), ("c",), ("d",))
    run.write_split(split)

    assert run.read_split() == split


def test_events_are_lines_of_json_and_infinities_null(tmp_path: Path) -> None:
    run = made(tmp_path / "run")
    run.append(StepDone(1, 1, 0.5, {"dice": 0.5}, 0.1))
    run.append(StepDone(1, 2, float("inf"), {"dice": float("nan")}, 0.2))

    lines = [json.loads(line) for line in run.log.read_text().splitlines()]
    assert lines[0] == {
        "event": "StepDone",
        "epoch": 1,
        "step": 1,
        "loss": 0.5,
        "parts": {"dice": 0.5},
        "done": 0.1,
        "learning_rate": None,
        "gradient_norm": None,
    }
    assert lines[1]["loss"] is None
    assert lines[1]["parts"] == {"dice": None}


def test_a_last_line_cut_short_is_left_out(tmp_path: Path) -> None:
    run = made(tmp_path / "run")
    run.append(StepDone(1, 1, 0.5, {}, 0.1))
    with run.log.open("a") as file:
        file.write('{"event": "StepD')

    assert len(run.events()) == 1


def test_the_log_is_cut_to_the_training_that_a_checkpoint_knows_of(tmp_path: Path) -> None:
    run = made(tmp_path / "run")
    for event in (
        StepDone(1, 1, 0.5, {}, 0.1),
        CaseValidated(1, "validation", "a", {}),
        Saved(1, run.last),
        StepDone(2, 1, 0.4, {}, 0.2),
        CaseValidated(2, "validation", "a", {}),
        StepDone(2, 2, 0.3, {}, 0.3),
    ):
        run.append(event)
    with run.log.open("a") as file:
        file.write('{"event": "StepD')
    kept = []
    for epoch, step in ((2, 2), (2, 1), (2, 0), (1, 0)):
        run.cut_log(epoch, step)
        kept.append(len(run.events()))

    assert kept == [6, 4, 3, 0]
    assert run.log.read_bytes() == b""


def test_what_was_said_of_the_best_network_does_not_stay_when_it_goes_on(tmp_path: Path) -> None:
    run = made(tmp_path / "run")
    for event in (
        StepDone(1, 1, 0.5, {}, 0.1),
        Guarded(1, 1, "divergence", "too fast"),
        Saved(1, run.last),
        CaseValidated(1, "test", "a", {}),
        Guarded(1, 0, "lost class", "no lesion"),
    ):
        run.append(event)
    run.cut_log(2, 0)

    assert [record["event"] for record in run.events()] == ["StepDone", "Guarded", "Saved"]


def test_scores_have_the_stated_columns(tmp_path: Path) -> None:
    run = made(tmp_path / "run")
    run.write_scores([("test", Score("c", "a", 0.5, 2.0, 1.0, 3.0, "mm", 1, 2, 2, 0.9, 4, 1))])

    assert (run.path / "scores.csv").read_text().splitlines() == [
        "split,case,class,dice,hd95,assd,volume_ml,unit,nsd,planes,missed_planes,true_voxels",
        "test,c,a,0.5,2,1,3,mm,0.9,4,1,2",
    ]


def test_the_path_of_a_sum_of_losses_is_a_name_everywhere(tmp_path: Path) -> None:
    name = new_run_path(tmp_path, "set", "dice + 0.01*boundary(classes=all), growing").name
    assert name.startswith("set_dice-0.01-boundary-classes-all-growing_20")
    assert not set(name) & set(' *?:"<>|,()+=/')
    many = " + ".join(f"tversky(alpha=0.{i}, beta=0.{i})" for i in range(1, 9))
    assert len(new_run_path(tmp_path, "a set / of: mine", many).name) < 110


def test_new_run_paths_never_meet(tmp_path: Path) -> None:
    first = new_run_path(tmp_path, "set", "dice")
    first.mkdir()

    assert new_run_path(tmp_path, "set", "dice") != first
