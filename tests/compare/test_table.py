"""Table 1 and the paired tests, from parts that are worked by hand and from trained ones."""

import csv
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from segstudio.compare.paired import comparisons_of
from segstudio.compare.results import Results, read_results
from segstudio.compare.study import Study
from segstudio.compare.table import (
    cells,
    columns,
    markdown,
    table_of,
    write_tables,
)
from segstudio.core.errors import InputError
from segstudio.core.metrics import TOGETHER
from segstudio.data.datasets import open_dataset

ByHand = Callable[..., Results]
NAN = math.nan
PATIENTS = {name: name[0] for name in ("a", "a2", "b", "c", "d", "e", "f", "g")}


def test_the_table_holds_the_means_of_the_runs(trained: Study) -> None:
    results = read_results(trained)
    rows = table_of(results)
    assert [row.title for row in rows] == ["dice", "modified-boundary"]
    for row in rows:
        values = [part.summary["test"]["mean_dice"] for part in results.of(row.title)]
        assert values[0] != values[1]
        assert row.values["test Dice"][0] == pytest.approx(sum(values) / 2)
        assert row.values["test Dice"][1] == pytest.approx(abs(values[0] - values[1]) / 2**0.5)
        assert row.parts == 2
        classes = {"right ventricle", "myocardium", "left ventricle"}
        assert classes <= set(row.values)
        assert 0 <= row.missed <= row.volumes < row.planes


def test_a_class_that_is_predicted_but_not_found_counts_as_collapsed(by_hand: ByHand) -> None:
    dice = {"a": {"wall": 0.9, "scar": 0.02}, "b": {"wall": 0.8, "scar": 0.04}}
    results = by_hand(
        {
            ("dice", 0, None): dice,
            ("dice", 1, None): {"a": {"wall": 0.9, "scar": 0.5}, "b": {"wall": 0.8, "scar": 0.5}},
            ("boundary", 0, None): {
                "a": {"wall": 0.0, "scar": 0.1},
                "b": {"wall": 0.9, "scar": 0.1},
            },
        },
        seeds=2,
    )
    first, second = table_of(results)
    assert (first.collapsed, first.classes) == (1, 4)
    assert (second.collapsed, second.classes) == (0, 2)
    head = columns([first, second], results.units)
    shown = dict(zip(head, cells(first, [first, second]), strict=True))
    assert shown["collapsed classes"] == "1 of 4"
    assert shown["missed volumes"] == "0 of 8"


def test_a_difference_is_the_losss_minus_the_firsts(by_hand: ByHand) -> None:
    results = by_hand(
        {
            ("dice", 0, None): {"a": 0.5, "b": 0.6, "c": 0.7},
            ("boundary", 0, None): {"a": 0.6, "b": 0.8, "c": 1.0},
        }
    )
    dice, hd95, *_ = comparisons_of(results, PATIENTS)
    assert (dice.title, dice.against, dice.measure) == ("boundary", "dice", "dice")
    assert dice.paired.difference == pytest.approx(0.2)
    assert hd95.paired.difference == pytest.approx(-0.2)
    assert dice.paired.patients == 3
    assert math.isnan(dice.paired.low)  # of three patients no interval can be told


def test_only_seeds_that_both_have_are_compared(by_hand: ByHand) -> None:
    first = dict.fromkeys("abcdefg", 0.5)
    results = by_hand(
        {
            ("dice", 0, None): first,
            ("dice", 1, None): dict.fromkeys(first, 0.9),
            ("boundary", 0, None): first,
        },
        seeds=2,
    )
    dice = comparisons_of(results, PATIENTS)[0]
    assert (dice.trainings, dice.paired.patients) == (1, 7)
    assert (dice.paired.difference, dice.paired.p) == (0, 1)


