"""The command that compares losses."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segstudio.cli.compare import _workers
from segstudio.compare.plan import losses_alone, make_plan
from segstudio.compare.study import Study
from segstudio.core.memory import GIB
from segstudio.learn.run_folder import RunFolder

Command = Callable[..., Any]


def test_losses_are_compared_and_the_command_may_be_given_again(
    segstudio: Command, hearts: Path, tiny: Path, tmp_path: Path
) -> None:
    command = ("compare", hearts, "--config", tiny, "--out", tmp_path / "out", "--workers", 1)
    command = (*command, "--epochs", 1, "--losses")
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
    command = ("compare", hearts, "--out", tmp_path / "out")
    assert "Which losses?" in segstudio(*command).last
    for words, told in (
        (("--losses", "dyce,dice"), "Did you mean 'dice'"),
        (("--losses", "dice", "--study", "acdc"), "losses or a study, not both"),
        (("--study", "adcc"), "Did you mean 'acdc'"),
        (("--losses", "dice", "--set", "loss=boundary"), "'loss' is no setting of a comparison"),
        (("--losses", "dice", "--folds", "50"), "cannot be parted into 50 folds"),
        (("--losses", "dice", "--cluster", "nonsense://x"), "No Dask scheduler answers"),
    ):
        wrong = segstudio(*command, *words)
        assert wrong.status == 1
        assert told in wrong.last
    assert not (tmp_path / "out" / "parts").exists()


def test_what_is_given_takes_the_place_of_what_a_study_says(
    segstudio: Command, hearts: Path, tiny: Path, tmp_path: Path
) -> None:
    study = tmp_path / "mine.toml"
    study.write_text(
        "[[compare]]\nloss = 'tversky(alpha=0.4, beta=0.6)'\nseeds = 3\nsettings = { epochs = 9 }\n"
    )
    command = ("compare", hearts, "--study", study, "--config", tiny, "--out", tmp_path / "out")
    told = segstudio(*command, "--epochs", 1, "--seeds", 1, "--set", "split_seed=5")
    assert told.status == 0, told.err
    (part,) = (path.parent for path in (tmp_path / "out" / "parts").glob("*/config.toml"))
    config, _ = RunFolder.opened(part).read_config()
    assert (config.epochs, config.seed, config.split_seed, config.threads) == (1, 0, 5, 1)


def test_what_is_finished_is_told_when_a_later_part_fails(
    segstudio: Command, hearts: Path, tiny: Path, tmp_path: Path
) -> None:
    study = tmp_path / "mine.toml"
    study.write_text(
        "[[compare]]\nloss = 'dice'\n[[compare]]\nloss = 'boundary'\n"
        "settings = { precision = '16-mixed' }\n"
    )
    command = ("compare", hearts, "--study", study, "--config", tiny, "--out", tmp_path / "out")
    settings = tmp_path / "slim.toml"
    settings.write_text(tiny.read_text().replace('precision = "32-true"', ""))
    command = (*command[:-3], settings, *command[-2:])
    told = segstudio(*command, "--workers", 1)
    assert told.status == 1
    assert told.last.startswith("boundary, seed 0: The device 'cpu' cannot compute")
    assert "| dice | 1 |" in told.out
    assert (tmp_path / "out" / "report.html").exists()


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
    again = segstudio(*command, "--out", tmp_path / "again")
    assert again.status == 0, again.err
    assert again.err.count("Taken from") == 2
    assert again.out.replace("again", "out") == told.out


def test_what_is_kept_is_neither_taken_for_another_budget_nor_lost_to_a_lesser_study(
    segstudio: Command, hearts: Path, tiny: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    command = ("compare", hearts, "--config", tiny, "--results", kept, "--workers", 1)
    told = segstudio(
        *command, "--losses", "dice,boundary", "--epochs", 1, "--out", tmp_path / "out"
    )
    assert told.status == 0, told.err
    other = segstudio(*command, "--losses", "focal", "--epochs", 2, "--out", tmp_path / "other")
    assert other.status == 1
    assert "epochs was 1 and would be 2" in other.last
    assert "another folder with --results" in other.last
    assert not (tmp_path / "other").exists()

    code = kept / "parts" / "boundary_seed0" / "environment.json"
    code.write_text('{"code": "sha256 0"}')
    less = segstudio(*command, "--losses", "dice", "--epochs", 1, "--out", tmp_path / "less")
    assert less.status == 0, less.err
    assert less.out.replace("less", "out") == told.out
    assert "| boundary | 1 |" in (kept / "table1.md").read_text()
    assert "Note: Parts were trained by 2 versions of the program: sha256 0; sha256" in less.err
    assert "versions of the program" not in told.err


@pytest.mark.parametrize(
    ("cores", "gib", "workers"), [(1, 64, 1), (2, 64, 2), (64, 64, 4), (8, 7, 2), (8, 1, 1)]
)
def test_parts_are_trained_one_a_core_where_memory_allows_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cores: int, gib: int, workers: int
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    monkeypatch.setattr("segstudio.cli.compare.free_memory", lambda: gib * GIB)
    plan = make_plan(
        losses_alone(("dice", "boundary")) | {"seeds": 2, "settings": {"device": "cpu"}}
    )
    assert _workers(Study(tmp_path, plan)) == workers


@pytest.mark.parametrize(
    ("threads", "workers"), [(1, 4), (2, 2), (3, 1), (4, 1), (9, 1), (None, 1)]
)
def test_parts_of_several_threads_are_not_in_each_others_way(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, threads: int | None, workers: int
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    monkeypatch.setattr("segstudio.cli.compare.free_memory", lambda: 64 * GIB)
    settings = {"device": "cpu", "threads": threads}
    plan = make_plan(losses_alone(("dice", "boundary")) | {"seeds": 2, "settings": settings})
    assert _workers(Study(tmp_path, plan)) == workers
