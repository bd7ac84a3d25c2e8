"""Table 1: what the finished parts of a comparison came to."""

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from segstudio.compare.paired import Comparison
from segstudio.compare.results import Result, Results
from segstudio.compare.statistics import mean_and_spread
from segstudio.core.metrics import COLLAPSED, mean_of
from segstudio.data.atomic import write_text

DIGITS = {"HD95": 2, "HD95 where predicted": 2, "ASSD": 2, "best epoch": 0}
# Heads, and which of a row they count, of how many.
COUNTS = (
    ("collapsed classes", "collapsed", "classes"),
    ("missed volumes", "missed", "volumes"),
    ("missed planes", "missed_planes", "planes"),
)

Value = tuple[float, float]


@dataclass(frozen=True)
class Row:
    """One candidate.

    Attributes
    ----------
    title : str
        What the table calls it: its loss, or the name that the plan gives it.
    parts : int
        How many trainings are finished.
    values : dict of str to (float, float)
        By column: mean and standard deviation over the seeds; the second is NaN of a single one.
    collapsed, classes : int
        Pairs of training and class with a pooled test Dice below `COLLAPSED`, of how many that
        the test side holds.
    missed, volumes : int
        Pairs of volume and class where a class that is there was predicted nowhere, of how many,
        over all parts and the classes that each was trained on.
    missed_planes, planes : int
        The same of planes.
    """

    title: str
    parts: int
    values: dict[str, Value]
    collapsed: int
    classes: int
    missed: int
    volumes: int
    missed_planes: int
    planes: int


def table_of(results: Results) -> list[Row]:
    """Return a row for each candidate that has a finished part, in the plan's order."""
    return [_row(results, title) for title in results.titles]


def _row(results: Results, title: str) -> Row:
    parts = results.of(title)
    classes = [row for part in parts for row in part.summary["test"]["per_class"].values()]
    found = [_number(row["pooled_dice"]) for row in classes if row["cases"]]
    return Row(
        title=title,
        parts=len(parts),
        values=_values(results, parts),
        collapsed=sum(dice < COLLAPSED for dice in found),
        classes=len(found),
        missed=sum(row["missed"] for row in classes),
        volumes=sum(row["cases"] for row in classes),
        missed_planes=sum(row["missed_planes"] for row in classes),
        planes=sum(row["planes"] for row in classes),
    )


def _values(results: Results, parts: Sequence[Result]) -> dict[str, Value]:
    """Return mean and spread over trainings of every column."""

    def over(side: str, name: str) -> Value:
        means = [
            mean_of(_number(row[name]) for row in results.by_class(part, side).values())
            for part in parts
        ]
        return _over_trainings(parts, means)

    test = [results.by_class(part, "test") for part in parts]
    found = {"train Dice": over("train", "dice"), "test Dice": over("test", "dice")}
    for name in test[0] if len(test[0]) > 1 else ():
        found[name] = _over_trainings(parts, [_number(rows[name]["dice"]) for rows in test])
    if results.as_one:
        own = [_number(part.summary["test"]["mean_dice"]) for part in parts]
        found["test Dice, own classes"] = _over_trainings(parts, own)
    found |= {"pooled Dice": over("test", "pooled_dice"), "HD95": over("test", "hd95")}
    if not results.counts_planes:
        found["HD95 where predicted"] = over("test", "hd95_where_predicted")
    found |= {"ASSD": over("test", "assd"), "NSD": over("test", "nsd")}
    best = [float(part.summary["best_epoch"]) for part in parts]
    found["best epoch"] = _over_trainings(parts, best)
    watched = [part.summary.get("best_on_test", {}).get("mean_dice") for part in parts]
    if any(dice is not None for dice in watched):
        dice = _over_trainings(parts, [_number(each) for each in watched])
        found["test Dice, epoch chosen on test"] = dice
    return found


def _over_trainings(parts: Sequence[Result], values: Sequence[float]) -> Value:
    """Return the mean over parts, and the spread over seeds: of folds, over each seed's mean.

    Folds differ in their patients, which says nothing of another training. Seeds that lack folds
    which others have are left out; where that leaves a single one, the mean is over all parts.
    """
    by_seed: dict[int, list[float]] = {}
    for part, value in zip(parts, values, strict=True):
        by_seed.setdefault(part.part.seed, []).append(value)
    most = max(len(each) for each in by_seed.values())
    whole = [mean_of(each) for each in by_seed.values() if len(each) == most]
    if len(whole) > 1 or len(by_seed) == 1:
        return mean_and_spread(whole)
    return mean_of(values), math.nan


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def columns(rows: Sequence[Row], units: set[str]) -> list[str]:
    """Return the heads of Table 1, as `cells` fills them."""
    names = _value_names(rows)
    unit = " or ".join(sorted(units))
    told = [f"{n} ({unit})" if n.startswith(("HD95", "ASSD")) else n for n in names]
    return ["loss", "trainings", *told, *(head for head, _, _ in COUNTS)]