def test_cases_and_seeds_of_a_patient_are_averaged_first(by_hand: ByHand) -> None:
    results = by_hand(
        {
            ("dice", 0, None): {"a": 0.1, "a2": 0.3, "b": 0.5},
            ("dice", 1, None): {"a": 0.5, "a2": 0.7, "b": 0.5},
            ("boundary", 0, None): {"a": 0.4, "a2": 0.4, "b": 0.6},
            ("boundary", 1, None): {"a": 0.8, "a2": 0.8, "b": 0.6},
        },
        seeds=2,
    )
    dice = comparisons_of(results, PATIENTS)[0]
    assert (dice.trainings, dice.paired.patients) == (2, 2)
    assert dice.paired.difference == pytest.approx((0.2 + 0.1) / 2)


def test_folds_are_means_over_folds_and_patients_over_all_of_them(by_hand: ByHand) -> None:
    sides = [{"a": 0.2, "b": 0.4}, {"c": 0.9}]
    results = by_hand(
        {
            ("dice", 0, 0): sides[0],
            ("dice", 0, 1): sides[1],
            ("boundary", 0, 0): {"a": 0.3, "b": 0.4},
            ("boundary", 0, 1): {"c": 0.7},
        },
        folds=2,
    )
    dice, boundary = table_of(results)
    assert dice.values["test Dice"][0] == pytest.approx((0.3 + 0.9) / 2)
    assert boundary.values["test Dice"][0] == pytest.approx((0.35 + 0.7) / 2)
    compared = comparisons_of(results, PATIENTS)[0]
    assert (compared.trainings, compared.paired.patients) == (2, 3)
    assert compared.paired.difference == pytest.approx((0.1 + 0 - 0.2) / 3)


def test_folds_of_a_seed_are_averaged_before_seeds_are_compared(by_hand: ByHand) -> None:
    sides = [{"a": 0.2, "b": 0.4}, {"c": 0.9}]
    later = [{"a": 0.4, "b": 0.4}, {"c": 0.7}]
    results = by_hand(
        {
            ("dice", seed, fold): each[fold]
            for seed, each in enumerate((sides, later))
            for fold in (0, 1)
        },
        seeds=2,
        folds=2,
    )
    mean, spread = table_of(results)[0].values["test Dice"]
    first, second = (0.3 + 0.9) / 2, (0.4 + 0.7) / 2
    assert mean == pytest.approx((first + second) / 2)
    assert spread == pytest.approx(abs(first - second) / 2**0.5)  # and not that of the patients


def test_a_seed_whose_folds_are_not_all_there_lends_no_spread(by_hand: ByHand) -> None:
    results = by_hand(
        {("dice", 0, 0): {"a": 0.2}, ("dice", 0, 1): {"b": 0.8}, ("dice", 1, 0): {"a": 0.3}},
        seeds=2,
        folds=2,
    )
    mean, spread = table_of(results)[0].values["test Dice"]
    assert mean == pytest.approx((0.2 + 0.8 + 0.3) / 3)
    assert math.isnan(spread)


def test_values_are_paired_class_by_class(by_hand: ByHand) -> None:
    results = by_hand(
        {
            ("dice", 0, None): {"a": {"x": 0.5, "y": NAN}, "b": {"x": 0.5, "y": 0.5}},
            ("boundary", 0, None): {"a": {"x": 0.7, "y": 0.0}, "b": {"x": 0.5, "y": 0.5}},
        }
    )
    dice = comparisons_of(results, PATIENTS)[0]
    assert (dice.paired.patients, dice.left_out) == (2, 1)
    # A false alarm in y says nothing of x.
    assert dice.paired.difference == pytest.approx((0.2 + 0) / 2)


def test_a_patient_without_a_value_under_one_is_left_out_and_counted(by_hand: ByHand) -> None:
    results = by_hand(
        {
            ("dice", 0, None): {"a": 0.5, "b": NAN, "c": 0.5, "d": NAN},
            ("boundary", 0, None): {"a": 0.7, "b": 0.0, "c": 0.5, "d": NAN},
        }
    )
    dice = comparisons_of(results, PATIENTS)[0]
    assert (dice.paired.patients, dice.left_out) == (2, 1)
    assert dice.paired.difference == pytest.approx(0.1)


