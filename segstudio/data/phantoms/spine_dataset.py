"""A folder of generated radiographs of spines in AASCE's layout."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.io import savemat

from segstudio.data.atomic import write_text
from segstudio.data.phantoms.dataset_folder import patient_seeds, phantom_folder
from segstudio.data.phantoms.spine_angles import cobb_angles
from segstudio.data.phantoms.spine_image import spine


def write_spine_dataset(
    folder: Path,
    *,
    patients: int = 12,
    seed: int = 0,
    shape: tuple[int, int, int] = (1, 768, 256),
) -> None:
    """Return nothing; write generated patients in AASCE's layout.

    ``data/training`` and ``data/test`` hold grey images, every fourth patient in the second.
    ``labels/training`` and ``labels/test`` hold, one row for each image and without a header,
    ``filenames.csv``, ``landmarks.csv`` (68 x over the width, then 68 y over the height) and
    ``angles.csv`` (`cobb_angles`), and for each image ``NAME.jpg.mat`` with ``p2``, (68, 2),
    pixels. ``phantom.txt`` says what they are. The folder is there when all of it is written,
    and not before.

    Parameters
    ----------
    folder : Path
        A new one, or empty.
    patients : int
        How many.
    seed : int
        Patient ``i`` has a seed of its own, drawn from this one.
    shape : (int, int, int)
        ``(1, Y, X)`` of every image.

    Raises
    ------
    InputError
        The folder holds something already, or the shape has more than one plane.
    """
    seeds = patient_seeds(seed, patients)
    sides = {
        "training": [i for i in range(patients) if i % 4 != 3],
        "test": [i for i in range(patients) if i % 4 == 3],
    }
    with phantom_folder(folder, seed) as temporary:
        for side, members in sides.items():
            names = {f"phantom{i + 1:03d}.jpg": seeds[i] for i in members}
            _write_side(temporary / "data" / side, temporary / "labels" / side, names, shape)


def _write_side(
    images: Path, labels: Path, seeds: dict[str, int], shape: tuple[int, int, int]
) -> None:
    images.mkdir(parents=True)
    labels.mkdir(parents=True)
    landmarks, angles = [], []
    for name, own in seeds.items():
        volume, _, points = spine(own, shape=shape)
        # Seeded as well: some are stored well, some are not.
        quality = int(np.random.default_rng([own, 5]).integers(75, 96))
        Image.fromarray(volume.data[0]).save(images / name, quality=quality)
        savemat(labels / f"{name}.mat", {"p2": points})
        landmarks.append(_row((points / (shape[2], shape[1])).T.ravel()))
        angles.append(_row(np.array(cobb_angles(points, shape[1]))))
    for stem, rows in (("filenames", seeds), ("landmarks", landmarks), ("angles", angles)):
        write_text(labels / f"{stem}.csv", "".join(f"{row}\n" for row in rows))


def _row(values: NDArray[np.float64]) -> str:
    return ",".join(f"{v:.5g}" for v in values)
