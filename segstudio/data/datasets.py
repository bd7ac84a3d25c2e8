"""Folders as lists of cases."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.core.volume import Volume
from segstudio.data.cases import Case, Dataset, Drawing
from segstudio.data.formats import (
    SUFFIXES,
    frames_in,
    is_dicom,
    read_frames,
    read_labels,
    read_volume,
    stem,
)
from segstudio.data.landmarks import classes_of, draw_landmarks, read_landmarks
from segstudio.data.layouts import find_layout
from segstudio.data.layouts.acdc import ACDC_CLASSES
from segstudio.data.layouts.beside import (
    LABEL_ENDINGS,
    all_channels,
    expected_labels,
    image_beside,
    labels_beside,
    lies_inside,
    readable_files,
)
from segstudio.data.layouts.frames import by_frames
from segstudio.data.layouts.paired import labels_of
from segstudio.data.layouts.patients import by_patient
from segstudio.data.placing import expect_same_grid

__all__ = [
    "ACDC_CLASSES",
    "LABEL_ENDINGS",
    "Case",
    "Dataset",
    "class_presence",
    "class_table",
    "drawn",
    "image_beside",
    "labelled_cases",
    "labels_beside",
    "labels_found_again",
    "load_case",
    "open_dataset",
    "open_paths",
    "read_case_labels",
    "read_image",
    "read_image_file",
]


def open_dataset(folder: str | Path) -> Dataset:
    """Return the cases of a folder, found by its layout; no image is read.

    `LAYOUTS` holds the known ones, each of which says how it is told: challenges first, then a
    table of pairs, a folder for each case, and at last any folder of images with their labels
    named after them or in a folder beside. Hidden files are left out, and links that leave the
    folder; the dataset's notes say so.

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
    files, pictures = readable_files(folder)
    own = [p for p in files if lies_inside(p, folder)]
    found = find_layout(own, folder)
    if found is not None:
        _expect_names_once(found)
        cases, notes = by_patient(found.cases)
        told = (*found.notes, *_left_out(files, own, pictures), *notes)
        return replace(found, cases=cases, notes=told)
    if files:
        raise InputError(
            f"'{folder}' holds no image of its own, only labels or links that leave it. Copy the "
            "images into it."
        )
    raise InputError(
        f"The folder '{folder}' holds no image ({', '.join(SUFFIXES)}). "
        "Choose the folder that holds the images and their labels."
    )


def _expect_names_once(dataset: Dataset) -> None:
    (name, times), *_ = Counter(case.name for case in dataset.cases).most_common(1)
    if times > 1:
        first, second = [c.image for c in dataset.cases if c.name == name][:2]
        raise InputError(
            f"'{first}' and '{second}' are two images of one name. Rename one of them, or move it "
            "elsewhere."
        )


def _left_out(files: Sequence[Path], own: Sequence[Path], pictures: Sequence[Path]) -> list[str]:
    """Return a sentence for links that leave the folder, and for pictures that are no cases."""
    notes = []
    if links := sorted(set(files) - set(own)):
        notes.append(
            f"{len(links)} link(s) leave the folder and are left out; the first is '{links[0]}'. "
            "Copy the files to have them."
        )
    if pictures:
        notes.append(
            f"{len(pictures)} picture(s) or array(s) beside medical images are left out; the first "
            f"is '{pictures[0]}'."
        )
    return notes


def drawn(dataset: Dataset, drawing: Drawing) -> Dataset:
    """Return a dataset whose landmarks are drawn otherwise; one of label images as it is."""
    if not any(_is_landmarks(case) for case in dataset.cases):
        return dataset
    cases = tuple(replace(case, drawing=drawing) for case in dataset.cases)
    return replace(dataset, cases=cases, classes=classes_of(drawing))


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
    labels, pairing = labels_beside(first), ""
    if labels is None and not is_dicom(first):
        labels, pairing = labels_of(first, first.parent)
    name = stem(first)
    case = Case(name, name, first, labels, other_channels=tuple(others), pairing=pairing)
    return Dataset(first.parent.name, first.parent, tuple(by_frames(case)), None, "a file")


def labels_found_again(dataset: Dataset, case: Case) -> Path | None:
    """Return which labels a case would have if its dataset were opened anew, or None.

    A layout may not take a file for labels that is saved beside an image.
    """
    if case.image.is_relative_to(dataset.root) and dataset.layout != "a file":
        fresh = open_dataset(dataset.root)
    else:
        fresh = _dataset_at(case.image)
    same = (c for c in fresh.cases if (c.image, c.frames) == (case.image, case.frames))
    return next((c.labels for c in same), None)


