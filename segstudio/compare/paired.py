"""Which differences between the losses of a comparison hold: paired, on the test patients."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from segstudio.compare.results import Result, Results
from segstudio.compare.statistics import Paired, adjusted, by_patient, compare_paired

# What is tested, the primary measure first, and whether more is better.
TESTED = {"dice": True, "hd95": False, "assd": False, "nsd": True}
NAMES = {"dice": "Dice", "hd95": "HD95", "assd": "ASSD", "nsd": "NSD"}

Values = list[tuple[str, float]]  # cases, each with a value


@dataclass(frozen=True)
class Comparison:
    """One candidate against the first, in one measure.

    Attributes
    ----------
    measure : str
        Of `TESTED`.
    title, against : str
        The difference is that of `title` minus that of `against`.
    trainings : int
        How many seeds and folds are finished under both; no other is compared.
    left_out : int
        Values of a case and class of a training that one of the two has not, as where a class is
        not there and one alone predicted it.
    paired : Paired
        Over the patients.
    p_adjusted : float
        By Holm's method, over the candidates of the measure.
    """

    measure: str
    title: str
    against: str
    trainings: int
    left_out: int
    paired: Paired
    p_adjusted: float


def comparisons_of(
    results: Results, patient_of: Mapping[str, str], *, seed: int = 0
) -> list[Comparison]:
    """Return every candidate against the first, by patient, on the test side.

    Parameters
    ----------
    results : Results
        The plan's first candidate is what the others are compared with.
    patient_of : mapping of str to str
        The patient of each case.
    seed : int
        Of the resampling.
    """
    first = results.study.plan.titles[0]
    others = [title for title in results.titles if title != first]
    tests: list[Comparison] = []
    for measure in TESTED:
        found = []
        for title in others:
            pairs = _pairs(results, title, first)
            own, other, left_out = _matched(results, pairs, measure)
            paired = compare_paired(
                by_patient(own, patient_of), by_patient(other, patient_of), seed=seed
            )
            found.append((title, len(pairs), left_out, paired))
        p_values = adjusted([paired.p for *_, paired in found])
        tests += [
            Comparison(measure, title, first, trainings, left_out, paired, p)
            for (title, trainings, left_out, paired), p in zip(found, p_values, strict=True)
        ]
    return tests


def _pairs(results: Results, title: str, other: str) -> list[tuple[Result, Result]]:
    """Return the parts of two candidates that have seed and fold in common."""
    at = {result.at: result for result in results.of(other)}
    return [(result, at[result.at]) for result in results.of(title) if result.at in at]


def _matched(
    results: Results, pairs: Sequence[tuple[Result, Result]], measure: str
) -> tuple[Values, Values, int]:
    """Return the values by case that both have of a class, and how many one has not."""
    first: Values = []
    second: Values = []
    left_out = 0
    for pair in pairs:
        one, two = (_measured(results, part, measure) for part in pair)
        for at in sorted(one.keys() | two.keys()):
            values = one.get(at, math.nan), two.get(at, math.nan)
            if not any(map(math.isnan, values)):
                first.append((at[0], values[0]))
                second.append((at[0], values[1]))
            elif not all(map(math.isnan, values)):
                left_out += 1
    return first, second, left_out


def _measured(results: Results, part: Result, measure: str) -> dict[tuple[str, str], float]:
    """Return a part's values by case and class; of all classes as one, by case."""
    return {
        (row["case"], "" if results.as_one else row["class"]): float(row[measure])
        for row in results.test_scores(part)
    }
