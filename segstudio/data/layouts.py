"""How a folder's files become cases: which file is an image, and which are its labels."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from segstudio.core.errors import InputError
from segstudio.data.formats import SUFFIXES, has_known_suffix, stem

LABEL_ENDINGS = ("_gt", "_seg", "_mask", "_label", "_labels")
LABEL_NAMES = tuple(ending.removeprefix("_") for ending in LABEL_ENDINGS)
# nnU-Net's folders: of images, and of their labels.
NNUNET_FOLDERS = {"imagesTr": "labelsTr", "imagesTs": "labelsTs"}


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
        The image's file; the first channel's, where there are several.
    labels : Path or None
        The file of its labels, if there is one.
    official_split : {'train', 'test'} or None
        Where the dataset itself puts the case.
    other_channels : tuple of Path
        The files of further channels, in order.
    """

    name: str
    patient: str
    image: Path
    labels: Path | None
    official_split: str | None = None
    other_channels: tuple[Path, ...] = ()

    @property
    def channels(self) -> tuple[Path, ...]:
        """The files of all channels; the first is `image`."""
        return (self.image, *self.other_channels)


def image_files(root: Path) -> list[Path]:
    """Return the files in a folder and its subfolders that can be read, without hidden ones."""
    files = sorted(p for p in root.rglob("*") if has_known_suffix(p) and p.is_file())
    return [p for p in files if not any(n.startswith(".") for n in p.relative_to(root).parts)]


def lies_inside(path: Path, root: Path) -> bool:
    """Return whether a file is the folder's own, and no link that leaves it."""
    return path.resolve().is_relative_to(root.resolve())


def acdc_cases(files: Sequence[Path], root: Path) -> list[Case]:
    """Return the cases of the ACDC challenge's layout, ``patientNNN/patientNNN_frameNN``."""
    return [
        Case(stem(p), p.parent.name, p, _named_after(p), _official_side(p, root))
        for p in files
        if _is_acdc_frame(p)
    ]


def _is_acdc_frame(path: Path) -> bool:
    patient = path.parent.name
    frame = rf"{re.escape(patient)}_frame\d+"
    return patient.startswith("patient") and re.fullmatch(frame, stem(path)) is not None


def _official_side(path: Path, root: Path) -> str | None:
    parts = path.relative_to(root).parts
    top = parts[0].lower() if len(parts) > 1 else ""
    return {"training": "train", "testing": "test"}.get(top)


def paired_cases(files: Sequence[Path], root: Path) -> list[Case]:
    """Return every image as a case, with the labels named after it: ``NAME`` and ``NAME_gt``."""
    cases = []
    for image in files:
        if not _has_label_ending(image):
            # A file's place in the folder is part of its name: two folders may hold the same one.
            name = "/".join((*image.relative_to(root).parts[:-1], stem(image)))
            cases.append(Case(name, name, image, _named_after(image), _official_side(image, root)))
    return cases


def folder_cases(files: Sequence[Path], root: Path) -> list[Case]:
    """Return the cases of a dataset that has a folder for each: its images, and ``gt`` or the like.

    Parameters
    ----------
    files : sequence of Path
        All that can be read in `root`.
    root : Path
        The dataset.

    Returns
    -------
    list of Case
        A folder's images, in order of name, are the channels of one. Empty where no folder has
        such labels, or where images have labels named after them as well, which then count.

    Raises
    ------
    InputError
        Folders differ in their images, or one holds several such labels.
    """
    own = [p for p in files if lies_inside(p, root)]
    images: dict[Path, list[Path]] = {}
    for path in own:
        if not _has_label_ending(path) and stem(path) not in LABEL_NAMES:
            images.setdefault(path.parent, []).append(path)
    if not any(p.parent in images for p in own if stem(p) in LABEL_NAMES):
        return []
    unlike = [f for f in images if _stems(images[f]) != _stems(next(iter(images.values())))]
    paired = {p for found in images.values() for p in found if _named_after(p)}
    # Labels saved under the first channel's name are no sign of another layout.
    if paired and (unlike or paired - {found[0] for found in images.values()}):
        return []
    if unlike:
        _refuse_unlike(unlike[0], images)
    return [_folder_case(folder, found, root) for folder, found in sorted(images.items())]


def _stems(paths: Sequence[Path]) -> list[str]:
    return [stem(p) for p in paths]


