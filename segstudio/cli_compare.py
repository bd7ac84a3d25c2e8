"""The command that compares losses."""

import os
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from segstudio import cli_help as say
from segstudio.cli_paths import expect
from segstudio.cli_runs import INTERRUPTED, asked_settings
from segstudio.core.errors import InputError
from segstudio.data.datasets import Dataset

if TYPE_CHECKING:
    from segstudio.compare.study import Study


def add_compare(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        help=say.COMPARE,
        short_help="Train with several losses and compare them.",
        epilog=say.examples(
            "compare acdc --losses dice,boundary,modified-boundary --epochs 50 --out study",
            "compare acdc --losses dice,boundary --seeds 3 --workers 2 --out study",
            "compare acdc --study acdc --workers 2 --out study",
        ),
    )(compare)


def compare(
    dataset: say.DatasetFolder,
    out: say.StudyFolder,
    losses: say.Losses = "",
    loss: say.MoreLosses = None,
    study: say.StudyFile = None,
    seeds: say.Seeds = None,
    folds: say.Folds = None,
    epochs: say.Epochs = None,
    preset: say.Preset = None,
    config: say.ConfigFile = None,
    assign: say.Assign = None,
    device: say.Device = None,
    workers: say.Workers = 1,
    cluster: say.Cluster = None,
    results: say.Results = None,
) -> None:
    """Train what is still to be trained, and write tables and report."""
    from segstudio.compare.plan import losses_alone, make_plan, read_plan
    from segstudio.compare.records import recorded, take_recorded
    from segstudio.compare.study import open_study
    from segstudio.data.datasets import open_dataset
    from segstudio.terminal import follow_parts

    expect(dataset)
    named = [name.strip() for name in losses.split(",") if name.strip()] + (loss or [])
    if bool(named) == bool(study):
        raise InputError("Which losses? Name two or more with --losses, or a study with --study.")
    told = read_plan(study) if study else losses_alone(named)
    options = {"epochs": epochs, "device": device}
    settings = asked_settings(told.get("settings", {}), preset, config, assign or [], options)
    if workers > 1 and not cluster:
        settings.setdefault("threads", max(1, (os.cpu_count() or 1) // workers))
    asked = {"seeds": seeds, "folds": folds, "settings": settings}
    plan = make_plan(told | {key: value for key, value in asked.items() if value is not None})
    cases = open_dataset(dataset)
    opened = open_study(out, plan)
    for part in take_recorded(opened, results) if results else ():
        typer.echo(f"Taken from {results}: {part.name}", err=True)
    with closing(_events(cases, dataset, opened, workers, cluster)) as events:
        follow_parts(recorded(events, opened, results))
    _tell(opened, cases, results)


def _events(
    cases: Dataset, dataset: Path, study: "Study", workers: int, cluster: str | None
) -> Generator[object]:
    """Yield how the parts that are not finished go: here, or on a cluster."""
    if workers == 1 and not cluster:
        from segstudio.compare.study import run_study

        with closing(run_study(cases, study)) as events:
            yield from events
        return

    from segstudio.compare.cluster import dask_client, run_on_cluster

    with (
        dask_client(cluster, workers) as client,
        closing(run_on_cluster(dataset, study, client)) as told,
    ):
        yield from told


def _tell(study: "Study", cases: Dataset, results: Path | None) -> None:
    """Write what the finished parts came to, and say where it is."""
    from segstudio.compare.records import record_part, record_study
    from segstudio.compare.report import write_report
    from segstudio.compare.table import cells, columns, markdown, table_of, write_tables

    rows = table_of(study)
    if rows:
        write_tables(study, {case.name: case.patient for case in cases.cases})
        report = write_report(study, cases)
        if results:
            for part in (p for p in study.parts if study.is_done(p)):
                record_part(study, part, results)
            record_study(study, results)
        typer.echo(f"Report: {report}", err=True)
        typer.echo(markdown(columns(rows), [cells(row, rows) for row in rows]), nl=False)
    missing = sum(not study.is_done(part) for part in study.parts)
    if missing:
        typer.echo(
            f"{missing} of {len(study.parts)} parts are not finished. Give the same command again "
            "to go on.",
            err=True,
        )
        raise typer.Exit(INTERRUPTED)
    typer.echo(f"The comparison is in {study.path}; open {study.path / 'report.html'}")
