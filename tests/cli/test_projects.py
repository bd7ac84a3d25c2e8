"""A project is given to commands as a folder of images is."""

import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from segstudio.core.labels import ClassTable
from segstudio.data.datasets import ACDC_CLASSES
from segstudio.data.project import SplitSettings, new_project
from segstudio.data.project_file import write_project

Command = Callable[..., Any]


@pytest.fixture
def project(hearts: Path, tmp_path: Path) -> Path:
    """A project of generated hearts, with a name for a class and a split of its own."""
    named = replace(ACDC_CLASSES.classes[1], name="RV")
    classes = ClassTable((ACDC_CLASSES.classes[0], named, *ACDC_CLASSES.classes[2:]))
    made = new_project(tmp_path / "mine", [hearts], classes)
    write_project(replace(made, split=SplitSettings("two-way", seed=7)))
    return tmp_path / "mine"


def test_a_project_is_checked_with_its_classes(segstudio: Command, project: Path) -> None:
    told = segstudio("check", project, "--quick", "--json")
    assert told.status == 0, told.err
    assert "RV" in told.out
    assert json.loads(told.out)["dataset"] == "mine"


def test_a_training_takes_the_project_s_split_and_folder_of_runs(
    segstudio: Command, project: Path, tiny: Path
) -> None:
    told = segstudio("train", project, "--config", tiny, "--set", "epochs=1", "--loss", "dice")
    assert told.status == 0, told.err
    (run,) = (project / "runs").iterdir()
    settings = tomllib.loads((run / "config.toml").read_text())
    assert (settings["split"], settings["split_seed"]) == ("two-way", 7)
    assert json.loads((run / "split.json").read_text())["test"] == []


def test_what_is_asked_goes_before_what_the_project_says(
    segstudio: Command, project: Path, tiny: Path, tmp_path: Path
) -> None:
    asked = ("--config", tiny, "--set", "epochs=1", "--split", "none", "--out", tmp_path / "run")
    told = segstudio("train", project, "--loss", "dice", *asked)
    assert told.status == 0, told.err
    assert tomllib.loads((tmp_path / "run" / "config.toml").read_text())["split"] == "none"
