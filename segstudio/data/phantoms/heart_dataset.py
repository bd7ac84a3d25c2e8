"""A folder of generated heart images in ACDC's layout."""

from pathlib import Path

from segstudio.data.formats import write_labels, write_volume
from segstudio.data.phantoms.dataset_folder import patient_seeds, phantom_folder
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
    phases: dict[str, Phase] = {"frame01": "ED", "frame12": "ES"}
    with phantom_folder(folder, seed) as temporary:
        for i, own in enumerate(patient_seeds(seed, patients), start=1):
            patient = temporary / f"patient{i:03d}"
            for frame, phase in phases.items():
                volume, labels = heart(own, shape=shape, phase=phase)
                stem = f"{patient.name}_{frame}"
                write_volume(patient / f"{stem}.nii.gz", volume)
                write_labels(patient / f"{stem}_gt.nii.gz", labels, volume.grid)
