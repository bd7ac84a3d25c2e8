"""Whether maps that are scaled by piece help: on spines of 17 pieces, and on tiny objects.

    python tests/benchmarks/piece_maps.py spine [--data FOLDER] [--out FOLDER]
    python tests/benchmarks/piece_maps.py tiny [--out FOLDER]

The spines are the radiographs of AASCE 2019 at 256×96, vertebrae as one class or as two that
alternate. The tiny objects are generated: ellipses of 3 to 300 pixels, six an image, faint in
noise; for them the share that is found (half of it covered) is told by size. Runs that are done
are looked up and one that was cut short goes on.
"""

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.image import imread
from numpy.typing import NDArray
from scipy.io import loadmat
from scipy.ndimage import gaussian_filter
from skimage.draw import ellipse, polygon
from skimage.transform import resize
from trials import Trial, run_trials, write_pair, write_table

from segstudio.core.pieces import label_pieces
from segstudio.data.datasets import Dataset, load_case, open_dataset
from segstudio.learn.predict import load_predictor

SPINE_SIZE = (256, 96)
CORNERS = [0, 1, 3, 2]  # of a vertebra: top left, top right, bottom left, bottom right
TINY_SIZE, TINY_IMAGES, OBJECTS = (96, 96), 160, 6
BINS = ((1, 9), (10, 49), (50, 10_000))


def _trial(loss: str, **maps: Any) -> Trial:
    words = " ".join(f"{k}={v}" for k, v in maps.items())
    settings: dict[str, Any] = {"loss": loss, "learning_rate": 1e-3}
    if maps:
        settings["maps"] = {"unit": "voxels", **maps}
    return Trial(f"{loss} {words}".strip(), settings)


LOG, RATIO = "modified-boundary-log", "modified-boundary"
SPINE_TRIALS = [
    _trial("dice"),
    _trial(RATIO, cap=0.0),
    _trial(RATIO, cap=10.0),
    _trial(RATIO, pieces="equal depth"),
    _trial(LOG, cap=10.0),
    _trial(LOG, cap=5.0),
    _trial(LOG, pieces="equal depth"),
    _trial(LOG, pieces="equal weight"),
]
ALTERNATING_TRIALS = [_trial("dice"), _trial(RATIO, cap=10.0), _trial(LOG, cap=5.0)]
TINY_TRIALS = [
    _trial("dice"),
    _trial(LOG, cap=0.0),
    _trial(LOG, cap=10.0),
    _trial(LOG, floor=3.0, cap=10.0),
    _trial(LOG, pieces="equal depth"),
    _trial(LOG, pieces="equal weight"),
    _trial(RATIO, cap=10.0),
    _trial(RATIO, pieces="equal weight"),
]


def write_spines(data: Path, folder: Path, *, alternating: bool) -> Dataset:
    """Write the radiographs and their vertebrae as cases, and return them; both sides kept."""
    for side, name in (("training", "training"), ("test", "testing")):
        for picture in sorted((data / "data" / side).glob("*.jpg")):
            grey = imread(picture).astype(np.float32)
            grey = grey if grey.ndim == 2 else grey.mean(axis=2)
            points = loadmat(data / "labels" / side / f"{picture.name}.mat")["p2"]
            scale = np.divide(SPINE_SIZE, grey.shape)
            labels = np.zeros(SPINE_SIZE, np.uint8)
            for i, corners in enumerate(points.reshape(-1, 4, 2)[:, CORNERS]):
                rows, columns = polygon(*(corners[:, ::-1] * scale).T, SPINE_SIZE)
                labels[rows, columns] = 1 + i % 2 if alternating else 1
            small = resize(grey, SPINE_SIZE, anti_aliasing=True).astype(np.float32)
            write_pair(folder / name / picture.stem.replace(" ", "_"), small[None], labels[None])
    return open_dataset(folder)


def write_tiny(folder: Path) -> Dataset:
    """Write generated images with faint objects of very different sizes, and return them."""
    rng = np.random.default_rng(7)
    for i in range(TINY_IMAGES):
        labels = np.zeros(TINY_SIZE, np.uint8)
        for area in np.exp(rng.uniform(np.log(3), np.log(300), OBJECTS)):
            stretch = rng.uniform(0.6, 1.6)
            radii = np.sqrt(area / np.pi) * np.array([stretch, 1 / stretch])
            center = rng.uniform(8, np.array(TINY_SIZE) - 8)
            place = ellipse(*center, *np.maximum(radii, 0.8), TINY_SIZE, rng.uniform(0, np.pi))
            labels[place] = 1
        image = gaussian_filter(labels.astype(float), 0.7) + rng.normal(0, 0.35, TINY_SIZE)
        image += gaussian_filter(rng.normal(0, 1, TINY_SIZE), 8) * 4
        write_pair(folder / f"tiny{i:03d}", image[None].astype(np.float32), labels[None])
    return open_dataset(folder)


def found_by_size(dataset: Dataset, run: Path) -> list[str]:
    """Return for each range of sizes how many of the test side's objects were found."""
    predictor = load_predictor(run)
    there, found = np.zeros(len(BINS), int), np.zeros(len(BINS), int)
    for name in (run / "scores.csv").read_text().splitlines()[1:]:
        side, case, *_ = name.split(",")
        if side != "test":
            continue
        volume, truth = load_case(dataset.case(case))
        predicted: NDArray[np.bool_] = predictor.labels(volume)[0] > 0
        pieces, count = label_pieces(truth[0] > 0)
        for k in range(1, count + 1):
            size, hit = (pieces == k).sum(), predicted[pieces == k].mean() >= 0.5
            place = next(b for b, (low, high) in enumerate(BINS) if low <= size <= high)
            there[place] += 1
            found[place] += hit
    return [f"{f} of {t}" for f, t in zip(found, there, strict=True)]


def spine(options: argparse.Namespace) -> None:
    """Run the trials on spines, one class and two, and print their tables."""
    for name, trials in (("one class", SPINE_TRIALS), ("two classes", ALTERNATING_TRIALS)):
        home = options.out / f"spine_{name.replace(' ', '_')}"
        with tempfile.TemporaryDirectory() as folder:
            alternating = name == "two classes"
            dataset = write_spines(options.data, Path(folder), alternating=alternating)
            rows = run_trials(dataset, trials, home, epochs=12)
        print(f"\nSpines, {name}\n\n{write_table(rows, home / 'table')}")


def tiny(options: argparse.Namespace) -> None:
    """Run the trials on tiny objects, and print their table and what was found."""
    home = options.out / "tiny"
    with tempfile.TemporaryDirectory() as folder:
        dataset = write_tiny(Path(folder))
        rows = run_trials(dataset, TINY_TRIALS, home, epochs=12)
        print(f"\nTiny objects\n\n{write_table(rows, home / 'table')}\n")
        print(f"Objects found, by size in pixels {BINS}")
        done = {row["trial"] for row in rows}  # another process may be at the rest
        for trial in (t for t in TINY_TRIALS if t.name in done):
            print(f"{trial.name}: {', '.join(found_by_size(dataset, home / trial.folder))}")


def main() -> None:
    """Run what is still to run, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("which", choices=("spine", "tiny"))
    data = Path(os.environ.get("SEGSTUDIO_DATA", ".")) / "aasce"
    parser.add_argument("--data", type=Path, default=data)
    parser.add_argument("--out", type=Path, default=Path.home() / "segstudio" / "piece_maps")
    options = parser.parse_args()
    {"spine": spine, "tiny": tiny}[options.which](options)


if __name__ == "__main__":
    main()