def test_classes_that_differ_are_compared_as_one_and_missed_each_for_itself(
    by_hand: ByHand,
) -> None:
    results = by_hand(
        {
            ("dice", 0, None): {"a": {"spine": 0.5}, "b": {"spine": 0.7}},
            ("boundary", 0, None): {
                "a": {"one": 0.0, "two": 0.2, TOGETHER: 0.8},
                "b": {"one": 0.1, "two": 0.3, TOGETHER: 0.6},
            },
        }
    )
    dice, boundary = table_of(results)
    assert boundary.values["test Dice"][0] == pytest.approx(0.7)
    assert boundary.values["test Dice, own classes"][0] == pytest.approx(0.15)
    assert (dice.planes, boundary.planes) == (4, 8)
    compared = comparisons_of(results, PATIENTS)[0]
    assert (compared.paired.patients, compared.left_out) == (2, 0)
    assert compared.paired.difference == pytest.approx((0.3 - 0.1) / 2)


@pytest.mark.parametrize(("unit", "is_told"), [("mm", True), ("voxels", False)])
def test_where_planes_are_measured_no_case_is_predicted_or_not(
    by_hand: ByHand, unit: str, is_told: bool
) -> None:
    results = by_hand({("dice", 0, None): {"a": 0.5}}, unit=unit)
    assert results.counts_planes is not is_told
    assert ("HD95 where predicted" in table_of(results)[0].values) is is_told


def test_parts_of_other_patients_do_not_compare(by_hand: ByHand) -> None:
    parts = {("dice", 0, None): {"a": 0.5}, ("boundary", 0, None): {"b": 0.5}}
    with pytest.raises(InputError, match="had other cases to train or to test on"):
        by_hand(parts)


def test_heads_and_cells_fit_and_tell_the_unit(by_hand: ByHand) -> None:
    results = by_hand({("dice", 0, None): {"a": 0.5}, ("boundary", 0, None): {"a": 0.25}})
    rows = table_of(results)
    head = columns(rows, results.units)
    shown = [dict(zip(head, cells(row, rows), strict=True)) for row in rows]
    assert [row["test Dice"] for row in shown] == ["0.5000", "0.2500"]
    assert shown[0]["HD95 (mm)"] == "9.50"
    assert shown[0]["train Dice"] == "0.9000"
    assert shown[0]["missed planes"] == "1 of 2"
    assert shown[1]["best epoch"] == "2"


def test_the_tables_are_written_for_programs_and_for_people(trained: Study, hearts: Path) -> None:
    dataset, results = open_dataset(hearts), read_results(trained)
    patients = {case.name: case.patient for case in dataset.cases}
    paths = write_tables(results, comparisons_of(results, patients))
    names = sorted(path.name for path in paths)
    assert names == ["scores.csv", "table1.csv", "table1.md", "tests.csv", "tests.md"]
    with (trained.path / "table1.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row, expected in zip(rows, table_of(results), strict=True):
        assert row["loss"] == expected.title
        assert float(row["test Dice"]) == pytest.approx(expected.values["test Dice"][0], rel=1e-5)
        spread = float(row["test Dice, spread"])
        assert spread == pytest.approx(expected.values["test Dice"][1], rel=1e-5)
        assert int(row["missed planes"]) == expected.missed_planes
    assert " ± " in (trained.path / "table1.md").read_text()
    with (trained.path / "scores.csv").open(newline="") as file:
        scores = list(csv.DictReader(file))
    assert len(scores) == len(trained.parts) * len(dataset.cases) * 4
    assert {row["class"] for row in scores} >= {"myocardium", TOGETHER}


def test_a_bar_in_a_name_does_not_part_a_cell() -> None:
    assert markdown(["a"], [["1|2"]]) == "| a |\n| --- |\n| 1\\|2 |\n"
