import importlib.util
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import copy, copytree
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
PYTHON = [text for language, text in BLOCKS if language == "python"]
COMMANDS = [
    line.partition("#")[0].strip()
    for language, text in BLOCKS
    if language != "python"
    for line in text.splitlines()
    if re.match(r"segstudio( |$)", line)
]
LINKS = re.findall(r"\]\((?!https?:|#)([^)#]+)", README)


def test_the_example_runs_as_it_stands(hearts: Path, tmp_path: Path) -> None:
    assert len(PYTHON) == 1
    copytree(hearts, tmp_path / "hearts")
    copy(hearts / "patient001" / "patient001_frame01.nii.gz", tmp_path / "image.nii.gz")
    command = [sys.executable, "-c", PYTHON[0]]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Finished(" in done.stdout
    assert (tmp_path / "run" / "summary.json").exists()
    assert (tmp_path / "prediction.nii.gz").exists()


@pytest.mark.parametrize("link", sorted(set(LINKS)))
def test_a_link_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_the_readme_shows_commands() -> None:
    assert {line.split()[1] for line in COMMANDS if " " in line} >= {"train", "predict", "demo"}


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_is_known_with_all_its_options(line: str, segstudio: Callable[..., Any]) -> None:
    words = shlex.split(line)[1:]
    told = segstudio(*words[:1], "--help")
    assert told.status == 0, told.err
    for option in (w for w in words if w.startswith("--")):
        assert re.search(rf"^  (-\w, )?{option}\b", told.out, re.MULTILINE), option


def test_the_table_of_results_is_that_of_the_results() -> None:
    path = ROOT / "resources" / "readme_table.py"
    spec = importlib.util.spec_from_file_location("readme_table", path)
    assert spec
    assert spec.loader
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.main_table() in README
    assert script.with_table(README) == README
