"""The commands about runs: train, predict, and what the two are told."""

import shlex
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from segstudio.cli import arguments as take
from segstudio.cli import help as say
from segstudio.cli.paths import expect
from segstudio.core.errors import InputError
from segstudio.learn.config import TrainConfig, make_config, read_settings
from segstudio.learn.events import Finished, Stopped
from segstudio.learn.presets import about, preset_files, read_preset

if TYPE_CHECKING:
    from segstudio.learn.predict import Prediction

INTERRUPTED = 130  # the shell's own status for a command ended by Ctrl+C


def add_train_and_predict(app: typer.Typer) -> None:
    """Add the commands that make runs and use them."""
    app.command(
        help=say.TRAIN,
        short_help="Train a U-Net on a folder of images with labels.",
        epilog=say.TRAIN_EXAMPLES,
    )(train)
    app.command(
        help="List the presets of 'train'; with a NAME, show its settings.",
        short_help="List the presets of 'train', or show one.",
        epilog=say.examples("presets", "presets paper"),
    )(presets)
    app.command(
        help=say.PREDICT,
        short_help="Predict images with a run's best network.",
        epilog=say.examples(
            "predict run image.nii.gz --out predictions",
            "predict run acdc/patient001/*_frame01.nii.gz --out predictions",
            "predict run image.nii.gz --flips --largest --doubt --out predictions",
        ),
    )(predict)


def train(
    dataset: take.DatasetFolder,
    out: take.NewRun = None,
    loss: take.LossName = None,
    epochs: take.Epochs = None,
    preset: take.Preset = None,
    config: take.ConfigFile = None,
    assign: take.Assign = None,
    split: take.SplitChoice = None,
    resume: take.Resume = False,
    seed: take.Seed = None,
    device: take.Device = None,
    precision: take.Precision = None,
    skip_unlabelled: take.SkipUnlabelled = False,
) -> None:
    """Train, and show how it goes."""
    from segstudio.data.project_file import dataset_at
    from segstudio.learn.run_folder import RunFolder, new_run_path, runs_home

    options = {
        "loss": loss,
        "epochs": epochs,
        "split": split,
        "seed": seed,
        "device": device,
        "precision": precision,
        "skip_unlabelled": skip_unlabelled or None,
    }
    # A mistake in the settings is told before data are looked for.
    settings_of(preset, config, assign or [], options)
    if resume and out is None:
        raise InputError("Which run shall go on? Name its folder with --out.")
    cases, project = dataset_at(dataset)
    shared = project.split.as_training_settings() if project is not None and not resume else {}
    asked = make_config(**asked_settings(shared, preset, config, assign or [], options))
    home = (project.runs_folder if project is not None else None) or runs_home()
    run = out or new_run_path(home, cases.name, asked.loss)
    # Now, and not after torch has loaded.
    if resume:
        RunFolder.opened(run).config_to_resume(asked)
    else:
        RunFolder.free(run)

    from segstudio.cli.terminal import follow
    from segstudio.learn.control import Control
    from segstudio.learn.device import is_first_rank, leave_ranks, several_ranks
    from segstudio.learn.training import train as start

    if several_ranks() and out is None:
        raise InputError("Several processes train together: name one run folder with --out.")
    control, is_shown = Control(), is_first_rank()
    events = start(cases, asked, run, resume=resume, control=control)
    end = follow(events, control, is_shown=is_shown)
    leave_ranks()
    if is_shown:
        _tell_end(end, dataset, run)


def _tell_end(end: Finished | Stopped | None, dataset: Path, run: Path) -> None:
    """Say how a training ended, and with what."""
    if isinstance(end, Finished):
        typer.echo(f"{_result(end.summary)} (best epoch {end.best_epoch}). The run is in {run}")
    elif isinstance(end, Stopped) and end.reason == "guard":
        raise InputError(
            "The training broke before its first epoch was done; the guard said why, above. "
            "Nothing was learned: start a new run with what it advises."
        )
    else:
        stopped(dataset, run)


def settings_of(
    preset: str | None, config: Path | None, assigned: Sequence[str], options: dict[str, Any]
) -> TrainConfig:
    """Return the settings: a preset's, over them a file's, then single ones, then options."""
    return make_config(**asked_settings({}, preset, config, assigned, options))


def asked_settings(
    settings: dict[str, Any],
    preset: str | None,
    config: Path | None,
    assigned: Sequence[str],
    options: dict[str, Any],
) -> dict[str, Any]:
    """Return settings, unchecked, with what the command line puts in their place."""
    settings = settings | (read_preset(preset) if preset else {})
    settings |= read_settings(config) if config else {}
    settings.pop("dataset", None)  # a run's own config.toml is a settings file too
    for text in assigned:
        _assign(settings, text)
    return settings | {k: v for k, v in options.items() if v is not None}


