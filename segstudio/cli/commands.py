"""The commands. Torch and Qt are imported by the command that needs them, not here."""

import gc
import logging
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer
from typer.exceptions import TyperException

from segstudio import __version__
from segstudio.cli import arguments as take
from segstudio.cli import compare, data, losses, runs
from segstudio.cli import help as say
from segstudio.cli.display import has_display, has_qt, opengl
from segstudio.cli.paths import PathsOrCommand, expect, refuse_existing
from segstudio.core.errors import InputError, sentence
from segstudio.learn.config import DEFAULT_LOSS

app = typer.Typer(
    name="segstudio",
    cls=PathsOrCommand,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
    help=say.STUDIO,
    epilog=say.STUDIO_EXAMPLES,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback(invoke_without_command=True)
def _common(
    version: bool = typer.Option(False, "--version", help="Print the version."),
) -> None:
    if version:
        typer.echo(f"segstudio {__version__}")
        raise typer.Exit


@app.command(
    "open",
    help="Open the window, with what is given loaded.",
    epilog=say.examples("open image.nii.gz", "acdc  # 'open' may be left out"),
)
def open_window(paths: take.Paths = None) -> None:
    """Open the window."""
    for path in paths or []:
        expect(path)
    if not has_display():
        raise InputError(
            "There is no display to open a window on. 'segstudio demo --headless' and the other "
            "commands work without one."
        )
    if not has_qt():
        raise InputError(
            "The window needs Qt, which is not installed: pip install 'segstudio[app]'"
        )
    # Until the window shows: what it is made of is no garbage, and looking takes long.
    gc.disable()
    from segstudio.app import run_window

    run_window(paths or [])


@app.command(
    help=say.DEMO,
    short_help="Try everything on generated hearts.",
    epilog=say.examples("demo", "demo --headless --out demo --seconds 30"),
)
def demo(
    headless: take.Headless = False, out: take.DemoFolder = None, seconds: take.Seconds = 120.0
) -> None:
    """Run the demo in the window, or without one."""
    from segstudio.learn.run_folder import new_run_path, runs_home

    out = out or new_run_path(runs_home().parent / "demos", "hearts", DEFAULT_LOSS)
    if not headless and has_display() and has_qt():
        from segstudio.app import run_demo_window

        run_demo_window(out, seconds)
        return
    from segstudio.cli.terminal import follow
    from segstudio.compare.demo import demo as run_demo
    from segstudio.compare.demo import demo_config, make_demo_dataset
    from segstudio.learn.events import Finished

    typer.echo(f"Training on generated hearts for {seconds:.0f} seconds …", err=True)
    dataset = make_demo_dataset(out)
    if not isinstance(follow(run_demo(dataset, out, demo_config(seconds))), Finished):
        runs.stopped(out / "hearts", out / "run")
    typer.echo(f"Pictures: {out / 'pictures'}")
    typer.echo(f"Scores:   {out / 'run' / 'scores.csv'} and {out / 'run' / 'summary.json'}")
    typer.echo(f"Maps, predictions: {out / 'maps'}, {out / 'predictions'}")


data.add_data(app)


losses.add_maps(app)


runs.add_train_and_predict(app)


@app.command(
    help=say.EVALUATE,
    short_help="Score predictions against the truth.",
    epilog=say.examples(
        "evaluate predictions acdc --out scores.csv",
        "evaluate prediction.nii.gz truth.nii.gz --out scores.csv",
    ),
)
def evaluate(
    predictions: take.Predictions,
    truth: take.Truth,
    out: take.ScoresFile,
    ignore: take.Ignore = None,
) -> None:
    """Write scores of predictions, matched to truths by file name."""
    refuse_existing(out)
    from segstudio.compare.evaluation import evaluate_files
    from segstudio.core.metrics import summarise
    from segstudio.learn.scores_file import write_scores

    scores = evaluate_files(predictions, truth, ignore=ignore)
    write_scores(out, (("given", s) for s in scores))
    means = summarise(scores)
    for name, row in means["per_class"].items():
        hd95 = f"HD95 {_number(row['hd95'], 2)} {row['unit']}"
        typer.echo(f"{name}: Dice {_number(row['dice'])}, {hd95}")
    cases = len({s.case for s in scores})
    typer.echo(f"Mean Dice of {cases} case(s) {_number(means['mean_dice'])}. Wrote {out}")


def _number(value: float | None, digits: int = 4) -> str:
    return "none" if value is None else f"{value:.{digits}f}"


compare.add_compare(app)


losses.add_losses_and_lens(app)


@app.command(help="Print versions, devices, OpenGL, and where runs go.")
def info() -> None:
    """Print what is installed and what it can use."""
    from segstudio.learn.environment import describe_environment
    from segstudio.learn.run_folder import runs_home

    rows = describe_environment() | {"OpenGL": opengl(), "runs": str(runs_home())}
    for title, text in rows.items():
        typer.echo(f"{title:<10} {text}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; a mistake ends in one sentence on stderr and a status that is not zero."""
    # The module's own logger: the package sets the level of its parent when it is imported.
    for module in ("rank_zero", "distributed"):
        logging.getLogger(f"lightning_fabric.utilities.{module}").setLevel(logging.WARNING)
    args = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = app(args, prog_name="segstudio", standalone_mode=False)
    except TyperException as error:
        _fail(_usage_sentence(error), 2)
    except (typer.Abort, KeyboardInterrupt):
        _fail("Interrupted.", runs.INTERRUPTED)
    except Exception as error:  # noqa: BLE001  (the edge of the program)
        _fail(sentence(error), 1)
    else:
        sys.exit(status if isinstance(status, int) else 0)


def _usage_sentence(error: TyperException) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "segstudio"
    text = error.format_message().rstrip(".").split(", unable to parse")[0]
    text = text.replace("Input should be", "it should be")
    return f"{text}. '{command} --help' shows how it is used."


def _fail(text: str, status: int) -> NoReturn:
    typer.echo(" ".join(text.split()), err=True)
    sys.exit(status)
