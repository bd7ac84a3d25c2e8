"""The command that compares losses."""

import importlib.util
import os
import re
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from segstudio.cli import arguments as take
from segstudio.cli import help as say
from segstudio.cli.paths import expect
from segstudio.cli.runs import INTERRUPTED, asked_settings
from segstudio.core.errors import InputError
from segstudio.core.memory import GIB, free_memory
from segstudio.data.datasets import Dataset

if TYPE_CHECKING:
    from segstudio.compare.results import Results
    from segstudio.compare.study import Study

MEMORY_OF_PART = 3 * GIB  # what a 2-D training of hundreds of slices takes, and room


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
    dataset: take.DatasetFolder,
    out: take.StudyFolder,
    losses: take.Losses = "",
    loss: take.MoreLosses = None,
    study: take.StudyFile = None,
    seeds: take.Seeds = None,
    folds: take.Folds = None,
    epochs: take.Epochs = None,
    preset: take.Preset = None,
    config: take.ConfigFile = None,
    assign: take.Assign = None,
    device: take.Device = None,
    workers: take.Workers = None,
    cluster: take.Cluster = None,
    results: take.Results = None,
) -> None:
    """Train what is still to be trained, and write tables and report."""
    from segstudio.cli.terminal import follow_parts
    from segstudio.compare.plan import changed, make_plan
    from segstudio.compare.records import plan_with_kept, recorded, take_recorded
    from segstudio.compare.study import open_study, read_study
    from segstudio.data.project_file import dataset_at

    expect(dataset)
    told = _named(losses, loss or [], study)
    options = {"epochs": epochs, "device": device}
    cases, project = dataset_at(dataset)
    # A study says itself how it parts the cases.
    shared = project.split.as_training_settings() if project is not None and not study else {}
    settings = asked_settings(shared, preset, config, assign or [], options)
    plan = make_plan(changed(told, settings, seeds, folds))
    if results:
        plan = plan_with_kept(plan, results, cases)
    opened = open_study(out, plan, cases)
    for part in take_recorded(opened, results, cases) if results else ():
        typer.echo(f"Taken from {results}: {part.name}", err=True)
    try:
        with closing(_events(cases, dataset, opened, workers, cluster)) as events:
            follow_parts(recorded(events, opened, results))
    finally:
        # What is finished is told whatever ended the rest, of what another process added too.
        _tell(read_study(out), cases, results)
    _tell_end(opened)


def _named(losses: str, more: list[str], study: str | None) -> dict[str, Any]:
    """Return the plan that is asked for, unchecked."""
    from segstudio.compare.plan import losses_alone, read_plan

    # A comma within parentheses belongs to an option.
    parted = re.split(r",(?![^()]*\))", losses)
    named = [name.strip() for name in parted if name.strip()] + more
    if named and study:
        raise InputError("Give losses or a study, not both: a study names its own losses.")
    if study:
        return read_plan(study)
    if not named:
        raise InputError("Which losses? Name some with --losses, or a study with --study.")
    return losses_alone(named)


def _events(
    cases: Dataset, dataset: Path, study: "Study", asked: int | None, cluster: str | None
) -> Generator[object]:
    """Yield how the parts that are not finished go: here, or on a cluster."""
    workers = asked or _workers(study)
    if workers == 1 and not cluster:
        from segstudio.compare.study import run_study

        with closing(run_study(cases, study)) as events:
            yield from events
        return

    from segstudio.compare.cluster import dask_client, run_on_cluster

    typer.echo(f"Training on {cluster or f'{workers} workers'} …", err=True)
    with (
        dask_client(cluster, workers) as client,
        closing(run_on_cluster(dataset, study, client)) as told,
    ):
        yield from told


def _workers(study: "Study") -> int:
    """Return how many parts to train at once: what cores, memory and Dask allow.

    Parts whose threads are in each other's way would take twice as long together as in turn.
    """
    from segstudio.learn.device import chosen_device

    plan, cores = study.plan, os.cpu_count() or 1
    threads = [plan.config_of(p).threads or cores for p in study.parts if not study.is_done(p)]
    at_once = min(len(threads), cores // max(threads, default=1))
    if at_once < 2 or chosen_device(plan.base) != "cpu":
        return 1
    if importlib.util.find_spec("distributed") is None:
        typer.echo("One part at a time; pip install 'segstudio[cluster]' uses all cores.", err=True)
        return 1
    fitting = max(1.0, free_memory() / MEMORY_OF_PART)
    return int(min(at_once, fitting))


def _tell(study: "Study", cases: Dataset, results: Path | None) -> None:
    """Write what the finished parts came to, and say where it is."""
    from segstudio.compare.paired import comparisons_of
    from segstudio.compare.report import write_report
    from segstudio.compare.results import read_results
    from segstudio.compare.table import cells, columns, markdown, table_of, write_tables

    found = read_results(study)
    if not found.parts:
        return
    comparisons = comparisons_of(found, {case.name: case.patient for case in cases.cases})
    write_tables(found, comparisons)
    report = write_report(found, cases, comparisons)
    if results:
        _keep(found, results)
    rows = table_of(found)
    lines = [cells(row, rows) for row in rows]
    _tell_versions(found.code_versions)
    typer.echo(f"Report: {report}", err=True)
    typer.echo(markdown(columns(rows, found.units), lines), nl=False)


def _keep(found: "Results", results: Path) -> None:
    """Keep the finished parts and what was made of them, where it is no less than is kept."""
    from segstudio.compare.records import record_part, record_study

    for result in found.parts:
        record_part(found.study, result.part, results)
    if not record_study(found.study, results):
        typer.echo(
            f"Note: the tables in {results} stay as they are, for parts were kept there in the "
            "meantime that this comparison lacks. Give the same command again to add them.",
            err=True,
        )


def _tell_versions(versions: Sequence[str]) -> None:
    """Say so where parts come of other code than the rest."""
    if len(versions) > 1:
        typer.echo(
            f"Note: Parts were trained by {len(versions)} versions of the program: "
            f"{'; '.join(versions)}. What differs between losses may be due to that.",
            err=True,
        )


def _tell_end(study: "Study") -> None:
    """Say that all is done, or what is not."""
    missing = sum(not study.is_done(part) for part in study.parts)
    if missing:
        typer.echo(
            f"{missing} of {len(study.parts)} trainings are not finished. Give the same command "
            "again to go on.",
            err=True,
        )
        raise typer.Exit(INTERRUPTED)
    typer.echo(f"The comparison is in {study.path}; open {study.path / 'report.html'}")
