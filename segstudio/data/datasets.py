"""Folders as lists of cases."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.core.volume import Volume
from segstudio.data.formats import SUFFIXES, has_known_suffix, read_labels, read_volume, stem

LABEL_ENDINGS = ("_gt", "_seg", "_mask", "_label", "_labels")
ACDC_CLASSES = ClassTable.named({1: "right ventricle", 2: "myocardium", 3: "left ventricle"})


@dataclass(frozen=True)
class Case:
    """One image with, perhaps, its labels; it belongs to one patient.

    Attributes
    ----------
    name : str
        Unique in its dataset.
    patient : str
        Cases of one patient stay on one side of a split.
    image : Path
        The image's file.
    labels : Path or None
        The file of its labels, if there is one.
    official_split : {'train', 'test'} or None
        Where the dataset itself puts the case.
    """

    name: str
    patient: str
    image: Path
    labels: Path | None
    official_split: str | None = None


@dataclass(frozen=True)
class Dataset:
    """A folder's cases, and their classes where the layout names them.

    Attributes
    ----------
    name : str
        The folder's name.
    root : Path
        The folder.
    cases : tuple of Case
        In order of name.
    classes : ClassTable or None
        None where only the label files can tell; see `class_table`.
    """

    name: str
    root: Path
    cases: tuple[Case, ...]
    classes: ClassTable | None

    def case(self, name: str) -> Case:
        """Return a case by its name; `InputError` if there is none."""
        for case in self.cases:
            if case.name == name:
                return case
        raise InputError(f"'{self.root}' holds no case '{name}'.")


def open_dataset(folder: str | Path) -> Dataset:
    """Return the cases of a folder, found by its layout; no image is read.

    Known are the ACDC challenge's layout (``patientNNN/patientNNN_frameNN.nii.gz`` with
    ``_gt``), and images with their labels beside them (``NAME.nii.gz`` with ``NAME_gt``,
    ``_seg``, ``_mask`` or ``_labels``).

    Parameters
    ----------
    folder : path
        Searched with its subfolders.

    Returns
    -------
    Dataset

    Raises
    ------
    InputError
        The folder is missing or holds no image.
    """
    folder = Path(folder)
    if not folder.exists():
        raise InputError(f"The folder '{folder}' does not exist. Check the path.")
    if not folder.is_dir():
        raise InputError(f"'{folder}' is a file; a dataset is a folder of images with labels.")
    files = sorted(p for p in folder.rglob("*") if has_known_suffix(p) and p.is_file())
    files = [p for p in files if not p.name.startswith(".")]
    frames = [p for p in files if _is_acdc_frame(p)]
    images = frames or [p for p in files if not _names_labels(p)]
    if not images:
        raise InputError(
            f"The folder '{folder}' holds no image (.nii, .nii.gz). "
            "Choose the folder that holds the images and their labels."
        )
    cases = tuple(_case(p, folder, is_acdc=bool(frames)) for p in images)
    name = folder.resolve().name
    return Dataset(name, folder, cases, ACDC_CLASSES if frames else None)


def open_paths(*paths: str | Path) -> Dataset:
    """Return folders as one dataset, an image with the labels beside it being a case of its own.

    Raises
    ------
    InputError
        A path is missing, or a folder holds no image.
    """
    opened = [_dataset_at(Path(path)) for path in paths]
    return opened[0] if len(opened) == 1 else _joined(opened)


def _dataset_at(path: Path) -> Dataset:
    """Return a folder's dataset; or one image as a dataset, with the labels beside it."""
    if path.is_dir():
        return open_dataset(path)
    if not path.exists():
        raise InputError(f"'{path}' does not exist. Check the path.")
    path = image_beside(path) or path
    case = Case(stem(path), stem(path), path, labels_beside(path))
    return Dataset(path.parent.name, path.parent, (case,), None)


def _joined(datasets: Sequence[Dataset]) -> Dataset:
    """Return the cases of several datasets as one; a file given twice is one case."""
    by_image = {case.image: case for dataset in datasets for case in dataset.cases}
    names = [case.name for case in by_image.values()]
    cases = tuple(
        case if names.count(case.name) == 1 else replace(case, name=str(case.image))
        for case in by_image.values()
    )
    tables = {dataset.classes for dataset in datasets}
    name = " + ".join(dict.fromkeys(dataset.name for dataset in datasets))
    return Dataset(name, datasets[0].root, cases, tables.pop() if len(tables) == 1 else None)


def _is_acdc_frame(path: Path) -> bool:
    patient = path.parent.name
    frame = rf"{re.escape(patient)}_frame\d+"
    return patient.startswith("patient") and re.fullmatch(frame, stem(path)) is not None


def _names_labels(path: Path) -> bool:
    return stem(path).endswith(LABEL_ENDINGS)


def _case(image: Path, root: Path, *, is_acdc: bool) -> Case:
    inside = image.relative_to(root)
    if is_acdc:
        patient, name = image.parent.name, stem(image)
    else:
        # A file's place in the folder is part of its name: two folders may hold the same one.
        name = "/".join((*inside.parts[:-1], stem(image)))
        patient = name
    top = inside.parts[0].lower() if len(inside.parts) > 1 else ""
    official = {"training": "train", "testing": "test"}.get(top)
    return Case(name, patient, image, labels_beside(image), official)


def labels_beside(image: Path) -> Path | None:
    """Return the label file that lies beside an image, or None."""
    for ending in LABEL_ENDINGS:
        for suffix in SUFFIXES:
            candidate = image.with_name(stem(image) + ending + suffix)
            if candidate.is_file():
                return candidate
    return None


def image_beside(labels: Path) -> Path | None:
    """Return the image beside a label file, or None; None for what is not named as labels."""
    for ending in LABEL_ENDINGS:
        name = stem(labels).removesuffix(ending)
        for suffix in SUFFIXES:
            candidate = labels.with_name(name + suffix)
            if name != stem(labels) and candidate.is_file():
                return candidate
    return None


def labelled_cases(dataset: Dataset, *, skip_unlabelled: bool = False) -> tuple[Case, ...]:
    """Return the cases that have labels.

    Raises
    ------
    InputError
        No case has labels; or one has none and `skip_unlabelled` is false.
    """
    labelled = tuple(c for c in dataset.cases if c.labels is not None)
    bare = [c for c in dataset.cases if c.labels is None]
    if labelled:
        # A challenge may keep the labels of its test side to itself.
        bare = [c for c in bare if c.official_split != "test"]
    if bare and not (labelled and skip_unlabelled):
        expected = stem(bare[0].image) + LABEL_ENDINGS[0]
        raise InputError(
            f"{len(bare)} of {len(dataset.cases)} images in '{dataset.root}' have no label file; "
            f"the first is '{bare[0].image}' ('{expected}' is expected beside it). "
            "Add the labels, or choose to skip images without labels."
        )
    return labelled


def load_case(case: Case) -> tuple[Volume, NDArray[np.int32]]:
    """Return a labelled case's image, and its label values ``(Z, Y, X)``."""
    if case.labels is None:
        raise InputError(f"'{case.image}' has no label file beside it.")
    volume = read_volume(case.image)
    return volume, read_labels(case.labels, like=volume)


def class_table(dataset: Dataset) -> ClassTable:
    """Return the dataset's classes; reads every label file where the layout does not name them."""
    if dataset.classes is not None:
        return dataset.classes
    values: set[int] = set()
    for case in dataset.cases:
        if case.labels is not None:
            values.update(np.unique(read_labels(case.labels)).tolist())
    return ClassTable.found_in(values)
