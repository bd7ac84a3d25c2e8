"""Table 1: what the finished parts of a comparison came to, and which differences hold."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from segstudio.compare.plan import Part
from segstudio.compare.statistics import (
    Paired,
    adjusted,
    by_patient,
    compare_paired,
    mean_and_spread,
)
from segstudio.compare.study import Study
from segstudio.core.metrics import TOGETHER, mean_of
from segstudio.data.atomic import write_text

MEASURES = ("dice", "hd95", "assd", "nsd")


@dataclass(frozen=True)
class Row:
    """One candidate: means over its seeds and folds, and their spread.

    Attributes
    ----------
    title : str
        What the table calls it: its loss, or the name that the plan gives it.
    parts : int
        How many are finished.
    train_dice, test_dice, pooled_dice, hd95, assd, nsd, best_epoch : (float, float)
        Mean and standard deviation over the parts; the second is NaN of a single one.
    by_class : dict of str to (float, float)
        The test Dice of each class.
    watched_dice : (float, float)
        The test Dice of the epoch that is best on the test side itself, as some papers tell it;
        NaN where that was not watched.
    missed, volumes : int
        Pairs of volume and class where a class that is there was predicted nowhere, of how many.
    missed_planes, planes : int
        The same of planes.
    """

    title: str
    parts: int
    train_dice: tuple[float, float]
    test_dice: tuple[float, float]
    pooled_dice: tuple[float, float]
    hd95: tuple[float, float]
    assd: tuple[float, float]
    nsd: tuple[float, float]
    best_epoch: tuple[float, float]
    watched_dice: tuple[float, float]
    by_class: dict[str, tuple[float, float]] = field(default_factory=dict)
    missed: int = 0
    volumes: int = 0
    missed_planes: int = 0
    planes: int = 0


def table_of(study: Study) -> list[Row]:
    """Return a row for each candidate that has a finished part, in the plan's order."""
    found = {
        title: [study.run_of(part).read_summary() or {} for part in study.done_parts(title)]
        for title in study.plan.titles
    }
    as_one = _have_other_classes([s for summaries in found.values() for s in summaries])
    return [_row(title, done, as_one=as_one) for title, done in found.items() if done]


