"""A dataset written in nnU-Net's raw layout."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from segstudio.core.errors import InputError
from segstudio.core.labels import IGNORED, ClassTable
from segstudio.core.volume import Volume
from segstudio.data.atomic import write_text, written_folder
from segstudio.data.cases import Case, Dataset
from segstudio.data.datasets import class_table, read_case_labels, read_image
from segstudio.data.formats import stem, write_labels, write_volume


def export_nnunet(dataset: Dataset, folder: Path) -> Iterator[Case]:
    """Yield each case of a dataset as it is written; the folder is there when all of them are.

    ``imagesTr/NAME_0000.nii.gz`` and so on, a file a channel, and ``labelsTr/NAME.nii.gz``; the
    dataset's own test side goes to ``imagesTs`` and ``labelsTs``, images without labels to
    ``imagesTs``. Label values are written as 0, 1, 2 … in the order of the classes, as nnU-Net
    asks for, and what is to be ignored as the value after them.

    Parameters
    ----------
    dataset : Dataset
        Of any layout.
    folder : Path
        A new one, or empty.

    Raises
    ------
    InputError
        The folder holds something, a case cannot be read, or two of them or of the classes get the
        same name.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"'{folder}' is not an empty folder. Name a new one for the export.")
    names = [_name(case) for case in dataset.cases]
    _expect_once(names, "Two cases would be called")
    classes = class_table(dataset)
    # nnU-Net knows classes by name, and would take two of one name for one.
    ignored = [] if classes.ignore is None else ["ignore"]
    _expect_once([*(row.name for row in classes.classes), *ignored], "Two classes are called")
    channels: list[str] = []
    with written_folder(folder) as temporary:
        for name, case in zip(names, dataset.cases, strict=True):
            volume = read_image(case)
            channels = channels or _channel_names(dataset, case, volume)
            if len(volume.channels) != len(channels):
                raise InputError(
                    f"'{case.image}' has {len(volume.channels)} channel(s), other cases have "
                    f"{len(channels)}. nnU-Net needs the same of all."
                )
            _write(temporary, name, case, volume, classes)
            yield case
        trained = sum(_side(case) == "Tr" for case in dataset.cases)
        content = json.dumps(_description(classes, channels, trained), indent=1)
        write_text(temporary / "dataset.json", content)


def _expect_once(names: list[str], told: str) -> None:
    """Refuse names of which one stands for two things."""
    (twice, times), *_ = Counter(names).most_common(1)
    if times > 1:
        raise InputError(f"{told} '{twice}'. Rename one of them.")


def _name(case: Case) -> str:
    return re.sub(r"[^\w.-]+", "_", case.name)


def _side(case: Case) -> str:
    return "Ts" if case.labels is None or case.official_split == "test" else "Tr"


def _write(folder: Path, name: str, case: Case, volume: Volume, classes: ClassTable) -> None:
    side = _side(case)
    for k, channel in enumerate(volume.channels):
        path = folder / f"images{side}" / f"{name}_{k:04d}.nii.gz"
        write_volume(path, Volume(channel, volume.grid))
    if case.labels is None:
        return
    indices = classes.to_indices(read_case_labels(case, volume), f"'{case.labels}'")
    values = np.where(indices == IGNORED, len(classes), indices).astype(np.uint8)
    write_labels(folder / f"labels{side}" / f"{name}.nii.gz", values, volume.grid)


def _channel_names(dataset: Dataset, case: Case, volume: Volume) -> list[str]:
    """Return the channels' names: nnU-Net chooses how to normalise by them, as for CT."""
    files = [stem(path) for path in case.channels]
    count = len(volume.channels)
    if len(dataset.channel_names) == count:
        return list(dataset.channel_names)
    return files if len(files) == count > 1 else [f"channel {k}" for k in range(count)]


def _description(classes: ClassTable, channels: list[str], trained: int) -> dict[str, Any]:
    labels = {row.name: k for k, row in enumerate(classes.classes)}
    if classes.ignore is not None:
        labels["ignore"] = len(classes)
    return {
        "channel_names": {str(k): name for k, name in enumerate(channels)},
        "labels": labels,
        "numTraining": trained,
        "file_ending": ".nii.gz",
    }
