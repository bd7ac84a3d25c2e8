"""nnU-Net's layout: ``imagesTr/NAME_0000``, ``labelsTr/NAME`` and ``dataset.json``."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.data.cases import Case, Dataset
from segstudio.data.formats import stem
from segstudio.data.layouts.beside import (
    LABEL_ENDINGS,
    NNUNET_FOLDERS,
    labels_beside,
    lies_inside,
    nnunet_name,
)

Channels = dict[int, Path]
LARGEST_VALUE = 65535  # as in label files
LARGEST_DESCRIPTION = 1 << 24
IGNORE = "ignore"  # the name that stands for no class, as nnU-Net has it


def find(files: Sequence[Path], root: Path) -> Dataset | None:
    """Return the cases of a folder laid out as nnU-Net's raw data; None for another folder."""
    if not _is_nnunet(files, root):
        return None
    cases = tuple(_cases(files, root))
    classes, names = nnunet_classes(root), channel_names(root)
    return Dataset(root.resolve().name, root, cases, classes, "nnU-Net", channel_names=names)


def _is_nnunet(files: Sequence[Path], root: Path) -> bool:
    """Return whether a folder is laid out as nnU-Net's raw data."""
    images = any(p.parent == root / "imagesTr" and nnunet_name(p) for p in files)
    return images and ((root / "labelsTr").is_dir() or (root / "dataset.json").is_file())


def _cases(files: Sequence[Path], root: Path) -> list[Case]:
    """Return the cases of a dataset of nnU-Net's; those of ``imagesTs`` are its test side.

    Parameters
    ----------
    files : sequence of Path
        All that can be read in `root`. What `dataset.json` lists is not looked at.
    root : Path
        The dataset.

    Raises
    ------
    InputError
        A case lacks a channel or is there twice, or an image has no channel in its name.
    """
    found: dict[str, Channels] = {}
    for folder in NNUNET_FOLDERS:
        inside = [p for p in files if p.parent == root / folder]
        for name, channels in _by_name(inside).items():
            if name in found:
                raise InputError(
                    f"'{root}' holds the case '{name}' twice: in imagesTr, to train on, and in "
                    "imagesTs, to test on. Remove one of the two."
                )
            found[name] = channels
    n_channels = 1 + max(max(channels) for channels in found.values())
    return [_case(name, found[name], n_channels, root) for name in sorted(found)]


def _by_name(files: Sequence[Path]) -> dict[str, Channels]:
    """Return the files of each case, by channel."""
    found: dict[str, Channels] = {}
    for path in files:
        named = nnunet_name(path)
        if named is None and not stem(path).endswith(LABEL_ENDINGS):
            raise InputError(
                f"'{path}' has no channel in its name. Name it '{stem(path)}_0000', as nnU-Net "
                "does, or move it elsewhere."
            )
        if named is None:
            continue  # labels painted on an image that has none in labelsTr
        name, channel = named
        twin = found.setdefault(name, {}).setdefault(channel, path)
        if twin != path:
            raise InputError(f"'{path}' and '{twin}' are the same channel. Remove one of them.")
    return found


def _case(name: str, channels: Channels, n_channels: int, root: Path) -> Case:
    missing = [c for c in range(n_channels) if c not in channels]
    if missing:
        raise InputError(
            f"The case '{name}' in '{root}' has no channel {missing[0]:04d}, but the dataset has "
            f"channels up to {n_channels - 1:04d}. Add '{name}_{missing[0]:04d}', or take the "
            "case away."
        )
    first, *others = (channels[c] for c in range(n_channels))
    labels = labels_beside(first)
    if labels is not None and not lies_inside(labels, root):
        labels = None
    side = "test" if first.parent.name == "imagesTs" else "train"
    pairing = f"'{labels.parent.name}' holds '{labels.name}'" if labels else ""
    return Case(name, name, first, labels, side, tuple(others), pairing=pairing)


def description(root: Path) -> dict[str, Any]:
    """Return what ``dataset.json`` says.

    Raises
    ------
    InputError
        It is not JSON, or no table of names.
    """
    path = root / "dataset.json"
    if path.stat().st_size > LARGEST_DESCRIPTION:
        raise InputError(f"'{path}' is too large to be a description of a dataset.")
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"'{path}' is not JSON. Correct it or copy it again.") from error
    return content if isinstance(content, dict) else {}


def channel_names(root: Path) -> tuple[str, ...]:
    """Return what ``dataset.json`` calls the channels, in order; nothing where it does not."""
    path = root / "dataset.json"
    if not (path.is_file() and lies_inside(path, root)):
        return ()
    content = description(root)
    names = content.get("channel_names", content.get("modality"))
    if not isinstance(names, dict) or not all(isinstance(n, str) for n in names.values()):
        return ()
    return tuple(names[key] for key in sorted(names, key=lambda k: (len(k), k)))


def nnunet_classes(root: Path) -> ClassTable | None:
    """Return the classes that ``dataset.json`` names; None where there is no such file.

    Parameters
    ----------
    root : Path
        The dataset. ``labels`` in its file maps names to values, or, as in nnU-Net's first
        version, values to names. The class ``ignore`` is none: it becomes the value to ignore.

    Raises
    ------
    InputError
        The file is damaged, names regions, or gives values that are no label values.
    """
    path = root / "dataset.json"
    if not (path.is_file() and lies_inside(path, root)):
        return None
    labels = description(root).get("labels")
    if not isinstance(labels, dict) or not labels:
        raise InputError(
            f'\'{path}\' names no classes. Give it "labels": {{"background": 0, ...}}.'
        )
    pairs = list(labels.items())
    if all(isinstance(value, str) for _, value in pairs):
        pairs = [(name, int(v) if re.fullmatch("[0-9]{1,9}", v) else v) for v, name in pairs]
    names = _unique(pairs, path)
    ignore = next((value for value, name in names.items() if name == IGNORE), None)
    if ignore == 0:
        raise InputError(f"'{path}' ignores the value 0, which is background. Choose another.")
    classes = {value: name for value, name in names.items() if value != ignore}
    return ClassTable.named(classes, ignore=ignore)


def _unique(pairs: Sequence[tuple[str, Any]], path: Path) -> dict[int, str]:
    """Return ``{value: name}``; refuse what is no value, and what is there twice."""
    names: dict[int, str] = {}
    for name, value in pairs:
        known = _checked(value, name, path)
        if known in names or name in names.values():
            raise InputError(
                f"'{path}' gives the class '{name}' (value {known}) a name or a value that another "
                "class has. Every class needs its own."
            )
        names[known] = name
    return names


def _checked(value: Any, name: str, path: Path) -> int:
    if isinstance(value, list):
        raise InputError(
            f"'{path}' makes '{name}' a region of several values, {value}. Regions cannot be "
            "learned here: give every class one value of its own."
        )
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_VALUE:
        raise InputError(
            f"'{path}' gives '{name}' the value {value!r}; a label value is a whole number from "
            f"0 to {LARGEST_VALUE}. Correct it."
        )
    return value
