"""The commands about losses: what each is, the maps it is given, and what it sees."""

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import typer

from segstudio.cli import arguments as take
from segstudio.cli import help as say
from segstudio.cli.paths import expect, refuse_existing
from segstudio.core.distance import Convention
from segstudio.core.errors import InputError
from segstudio.core.loss_maps import MapOptions, loss_maps
from segstudio.learn.config import DEFAULT_LOSS
from segstudio.losses.expression import parse_loss
from segstudio.losses.registry import card, cards

MOST_MAPS = 64


def add_maps(app: typer.Typer) -> None:
    """Add the command that writes distance maps."""
    app.command(
        help=say.MAPS,
        short_help="Write the signed distance maps of a label file.",
        epilog=say.examples(
            "maps labels.nii.gz --out maps.nii.gz",
            "maps labels.nii.gz --label 3 --out map_of_3.nii.gz",
            "maps labels.nii.gz --for modified-boundary --per-plane --out maps.nii.gz",
        ),
    )(maps)


def add_losses_and_lens(app: typer.Typer) -> None:
    """Add the commands that explain losses, in words and as a picture."""
    app.command(
        help="List the losses; with a NAME, say what it computes and how to read its curve.",
        short_help="List the losses, or explain one.",
        epilog=say.examples("losses", f"losses {DEFAULT_LOSS}"),
    )(losses)
    app.command(
        help=say.LENS,
        short_help="Draw what losses see in a run's prediction.",
        epilog=say.examples(
            "lens run image.nii.gz image_gt.nii.gz --out lens.png",
            "lens run image.nii.gz image_gt.nii.gz --label 3 --loss dice --out lens.png",
        ),
    )(lens)


def maps(
    labels: take.Labels,
    out: take.MapsFile,
    label: take.Label = None,
    per_plane: take.PerPlane = False,
    given_to: take.GivenTo = None,
    convention: take.MeasuredTo = None,
) -> None:
    """Write distance maps."""
    from segstudio.data.formats import read_grid, read_labels, write_maps

    refuse_existing(out)
    options = _options(given_to, convention)
    values, grid = read_labels(labels), read_grid(labels)
    if label is not None and not (values == label).any():
        raise InputError(
            f"No voxel of '{labels}' has the label value {label}. Choose another with --label."
        )
    if label is None and values.max() >= MOST_MAPS:
        raise InputError(
            f"The label values of '{labels}' run to {values.max()}; a map for each is too "
            "much. Is it an image? Else choose one value with --label."
        )
    chosen = range(int(values.max()) + 1) if label is None else [label]
    phi = loss_maps(values, grid.spacing, chosen, options, per_plane=per_plane)
    write_maps(out, phi if label is None else phi[0], grid)
    unit = grid.unit if options.unit == "mm" else "voxels"
    typer.echo(f"Wrote {out}: {len(phi)} map(s), in {unit}, negative inside.")


def _options(given_to: str | None, convention: str | None) -> MapOptions:
    """Return the maps that are asked for: plain ones, or as a loss is given them."""
    options = MapOptions()
    if given_to is not None:
        own = parse_loss(given_to).maps
        if own is None:
            raise InputError(f"The loss '{given_to}' is given no maps. Leave --for out.")
        options = own
    if convention is None:
        return options
    # An unknown word is refused there.
    return replace(options, convention=cast(Convention, convention))


def losses(name: take.LossArgument = None) -> None:
    """Print the losses, or the card of one."""
    if name is None:
        for row in cards():
            typer.echo(f"{row.name:<28} {row.title}: {row.bounds}")
        hint = "'dice + 0.01*boundary' is a loss too. 'segstudio losses NAME' explains one."
        typer.echo(hint, err=True)
        return
    for title, text in say.card_rows(card(name)):
        typer.echo(f"{title}: {text}")


def lens(
    run: take.Run,
    image: take.Image,
    labels: take.Labels,
    out: take.Picture,
    label: take.LensLabel = None,
    plane: take.Plane = None,
    loss: take.LensLosses = None,
) -> None:
    """Draw what losses see, and print the explanation."""
    from segstudio.data.formats import read_labels, read_volume

    refuse_existing(out)
    for path in (image, labels):
        expect(path)
    volume = read_volume(image)
    truth = read_labels(labels, like=volume)

    from segstudio.compare.figure import save_figure
    from segstudio.compare.lens_figure import USUAL, draw_lens, explain, view_plane
    from segstudio.learn.predict import load_predictor

    predictor = load_predictor(run)
    value = label if label is not None else predictor.classes.foreground[0].value
    if plane is None:
        plane = 1 + int(np.argmax((truth == value).sum(axis=(1, 2))))
    if not 1 <= plane <= len(truth):
        raise InputError(f"'{image}' has {len(truth)} planes; plane {plane} is not one of them.")
    view = view_plane(
        predictor,
        volume,
        truth,
        plane=plane - 1,
        value=value,
        title=Path(run).resolve().name,
        losses=tuple(loss or USUAL),
    )
    save_figure(draw_lens([view]), out)
    typer.echo(explain(view))
    typer.echo(f"Wrote {out}: plane {plane} of {len(truth)}.")
