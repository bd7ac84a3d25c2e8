"""Which maps find tiny objects: whole maps, floors, maps scaled by piece.

    python tests/benchmarks/tiny_objects.py [--out FOLDER]

The objects are generated: ellipses of 3 to 300 pixels, six an image, faint in noise; the share
that is found (half of it covered) is told by size. Runs that are done are looked up and one that
was cut short goes on.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.draw import ellipse

from segstudio.compare.plan import make_plan
from segstudio.compare.study import Study, open_study, run_study
from segstudio.compare.table import cells, columns, markdown, table_of
from segstudio.core.pieces import label_pieces
from segstudio.core.volume import Grid, Volume
from segstudio.data.datasets import Dataset, load_case, open_dataset
from segstudio.data.formats import write_labels, write_volume
from segstudio.learn.predict import load_predictor

SIZE, IMAGES, OBJECTS = (96, 96), 160, 6
BINS = ((1, 9), (10, 49), (50, 10_000))
LOG, RATIO = "modified-boundary-log", "modified-boundary"


def _candidate(loss: str, **maps: Any) -> dict[str, Any]:
    words = " ".join(f"{k}={v}" for k, v in maps.items())
    settings: dict[str, Any] = {"learning_rate": 1e-3}
    if maps:
        settings["maps"] = {"unit": "voxels", **maps}
    return {"name": f"{loss} {words}".strip(), "loss": loss, "settings": settings}


CANDIDATES = [
    _candidate("dice"),
    _candidate(LOG, cap=0.0),
    _candidate(LOG, cap=10.0),
    _candidate(LOG, floor=3.0, cap=10.0),
    _candidate(LOG, pieces="equal depth"),
    _candidate(LOG, pieces="equal weight"),
    _candidate(RATIO, cap=10.0),
    _candidate(RATIO, pieces="equal weight"),
]


def write_objects(folder: Path) -> Dataset:
    """Write generated images with faint objects of very different sizes, and return them."""
    rng = np.random.default_rng(7)
    grid = Grid((1, *SIZE), (1.0, 1.0, 1.0), np.eye(4), unit="voxels")
    for i in range(IMAGES):
        labels = np.zeros(SIZE, np.uint8)
        for area in np.exp(rng.uniform(np.log(3), np.log(300), OBJECTS)):
            stretch = rng.uniform(0.6, 1.6)
            radii = np.sqrt(area / np.pi) * np.array([stretch, 1 / stretch])
            center = rng.uniform(8, np.array(SIZE) - 8)
            place = ellipse(*center, *np.maximum(radii, 0.8), SIZE, rng.uniform(0, np.pi))
            labels[place] = 1
        image = gaussian_filter(labels.astype(float), 0.7) + rng.normal(0, 0.35, SIZE)
        image += gaussian_filter(rng.normal(0, 1, SIZE), 8) * 4
        write_volume(folder / f"tiny{i:03d}.nii.gz", Volume(image[None].astype(np.float32), grid))
        write_labels(folder / f"tiny{i:03d}_gt.nii.gz", labels[None], grid)
    return open_dataset(folder)


def found_by_size(dataset: Dataset, study: Study, title: str) -> list[str]:
    """Return for each range of sizes how many of the test side's objects were found."""
    run = study.run_of(study.done_parts(title)[0])
    predictor = load_predictor(run.path)
    there, found = np.zeros(len(BINS), int), np.zeros(len(BINS), int)
    for case in run.read_split().test:
        volume, truth = load_case(dataset.case(case))
        predicted: NDArray[np.bool_] = predictor.labels(volume)[0] > 0
        pieces, count = label_pieces(truth[0] > 0)
        for k in range(1, count + 1):
            size, hit = (pieces == k).sum(), predicted[pieces == k].mean() >= 0.5
            place = next(b for b, (low, high) in enumerate(BINS) if low <= size <= high)
            there[place] += 1
            found[place] += hit
    return [f"{f} of {t}" for f, t in zip(found, there, strict=True)]


def main() -> None:
    """Run what is still to run, and print the table and what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path.home() / "segstudio" / "tiny_objects")
    options = parser.parse_args()
    study = open_study(options.out, make_plan({"settings": {"epochs": 12}, "compare": CANDIDATES}))
    with tempfile.TemporaryDirectory() as folder:
        dataset = write_objects(Path(folder))
        for _ in run_study(dataset, study):
            pass
        rows = table_of(study)
        print(markdown(columns(rows), [cells(row, rows) for row in rows]))
        print(f"Objects found, by size in pixels {BINS}")
        for row in rows:
            print(f"{row.title}: {', '.join(found_by_size(dataset, study, row.title))}")


if __name__ == "__main__":
    main()