def _refuse_unlike(folder: Path, images: dict[Path, list[Path]]) -> None:
    first = next(iter(images))
    here, there = (", ".join(_stems(images[f])) for f in (folder, first))
    raise InputError(
        f"'{folder}' holds the image(s) {here} but '{first}' holds {there}. Every case's folder "
        "needs the same images, by name. Add those that are missing, or take the folder away."
    )


def _folder_case(folder: Path, images: Sequence[Path], root: Path) -> Case:
    labels = labels_beside(images[0])
    named = _plain_labels(folder)
    if labels is None and len(named) > 1:
        raise InputError(
            f"'{folder}' holds several label files, '{named[0].name}' and '{named[1].name}'. "
            "Keep the one to learn from, and move the other elsewhere."
        )
    if labels is not None and not lies_inside(labels, root):
        labels = None
    name = folder.relative_to(root).as_posix() if folder != root else folder.resolve().name
    side = _official_side(images[0], root)
    return Case(name, name, images[0], labels, side, tuple(images[1:]))


def _has_label_ending(path: Path) -> bool:
    return stem(path).endswith(LABEL_ENDINGS)


def _first_file(folder: Path, name: str) -> Path | None:
    """Return the file of a name in a folder, whatever its suffix, or None."""
    return next((p for s in SUFFIXES if (p := folder / (name + s)).is_file()), None)


def _named_after(image: Path) -> Path | None:
    """Return the label file named after an image, in its folder, or None."""
    found = (_first_file(image.parent, stem(image) + ending) for ending in LABEL_ENDINGS)
    return next((p for p in found if p is not None), None)


def _plain_labels(folder: Path) -> list[Path]:
    """Return the files in a folder that are named ``gt`` or the like."""
    names = (folder / (name + suffix) for name in LABEL_NAMES for suffix in SUFFIXES)
    return [p for p in names if p.is_file()]


def nnunet_name(path: Path) -> tuple[str, int] | None:
    """Return case and channel of a file named as by nnU-Net, ``NAME_0000``; else None."""
    match = re.fullmatch(r"(.+)_([0-9]{4})", stem(path))
    return (match[1], int(match[2])) if match else None


def all_channels(image: Path) -> tuple[Path, ...]:
    """Return the files of the image that a file belongs to, by nnU-Net's names, else the file.

    The channels are ``NAME_0000``, ``NAME_0001`` and so on without a gap, in one folder.
    """
    named = nnunet_name(image)
    channels: list[Path] = []
    while named and (found := _first_file(image.parent, f"{named[0]}_{len(channels):04d}")):
        channels.append(image if stem(found) == stem(image) else found)
    return tuple(channels) if image in channels else (image,)


def labels_beside(image: Path) -> Path | None:
    """Return the label file that belongs to an image, or None.

    In nnU-Net's folders it is ``labelsTr/NAME``; else it is named after the image, or it is the
    folder's only one that is named ``gt`` or the like.
    """
    named = nnunet_name(image)
    if named and image.parent.name in NNUNET_FOLDERS:
        folder = image.parent.with_name(NNUNET_FOLDERS[image.parent.name])
        if found := _first_file(folder, named[0]):
            return found
    if found := _named_after(image):
        return found
    plain = _plain_labels(image.parent)
    return plain[0] if len(plain) == 1 and image not in plain else None


def expected_labels(image: Path) -> str:
    """Return the name that an image's labels should have, and where, for a sentence."""
    named = nnunet_name(image)
    if named and image.parent.name in NNUNET_FOLDERS:
        return f"'{named[0]}' is expected in '{NNUNET_FOLDERS[image.parent.name]}'"
    return f"'{stem(image)}{LABEL_ENDINGS[0]}' is expected beside it"


def image_beside(labels: Path) -> Path | None:
    """Return the image that a label file belongs to, or None; None for what is no label file."""
    for images, folder in NNUNET_FOLDERS.items():
        if labels.parent.name == folder:
            found = _first_file(labels.parent.with_name(images), f"{stem(labels)}_0000")
            if found:
                return found
    for ending in LABEL_ENDINGS:
        name = stem(labels).removesuffix(ending)
        if name != stem(labels) and (found := _first_file(labels.parent, name)):
            return found
    if stem(labels) not in LABEL_NAMES:
        return None
    others = (p for p in image_files(labels.parent) if p.parent == labels.parent)
    return next(
        (p for p in others if not _has_label_ending(p) and labels_beside(p) == labels), None
    )
