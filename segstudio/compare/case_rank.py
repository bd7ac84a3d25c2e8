"""The test cases of runs by their scores: which is worst, and where two runs differ most."""

import csv
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segstudio.core.errors import InputError
from segstudio.core.metrics import TOGETHER
from segstudio.data.cases import Dataset
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.scores_file import read_scores

MEASURES = {"dice": "Dice", "hd95": "HD95", "assd": "ASSD", "nsd": "NSD"}
MORE_IS_BETTER = frozenset({"dice", "nsd"})


@dataclass(frozen=True)
class TestScores:
    """The scores of a run's test cases.

    Attributes
    ----------
    values : dict
        By case, class and measure; NaN where both masks were empty.
    units : dict of str to str
        Of the distances, by case.
    dataset : dict
        What the run knows of the dataset its cases are of: its name and fingerprint, if any.
    """

    __test__ = False  # no test, for pytest

    values: Mapping[str, Mapping[str, Mapping[str, float]]]
    units: Mapping[str, str]
    dataset: Mapping[str, Any] = field(default_factory=dict)

    def is_of(self, dataset: Dataset) -> bool:
        """Return whether the cases are, as far as is known, those of a dataset.

        It has the same name, wherever it is now and whatever was painted since; or another, and
        the same files.
        """
        own = self._identity
        return not own or dataset.name in own or dataset.fingerprint in own

    def is_with(self, other: "TestScores") -> bool:
        """Return whether the cases are, as far as is known, of the dataset that another's are."""
        own, theirs = self._identity, other._identity
        return not own or not theirs or bool(own & theirs)

    @property
    def _identity(self) -> set[str]:
        """What the dataset is known by."""
        return {self.dataset[key] for key in ("name", "fingerprint") if key in self.dataset}

    def value(self, case: str, class_name: str | None, measure: str) -> float:
        """Return a score; None: the mean over the classes that have one. NaN: unknown."""
        by_class = self.values.get(case, {})
        if class_name is not None:
            return by_class.get(class_name, {}).get(measure, math.nan)
        own = [row[measure] for name, row in by_class.items() if name != TOGETHER]
        known = [value for value in own if math.isfinite(value)]
        return sum(known) / len(known) if known else math.nan


def read_test_scores(run: Path) -> TestScores:
    """Return the scores of a run's test cases; none while it is not finished.

    Raises
    ------
    InputError
        Its table of scores cannot be read.
    """
    path = run / "scores.csv"
    values: dict[str, dict[str, dict[str, float]]] = {}
    units: dict[str, str] = {}
    try:
        for row in read_scores(path) if path.is_file() else ():
            if row["split"] == "test":
                # Runs of earlier versions have no NSD.
                scores = {m: float(row.get(m) or "nan") for m in MEASURES}
                values.setdefault(row["case"], {})[row["class"]] = scores
                units[row["case"]] = row["unit"]
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise InputError(f"'{path}' is no table of scores: {error}.") from error
    told = RunFolder(run).read_dataset() if values and (run / "config.toml").is_file() else {}
    return TestScores(values, units, told)


@dataclass(frozen=True)
class CaseRow:
    """A test case: its score by each run, NaN where a run has none.

    Attributes
    ----------
    case : str
    values : tuple of float
        In the order of the runs.
    scores : TestScores
        Of a run that has scored it.
    """

    case: str
    values: tuple[float, ...]
    scores: TestScores

    @property
    def gap(self) -> float:
        """How far apart the runs are; NaN where fewer than two have a score."""
        known = [value for value in self.values if math.isfinite(value)]
        return max(known) - min(known) if len(known) > 1 else math.nan


def case_rows(
    scores: Mapping[Path, TestScores], class_name: str | None, measure: str
) -> list[CaseRow]:
    """Return a row for each case that is a test case of some run, in order of name.

    Cases of two datasets that have the same name have a row each.
    """
    rows = []
    for runs in _by_dataset(scores):
        first = scores[runs[0]]
        for case in {case for run in runs for case in scores[run].values}:
            values = tuple(
                one.value(case, class_name, measure) if run in runs else math.nan
                for run, one in scores.items()
            )
            rows.append(CaseRow(case, values, first))
    return sorted(rows, key=lambda row: row.case)


def _by_dataset(scores: Mapping[Path, TestScores]) -> list[list[Path]]:
    """Return the runs, those whose cases are of one dataset together."""
    groups: list[list[Path]] = []
    for run, one in scores.items():
        own = next((group for group in groups if one.is_with(scores[group[0]])), None)
        if own is None:
            groups.append([run])
        else:
            own.append(run)
    return groups


def worst_case(rows: Collection[CaseRow], measure: str, place: int | None = None) -> str | None:
    """Return the case with the worst score; None where none is known.

    Parameters
    ----------
    rows : collection of CaseRow
        The cases.
    measure : str
        Of `MEASURES`.
    place : int or None
        The run whose score counts, by its place; None: that of any run.
    """
    sign = 1.0 if measure in MORE_IS_BETTER else -1.0
    known = [(sign * value, row.case) for row in rows for value in _of(row, place)]
    return min(known)[1] if known else None


def most_different(rows: Collection[CaseRow]) -> str | None:
    """Return the case where the runs are farthest apart; None where no two have scored one."""
    known = [(row.gap, row.case) for row in rows if math.isfinite(row.gap)]
    return max(known)[1] if known else None


def _of(row: CaseRow, place: int | None) -> Iterator[float]:
    values = row.values if place is None else row.values[place : place + 1]
    yield from (value for value in values if math.isfinite(value))