def _have_other_classes(summaries: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether runs part the same structures into other classes."""
    return len({tuple(s["test"]["per_class"]) for s in summaries}) > 1


def _compared(side: Mapping[str, Any], *, as_one: bool) -> dict[str, Mapping[str, Any]]:
    """Return the scores of a side by class; of all classes as one where runs differ in them."""
    rows: dict[str, Mapping[str, Any]] = side["per_class"]
    if not as_one:
        return rows
    return {TOGETHER: side["together"] if len(rows) > 1 else next(iter(rows.values()))}


def _row(title: str, summaries: Sequence[Mapping[str, Any]], *, as_one: bool) -> Row:
    sides = {
        side: [_compared(s[side], as_one=as_one) for s in summaries] for side in ("test", "train")
    }
    classes = [row for rows in sides["test"] for row in rows.values()]

    def over_classes(name: str, side: str = "test") -> tuple[float, float]:
        return mean_and_spread(
            [mean_of(_number(row[name]) for row in rows.values()) for rows in sides[side]]
        )

    return Row(
        title=title,
        parts=len(summaries),
        train_dice=over_classes("dice", "train"),
        test_dice=over_classes("dice"),
        pooled_dice=over_classes("pooled_dice"),
        hd95=over_classes("hd95"),
        assd=over_classes("assd"),
        nsd=over_classes("nsd"),
        best_epoch=mean_and_spread([float(s["best_epoch"]) for s in summaries]),
        watched_dice=mean_and_spread(
            [_number(s.get("best_on_test", {}).get("mean_dice")) for s in summaries]
        ),
        by_class={
            name: mean_and_spread([_number(rows[name]["dice"]) for rows in sides["test"]])
            for name in sides["test"][0]
        },
        missed=sum(row["missed"] for row in classes),
        volumes=sum(row["cases"] for row in classes),
        missed_planes=sum(row["missed_planes"] for row in classes),
        planes=sum(row["planes"] for row in classes),
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def comparisons_of(
    study: Study, patient_of: Mapping[str, str], *, seed: int = 0
) -> list[tuple[str, str, str, Paired, float]]:
    """Return every loss against the first, by patient, on the test side.

    Parameters
    ----------
    study : Study
        Its first loss is what the others are compared with.
    patient_of : mapping of str to str
        The patient of each case.
    seed : int
        Of the resampling.

    Returns
    -------
    list of (str, str, str, Paired, float)
        Measure, loss, the loss it is compared with, the comparison, and its p adjusted over the
        losses of that measure by Holm's method.
    """
    first, *others = study.plan.titles
    rows: list[tuple[str, str, str, Paired, float]] = []
    for measure in MEASURES:
        own = _by_patient(study, first, measure, patient_of)
        found = [
            compare_paired(_by_patient(study, loss, measure, patient_of), own, seed=seed)
            for loss in others
        ]
        p_values = adjusted([each.p for each in found])
        rows += [
            (measure, loss, first, each, p)
            for loss, each, p in zip(others, found, p_values, strict=True)
        ]
    return rows


def _by_patient(
    study: Study, title: str, measure: str, patient_of: Mapping[str, str]
) -> dict[str, float]:
    """Return a candidate's mean for each patient, over its cases, classes, seeds and folds."""
    values = [
        (row["case"], float(row[measure]))
        for part in study.done_parts(title)
        for row in compared_scores(study, part)
    ]
    return by_patient(values, patient_of)


def compared_scores(study: Study, part: Part) -> list[dict[str, str]]:
    """Return a finished part's scores of the test side, of the classes that are compared.

    These are all classes as one where the study's runs part the same structures into others.
    """
    rows = [row for row in read_scores(study, part) if row["split"] == "test"]
    summaries = [study.run_of(p).read_summary() or {} for p in study.parts if study.is_done(p)]
    if not _have_other_classes(summaries):
        return [row for row in rows if row["class"] != TOGETHER]
    return [row for row in rows if row["class"] == TOGETHER] or rows


def read_scores(study: Study, part: Part) -> list[dict[str, str]]:
    """Return the rows of a finished part's ``scores.csv``."""
    path = study.run_of(part).path / "scores.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def columns(rows: Sequence[Row]) -> list[str]:
    """Return the heads of Table 1."""
    return [
        *("loss", "parts", "train Dice", "test Dice", *_classes(rows), "pooled Dice"),
        *("HD95", "ASSD", "NSD", "missed volumes", "missed planes", "best epoch"),
        *(("test Dice, epoch chosen on test",) if _are_watched(rows) else ()),
    ]


def _classes(rows: Sequence[Row]) -> list[str]:
    """Return the classes of all rows, in order."""
    return list(dict.fromkeys(name for row in rows for name in row.by_class))


def _are_watched(rows: Sequence[Row]) -> bool:
    return any(not math.isnan(row.watched_dice[0]) for row in rows)


def cells(row: Row, rows: Sequence[Row]) -> list[str]:
    """Return a row of Table 1 as text, one of several: mean ± spread over seeds and folds."""
    nothing = (math.nan, math.nan)
    return [
        row.title,
        str(row.parts),
        *(_text(v) for v in (row.train_dice, row.test_dice)),
        *(_text(row.by_class.get(name, nothing)) for name in _classes(rows)),
        _text(row.pooled_dice),
        *(_text(v, 2) for v in (row.hd95, row.assd)),
        _text(row.nsd),
        f"{row.missed} of {row.volumes}",
        f"{row.missed_planes} of {row.planes}",
        _text(row.best_epoch, 0),
        *((_text(row.watched_dice),) if _are_watched(rows) else ()),
    ]


def _text(value: tuple[float, float], digits: int = 4) -> str:
    mean, spread = value
    if math.isnan(mean):
        return "none"
    return f"{mean:.{digits}f}" + ("" if math.isnan(spread) else f" ± {spread:.{digits}f}")


def write_tables(study: Study, patient_of: Mapping[str, str]) -> list[Path]:
    """Write ``table1`` and ``tests`` as CSV and Markdown, and all scores; return the paths.

    What is there of the same study is replaced: it is made of the parts.
    """
    rows = table_of(study)
    tests = [
        [measure, loss, other, str(t.patients), *_numbers(t.difference, t.low, t.high, t.p, p)]
        for measure, loss, other, t, p in comparisons_of(study, patient_of)
    ]
    head = ["measure", "loss", "against", "patients", "difference", "low", "high", "p", "p (Holm)"]
    scores = [
        [
            part.candidate.title,
            str(part.seed),
            "" if part.fold is None else str(part.fold),
            *row.values(),
        ]
        for part in study.parts
        if study.is_done(part)
        for row in read_scores(study, part)
    ]
    done = next((part for part in study.parts if study.is_done(part)), None)
    names = list(read_scores(study, done)[0]) if done else []
    contents = {
        "table1": (columns(rows), [cells(row, rows) for row in rows]),
        "tests": (head, tests),
    }
    paths = [_write_csv(study.path / "scores.csv", ["loss", "seed", "fold", *names], scores)]
    for name, (top, lines) in contents.items():
        paths.append(_write_csv(study.path / f"{name}.csv", top, lines))
        path = study.path / f"{name}.md"
        write_text(path, markdown(top, lines), overwrite=True)
        paths.append(path)
    return paths


def _numbers(*values: float) -> list[str]:
    return ["" if math.isnan(v) else f"{v:.4g}" for v in values]


def _write_csv(path: Path, head: Sequence[str], lines: Sequence[Sequence[str]]) -> Path:
    text = StringIO()
    csv.writer(text).writerows([head, *lines])
    write_text(path, text.getvalue(), overwrite=True)
    return path


def markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in rows) + "\n"
