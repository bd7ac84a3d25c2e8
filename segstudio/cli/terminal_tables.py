"""A diagnosis as tables in the terminal."""

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from segstudio.data.doctor import Diagnosis
from segstudio.data.doctor.words import (
    ADVICE_COLUMNS,
    CASE_COLUMNS,
    CLASS_COLUMNS,
    advice_row,
    case_row,
    class_row,
    command,
    finding_line,
    headline,
    verdict,
)
from segstudio.learn.estimate import Estimate

WIDTH = 140  # where there is no terminal to ask


def show_diagnosis(diagnosis: Diagnosis, cost: Estimate | None) -> None:
    """Print what the doctor says."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
    console.print(headline(diagnosis.dataset), markup=False)
    console.print(_cases(diagnosis))
    if diagnosis.balances:
        console.print(_table("Classes", CLASS_COLUMNS, map(class_row, diagnosis.balances)))
    for found in diagnosis.findings:
        console.print(finding_line(found), markup=False, soft_wrap=True)
    if diagnosis.advice:
        rows = map(advice_row, diagnosis.advice)
        console.print(_table("What to train it with", ADVICE_COLUMNS, rows))
        console.print(f"As a command: {command(diagnosis)}", markup=False, soft_wrap=True)
    if cost is not None:
        console.print(
            f"So trained, an epoch takes about {_duration(cost.seconds)} and {cost.gib:.1f} GiB "
            f"({cost.steps} steps; measured on {cost.device}).",
            markup=False,
        )
    console.print(verdict(diagnosis))


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]] = ()) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _cases(diagnosis: Diagnosis) -> Table:
    table = _table("Cases", CASE_COLUMNS)
    bad = {found.about for found in diagnosis.findings if found.level == "error"}
    for report in diagnosis.reports:
        table.add_row(*case_row(report), style="red" if report.case.name in bad else None)
    return table


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