def _value_names(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row.values))


def cells(row: Row, rows: Sequence[Row]) -> list[str]:
    """Return a row of Table 1 as text for people, one of several: mean ± spread."""
    values = (row.values.get(name, (math.nan, math.nan)) for name in _value_names(rows))
    shown = (
        _text(value, DIGITS.get(name, 4))
        for name, value in zip(_value_names(rows), values, strict=True)
    )
    counts = (f"{getattr(row, some)} of {getattr(row, all_)}" for _, some, all_ in COUNTS)
    return [row.title, str(row.parts), *shown, *counts]


def _text(value: Value, digits: int) -> str:
    mean, spread = value
    if math.isnan(mean):
        return "none"
    return f"{mean:.{digits}f}" + ("" if math.isnan(spread) else f" ± {spread:.{digits}f}")


def write_tables(results: Results, tests: Sequence[Comparison]) -> list[Path]:
    """Write ``table1`` and ``tests`` as CSV and Markdown, and all scores; return the paths.

    What is there of the same study is replaced: it is made of the parts. The CSV files are for
    programs: numbers alone, the spread in a column of its own.
    """
    folder, rows = results.study.path, table_of(results)
    head = [*("measure", "loss", "against", "trainings", "patients", "left out", "difference")]
    head += ["low", "high", "p", "p (Holm)"]
    lines = [_test_line(test) for test in tests]
    shown = markdown(columns(rows, results.units), [cells(row, rows) for row in rows])
    for name, text in (("table1", shown), ("tests", markdown(head, lines))):
        write_text(folder / f"{name}.md", text, overwrite=True)
    paths = [folder / "table1.md", folder / "tests.md"]
    paths.append(write_csv(folder / "tests.csv", head, lines))
    paths.append(write_csv(folder / "table1.csv", *_numbers_of(rows)))
    return [*paths, _write_scores(results)]


def _test_line(test: Comparison) -> list[str]:
    t = test.paired
    numbers = ["" if math.isnan(v) else f"{v:.4g}" for v in (t.difference, t.low, t.high, t.p)]
    adjusted_p = "" if math.isnan(test.p_adjusted) else f"{test.p_adjusted:.4g}"
    counts = [str(n) for n in (test.trainings, t.patients, test.left_out)]
    return [test.measure, test.title, test.against, *counts, *numbers, adjusted_p]


def _numbers_of(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Return head and lines of Table 1 for programs."""
    names = _value_names(rows)
    head = ["loss", "trainings", *(n for name in names for n in (name, f"{name}, spread"))]
    head += [name for first, _, all_ in COUNTS for name in (first, all_)]
    lines = []
    for row in rows:
        pairs = [row.values.get(name, (math.nan, math.nan)) for name in names]
        numbers = ["" if math.isnan(v) else f"{v:.6g}" for pair in pairs for v in pair]
        counts = [str(getattr(row, name)) for _, *both in COUNTS for name in both]
        lines.append([row.title, str(row.parts), *numbers, *counts])
    return head, lines


def _write_scores(results: Results) -> Path:
    """Write the scores of all parts, each with its loss, seed and fold."""
    names = list(dict.fromkeys(name for part in results.parts for name in part.scores[0]))
    lines = [
        [
            result.part.candidate.title,
            str(result.part.seed),
            "" if result.part.fold is None else str(result.part.fold),
            *(row.get(name, "") for name in names),
        ]
        for result in results.parts
        for row in result.scores
    ]
    return write_csv(results.study.path / "scores.csv", ["loss", "seed", "fold", *names], lines)


def write_csv(path: Path, head: Sequence[str], lines: Iterable[Sequence[str]]) -> Path:
    """Write a table as CSV, in place of a former one; return its path."""
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows([head, *lines])
    write_text(path, text.getvalue(), overwrite=True)
    return path


def markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    rows = [head, ["---"] * len(head), *lines]
    return "".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in rows
    )