def _joined(datasets: Sequence[Dataset]) -> Dataset:
    """Return the cases of several datasets as one; a file given twice is one case."""
    by_image = {(c.image, c.frames): c for dataset in datasets for c in dataset.cases}
    names = Counter(case.name for case in by_image.values())
    cases = tuple(
        case if names[case.name] == 1 else replace(case, name=str(case.image))
        for case in by_image.values()
    )
    tables = {dataset.classes for dataset in datasets}
    return Dataset(
        " + ".join(dict.fromkeys(dataset.name for dataset in datasets)),
        datasets[0].root,
        cases,
        tables.pop() if len(tables) == 1 else None,
        " + ".join(dict.fromkeys(dataset.layout for dataset in datasets)),
        tuple(note for dataset in datasets for note in dataset.notes),
        roots=tuple(dataset.root for dataset in datasets),
    )


def unlabelled_cases(dataset: Dataset) -> tuple[Case, ...]:
    """Return the cases whose labels are missing.

    A challenge may keep the labels of its test side to itself: where other cases have labels,
    those are not missing.
    """
    bare = tuple(c for c in dataset.cases if c.labels is None)
    if len(bare) == len(dataset.cases):
        return bare
    return tuple(c for c in bare if c.official_split != "test")


def labelled_cases(dataset: Dataset, *, skip_unlabelled: bool = False) -> tuple[Case, ...]:
    """Return the cases that have labels.

    Raises
    ------
    InputError
        No case has labels; or one has none and `skip_unlabelled` is false.
    """
    labelled = tuple(c for c in dataset.cases if c.labels is not None)
    bare = unlabelled_cases(dataset)
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
    return volume, read_case_labels(case, volume)


def read_case_labels(case: Case, volume: Volume) -> NDArray[np.int32]:
    """Return the label values ``(Z, Y, X)`` of a case whose image was read."""
    if case.labels is None:
        raise InputError(f"'{case.image}' has no label file beside it.")
    if _is_landmarks(case):
        corners = read_landmarks(case.labels)
        return draw_landmarks(corners, volume.grid.shape[1:], case.drawing)
    return read_labels(case.labels, like=volume, frame=case.labels_frame)


def _is_landmarks(case: Case) -> bool:
    return case.labels is not None and case.labels.suffix.lower() == ".mat"


def read_image(case: Case) -> Volume:
    """Return a case's image, all channels of it.

    Raises
    ------
    InputError
        A file cannot be read, or a channel does not lie on the first one's grid.
    """
    if case.frames:
        return read_frames(case.image, case.frames)
    return _read_channels(case.channels)


def read_image_file(path: str | Path) -> Volume:
    """Return the image in a file, with the channels that belong to it.

    Parameters
    ----------
    path : path
        A file. Where it is named as by nnU-Net, ``NAME_0000.nii.gz``, the files ``NAME_0001`` and
        so on beside it are further channels; any of them stands for the whole image. The entries
        of a file's fourth axis are channels.

    Raises
    ------
    InputError
        As `read_image`.
    """
    paths = all_channels(Path(path))
    frames = frames_in(paths[0]) if len(paths) == 1 else 1
    return read_frames(paths[0], range(frames)) if frames > 1 else _read_channels(paths)


def _read_channels(paths: Sequence[Path]) -> Volume:
    first, *others = (read_volume(path) for path in paths)
    for path, other in zip(paths[1:], others, strict=True):
        name = f"its first channel '{paths[0]}'"
        expect_same_grid(path, other.grid, first.grid, name, what="channels")
    return replace(first, other_channels=tuple(other.data for other in others))


def class_presence(cases: Sequence[Case]) -> dict[str, frozenset[int]]:
    """Return the label values in each case, by its name; reads every label file.

    Background is one of them. Landmarks are not read: every image has all of them.
    """
    return {
        case.name: frozenset(np.unique(read_labels(case.labels, frame=case.labels_frame)).tolist())
        for case in cases
        if case.labels is not None and not _is_landmarks(case)
    }


def class_table(
    dataset: Dataset, presence: Mapping[str, frozenset[int]] | None = None
) -> ClassTable:
    """Return the dataset's classes.

    Parameters
    ----------
    dataset : Dataset
        Where its layout does not name them, those found in the labels.
    presence : mapping of str to frozenset of int, optional
        What `class_presence` said of all cases; read anew where it is not given.
    """
    if dataset.classes is not None:
        return dataset.classes
    found = class_presence(dataset.cases) if presence is None else presence
    return ClassTable.found_in({value for values in found.values() for value in values})
