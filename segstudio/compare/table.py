"""Table 1: what the finished parts of a comparison came to, and which differences hold."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from segstudio.compare.statistics import (
    Paired,
    adjusted,
    by_patient,
    compare_paired,
    mean_and_spread,
)
from segstudio.compare.study import Part, Study
from segstudio.data.atomic import write_text

MEASURES = ("dice", "hd95", "assd", "nsd")


@dataclass(frozen=True)
class Row:
    """One loss: means over its seeds and folds, and their spread.

    Attributes
    ----------
    loss : str
    parts : int
        How many are finished.
    train_dice, test_dice, pooled_dice, hd95, assd, nsd, best_epoch : (float, float)
        Mean and standard deviation over the parts; the second is NaN of a single one.
    by_class : dict of str to (float, float)
        The test Dice of each class.
    missed, volumes : int
        Pairs of volume and class where a class that is there was predicted nowhere, of how many.
    missed_planes, planes : int
        The same of planes.
    """

    loss: str
    parts: int
    train_dice: tuple[float, float]
    test_dice: tuple[float, float]
    pooled_dice: tuple[float, float]
    hd95: tuple[float, float]
    assd: tuple[float, float]
    nsd: tuple[float, float]
    best_epoch: tuple[float, float]
    by_class: dict[str, tuple[float, float]] = field(default_factory=dict)
    missed: int = 0
    volumes: int = 0
    missed_planes: int = 0
    planes: int = 0


def table_of(study: Study) -> list[Row]:
    """Return a row for each loss that has a finished part, in the study's order."""
    rows = []
    for loss in study.losses:
        done = [part for part in study.parts if part.loss == loss and study.is_done(part)]
        if done:
            rows.append(_row(loss, [study.run_of(part).read_summary() or {} for part in done]))
    return rows


def _row(loss: str, summaries: Sequence[Mapping[str, Any]]) -> Row:
    sides = [s["test"] for s in summaries]
    classes = [row for side in sides for row in side["per_class"].values()]

    def over_classes(name: str) -> tuple[float, float]:
        return mean_and_spread(
            [
                mean_and_spread([_number(row[name]) for row in side["per_class"].values()])[0]
                for side in sides
            ]
        )

    return Row(
        loss=loss,
        parts=len(summaries),
        train_dice=mean_and_spread([_number(s["train"]["mean_dice"]) for s in summaries]),
        test_dice=mean_and_spread([_number(side["mean_dice"]) for side in sides]),
        pooled_dice=mean_and_spread([_number(side["pooled_dice"]) for side in sides]),
        hd95=over_classes("hd95"),
        assd=over_classes("assd"),
        nsd=over_classes("nsd"),
        best_epoch=mean_and_spread([float(s["best_epoch"]) for s in summaries]),
        by_class={
            name: mean_and_spread([_number(side["per_class"][name]["dice"]) for side in sides])
            for name in sides[0]["per_class"]
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
    first, *others = study.losses
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
    study: Study, loss: str, measure: str, patient_of: Mapping[str, str]
) -> dict[str, float]:
    """Return a loss's mean for each patient, over its cases, classes, seeds and folds."""
    values = [
        (row["case"], float(row[measure]))
        for part in study.parts
        if part.loss == loss and study.is_done(part)
        for row in read_scores(study, part)
        if row["split"] == "test"
    ]
    return by_patient(values, patient_of)


def read_scores(study: Study, part: Part) -> list[dict[str, str]]:
    """Return the rows of a finished part's ``scores.csv``."""
    path = study.run_of(part).path / "scores.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def columns(rows: Sequence[Row]) -> list[str]:
    """Return the heads of Table 1."""
    classes = list(rows[0].by_class) if rows else []
    return [
        *("loss", "parts", "train Dice", "test Dice", *classes, "pooled Dice"),
        *("HD95", "ASSD", "NSD", "missed volumes", "missed planes", "best epoch"),
    ]


def cells(row: Row) -> list[str]:
    """Return a row of Table 1 as text: mean ± spread over seeds and folds."""
    return [
        row.loss,
        str(row.parts),
        *(_text(v) for v in (row.train_dice, row.test_dice)),
        *(_text(v) for v in row.by_class.values()),
        _text(row.pooled_dice),
        *(_text(v, 2) for v in (row.hd95, row.assd)),
        _text(row.nsd),
        f"{row.missed} of {row.volumes}",
        f"{row.missed_planes} of {row.planes}",
        _text(row.best_epoch, 0),
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
        [part.loss, str(part.seed), "" if part.fold is None else str(part.fold), *row.values()]
        for part in study.parts
        if study.is_done(part)
        for row in read_scores(study, part)
    ]
    done = next((part for part in study.parts if study.is_done(part)), None)
    names = list(read_scores(study, done)[0]) if done else []
    contents = {
        "table1": (columns(rows), [cells(row) for row in rows]),
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
