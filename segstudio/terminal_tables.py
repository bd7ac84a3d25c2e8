"""A diagnosis as tables in the terminal."""

import sys

from rich.console import Console
from rich.table import Table

from segstudio.data.doctor import CaseReport, Diagnosis
from segstudio.learn.estimate import Estimate

WIDTH = 140  # where there is no terminal to ask
MARKS = {"error": "BROKEN", "warning": "warning", "note": "note"}


def show_diagnosis(diagnosis: Diagnosis, cost: Estimate | None) -> None:
    """Print what the doctor says."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
    dataset = diagnosis.dataset
    patients = len({case.patient for case in dataset.cases})
    labelled = sum(case.labels is not None for case in dataset.cases)
    console.print(
        f"{dataset.name}: {len(dataset.cases)} cases of {patients} patients, {labelled} with "
        f"labels; layout: {dataset.layout}",
        markup=False,
    )
    console.print(_cases(diagnosis))
    if diagnosis.balances:
        console.print(_classes(diagnosis))
    for found in diagnosis.findings:
        about = f"{found.about}: " if found.about else ""
        console.print(f"{MARKS[found.level]}: {about}{found.text}", markup=False, soft_wrap=True)
    if diagnosis.advice:
        console.print(_advice(diagnosis))
        console.print(f"As a command: {_command(diagnosis)}", markup=False, soft_wrap=True)
    if cost is not None:
        console.print(
            f"So trained, an epoch takes about {_duration(cost.seconds)} and {cost.gib:.1f} GiB "
            f"({cost.steps} steps; measured on {cost.device}).",
            markup=False,
        )
    verdict = "Something is broken: see above." if diagnosis.is_broken else "All of it can be read."
    console.print(verdict)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold")
    return table


def _cases(diagnosis: Diagnosis) -> Table:
    table = _table("Cases", "case", "patient", "side", "size", "spacing", "classes", "labels")
    bad = {found.about for found in diagnosis.findings if found.level == "error"}
    for report in diagnosis.reports:
        table.add_row(*_row(report), style="red" if report.case.name in bad else None)
    return table


def _row(report: CaseReport) -> tuple[str, ...]:
    case = report.case
    size = " × ".join(str(n) for n in report.shape) if any(report.shape) else "unreadable"
    channels = f", {report.channels} channels" if report.channels > 1 else ""
    lengths = " × ".join(f"{s:.3g}" for s in report.spacing)
    spacing = {"mm": f"{lengths} mm", "": ""}.get(report.unit, "unknown")
    values = " ".join(str(value) for value in sorted(report.classes)) or "–"
    side = case.official_split or ""
    why = case.pairing or ("none" if case.labels is None else case.labels.name)
    return case.name, case.patient, side, size + channels, spacing, values, why


def _classes(diagnosis: Diagnosis) -> Table:
    table = _table(
        "Classes", "value", "name", "cases", "of voxels", "in planes", "pieces", "median piece"
    )
    for row in diagnosis.balances:
        table.add_row(
            str(row.value),
            row.name,
            str(row.cases),
            f"{row.voxel_share:.3%}",
            f"{row.plane_share:.0%}",
            f"{row.objects:.0f}",
            f"{row.median_object:.0f} voxels",
        )
    return table


def _advice(diagnosis: Diagnosis) -> Table:
    table = _table("What to train it with", "setting", "value", "why")
    for each in diagnosis.advice:
        value = " × ".join(map(str, each.value)) if isinstance(each.value, tuple) else each.value
        table.add_row(each.setting, str(value), each.reason)
    return table


def _command(diagnosis: Diagnosis) -> str:
    """Return the training that is advised, as it is typed."""
    words = []
    for each in diagnosis.advice:
        if each.setting == "loss":
            words.append(f"--loss '{each.value}'")
        else:
            value = list(each.value) if isinstance(each.value, tuple) else each.value
            words.append(f"--set {each.setting}={str(value).replace(' ', '')}")
    return f"segstudio train '{diagnosis.dataset.root}' {' '.join(words)}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
