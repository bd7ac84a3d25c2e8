"""Statistics against scipy, and against what was worked by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from segstudio.compare.statistics import (
    adjusted,
    by_patient,
    compare_paired,
    mean_and_spread,
)


def patients(values: list[float]) -> dict[str, float]:
    return {f"p{i:02d}": v for i, v in enumerate(values)}


RNG = np.random.default_rng(0)
FIRST = RNG.normal(0.8, 0.1, 20)
SECOND = FIRST - RNG.normal(0.03, 0.05, 20)


def test_a_comparison_is_scipys() -> None:
    found = compare_paired(patients(FIRST.tolist()), patients(SECOND.tolist()))
    difference = FIRST - SECOND
    assert found.patients == 20
    assert found.difference == pytest.approx(difference.mean())
    assert found.p == pytest.approx(stats.wilcoxon(FIRST, SECOND).pvalue)
    rng = np.random.default_rng(1)
    other = stats.bootstrap((difference,), np.mean, n_resamples=20_000, rng=rng)
    assert found.low == pytest.approx(other.confidence_interval.low, abs=2e-3)
    assert found.high == pytest.approx(other.confidence_interval.high, abs=2e-3)
    assert found.low < found.difference < found.high


def test_a_small_comparison_is_as_worked_by_hand() -> None:
    # Differences 1, 2, 3, 4, 5: of the 2^5 = 32 signs two are as extreme, all up and all down.
    found = compare_paired(patients([1, 2, 3, 4, 5]), patients([0, 0, 0, 0, 0]))
    assert found.difference == 3
    assert found.p == pytest.approx(2 / 32)
    # Differences −1, 2, 3: rank sums 1 and 5; of 8 signs 4 have a sum of 1 or less, or 5 or more.
    found = compare_paired(patients([-1, 2, 3]), patients([0, 0, 0]))
    assert found.p == pytest.approx(4 / 8)


def test_the_interval_holds_the_true_difference_in_about_95_of_100() -> None:
    held = 0
    for seed in range(100):
        values = np.random.default_rng(seed).normal(0.05, 0.1, 25)
        found = compare_paired(patients(values.tolist()), patients([0.0] * 25), seed=seed)
        held += found.low <= 0.05 <= found.high
    assert 88 <= held <= 99


def test_patients_without_a_difference_have_none() -> None:
    same = patients([0.5, 0.7, 0.9, 0.4, 0.3, 0.6])
    found = compare_paired(same, same)
    assert (found.difference, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_of_few_patients_no_interval_is_told() -> None:
    values = [0.1, 0.2, 0.3, 0.4, 0.5, 0.7]
    few, enough = (compare_paired(patients(values[:n]), patients([0.0] * n)) for n in (5, 6))
    assert math.isnan(few.low)
    assert few.p == pytest.approx(2 / 2**5)
    assert enough.low < enough.difference < enough.high


def test_only_patients_that_both_have_are_compared() -> None:
    found = compare_paired({"a": 1.0, "b": 2.0}, {"b": 1.0, "c": 5.0})
    assert (found.patients, found.difference) == (1, 1.0)
    assert math.isnan(found.low)
    nothing = compare_paired({"a": 1.0}, {"b": 1.0})
    assert nothing.patients == 0
    assert math.isnan(nothing.p)


def test_a_seed_names_one_interval() -> None:
    one, other = patients(FIRST.tolist()), patients(SECOND.tolist())
    assert compare_paired(one, other, seed=3) == compare_paired(one, other, seed=3)


def test_a_patients_cases_count_once() -> None:
    values = [("p1_ed", 0.8), ("p1_es", 0.6), ("p2_ed", 0.9), ("p2_es", math.nan)]
    owner = {name: name[:2] for name, _ in values}
    assert by_patient(values, owner) == {"p1": pytest.approx(0.7), "p2": 0.9}


def test_several_tests_are_adjusted_by_holm() -> None:
    # Worked by hand: 3 · 0.01, 2 · 0.02, then no less than the one before; NaN is no test.
    assert adjusted([0.04, 0.01, math.nan, 0.02]) == pytest.approx(
        [0.04, 0.03, math.nan, 0.04], nan_ok=True
    )
    assert adjusted([0.5, 0.9]) == [1.0, 1.0]
    assert adjusted([]) == []


def test_mean_and_spread_are_those_of_what_is_known() -> None:
    assert mean_and_spread([1.0, 3.0, math.nan]) == (2.0, pytest.approx(math.sqrt(2)))
    mean, spread = mean_and_spread([4.0])
    assert mean == 4.0
    assert math.isnan(spread)
    assert all(math.isnan(v) for v in mean_and_spread([]))
