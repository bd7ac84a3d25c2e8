"""The folder of a run."""

import json
from pathlib import Path

from segstudio.core.labels import ClassTable
from segstudio.core.metrics import Score
from segstudio.data.splits import Split
from segstudio.learn.config import make_config
from segstudio.learn.events import StepDone
from segstudio.learn.run_folder import RunFolder, new_run_path


def made(path: Path) -> RunFolder:
    run = RunFolder.free(path)
    run.create()
    return run


def test_config_and_classes_are_read_back(tmp_path: Path) -> None:
    run, classes = made(tmp_path / "run"), ClassTable.named({1: "a", 255: "b"})
    config = make_config(loss="boundary", seed=4)
    run.write_config(config, classes, "set")

    assert run.read_config() == (config, classes)


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
    }
    assert lines[1]["loss"] is None
    assert lines[1]["parts"] == {"dice": None}


def test_a_last_line_cut_short_is_left_out(tmp_path: Path) -> None:
    run = made(tmp_path / "run")
    run.append(StepDone(1, 1, 0.5, {}, 0.1))
    with run.log.open("a") as file:
        file.write('{"event": "StepD')

    assert len(run.events()) == 1


def test_the_log_can_be_cut_to_what_a_checkpoint_knew(tmp_path: Path) -> None:
    run = made(tmp_path / "run")
    run.append(StepDone(1, 1, 0.5, {}, 0.1))
    size = run.log_size()
    run.append(StepDone(1, 2, 0.4, {}, 0.2))
    run.cut_log(size)

    assert [e["step"] for e in run.events()] == [1]


def test_scores_have_the_stated_columns(tmp_path: Path) -> None:
    run = made(tmp_path / "run")
    run.write_scores([("test", Score("c", "a", 0.5, 2.0, 1.0, 3.0, "mm", 1, 2, 2))])

    assert (run.path / "scores.csv").read_text().splitlines() == [
        "split,case,class,dice,hd95,assd,volume_ml,unit",
        "test,c,a,0.5,2,1,3,mm",
    ]


def test_new_run_paths_never_meet(tmp_path: Path) -> None:
    first = new_run_path(tmp_path, "set", "dice")
    first.mkdir()

    assert new_run_path(tmp_path, "set", "dice") != first
