"""napari's reader: NIfTI files as layers in the right place, geometry kept."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from segstudio.core.labels import ClassTable
from segstudio.data.datasets import LABEL_ENDINGS
from segstudio.data.formats import is_volume_file, read_labels, read_volume, stem
from segstudio.viewer.placement import placement
from segstudio.viewer.stage import label_colors

LayerData = tuple[Any, dict[str, Any], str]


def get_reader(
    path: str | Sequence[str],
) -> Callable[[str | Sequence[str]], list[LayerData]] | None:
    """Return a reader for medical images; None for pictures, which napari reads, and the rest."""
    paths = [path] if isinstance(path, str) else list(path)
    if all(is_volume_file(Path(p)) for p in paths):
        return read_layers
    return None


def read_layers(path: str | Sequence[str]) -> list[LayerData]:
    """Return a layer for each file: labels where its name says so, else an image."""
    paths = [path] if isinstance(path, str) else list(path)
    return [_read_layer(Path(p)) for p in paths]


def _read_layer(path: Path) -> LayerData:
    name, volume = stem(path), read_volume(path)
    arguments = {
        "name": name,
        "metadata": {"segstudio_grid": volume.grid},
        **placement(volume.grid),
    }
    if not name.endswith(LABEL_ENDINGS):
        return volume.data, arguments | {"colormap": "gray"}, "image"
    values = read_labels(path)
    classes = ClassTable.found_in(np.unique(values).tolist())
    return values, arguments | {"colormap": label_colors(classes)}, "labels"
