"""Folders as lists of cases."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.core.volume import Volume
from segstudio.data.formats import read_labels, read_volume, stem
from segstudio.data.layouts import (
    LABEL_ENDINGS,
    Case,
    acdc_cases,
    all_channels,
    expected_labels,
    folder_cases,
    image_beside,
    image_files,
    labels_beside,
    paired_cases,
)
from segstudio.data.nnunet import is_nnunet, nnunet_cases, nnunet_classes
from segstudio.data.placing import expect_same_grid

__all__ = [
    "ACDC_CLASSES",
    "LABEL_ENDINGS",
    "Case",
    "Dataset",
    "class_table",
    "image_beside",
    "labelled_cases",
    "labels_beside",
    "load_case",
    "open_dataset",
    "open_paths",
    "read_image",
    "read_image_file",
]

ACDC_CLASSES = ClassTable.named({1: "right ventricle", 2: "myocardium", 3: "left ventricle"})


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

    Known are, in this order, the ACDC challenge's layout
    (``patientNNN/patientNNN_frameNN.nii.gz`` with ``_gt``); nnU-Net's raw data
    (``imagesTr/NAME_0000.nii.gz``, ``labelsTr/NAME.nii.gz``); a folder for each case, of its
    channels and one ``gt``, ``seg``, ``mask``, ``label`` or ``labels``; and images with their
    labels beside them (``NAME.nii.gz`` with ``NAME_gt``, ``_seg``, ``_mask`` or ``_labels``).
    Hidden files are left out.

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
        The folder is missing or holds no image, or its layout has a mistake.
    """
    folder = Path(folder)
    if not folder.exists():
        raise InputError(f"The folder '{folder}' does not exist. Check the path.")
    if not folder.is_dir():
        raise InputError(f"'{folder}' is a file; a dataset is a folder of images with labels.")
    files, name = image_files(folder), folder.resolve().name
    if frames := acdc_cases(files, folder):
        return Dataset(name, folder, tuple(frames), ACDC_CLASSES)
    if is_nnunet(files, folder):
        return Dataset(name, folder, tuple(nnunet_cases(files, folder)), nnunet_classes(folder))
    cases = folder_cases(files, folder) or paired_cases(files, folder)
    if not cases:
        raise InputError(
            f"The folder '{folder}' holds no image (.nii, .nii.gz). "
            "Choose the folder that holds the images and their labels."
        )
    return Dataset(name, folder, tuple(cases), None)


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
    """Return a folder's dataset; or one image as a dataset, with its channels and labels."""
    if path.is_dir():
        return open_dataset(path)
    if not path.exists():
        raise InputError(f"'{path}' does not exist. Check the path.")
    first, *others = all_channels(image_beside(path) or path)
    labels = labels_beside(first)
    case = Case(stem(first), stem(first), first, labels, other_channels=tuple(others))
    return Dataset(first.parent.name, first.parent, (case,), None)


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
        raise InputError(
            f"{len(bare)} of {len(dataset.cases)} images in '{dataset.root}' have no label file; "
            f"the first is '{bare[0].image}' ({expected_labels(bare[0].image)}). "
            "Add the labels, or choose to skip images without labels."
        )
    return labelled


def load_case(case: Case) -> tuple[Volume, NDArray[np.int32]]:
    """Return a labelled case's image, and its label values ``(Z, Y, X)``."""
    if case.labels is None:
        raise InputError(f"'{case.image}' has no label file beside it.")
    volume = read_image(case)
    return volume, read_labels(case.labels, like=volume)


def read_image(case: Case) -> Volume:
    """Return a case's image, all channels of it.

    Raises
    ------
    InputError
        A file cannot be read, or a channel does not lie on the first one's grid.
    """
    return _read_channels(case.channels)


def read_image_file(path: str | Path) -> Volume:
    """Return the image in a file, with the channels that belong to it.

    Parameters
    ----------
    path : path
        A file. Where it is named as by nnU-Net, ``NAME_0000.nii.gz``, the files ``NAME_0001`` and
        so on beside it are further channels; any of them stands for the whole image.

    Raises
    ------
    InputError
        As `read_image`.
    """
    return _read_channels(all_channels(Path(path)))


def _read_channels(paths: Sequence[Path]) -> Volume:
    first, *others = (read_volume(path) for path in paths)
    for path, other in zip(paths[1:], others, strict=True):
        name = f"its first channel '{paths[0]}'"
        expect_same_grid(path, other.grid, first.grid, name, what="channels")
    return replace(first, other_channels=tuple(other.data for other in others))


def class_table(dataset: Dataset) -> ClassTable:
    """Return the dataset's classes; reads every label file where the layout does not name them."""
    if dataset.classes is not None:
        return dataset.classes
    values: set[int] = set()
    for case in dataset.cases:
        if case.labels is not None:
            values.update(np.unique(read_labels(case.labels)).tolist())
    return ClassTable.found_in(values)
