"""The commands about data."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from segstudio.data.datasets import open_dataset

Command = Callable[..., Any]


def test_check_tells_cases_classes_and_what_to_train_with(segstudio: Command, hearts: Path) -> None:
    told = segstudio("check", hearts, "--quick")
    assert told.status == 0
    for word in ("patient001_frame01", "myocardium", "patch_size", "All of it can be read."):
        assert word in told.out
    assert "segstudio train" in told.out
    assert told.err == ""


def test_check_measures_what_an_epoch_takes(segstudio: Command, hearts: Path) -> None:
    told = json.loads(segstudio("check", hearts, "--json").out)
    assert told["estimate"]["seconds"] > 0
    assert told["estimate"]["gib"] > 0
    assert told["estimate"]["steps"] > 0
    assert {each["setting"] for each in told["advice"]} >= {"loss", "dimensions", "batch_size"}


def test_check_ends_with_1_where_something_is_broken(
    segstudio: Command, hearts: Path, tmp_path: Path
) -> None:
    copytree(hearts, tmp_path / "set")
    path = next((tmp_path / "set").rglob("*_gt.nii.gz"))
    path.write_bytes(path.read_bytes()[:100])
    told = segstudio("check", tmp_path / "set")
    assert told.status == 1
    assert f"BROKEN: {path.name.removesuffix('_gt.nii.gz')}" in told.out
    assert "damaged" in told.out


def test_check_of_no_dataset_is_a_sentence(segstudio: Command, tmp_path: Path) -> None:
    told = segstudio("check", tmp_path)
    assert told.status == 1
    assert "holds no image" in told.last
    assert "does not exist" in segstudio("check", tmp_path / "none").last


def test_convert_writes_another_format_and_nothing_over(
    segstudio: Command, hearts: Path, tmp_path: Path
) -> None:
    source = next(hearts.rglob("*_gt.nii.gz"))
    target = tmp_path / "labels.nrrd"
    told = segstudio("convert", source, target, "--labels", "--spacing", 9, 2, 1.5)
    assert told.status == 0
    assert str(target) in told.out
    again = segstudio("convert", source, target)
    assert again.status == 1
    assert "exists already" in again.last
    wrong = segstudio("convert", source, tmp_path / "b.nii", "--place", "up")
    assert wrong.status == 2
    assert "'up'" in wrong.last


def test_export_writes_a_dataset_that_opens(
    segstudio: Command, hearts: Path, tmp_path: Path
) -> None:
    assert segstudio("export", hearts, tmp_path / "raw").status == 0
    assert open_dataset(tmp_path / "raw").layout == "nnU-Net"


@pytest.mark.parametrize(
    ("kind", "layout", "cases"),
    [("heart", "ACDC", 4), ("spine", "AASCE", 2), ("brain", "a folder for each case", 2)],
)
def test_phantom_writes_a_dataset_that_opens(
    segstudio: Command, tmp_path: Path, kind: str, layout: str, cases: int
) -> None:
    told = segstudio("phantom", kind, tmp_path / "set", "--patients", 2, "--seed", 3)
    assert told.status == 0
    dataset = open_dataset(tmp_path / "set")
    assert (dataset.layout, len(dataset.cases)) == (layout, cases)
    assert segstudio("phantom", "liver", tmp_path / "other").status == 2


def test_landmarks_are_drawn_as_asked(segstudio: Command, tmp_path: Path) -> None:
    segstudio("phantom", "spine", tmp_path / "spines", "--patients", 3)
    told = segstudio("check", tmp_path / "spines", "--landmarks", "each", "--quick", "--json")
    assert [row["value"] for row in json.loads(told.out)["classes"]] == list(range(1, 18))
    text = segstudio("check", tmp_path / "spines", "--landmarks", "each", "--quick").out
    assert "landmarks=each" in text


def test_the_command_that_is_advised_trains(
    segstudio: Command, hearts: Path, tmp_path: Path
) -> None:
    copytree(hearts, tmp_path / "we'ird ñ")
    next((tmp_path / "we'ird ñ").rglob("*frame12_gt.nii.gz")).unlink()
    told = segstudio("check", tmp_path / "we'ird ñ", "--quick").out
    line = next(row for row in told.splitlines() if row.startswith("As a command: "))
    _, command, *words = shlex.split(line.removeprefix("As a command: "))
    small = ("--set", "base_channels=2", "--set", "levels=3", "--epochs", 1)
    done = segstudio(command, *words, *small, "--out", tmp_path / "run")
    assert done.status == 0, done.err
    assert (tmp_path / "run" / "summary.json").exists()
