"""The commands about data: examine a dataset, convert files, export, generate."""

import json
from typing import Any

import typer

from segstudio.cli import arguments as take
from segstudio.cli import help as say
from segstudio.cli.paths import expect
from segstudio.core.errors import InputError


def add_data(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        help=say.CHECK,
        short_help="Examine a dataset before any training.",
        epilog=say.examples("check acdc", "check acdc --json > acdc.json", "check acdc --quick"),
    )(check)
    app.command(
        help=say.CONVERT,
        short_help="Write an image in another format.",
        epilog=say.examples(
            "convert series/IM0001.dcm image.nii.gz",
            "convert image.nii.gz mended.nii.gz --place qform",
            "convert image.nii.gz mended.nii.gz --spacing 8 1.25 1.25",
        ),
    )(convert)
    app.command(
        help=say.EXPORT,
        short_help="Write a dataset in nnU-Net's layout.",
        epilog=say.examples("export acdc Dataset027_ACDC"),
    )(export)
    app.command(
        help=say.PHANTOM,
        short_help="Generate images with labels.",
        epilog=say.examples("phantom heart hearts", "phantom spine spines --patients 20"),
    )(phantom)


def check(
    dataset: take.DatasetFolder,
    as_json: take.AsJson = False,
    quick: take.Quick = False,
    drawing: take.DrawingChoice = None,
) -> None:
    """Examine a dataset; the exit status is 1 where something is broken."""
    from segstudio.cli.terminal import progress
    from segstudio.data.datasets import drawn
    from segstudio.data.doctor import diagnose, examine
    from segstudio.data.project_file import dataset_at

    expect(dataset)
    opened, _ = dataset_at(dataset)
    if drawing is not None:
        opened = drawn(opened, drawing)
    reports = list(progress(examine(opened), len(opened.cases), "examining"))
    diagnosis = diagnose(opened, reports)
    cost = None if quick else _cost(diagnosis)
    if as_json:
        content = diagnosis.as_dict() | {"estimate": None if cost is None else vars(cost)}
        typer.echo(json.dumps(_without_nan(content), indent=1, ensure_ascii=False))
    else:
        from segstudio.cli.terminal_tables import show_diagnosis

        show_diagnosis(diagnosis, cost)
    if diagnosis.is_broken:
        raise typer.Exit(1)


def _cost(diagnosis: Any) -> Any:
    """Return what a training as advised will cost; None where none is advised."""
    from segstudio.learn.config import make_config
    from segstudio.learn.estimate import estimate

    labelled = [report for report in diagnosis.reports if report.has_labels]
    if not diagnosis.advice or diagnosis.is_broken:
        return None
    config = make_config(**{each.setting: each.value for each in diagnosis.advice})
    shapes = [report.shape for report in labelled]
    return estimate(config, labelled[0].channels, 1 + len(diagnosis.balances), shapes)


def _without_nan(value: Any) -> Any:
    """Return a value with None for what is no number, which JSON cannot say."""
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and value != value else value


def convert(
    source: take.Source,
    target: take.Target,
    frame: take.Frame = None,
    labels: take.AsLabels = False,
    place: take.PlaceChoice = None,
    spacing: take.NewSpacing = None,
) -> None:
    """Write a file in another format, or with its header mended."""
    from segstudio.data.conversion import convert as write

    expect(source)
    if target.exists():
        raise InputError(f"'{target}' exists already. Choose another name for the target.")
    doubts = write(source, target, frame=frame, as_labels=labels, place=place, spacing=spacing)
    for doubt in doubts:
        typer.echo(f"Note: {doubt}", err=True)
    typer.echo(f"Wrote {target}")


def export(dataset: take.DatasetFolder, out: take.ExportFolder) -> None:
    """Write a dataset in nnU-Net's layout."""
    from segstudio.cli.terminal import progress
    from segstudio.data.export import export_nnunet
    from segstudio.data.project_file import dataset_at

    expect(dataset)
    opened, _ = dataset_at(dataset)
    for _ in progress(export_nnunet(opened, out), len(opened.cases), "writing"):
        pass
    typer.echo(f"Wrote {len(opened.cases)} case(s) to {out}")


def phantom(
    kind: take.PhantomKind,
    out: take.PhantomFolder,
    patients: take.Patients = 12,
    seed: take.Seed = None,
) -> None:
    """Write a set of generated images with labels."""
    from segstudio.data import phantoms

    write: dict[str, Any] = {
        "heart": phantoms.write_heart_dataset,
        "spine": phantoms.write_spine_dataset,
        "brain": phantoms.write_brain_dataset,
    }
    write[kind](out, patients=patients, seed=seed or 0)
    typer.echo(f"Wrote {patients} generated patient(s) to {out}")
