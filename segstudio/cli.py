"""The commands. Torch and Qt are imported by the command that needs them, not here."""

import logging
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.exceptions import TyperException

from segstudio import __version__
from segstudio.core.errors import InputError, near_names, sentence
from segstudio.learn.config import DEFAULT_LOSS, TrainConfig, make_config, read_settings

DISCLAIMER = "For research use only; not a medical device."
INTERRUPTED = 130  # the shell's own status for a command ended by Ctrl+C
MOST_MAPS = 64


class _PathsOrCommand(typer.core.TyperGroup):
    """Takes ``segstudio PATH…`` for ``segstudio open PATH…``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            # Here and not in the command: the options of a misspelt one would be refused first.
            _expect(Path(args[0]), commands=list(self.commands))
        if not args or (args[0] not in self.commands and not args[0].startswith("-")):
            args = ["open", *args]
        return super().parse_args(ctx, args)


def _expect(path: Path, commands: Sequence[str] = ()) -> None:
    """Refuse a path that is not there; a name without a dot may be a command misspelt."""
    if path.exists():
        return
    if commands and path.name == str(path) and not path.suffix:
        hint = near_names(path.name, commands).replace("Known:", "The commands are")
        raise InputError(f"There is no command '{path}', and no file or folder. {hint}")
    raise InputError(f"'{path}' does not exist. Check the path.")


def _examples(*lines: str) -> str:
    return "\b\nExamples:\n" + "\n".join(f"  segstudio {line}" for line in lines)


app = typer.Typer(
    name="segstudio",
    cls=_PathsOrCommand,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
    help=(
        "Open volumes, see distance maps, train a U-Net with the loss of your choice, compare.\n\n"
        "'segstudio' opens the window; 'segstudio PATH…' opens it with an image or a folder "
        "loaded. 'segstudio COMMAND --help' explains a command and gives examples.\n\n"
        f"{DISCLAIMER}"
    ),
    epilog=_examples(
        "demo                                  see everything on generated hearts",
        "train acdc --loss dice --out run",
        "predict run image.nii.gz --out predictions",
        "evaluate predictions acdc --out scores.csv",
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


@app.command(
    "open",
    help="Open the window, with what is given loaded; 'open' may be left out.",
    epilog=_examples("open image.nii.gz", "acdc"),
)
def open_window(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="Images (.nii, .nii.gz) or dataset folders."),
    ] = None,
) -> None:
    """Open the window."""
    for path in paths or []:
        _expect(path)
    if not has_display():
        raise InputError(
            "There is no display to open a window on. 'segstudio demo --headless' and the other "
            "commands work without one."
        )
    from segstudio.app import run_window

    run_window(paths or [])


@app.command(
    help="Try everything on generated hearts: distance maps, training with the modified boundary "
    "loss, predictions, scores, pictures. Opens the window where there is a display.",
    epilog=_examples("demo", "demo --headless --out demo --seconds 30"),
)
def demo(
    headless: Annotated[
        bool, typer.Option("--headless", help="No window; files and pictures only.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="New folder for data, run and pictures.  [default: under ~/segstudio/demos]",
            show_default=False,
        ),
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="Length of the training.")
    ] = 120.0,
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
    if not follow(run_demo(out, demo_config(seconds))):
        _stopped(out / "hearts", out / "run")
    typer.echo(f"Pictures: {out / 'pictures'}")
    typer.echo(f"Scores:   {out / 'run' / 'scores.csv'} and {out / 'run' / 'summary.json'}")
    typer.echo(f"Maps, predictions: {out / 'maps'}, {out / 'predictions'}")


@app.command(
    help="Write the signed distance maps of a label file, in the source's geometry: the distance "
    "of each voxel to the contour of the class, in mm, negative inside.",
    epilog=_examples(
        "maps labels.nii.gz --out maps.nii.gz",
        "maps labels.nii.gz --label 3 --out map_of_3.nii.gz",
    ),
)
def maps(
    labels: Annotated[Path, typer.Argument(metavar="LABELS", help="Label file (.nii, .nii.gz).")],
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="New NIfTI; the maps of the label values 0, 1, 2 … lie along its fourth axis.",
        ),
    ],
    label: Annotated[
        int | None,
        typer.Option(metavar="VALUE", help="One label value only; the file is then 3-D."),
    ] = None,
    per_plane: Annotated[
        bool, typer.Option("--per-plane", help="Measure in each plane, as a 2-D network's loss.")
    ] = False,
) -> None:
    """Write distance maps."""
    from segstudio.core.distance import signed_distance
    from segstudio.data.formats import read_grid, read_labels, write_maps

    _refuse_existing(out)
    values, grid = read_labels(labels), read_grid(labels)
    if label is not None and not (values == label).any():
        raise InputError(
            f"No voxel of '{labels}' has the label value {label}. Choose another with --label."
        )
    if label is None and values.max() >= MOST_MAPS:
        raise InputError(
            f"The label values of '{labels}' run to {values.max()}, a map for each would be too "
            "much. Choose one with --label."
        )
    chosen = None if label is None else [label]
    phi = signed_distance(values, grid.spacing, classes=chosen, per_plane=per_plane)
    write_maps(out, phi if label is None else phi[0], grid)
    typer.echo(f"Wrote {out}: {len(phi)} map(s), in {grid.unit}, negative inside.")


@app.command(
    help="Train a U-Net on a folder of images with labels: an ACDC folder, or NIfTI images with "
    "NAME_gt, _seg, _mask or _labels beside NAME. A quarter of the patients is test and touched "
    "once, at the end; 15 % of the rest choose the best epoch. Ctrl+C stops and keeps the state.",
    epilog=_examples(
        "train acdc --loss dice --epochs 12 --out run",
        "train acdc --out run --resume              go on after an interruption",
        "train acdc --out run --resume --epochs 24  go on with a finished run",
        "train acdc --config run/config.toml --seed 1 --out run_1",
    )
    + "\n\nA settings file is TOML, one 'name = value' a line; the names: "
    + ", ".join(TrainConfig.model_fields)
    + ".",
)
def train(
    dataset: Annotated[Path, typer.Argument(metavar="DATASET", help="Folder of labelled images.")],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="New run folder.  [default: under ~/segstudio/runs, or $SEGSTUDIO_RUNS]",
            show_default=False,
        ),
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help=f"'segstudio losses' lists them.  [default: {DEFAULT_LOSS}]"
        ),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(metavar="N", help="Passes over all slices.  [default: 12]")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="TOML file of settings; options given here win."),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with the run in --out; it keeps its settings."),
    ] = False,
    seed: Annotated[
        int | None,
        typer.Option(metavar="N", help="Of the split, the weights and the order.  [default: 0]"),
    ] = None,
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="auto, cpu, cuda or mps.  [default: auto]")
    ] = None,
    skip_unlabelled: Annotated[
        bool, typer.Option("--skip-unlabelled", help="Leave out images without labels.")
    ] = False,
) -> None:
    """Train, and show how it goes."""
    from segstudio.data.datasets import open_dataset
    from segstudio.learn.run_folder import RunFolder, new_run_path, runs_home
    from segstudio.terminal import follow

    settings = read_settings(config) if config else {}
    settings.pop("dataset", None)  # a run's own config.toml is a settings file too
    given = {"loss": loss, "epochs": epochs, "seed": seed, "device": device}
    settings |= {k: v for k, v in given.items() if v is not None}
    if skip_unlabelled:
        settings["skip_unlabelled"] = True
    checked = _resumed_config(out, settings) if resume else make_config(**settings)
    cases = open_dataset(dataset)
    run = out or new_run_path(runs_home(), cases.name, checked.loss)
    if not resume:
        RunFolder.free(run)

    from segstudio.learn.training import train as start

    summary = follow(start(cases, checked, run, resume=resume))
    if not summary:
        _stopped(dataset, run)
    typer.echo(
        f"Test mean Dice {_number(summary['test']['mean_dice'])} (best epoch "
        f"{summary['best_epoch']}). The run is in {run}"
    )


def _resumed_config(out: Path | None, settings: dict[str, Any]) -> TrainConfig:
    """Return the settings of the run to go on with; its length alone may be given anew."""
    from segstudio.learn.run_folder import RunFolder

    if out is None:
        raise InputError("Which run shall go on? Name its folder with --out.")
    own, asked = RunFolder.opened(out).read_config()[0], make_config(**settings)
    length = {k: getattr(asked, k) for k in ("epochs", "max_seconds") if k in settings}
    for name in settings.keys() - length.keys() - {"plane_size"}:
        if getattr(asked, name) != getattr(own, name):
            raise InputError(
                f"The run '{out}' was started with {name} = {getattr(own, name)!r} and keeps it, "
                f"but {getattr(asked, name)!r} is asked for. Leave that out, or start a new run."
            )
    return own.model_copy(update=length)


def _stopped(dataset: Path, run: Path) -> NoReturn:
    again = shlex.join(["segstudio", "train", str(dataset), "--out", str(run), "--resume"])
    typer.echo(f"Stopped. Go on with: {again}", err=True)
    raise typer.Exit(INTERRUPTED)


@app.command(
    help="Predict images with a run's best network: one label file each, named as its image and "
    "on its grid.",
    epilog=_examples(
        "predict run image.nii.gz --out predictions",
        "predict run acdc/patient001/*_frame01.nii.gz --out predictions",
    ),
)
def predict(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="Images (.nii, .nii.gz).")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the predictions.")],
) -> None:
    """Write predictions named as their images."""
    from segstudio.data.formats import read_volume, write_labels
    from segstudio.learn.run_folder import RunFolder

    RunFolder.opened(run)
    targets = [out / image.name for image in images]
    for image, target in zip(images, targets, strict=True):
        _expect(image)
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


@app.command(
    help="Score predictions against the truth, per case and class: Dice, HD95 and ASSD in mm, "
    "predicted volume in ml.",
    epilog=_examples(
        "evaluate predictions acdc --out scores.csv",
        "evaluate prediction.nii.gz truth.nii.gz --out scores.csv",
    )
    + "\n\nFiles are matched by name; the truth of 'a.nii.gz' may be called 'a_gt.nii.gz' (also "
    "_seg, _mask, _labels). Truths without a prediction are left out.",
)
def evaluate(
    predictions: Annotated[
        Path, typer.Argument(metavar="PREDICTIONS", help="Label file, or folder of label files.")
    ],
    truth: Annotated[
        Path, typer.Argument(metavar="TRUTH", help="Label file, or folder of label files.")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="New CSV file.")],
) -> None:
    """Write scores of predictions, matched to truths by file name."""
    _refuse_existing(out)
    from segstudio.compare.evaluation import evaluate_files
    from segstudio.core.metrics import summarise
    from segstudio.learn.run_folder import write_scores

    scores = evaluate_files(predictions, truth)
    write_scores(out, (("given", s) for s in scores))
    means = summarise(scores)
    for name, row in means["per_class"].items():
        hd95 = f"HD95 {_number(row['hd95'], 2)} {row['unit']}"
        typer.echo(f"{name}: Dice {_number(row['dice'])}, {hd95}")
    cases = len({s.case for s in scores})
    typer.echo(f"Mean Dice of {cases} case(s) {_number(means['mean_dice'])}. Wrote {out}")


def _refuse_existing(out: Path) -> None:
    """Refuse to overwrite, before anything is computed."""
    if out.exists():
        raise InputError(f"'{out}' exists already. Choose another name with --out.")


def _number(value: float | None, digits: int = 4) -> str:
    return "none" if value is None else f"{value:.{digits}f}"


@app.command(
    help="List the losses; with a NAME, say what it computes and how to read its curve.",
    epilog=_examples("losses", f"losses {DEFAULT_LOSS}"),
)
def losses(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Name of a loss.")
    ] = None,
) -> None:
    """Print the losses, or the card of one."""
    from segstudio.losses.registry import card, cards

    if name is None:
        for row in cards():
            typer.echo(f"{row.name:<18} {row.title}: {row.bounds}")
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


@app.command(help="Print versions, devices, OpenGL, and where runs go: for a report of a problem.")
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
    # The module's own logger: the package sets the level of its parent when it is imported.
    logging.getLogger("lightning_fabric.utilities.rank_zero").setLevel(logging.WARNING)
    args = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = app(args, prog_name="segstudio", standalone_mode=False)
    except TyperException as error:
        _fail(_usage_sentence(error), 2)
    except (typer.Abort, KeyboardInterrupt):
        _fail("Interrupted.", INTERRUPTED)
    except Exception as error:  # noqa: BLE001  (the edge of the program)
        _fail(sentence(error), 1)
    else:
        sys.exit(status if isinstance(status, int) else 0)


def _usage_sentence(error: TyperException) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "segstudio"
    text = error.format_message().rstrip(".")
    return f"{text}. '{command} --help' shows how it is used."


def _fail(text: str, status: int) -> NoReturn:
    typer.echo(" ".join(text.split()), err=True)
    sys.exit(status)
