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
    both = ("compare", hearts, "--losses", "dice", "--study", "acdc", "--out", tmp_path / "out")
    assert "or a study with --study" in segstudio(*both).last
    unknown = segstudio("compare", hearts, "--study", "adcc", "--out", tmp_path / "out")
    assert "Did you mean 'acdc'" in unknown.last
    assert not (tmp_path / "out").exists()


def test_a_study_file_is_run_by_two_workers_and_its_results_are_kept(
    segstudio: Command, hearts: Path, tiny: Path, tmp_path: Path
) -> None:
    study = tmp_path / "mine.toml"
    study.write_text(
        f"about = 'Two losses.'\n[settings]\n{tiny.read_text()}\n"
        "[[compare]]\nloss = 'dice'\n[[compare]]\nloss = 'boundary'\n"
    )
    command = ("compare", hearts, "--study", study, "--results", tmp_path / "kept", "--epochs", 1)
    told = segstudio(*command, "--out", tmp_path / "out", "--workers", 2)
    assert told.status == 0, told.err
    assert "dice_seed0: finished" in told.err
    again = segstudio(*command, "--out", tmp_path / "again", "--set", "threads=1")
    assert again.status == 0, again.err
    assert again.err.count("Taken from") == 2
    assert again.out.replace("again", "out") == told.out
