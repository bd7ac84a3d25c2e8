"""What the boundary loss and the modified one see, in a collapsed and a half-trained network.

    python tests/benchmarks/loss_lens.py [--data FOLDER] [--out PICTURE.png] [--label 1]

Without --data the hearts are generated. A network is trained with the boundary loss alone until
it predicts the class nowhere, and another with the Dice loss for a few epochs; both are looked
at on the same plane of a test case. The pictures of patients are not for publication.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from segstudio.compare.figure import save_figure
from segstudio.compare.lens_figure import draw_lens, explain, view_plane
from segstudio.data.datasets import Dataset, load_case, open_dataset
from segstudio.data.phantoms import write_heart_dataset
from segstudio.learn.config import make_config
from segstudio.learn.predict import load_predictor
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.training import train


def main() -> None:
    """Train both networks, draw, and print the explanation."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path, default=Path("loss_lens.png"))
    parser.add_argument("--label", type=int, default=1)
    parser.add_argument("--patients", type=int, default=12)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = options.data
        if data is None:
            data = Path(folder) / "hearts"
            write_heart_dataset(data, patients=options.patients, shape=(8, 128, 128))
        _look(_some(open_dataset(data), options.patients), Path(folder), options)


def _some(dataset: Dataset, patients: int) -> Dataset:
    first = sorted({case.patient for case in dataset.cases})[:patients]
    return Dataset(
        dataset.name,
        dataset.root,
        tuple(case for case in dataset.cases if case.patient in first),
        dataset.classes,
    )


def _look(dataset: Dataset, folder: Path, options: argparse.Namespace) -> None:
    networks = {
        "collapsed": {"loss": "boundary", "epochs": 12},
        "half trained": {"loss": "dice", "epochs": 7},
    }
    views = []
    for title, settings in networks.items():
        run = folder / title
        config = make_config(patch_size=(128, 128), batch_size=4, learning_rate=1e-3, **settings)
        for _ in train(dataset, config, run):
            pass
        predictor = load_predictor(run, newest=True)
        case = dataset.case(RunFolder.opened(run).read_split().test[0])
        volume, truth = load_case(case)
        sizes = (truth == options.label).sum(axis=(1, 2))
        plane = int(np.argmax(sizes))
        predicted = predictor.labels(volume)[plane] == options.label
        print(f"{title}: {predicted.sum()} voxels predicted, {sizes[plane]} true", flush=True)
        views.append(
            view_plane(predictor, volume, truth, plane=plane, value=options.label, title=title)
        )
    for view in views:
        print(explain(view), "\n")
    print(save_figure(draw_lens(views), options.out, overwrite=True))


if __name__ == "__main__":
    main()
