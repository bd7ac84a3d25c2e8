"""The whole line on generated hearts: data, maps, training, predictions, scores, pictures."""

from collections.abc import Generator
from pathlib import Path

from segstudio.core.distance import signed_distance
from segstudio.core.errors import InputError
from segstudio.data.datasets import Dataset, load_case, open_dataset
from segstudio.data.formats import read_grid, write_labels, write_maps
from segstudio.learn.config import TrainConfig, make_config
from segstudio.learn.control import Control
from segstudio.learn.events import Event, Finished
from segstudio.learn.run_folder import RunFolder

PATIENTS = 12
SHAPE = (8, 128, 128)
TRAINING_SECONDS = 120.0


def demo_config(seconds: float = TRAINING_SECONDS) -> TrainConfig:
    """Return the settings of the demo: the modified boundary loss, for two minutes."""
    # Two minutes are few steps: larger and more of them than a long training wants.
    return make_config(
        loss="modified-boundary", epochs=200, batch_size=4, learning_rate=1e-3, max_seconds=seconds
    )


def make_demo_dataset(out: Path) -> Dataset:
    """Return a set of generated hearts in ``out/hearts``, written now, in a new folder.

    Raises
    ------
    InputError
        Something else is in the folder.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"'{out}' exists and is not empty. Choose another folder with --out.")
    return sample_dataset(out / "hearts")


def sample_dataset(folder: Path) -> Dataset:
    """Return generated hearts in a folder, written now or found there."""
    if not (folder / "phantom.txt").exists():
        # Deferred: what draws them loads much of scipy, which a window should not wait for.
        from segstudio.data.phantoms import write_heart_dataset

        write_heart_dataset(folder, patients=PATIENTS, shape=SHAPE)
    return open_dataset(folder)


def demo(
    dataset: Dataset, out: Path, config: TrainConfig, control: Control | None = None
) -> Generator[Event]:
    """Yield the events of the demo's training; afterwards all its files are in `out`.

    Parameters
    ----------
    dataset : Dataset
        See `make_demo_dataset`.
    out : Path
        Where run, maps, predictions and pictures go.
    config : TrainConfig
        See `demo_config`.
    control : Control, optional
        What the user wishes while it runs.
    """
    # Deferred: torch loads for seconds, and the window shows the data meanwhile.
    from segstudio.learn.training import train

    for event in train(dataset, config, out / "run", control=control):
        yield event
        if isinstance(event, Finished):
            write_demo_results(dataset, out)


def write_demo_results(dataset: Dataset, out: Path) -> list[Path]:
    """Write maps, predictions and pictures of the test cases; return the pictures."""
    # Deferred: torch and matplotlib load for seconds, and a window should not wait for them.
    from segstudio.compare.figure import draw_case, draw_curves, save_figure
    from segstudio.learn.predict import load_predictor

    run = RunFolder.opened(out / "run")
    predictor, pictures = load_predictor(run.path), []
    for name in run.read_split().test:
        case = dataset.case(name)
        volume, truth = load_case(case)
        prediction = predictor.labels(volume)
        grid = read_grid(case.image)
        write_labels(out / "predictions" / f"{case.name}.nii.gz", prediction, grid)
        maps = signed_distance(truth, volume.spacing)
        write_maps(out / "maps" / f"{case.name}_sdm.nii.gz", maps, grid)
        figure = draw_case(volume, truth, prediction, predictor.classes, value=1, title=case.name)
        pictures.append(save_figure(figure, out / "pictures" / f"{case.name}.png"))
    pictures.append(save_figure(draw_curves(run), out / "pictures" / "curves.png"))
    return pictures
