"""What runs say of single cases, and which run is the newest on a dataset."""

import os
from pathlib import Path

import pytest

from segstudio.core.errors import InputError
from segstudio.core.metrics import TOGETHER
from segstudio.data.cases import Case, Dataset
from segstudio.learn.run_cases import is_on_another, newest_run, read_run_cases, shares_cases


def dataset(name: str, *cases: str) -> Dataset:
    made = tuple(Case(case, case, Path(f"{case}.nii"), None) for case in cases)
    return Dataset(name, Path(name), made, None)


HEARTS = dataset("hearts", "b", "c", "x")


def write_run(folder: Path, dataset: str = "hearts", age: int = 0) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(f'[dataset]\nname = "{dataset}"\n')
    (folder / "split.json").write_text('{"train": ["a"], "validation": ["b"], "test": ["c"]}')
    os.utime(folder / "split.json", ns=(10**18 - age, 10**18 - age))
    return folder


def test_a_finished_run_tells_side_and_dice_of_its_cases(finished_run) -> None:
    run, _ = finished_run
    told = read_run_cases(run)

    assert set(told.sides.values()) == {"train", "validation", "test"}
    assert set(told.dice) <= set(told.sides)
    assert all(0 <= dice <= 1 for dice in told.dice.values())


def test_the_dice_of_a_case_is_the_mean_over_the_classes_that_have_one(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    rows = ("split,case,class,dice", "test,c,one,0.5", "test,c,two,0.7", "test,c,three,nan")
    (run / "scores.csv").write_text("\n".join(rows))

    assert read_run_cases(run).dice == {"c": pytest.approx(0.6)}


def test_all_classes_as_one_are_not_averaged_with_the_classes(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    rows = ("split,case,class,dice", "test,c,one,0.5", "test,c,two,0.7", f"test,c,{TOGETHER},0.9")
    (run / "scores.csv").write_text("\n".join(rows))

    assert read_run_cases(run).dice == {"c": pytest.approx(0.6)}


def test_a_run_without_scores_tells_its_split(tmp_path: Path) -> None:
    told = read_run_cases(write_run(tmp_path / "run"))

    assert told.sides == {"a": "train", "b": "validation", "c": "test"}
    assert told.dice == {}


def test_scores_that_are_none_are_told(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    (run / "scores.csv").write_text("case,dice\nc,well\n")
    with pytest.raises(InputError, match=r"scores\.csv' is no table of scores"):
        read_run_cases(run)


def test_the_newest_run_is_the_last_begun_on_that_dataset(tmp_path: Path) -> None:
    write_run(tmp_path / "old", age=9000)
    new = write_run(tmp_path / "new", age=5000)
    write_run(tmp_path / "other", dataset="spines")
    (tmp_path / "empty").mkdir()

    assert newest_run(HEARTS, (), tmp_path) == new
    assert newest_run(dataset("brains", "b"), (), tmp_path) is None
    assert newest_run(HEARTS, (), tmp_path / "nowhere") is None


def test_a_run_on_other_cases_in_a_folder_of_the_same_name_is_on_another_dataset(
    tmp_path: Path,
) -> None:
    run = write_run(tmp_path / "run")
    other = dataset("hearts", "a", "x", "y")  # one name is the same
    assert newest_run(other, (), tmp_path) is None
    assert is_on_another(run, other, ())
    assert not is_on_another(run, other, (run,)), "the project says that it is on this one"
    assert not is_on_another(run, HEARTS, ())
    assert shares_cases(run, HEARTS)
    assert not shares_cases(tmp_path / "nowhere", HEARTS)


def test_a_listed_run_counts_wherever_it_lies(tmp_path: Path) -> None:
    listed = write_run(tmp_path / "elsewhere" / "mine", dataset="renamed")

    assert newest_run(HEARTS, (listed, tmp_path / "gone"), tmp_path / "runs") == listed
