"""What the finished parts of a comparison came to, read once from their run folders."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from segstudio.compare.plan import Part
from segstudio.compare.study import Study
from segstudio.core.errors import InputError
from segstudio.core.metrics import TOGETHER
from segstudio.data.splits import Split
from segstudio.learn.config import TrainConfig
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.scores_file import read_scores

ScoreRow = Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Result:
    """A finished part.

    Attributes
    ----------
    part : Part
    run : RunFolder
    config : TrainConfig
        Its settings, with what loss and data brought of their own.
    split : Split
        Which cases were on which side.
    summary : mapping
        Of the run's ``summary.json``.
    scores : sequence of mapping
        The rows of its ``scores.csv``.
    environment : mapping
        Code, versions and device.
    told : sequence of mapping
        The run's log.
    """

    part: Part
    run: RunFolder
    config: TrainConfig
    split: Split
    summary: Mapping[str, Any]
    scores: Sequence[ScoreRow]
    environment: Mapping[str, str]
    told: Sequence[Mapping[str, Any]]

    @property
    def at(self) -> tuple[int, int | None]:
        """Seed and fold: what parts of other candidates are paired by."""
        return self.part.seed, self.part.fold


@dataclass(frozen=True, eq=False)
class Results:
    """All finished parts of a comparison.

    Attributes
    ----------
    study : Study
        Theirs.
    parts : tuple of Result
        In the plan's order.
    """

    study: Study
    parts: tuple[Result, ...]

    def of(self, title: str) -> list[Result]:
        """Return the finished parts of a candidate."""
        return [result for result in self.parts if result.part.candidate.title == title]

    @property
    def titles(self) -> list[str]:
        """The candidates that have a finished part, in the plan's order."""
        return [title for title in self.study.plan.titles if self.of(title)]

    @property
    def first(self) -> list[Result]:
        """The finished parts of the first seed and fold that has any: one a candidate."""
        return [result for result in self.parts if result.at == self.parts[0].at]

    @property
    def as_one(self) -> bool:
        """Whether runs part the same structures into other classes, and compare by all as one."""
        return len({tuple(result.summary["test"]["per_class"]) for result in self.parts}) > 1

    @property
    def units(self) -> set[str]:
        """The units that distances are told in."""
        return {row["unit"] for result in self.parts for row in result.scores}

    @property
    def code_versions(self) -> tuple[str, ...]:
        """The versions of the program that trained the parts, each once, sorted.

        A version is told by a hash of its code, and by the commit where it was a checkout's;
        commits of the same code are one version, and 'unknown' is one too.
        """
        found: dict[str, str] = {}
        for result in self.parts:
            code = str(result.environment.get("code", "unknown"))
            found.setdefault(code.partition(",")[0], code)
        return tuple(sorted(found.values()))

    @property
    def counts_planes(self) -> bool:
        """Whether distances are means over the planes of volumes, whose voxel size is not known."""
        rows = (row for result in self.parts for row in result.scores)
        return any(row["unit"] != "mm" and int(row["planes"]) > 1 for row in rows)

    def by_class(self, result: Result, side: str) -> dict[str, Mapping[str, Any]]:
        """Return the means of a side by class, of the classes that are compared."""
        rows: dict[str, Mapping[str, Any]] = result.summary[side]["per_class"]
        if not self.as_one:
            return rows
        together = result.summary[side].get("together")
        return {TOGETHER: together or next(iter(rows.values()))}

    def test_scores(self, result: Result) -> list[ScoreRow]:
        """Return the scores of the test side by case, of the classes that are compared."""
        rows = [row for row in result.scores if row["split"] == "test"]
        together = [row for row in rows if row["class"] == TOGETHER]
        if self.as_one:
            return together or rows
        return [row for row in rows if row["class"] != TOGETHER]


def read_results(study: Study) -> Results:
    """Return what the finished parts of a study came to.

    Raises
    ------
    InputError
        Parts of one fold were trained or tested on other cases: they do not compare.
    """
    results = tuple(_read(study, part) for part in study.parts if study.is_done(part))
    first: dict[int | None, Result] = {}
    for result in results:
        other = first.setdefault(result.part.fold, result)
        if other.split != result.split:
            raise InputError(
                f"'{other.part.name}' and '{result.part.name}' had other cases to train or to "
                "test on, so they do not compare: the dataset has changed between them. Compare "
                "in a new folder."
            )
    return Results(study, results)


def _read(study: Study, part: Part) -> Result:
    run = study.run_of(part)
    environment = run.path / "environment.json"
    return Result(
        part,
        run,
        run.read_config()[0],
        run.read_split(),
        run.read_summary() or {},
        read_scores(run.path / "scores.csv"),
        json.loads(environment.read_text(encoding="utf-8")) if environment.exists() else {},
        run.events(),
    )
