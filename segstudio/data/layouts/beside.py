"""Which files belong together by their names: an image, its channels and its labels."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from segstudio.data.formats import SUFFIXES, has_known_suffix, is_volume_file, stem, suffix_of

LABEL_ENDINGS = ("_gt", "_seg", "_mask", "_label", "_labels")
LABEL_NAMES = tuple(ending.removeprefix("_") for ending in LABEL_ENDINGS)
IMAGE_FOLDERS = ("images", "image", "imgs", "img")
LABEL_FOLDERS = ("labels", "label", "masks", "mask", "gt", "seg", "segmentations", "annotations")
Index = Mapping[tuple[Path, str], Path]
# nnU-Net's folders: of images, and of their labels.
NNUNET_FOLDERS = {"imagesTr": "labelsTr", "imagesTs": "labelsTs"}


def image_files(root: Path) -> list[Path]:
    """Return the files of a folder and its subfolders that count; see `readable_files`."""
    return readable_files(root)[0]


def readable_files(root: Path) -> tuple[list[Path], list[Path]]:
    """Return the files of a folder and its subfolders that count, and those that are left out.

    Hidden ones are neither. Of a pair ``.hdr`` and ``.img`` the first stands for both. Pictures
    and arrays are left out where there are medical images to be labelled and no picture is named
    as labels are: they are figures then, or notes.
    """
    # A pipe must not be looked into, so what is no file goes first.
    found = sorted(p for p in root.rglob("*") if p.is_file() and has_known_suffix(p))
    files = [p for p in found if not _is_hidden(p, root)]
    heads = {p.with_suffix("") for p in files if p.suffix.lower() == ".hdr"}
    files = [p for p in files if p.suffix.lower() != ".img" or p.with_suffix("") not in heads]
    volumes = [p for p in files if is_volume_file(p)]
    known = set(volumes)
    pictures = [p for p in files if p not in known]
    are_images = any(not has_label_ending(p) and stem(p) not in LABEL_NAMES for p in volumes)
    if are_images and not any(is_label_file(p, root) for p in pictures):
        return volumes, pictures
    return files, []


def _is_hidden(path: Path, root: Path) -> bool:
    return any(name.startswith(".") for name in path.relative_to(root).parts)


def lies_inside(path: Path, root: Path) -> bool:
    """Return whether a file is the folder's own, and no link that leaves it."""
    return path.resolve().is_relative_to(root.resolve())


def official_side(path: Path, root: Path) -> str | None:
    """Return where a challenge puts a file, by the name of its topmost folder."""
    parts = path.relative_to(root).parts
    top = parts[0].lower() if len(parts) > 1 else ""
    return {"training": "train", "testing": "test"}.get(top)


def has_label_ending(path: Path) -> bool:
    """Return whether a file is named as labels are."""
    return stem(path).lower().endswith(LABEL_ENDINGS)


def index_of(files: Sequence[Path]) -> Index:
    """Return files by folder and name: a folder of thousands is then asked once, and not each."""
    order = {suffix: i for i, suffix in enumerate(SUFFIXES)}
    last_first = sorted(files, key=lambda p: -order.get(suffix_of(p).lower(), len(order)))
    return {(p.parent, stem(p)): p for p in last_first}


def first_file(folder: Path, name: str, index: Index | None = None) -> Path | None:
    """Return the file of a name in a folder, whatever its suffix, or None.

    Parameters
    ----------
    folder, name : Path, str
        The name has no suffix.
    index : mapping, optional
        What `index_of` said of all files there are; the disk is asked where it is not given.
    """
    if index is not None:
        return index.get((folder, name))
    return next((p for s in SUFFIXES if (p := folder / (name + s)).is_file()), None)


def named_after(image: Path, index: Index | None = None) -> Path | None:
    """Return the label file named after an image, in its folder, or None; see `first_file`."""
    endings = (written for e in LABEL_ENDINGS for written in (e, e.upper(), _capital(e)))
    found = (first_file(image.parent, stem(image) + ending, index) for ending in endings)
    return next((p for p in found if p is not None), None)


def _capital(ending: str) -> str:
    return ending[0] + ending[1:].capitalize()


def plain_labels(folder: Path) -> list[Path]:
    """Return the files in a folder that are named ``gt`` or the like."""
    names = (folder / (name + suffix) for name in LABEL_NAMES for suffix in SUFFIXES)
    return [p for p in names if p.is_file()]


def image_folder_of(image: Path, root: Path) -> Path | None:
    """Return the nearest folder below `root` that an image lies in and is named so, or None."""
    below = (p for p in image.parents if p != root and p.is_relative_to(root))
    return next((p for p in below if p.name.lower() in IMAGE_FOLDERS), None)


def labels_elsewhere(image: Path, root: Path, index: Index | None = None) -> Path | None:
    """Return the file of an image's name in a folder of labels beside its folder, or None."""
    folder = image_folder_of(image, root)
    if folder is None:
        return None
    within = image.parent.relative_to(folder)
    names = [stem(image) + ending for ending in ("", *LABEL_ENDINGS, "_segmentation")]
    for beside in _label_folders(folder.parent):
        for name in names:
            if found := first_file(beside / within, name, index):
                return found
    return None


def lies_in_label_folder(path: Path, root: Path) -> bool:
    """Return whether a file lies in a folder of labels that stands beside one of images."""
    above = [p for p in path.parents if p != root and p.is_relative_to(root)]
    return any(
        p.name.lower() in LABEL_FOLDERS
        and any((p.parent / name).is_dir() for name in _siblings(p.parent, IMAGE_FOLDERS))
        for p in above
    )


def is_label_file(path: Path, root: Path) -> bool:
    """Return whether a file's name or place says that it holds labels."""
    in_nnunet = path.parent.name in NNUNET_FOLDERS.values()
    return has_label_ending(path) or in_nnunet or lies_in_label_folder(path, root)


def _label_folders(folder: Path) -> list[Path]:
    return [folder / name for name in _siblings(folder, LABEL_FOLDERS)]


def _siblings(folder: Path, names: tuple[str, ...]) -> list[str]:
    """Return the subfolders that have one of the names, in whatever case."""
    return sorted(p.name for p in folder.iterdir() if p.name.lower() in names and p.is_dir())


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
    while named and (found := first_file(image.parent, f"{named[0]}_{len(channels):04d}")):
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
        if found := first_file(folder, named[0]):
            return found
    if found := named_after(image):
        return found
    plain = plain_labels(image.parent)
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
            found = first_file(labels.parent.with_name(images), f"{stem(labels)}_0000")
            if found:
                return found
    for ending in LABEL_ENDINGS:
        name = stem(labels).removesuffix(ending)
        if name != stem(labels) and (found := first_file(labels.parent, name)):
            return found
    if stem(labels) not in LABEL_NAMES:
        return None
    others = (p for p in image_files(labels.parent) if p.parent == labels.parent)
    return next((p for p in others if not has_label_ending(p) and labels_beside(p) == labels), None)
