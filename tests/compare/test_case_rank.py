"""Test cases by their scores, from tables worked by hand."""

import math
from pathlib import Path

import pytest

from segstudio.compare.case_rank import (
    case_rows,
    most_different,
    read_test_scores,
    worst_case,
)
from segstudio.core.errors import InputError
from segstudio.core.metrics import TOGETHER
from segstudio.learn.scores_file import SCORE_COLUMNS

A, B = Path("a"), Path("b")


def write(folder: Path, *rows: tuple[str, str, str, float]) -> Path:
    """Write a run's table of scores: side, case, class, Dice."""
    folder.mkdir(exist_ok=True)
    lines = [",".join(SCORE_COLUMNS)]
    lines += [
        f"{side},{case},{name},{dice},{10 * (1 - dice)},1,2,mm,1,3,0,9"
        for side, case, name, dice in rows
    ]
    (folder / "scores.csv").write_text("\n".join(lines))
    return folder


@pytest.fixture
def scores(tmp_path: Path) -> dict[Path, object]:
    one = write(
        tmp_path / "a",
        ("test", "x", "wall", 0.9),
        ("test", "x", "cavity", 0.5),
        ("test", "x", TOGETHER, 0.1),
        ("test", "y", "wall", 0.6),
        ("test", "y", "cavity", math.nan),
        ("train", "z", "wall", 0.0),
    )
    two = write(tmp_path / "b", ("test", "x", "wall", 0.8), ("test", "y", "wall", 0.95))
    return {A: read_test_scores(one), B: read_test_scores(two)}


def test_only_test_cases_are_listed_with_the_mean_over_their_classes(scores) -> None:
    rows = case_rows(scores, None, "dice")

    assert [row.case for row in rows] == ["x", "y"]
    assert rows[0].values == (pytest.approx(0.7), pytest.approx(0.8))
    assert rows[1].values == (pytest.approx(0.6), pytest.approx(0.95))


def test_the_worst_case_is_that_of_a_run_or_of_any(scores) -> None:
    rows = case_rows(scores, "wall", "dice")

    assert worst_case(rows, "dice") == "y"
    assert worst_case(rows, "dice", place=1) == "x"


def test_of_distances_the_largest_is_worst(scores) -> None:
    assert worst_case(case_rows(scores, "wall", "hd95"), "hd95", place=1) == "x"


def test_the_case_where_runs_differ_most_is_found(scores) -> None:
    rows = case_rows(scores, "wall", "dice")

    assert [row.gap for row in rows] == [pytest.approx(0.1), pytest.approx(0.35)]
    assert most_different(rows) == "y"
    assert most_different(case_rows({A: scores[A]}, "wall", "dice")) is None


def test_a_class_that_no_case_has_leaves_nothing_to_choose(scores) -> None:
    rows = case_rows(scores, "scar", "dice")

    assert all(math.isnan(value) for row in rows for value in row.values)
    assert worst_case(rows, "dice") is None


def test_a_run_that_is_not_finished_has_no_scores(tmp_path: Path) -> None:
    assert not read_test_scores(tmp_path).values


def test_a_table_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "scores.csv").write_text("split,case\ntest,x\n")
    with pytest.raises(InputError, match="no table of scores"):
        read_test_scores(tmp_path)
