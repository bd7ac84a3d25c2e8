"""A folder of generated heart images in ACDC's layout."""

from pathlib import Path

import numpy as np

from segstudio.core.errors import InputError
from segstudio.data.atomic import write_text, written_folder
from segstudio.data.formats import write_labels, write_volume
from segstudio.data.phantoms.heart_anatomy import Phase
from segstudio.data.phantoms.heart_image import heart


def write_heart_dataset(
    folder: Path,
    *,
    patients: int = 12,
    seed: int = 0,
    shape: tuple[int, int, int] = (9, 192, 192),
) -> None:
    """Return nothing; write generated patients in ACDC's layout.

    ``patient001/patient001_frame01.nii.gz`` is the end of diastole and ``_frame12`` that of
    systole, each beside its labels ``…_gt.nii.gz``. ``phantom.txt`` says what they are. The
    folder is there when all of it is written, and not before.

    Parameters
    ----------
    folder : Path
        A new one, or empty.
    patients : int
        How many.
    seed : int
        Patient ``i`` has a seed of its own, drawn from this one.
    shape : (int, int, int)
        ``(Z, Y, X)`` of every image.

    Raises
    ------
    InputError
        The folder holds something already.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not an empty folder: name a new one for the phantoms.")
    with written_folder(folder) as temporary:
        _write(temporary, patients, seed, shape)


def _write(folder: Path, patients: int, seed: int, shape: tuple[int, int, int]) -> None:
    note = f"These images are generated (seed {seed}); they are not pictures of a patient.\n"
    write_text(folder / "phantom.txt", note)
    phases: dict[str, Phase] = {"frame01": "ED", "frame12": "ES"}
    for i, own in enumerate(np.random.SeedSequence(seed).generate_state(patients), start=1):
        patient = folder / f"patient{i:03d}"
        for frame, phase in phases.items():
            volume, labels = heart(int(own), shape=shape, phase=phase)
            stem = f"{patient.name}_{frame}"
            write_volume(patient / f"{stem}.nii.gz", volume)
            write_labels(patient / f"{stem}_gt.nii.gz", labels, volume.grid)
