"""A diagnosis in words: the rows of its tables, its verdict, all of it as text."""

import shlex
from collections.abc import Sequence
from typing import Any

from segstudio.data.cases import Dataset
from segstudio.data.doctor import Advice, Balance, CaseReport, Diagnosis, Finding

CASE_COLUMNS = ("case", "patient", "side", "size", "spacing", "classes", "labels")
CLASS_COLUMNS = ("value", "name", "cases", "of voxels", "in planes", "pieces", "median piece")
ADVICE_COLUMNS = ("setting", "value", "why")
MARKS = {"error": "BROKEN", "warning": "warning", "note": "note"}


def headline(dataset: Dataset) -> str:
    """Return how much a dataset holds, and how it is laid out."""
    patients = len({case.patient for case in dataset.cases})
    labelled = sum(case.labels is not None for case in dataset.cases)
    return (
        f"{dataset.name}: {_many(len(dataset.cases), 'case')} of {_many(patients, 'patient')}, "
        f"{labelled} with labels; layout: {dataset.layout}"
    )


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def verdict(diagnosis: Diagnosis) -> str:
    """Return what it comes to."""
    return "Something is broken: see above." if diagnosis.is_broken else "All of it can be read."


def finding_line(found: Finding) -> str:
    """Return a finding with its level and what it is about."""
    about = f"{found.about}: " if found.about else ""
    return f"{MARKS[found.level]}: {about}{found.text}"


def case_row(report: CaseReport) -> tuple[str, ...]:
    """Return a case under `CASE_COLUMNS`."""
    case = report.case
    size = " × ".join(str(n) for n in report.shape) if any(report.shape) else "unreadable"
    channels = f", {report.channels} channels" if report.channels > 1 else ""
    lengths = " × ".join(f"{s:.3g}" for s in report.spacing)
    spacing = {"mm": f"{lengths} mm", "": ""}.get(report.unit, "unknown")
    values = " ".join(str(value) for value in sorted(report.classes)) or "–"
    side = case.official_split or ""
    why = case.pairing or ("none" if case.labels is None else case.labels.name)
    return case.name, case.patient, side, size + channels, spacing, values, why


def class_row(row: Balance) -> tuple[str, ...]:
    """Return a class under `CLASS_COLUMNS`."""
    return (
        str(row.value),
        row.name,
        str(row.cases),
        f"{row.voxel_share:.3%}",
        f"{row.plane_share:.0%}",
        f"{row.objects:.0f}",
        f"{row.median_object:.0f} voxels",
    )


def advice_row(each: Advice) -> tuple[str, ...]:
    """Return an advice under `ADVICE_COLUMNS`."""
    value = " × ".join(map(str, each.value)) if isinstance(each.value, tuple) else each.value
    return each.setting, str(value), each.reason


def advised_settings(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return the settings that are advised, by their names."""
    settings = {each.setting: each.value for each in diagnosis.advice}
    cases = diagnosis.dataset.cases
    for drawing in {case.drawing for case in cases} - {"one"}:
        settings["landmarks"] = drawing
    if any(c.labels is None and c.official_split != "test" for c in cases):
        settings["skip_unlabelled"] = True
    return settings


def command(diagnosis: Diagnosis) -> str:
    """Return the training that is advised, as it is typed."""
    words = []
    for name, chosen in advised_settings(diagnosis).items():
        if name == "loss":
            words += ["--loss", str(chosen)]
        elif name == "skip_unlabelled":
            words.append("--skip-unlabelled")
        else:
            value = list(chosen) if isinstance(chosen, tuple) else chosen
            words += ["--set", f"{name}={str(value).replace(' ', '')}"]
    return shlex.join(["segstudio", "train", str(diagnosis.dataset.root), *words])


def as_text(diagnosis: Diagnosis) -> str:
    """Return all of it as plain text, in columns."""
    parts = [headline(diagnosis.dataset)]
    parts += [finding_line(found) for found in diagnosis.findings]
    parts += ["", *_aligned(CASE_COLUMNS, [case_row(r) for r in diagnosis.reports])]
    if diagnosis.balances:
        parts += ["", *_aligned(CLASS_COLUMNS, [class_row(b) for b in diagnosis.balances])]
    if diagnosis.advice:
        parts += ["", *_aligned(ADVICE_COLUMNS, [advice_row(a) for a in diagnosis.advice])]
        parts += ["", f"As a command: {command(diagnosis)}"]
    return "\n".join([*parts, verdict(diagnosis)])


def _aligned(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    table = [columns, *rows]
    widths = [max(len(row[k]) for row in table) for k in range(len(columns))]
    padded = ((cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table)
    return ["  ".join(cells).rstrip() for cells in padded]
