"""A folder of generated brain images with lesions: one folder for each patient."""

from pathlib import Path

from segstudio.data.formats import write_labels, write_volume
from segstudio.data.phantoms.brain_image import brain
from segstudio.data.phantoms.dataset_folder import patient_seeds, phantom_folder


def write_brain_dataset(
    folder: Path,
    *,
    patients: int = 6,
    seed: int = 0,
    shape: tuple[int, int, int] = (24, 192, 192),
) -> None:
    """Return nothing; write generated patients, each a folder of an image and its lesions.

    ``patient001/flair.nii.gz`` lies beside its labels ``gt.nii.gz``. ``phantom.txt`` says what
    they are. The folder is there when all of it is written, and not before.

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
    with phantom_folder(folder, seed) as temporary:
        for i, own in enumerate(patient_seeds(seed, patients), start=1):
            patient = temporary / f"patient{i:03d}"
            volume, labels = brain(own, shape=shape)
            write_volume(patient / "flair.nii.gz", volume)
            write_labels(patient / "gt.nii.gz", labels, volume.grid)
