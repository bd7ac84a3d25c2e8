"""The commands. Torch and Qt are imported by the command that needs them, not here."""

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from segstudio import __version__
from segstudio.core.errors import InputError, near_names, sentence
from segstudio.learn.config import DEFAULT_LOSS, make_config, read_settings

DISCLAIMER = "For research use only; not a medical device."


class _PathsOrCommand(typer.core.TyperGroup):
    """Takes ``segstudio PATH…`` for ``segstudio open PATH…``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and not args[0].startswith("-")):
            args = ["open", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="segstudio",
    cls=_PathsOrCommand,
    help=(
        "Open volumes, see distance maps, train a U-Net with the loss of your choice, compare.\n\n"
        "'segstudio' opens the window; 'segstudio PATH…' opens it with an image or a folder "
        f"loaded.\n\n{DISCLAIMER}"
    ),
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback(invoke_without_command=True)
def _common(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(f"segstudio {__version__}")
        raise typer.Exit


@app.command("open", help="Open the window, with what is given loaded.")
def open_window(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Images (.nii, .nii.gz) or dataset folders.")
    ] = None,
) -> None:
    """Open the window."""
    for path in paths or []:
        if not path.exists():
            hint = near_names(str(path), [c.name or "" for c in app.registered_commands])
            known = hint if hint.startswith("Did") else "Check the path."
            raise InputError(f"There is no file or folder '{path}', and no such command. {known}")
    if not has_display():
        raise InputError(
            "There is no display to open a window on. 'segstudio demo --headless' and the other "
            "commands work without one."
        )
    from segstudio.app import run_window

    run_window(paths or [])


@app.command(help="Try everything on generated hearts: train for two minutes, predict, score.")
def demo(
    headless: Annotated[bool, typer.Option("--headless", help="No window; pictures only.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for data, run and pictures; new.", show_default=False),
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, help="Length of the training.")] = 120.0,
) -> None:
    """Run the demo in the window, or without one."""
    from segstudio.learn.run_folder import new_run_path, runs_home

    out = out or new_run_path(runs_home().parent / "demos", "hearts", DEFAULT_LOSS)
    if not headless and has_display():
        from segstudio.app import run_demo_window

        run_demo_window(out, seconds)
        return
    from segstudio.compare.demo import demo as run_demo
    from segstudio.compare.demo import demo_config
    from segstudio.terminal import follow

    typer.echo(f"Training on generated hearts for {seconds:.0f} seconds …", err=True)
    follow(run_demo(out, demo_config(seconds)))
    typer.echo(f"Pictures: {out / 'pictures'}")
    typer.echo(f"Scores:   {out / 'run' / 'scores.csv'} and {out / 'run' / 'summary.json'}")
    typer.echo(f"Maps, predictions: {out / 'maps'}, {out / 'predictions'}")


@app.command(help="Write the signed distance maps of label files, in the source's geometry.")
def maps(
    labels: Annotated[Path, typer.Argument(help="Label file (.nii, .nii.gz).")],
    out: Annotated[Path, typer.Option(help="NIfTI to write: one map a class on its 4th axis.")],
    label: Annotated[
        int | None, typer.Option(help="One label value only; the file is then 3-D.")
    ] = None,
    per_plane: Annotated[
        bool, typer.Option("--per-plane", help="Measure in each plane, as a 2-D network's loss.")
    ] = False,
) -> None:
    """Write distance maps."""
    from segstudio.core.distance import signed_distance
    from segstudio.data.formats import read_grid, read_labels, write_maps

    values, grid = read_labels(labels), read_grid(labels)
    if label is not None and not (values == label).any():
        raise InputError(f"No voxel of '{labels}' has the label value {label}.")
    chosen = None if label is None else [label]
    phi = signed_distance(values, grid.spacing, classes=chosen, per_plane=per_plane)
    write_maps(out, phi if label is None else phi[0], grid)
    typer.echo(f"Wrote {out}: {len(phi)} map(s), in {grid.unit}, negative inside.")


@app.command(help="Train a U-Net on a folder of images with labels.")
def train(
    dataset: Annotated[Path, typer.Argument(help="ACDC folder, or images with NAME_gt beside.")],
    out: Annotated[Path | None, typer.Option(help="Run folder; new.", show_default=False)] = None,
    loss: Annotated[
        str | None, typer.Option(help=f"Name of the loss.  [default: {DEFAULT_LOSS}]")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Passes over all slices.  [default: 12]")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML file of settings; options given here win.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    seed: Annotated[int | None, typer.Option(help="Of split, weights and order.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps.")] = None,
    skip_unlabelled: Annotated[
        bool, typer.Option("--skip-unlabelled", help="Leave out images without labels.")
    ] = False,
) -> None:
    """Train, and show how it goes."""
    from segstudio.data.datasets import open_dataset
    from segstudio.learn.run_folder import RunFolder, new_run_path, runs_home
    from segstudio.terminal import follow

    if resume and out is None:
        raise InputError("Which run shall go on? Name its folder with --out.")
    settings = read_settings(config) if config else {}
    settings.pop("dataset", None)  # a run's own config.toml is a settings file too
    given = {"loss": loss, "epochs": epochs, "seed": seed, "device": device}
    settings |= {k: v for k, v in given.items() if v is not None}
    if skip_unlabelled:
        settings["skip_unlabelled"] = True
    if resume and out is not None and "epochs" not in settings:
        settings["epochs"] = RunFolder.opened(out).read_config()[0].epochs
    checked = make_config(**settings)
    cases = open_dataset(dataset)
    run = out or new_run_path(runs_home(), cases.name, checked.loss)
    if not resume:
        RunFolder.free(run)

    from segstudio.learn.training import train as start

    summary = follow(start(cases, checked, run, resume=resume))
    if summary:
        typer.echo(
            f"Test mean Dice {summary['test']['mean_dice']:.4f} (best epoch "
            f"{summary['best_epoch']}). The run is in {run}"
        )
    else:
        typer.echo(f"Stopped. Go on with: segstudio train {dataset} --out {run} --resume", err=True)


@app.command(help="Predict images with a run's best network; one label file each.")
def predict(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    images: Annotated[list[Path], typer.Argument(help="Images (.nii, .nii.gz).")],
    out: Annotated[Path, typer.Option(help="Folder for the predictions.")],
) -> None:
    """Write predictions named as their images."""
    from segstudio.data.formats import read_volume, write_labels
    from segstudio.learn.run_folder import RunFolder

    RunFolder.opened(run)
    targets = [out / image.name for image in images]
    for target in targets:
        if target.exists():
            raise InputError(f"'{target}' exists already. Choose another folder with --out.")
        if targets.count(target) > 1:
            raise InputError(f"Two images are named '{target.name}'. Predict them one by one.")

    from segstudio.learn.predict import load_predictor

    predictor = load_predictor(run)
    for image, target in zip(images, targets, strict=True):
        volume = read_volume(image)
        write_labels(target, predictor.labels(volume), volume.grid)
        typer.echo(f"Wrote {target}")


@app.command(help="Score predictions against the truth: Dice, HD95, ASSD, volume.")
def evaluate(
    predictions: Annotated[Path, typer.Argument(help="Label file, or folder of label files.")],
    truth: Annotated[Path, typer.Argument(help="Label file, or folder of label files.")],
    out: Annotated[Path, typer.Option(help="CSV file to write.")],
) -> None:
    """Write scores of predictions, matched to truths by file name."""
    from segstudio.compare.evaluation import evaluate_files
    from segstudio.core.metrics import summarise
    from segstudio.learn.run_folder import write_scores

    scores = evaluate_files(predictions, truth)
    write_scores(out, (("given", s) for s in scores))
    means = summarise(scores)
    for name, row in means["per_class"].items():
        typer.echo(f"{name}: Dice {_number(row['dice'])}, HD95 {_number(row['hd95'])}")
    typer.echo(f"Mean Dice {_number(means['mean_dice'])}. Wrote {out}")


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"


@app.command(help="The losses by name; with a NAME, what it computes and how to read it.")
def losses(name: Annotated[str | None, typer.Argument(help="Name of a loss.")] = None) -> None:
    """Print the losses, or the card of one."""
    from segstudio.losses.registry import card, cards

    if name is None:
        for row in cards():
            typer.echo(f"{row.name:<20} {row.title}; {row.bounds}")
        return
    one = card(name)
    for title, text in (
        (one.title, one.formula),
        ("Range", one.bounds),
        ("Class that is absent", one.absent),
        ("Reading the curve", one.reading),
        ("Learning rate", f"{one.learning_rate:g} (Adam)"),
        ("Distance maps", "needed" if one.needs_maps else "not needed"),
        ("Reference", one.reference),
    ):
        typer.echo(f"{title}: {text}")


@app.command(help="Versions, devices, OpenGL, and where runs go.")
def info() -> None:
    """Print what is installed and what it can use."""
    from segstudio.learn.environment import describe_environment
    from segstudio.learn.run_folder import runs_home

    rows = describe_environment() | {"OpenGL": _opengl(), "runs": str(runs_home())}
    for title, text in rows.items():
        typer.echo(f"{title:<10} {text}")


def _opengl() -> str:
    if not has_display():
        return "unknown: there is no display"
    from segstudio.app import describe_opengl

    return describe_opengl()


def has_display() -> bool:
    """Return whether a window can be shown."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; a mistake ends in one sentence on stderr and a status that is not zero."""
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    args = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = app(args, prog_name="segstudio", standalone_mode=False)
    except TyperException as error:
        _fail(error.format_message())
    except (typer.Abort, KeyboardInterrupt):
        _fail("Interrupted.")
    except Exception as error:  # noqa: BLE001  (the edge of the program)
        _fail(sentence(error))
    else:
        sys.exit(status if isinstance(status, int) else 0)


def _fail(text: str) -> None:
    typer.echo(text, err=True)
    sys.exit(1)
