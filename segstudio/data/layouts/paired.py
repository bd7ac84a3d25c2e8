"""Any folder of images with their labels: named after them, or by the same name elsewhere."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from segstudio.core.errors import InputError
from segstudio.data.cases import Case, Dataset
from segstudio.data.formats import holds_both, is_dicom, stem
from segstudio.data.layouts.beside import (
    Index,
    has_label_ending,
    image_folder_of,
    index_of,
    labels_elsewhere,
    lies_in_label_folder,
    lies_inside,
    named_after,
    official_side,
)
from segstudio.data.layouts.frames import by_frames


def find(files: Sequence[Path], root: Path) -> Dataset | None:
    """Return every image as a case, with the labels that belong to it; None where there is none.

    Labels are named after their image, ``NAME_gt`` beside ``NAME``; or have its name in a folder
    of labels beside the folder of images, ``labels/NAME`` and ``images/NAME``; or lie in the same
    HDF5 or npz file. The entries of an image's fourth axis are its channels where its labels have
    no such axis, else a case each.

    Parameters
    ----------
    files : sequence of Path
        All that can be read in `root`.
    root : Path
        The dataset.
    """
    files = [p for p in files if not is_dicom(p)]  # a series is no file by file affair
    images = [p for p in files if not (has_label_ending(p) or lies_in_label_folder(p, root))]
    index = index_of(files)
    cases = [case for image in images for case in _cases(image, root, index)]
    if not cases:
        return None
    return Dataset(root.resolve().name, root, tuple(cases), None, "images with labels beside them")


def _cases(image: Path, root: Path, index: Index) -> list[Case]:
    """Return the case of an image; one for each time point where it has several."""
    labels, pairing = labels_of(image, root, index)
    if labels is not None and not lies_inside(labels, root):
        labels, pairing = None, ""
    name = _name_of(image, root, index)
    side = official_side(image, root)
    return by_frames(Case(name, name, image, labels, side, pairing=pairing))


def _name_of(image: Path, root: Path, index: Index) -> str:
    """Return a case's name: its place is part of it, as two folders may hold the same file."""
    parts = image.relative_to(root).parts[:-1]
    folder = image_folder_of(image, root)
    if folder is not None and labels_elsewhere(image, root, index) is not None:
        at = len(folder.relative_to(root).parts) - 1
        parts = tuple(part for i, part in enumerate(parts) if i != at)
    return "/".join((*parts, stem(image)))


def labels_of(image: Path, root: Path, index: Index | None = None) -> tuple[Path | None, str]:
    """Return an image's label file, and why it is; looked for in a dataset's folder alone."""
    if (found := named_after(image, index)) is not None:
        return found, f"'{found.name}' is named after the image"
    if (found := labels_elsewhere(image, root, index)) is not None:
        return found, f"'{found.parent.name}' holds '{found.name}', of the same name"
    both = False
    with suppress(InputError):  # told when the file is read, or by the doctor
        both = holds_both(image)
    return (image, "the file holds both") if both else (None, "")