def _assign(settings: dict[str, Any], text: str) -> None:
    """Write ``name=value`` or ``table.name=value`` into settings."""
    name, sign, value = text.partition("=")
    if not sign:
        raise InputError(f"'{text}' sets nothing. Write --set name=value, as in --set dropout=0.1.")
    parsed = _parsed(value)
    table, _, key = name.strip().rpartition(".")
    if table:
        inner = settings.setdefault(table, {})
        settings[table] = {**inner, key: parsed} if isinstance(inner, dict) else {key: parsed}
    else:
        settings[key] = parsed


def _parsed(value: str) -> Any:
    """Return a TOML value; a word may stand without quotes, a list of numbers without brackets."""
    for text in (value, f"[{value}]") if "," in value else (value,):
        with suppress(tomllib.TOMLDecodeError):
            return tomllib.loads(f"value = {text}")["value"]
    with suppress(ValueError):  # TOML has no .5
        numbers = [float(each) for each in value.split(",")]
        return numbers if "," in value else numbers[0]
    return value.strip()


def _result(summary: dict[str, Any]) -> str:
    """Return the sentence of a finished training, by the best side that it has scores of."""
    for side, title in (("test", "Test"), ("validation", "Validation"), ("train", "Training")):
        dice = summary.get(side, {}).get("mean_dice")
        if dice is not None:
            return f"{title} mean Dice {dice:.4f}"
    return "No case holds any class, so there is no Dice"


def stopped(dataset: Path, run: Path) -> NoReturn:
    """Say how a training that was interrupted goes on, and end."""
    again = shlex.join(["segstudio", "train", str(dataset), "--out", str(run), "--resume"])
    typer.echo(f"Stopped. Go on with: {again}", err=True)
    raise typer.Exit(INTERRUPTED)


def presets(name: take.PresetName = None) -> None:
    """List the presets, or print one."""
    if name is None:
        for one in preset_files():
            typer.echo(f"{one:<14} {about(one)}")
        return
    read_preset(name)
    typer.echo(preset_files()[name].read_text(encoding="utf-8").rstrip())


def predict(
    run: take.Run,
    images: take.Images,
    out: take.PredictionsFolder,
    flips: take.Flips = False,
    largest: take.Largest = False,
    doubt: take.Doubt = False,
    device: take.Device = None,
) -> None:
    """Write predictions named as their images."""
    from segstudio.data.datasets import read_image_file
    from segstudio.data.formats import read_volume, write_labels
    from segstudio.learn.run_folder import RunFolder

    for image in images:
        expect(image)
    channels = RunFolder.opened(run).read_channels()
    read = read_volume if channels == 1 else read_image_file
    targets = _targets(images, out, channels)

    from segstudio.cli.terminal import share_done
    from segstudio.learn.predict import PredictOptions, load_predictor

    predictor, options = load_predictor(run, device or "auto"), PredictOptions(flips, largest)
    for target, image in targets.items():
        volume = read(image)
        with share_done(image.name) as progress:
            if doubt:
                prediction = predictor(volume, options, progress)
                labels = prediction.labels
                _write_doubt(target, prediction, volume.grid)
            else:
                labels = predictor.labels(volume, options, progress)
        write_labels(target, labels, volume.grid)
        typer.echo(f"Wrote {target}")


def _targets(images: Sequence[Path], out: Path, channels: int) -> dict[Path, Path]:
    """Return the images by the file that each is predicted to.

    Of several channels of one image the first stands for it, and gives it its name without number.
    """
    from segstudio.data.formats import stem, suffix_beside
    from segstudio.data.layouts.beside import all_channels

    targets: dict[Path, Path] = {}
    for image in images:
        first = image if channels == 1 else all_channels(image)[0]
        name = stem(image) if channels == 1 else stem(first).removesuffix("_0000")
        target = out / (name + suffix_beside(image))
        if target.exists():
            raise InputError(f"'{target}' exists already. Choose another folder with --out.")
        if target in targets and (channels == 1 or targets[target] != first):
            raise InputError(f"Two images are named '{target.name}'. Predict them one by one.")
        targets[target] = first
    return targets


def _write_doubt(target: Path, prediction: "Prediction", grid: Any) -> None:
    from segstudio.data.formats import stem, write_maps

    for name, maps in (("probabilities", prediction.probs), ("entropy", prediction.entropy)):
        path = target.with_name(f"{stem(target)}_{name}.nii.gz")
        typer.echo(f"Wrote {write_maps(path, maps, grid)}")
