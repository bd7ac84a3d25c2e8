"""The command that compares losses."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Command = Callable[..., Any]


def test_losses_are_compared_and_the_command_may_be_given_again(
    segstudio: Command, hearts: Path, tiny: Path, tmp_path: Path
) -> None:
    command = ("compare", hearts, "--config", tiny, "--out", tmp_path / "out", "--losses")
    told = segstudio(*command, "dice,boundary")
    assert told.status == 0, told.err
    assert "| dice | 1 |" in told.out
    assert "Part 2 of 2: boundary, seed 0" in told.err
    for name in ("table1.csv", "table1.md", "tests.csv", "scores.csv", "study.json"):
        assert (tmp_path / "out" / name).exists(), name
    again = segstudio(*command, "dice,boundary")
    assert again.err.count("(finished before)") == 2
    assert again.out == told.out
    more = segstudio(*command, "dice,boundary", "--loss", "dice + 0.01*boundary")
    assert "| dice + 0.01*boundary | 1 |" in more.out


def test_mistakes_are_told_in_a_sentence(segstudio: Command, hearts: Path, tmp_path: Path) -> None:
    assert "Which losses?" in segstudio("compare", hearts, "--out", tmp_path / "out").last
    wrong = segstudio("compare", hearts, "--losses", "dyce,dice", "--out", tmp_path / "out")
    assert wrong.status == 1
    assert "Did you mean 'dice'" in wrong.last
    assert not (tmp_path / "out").exists()
