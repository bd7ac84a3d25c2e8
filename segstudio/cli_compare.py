"""The command that compares losses."""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import typer

from segstudio import cli_help as say
from segstudio.cli_paths import expect
from segstudio.cli_runs import INTERRUPTED, settings_of
from segstudio.core.errors import InputError
from segstudio.learn.events import Event

if TYPE_CHECKING:
    from segstudio.compare.study import PartStarted


def add_compare(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        help=say.COMPARE,
        short_help="Train with several losses and compare them.",
        epilog=say.examples(
            "compare acdc --losses dice,boundary,modified-boundary --epochs 50 --out study",
            "compare acdc --losses dice,boundary --seeds 3 --out study",
        ),
    )(compare)


def compare(
    dataset: say.DatasetFolder,
    out: say.StudyFolder,
    losses: say.Losses = "",
    loss: say.MoreLosses = None,
    seeds: say.Seeds = 1,
    folds: say.Folds = None,
    epochs: say.Epochs = None,
    preset: say.Preset = None,
    config: say.ConfigFile = None,
    assign: say.Assign = None,
    device: say.Device = None,
) -> None:
    """Train what is still to be trained, and write the tables."""
    from segstudio.compare.report import write_report
    from segstudio.compare.study import open_study, run_study
    from segstudio.compare.table import cells, columns, markdown, table_of, write_tables
    from segstudio.data.datasets import open_dataset
    from segstudio.learn.control import Control
    from segstudio.terminal import follow

    expect(dataset)
    named = [name.strip() for name in losses.split(",") if name.strip()] + (loss or [])
    if not named:
        raise InputError("Which losses? Name two or more with --losses, parted by commas.")
    base = settings_of(preset, config, assign or [], {"epochs": epochs, "device": device})
    cases = open_dataset(dataset)
    study = open_study(out, named, seeds, folds, base)
    control = Control()
    with _told(run_study(cases, study, base, control)) as events:
        follow(events, control)
    patients = {case.name: case.patient for case in cases.cases}
    rows = table_of(study)
    if rows:
        write_tables(study, patients)
        typer.echo(f"Report: {write_report(study, cases)}", err=True)
        typer.echo(markdown(columns(rows), [cells(row) for row in rows]), nl=False)
    if not all(study.is_done(part) for part in study.parts):
        typer.echo("Stopped. Give the same command again to go on.", err=True)
        raise typer.Exit(INTERRUPTED)
    typer.echo(f"The comparison is in {out}; open {out / 'report.html'}")


@contextmanager
def _told(events: "Generator[Event | PartStarted]") -> Iterator[Generator[Event]]:
    """Yield the trainings' events alone; a line is printed for each part that begins."""
    from segstudio.compare.study import PartStarted

    def trainings() -> Generator[Event]:
        for event in events:
            if not isinstance(event, PartStarted):
                yield event
                continue
            seed = f"seed {event.part.seed}"
            fold = "" if event.part.fold is None else f", fold {event.part.fold}"
            done = "  (finished before)" if event.is_done else ""
            text = f"Part {event.number} of {event.of}: {event.part.loss}, {seed}{fold}{done}"
            typer.echo(text, err=True)

    with closing(events):
        yield trainings()
