"""napari's reader: medical images of all formats as layers in the right place, geometry kept."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.labels import ClassTable
from segstudio.core.volume import Grid
from segstudio.data.datasets import LABEL_ENDINGS
from segstudio.data.formats import frames_in, is_volume_file, read_labels, read_volume, stem
from segstudio.viewer.placement import placement_in_order
from segstudio.viewer.stage import label_colors

LayerData = tuple[Any, dict[str, Any], str]


def get_reader(
    path: str | Sequence[str],
) -> Callable[[str | Sequence[str]], list[LayerData]] | None:
    """Return a reader for medical images; None for pictures, which napari reads, and the rest."""
    paths = [path] if isinstance(path, str) else list(path)
    if all(is_volume_file(Path(p)) and not Path(p).is_dir() for p in paths):
        return read_layers
    return None


def read_layers(path: str | Sequence[str]) -> list[LayerData]:
    """Return a layer for each file: labels where its name says so, else an image.

    A file's fourth axis is the layer's first, with a slider of its own: what is time in one file
    is channels in another, and no header tells which. Channels in files of their own are layers
    of their own.
    """
    paths = [path] if isinstance(path, str) else list(path)
    return [_read_layer(Path(p)) for p in paths]


def _read_layer(path: Path) -> LayerData:
    name, frames = stem(path), frames_in(path)
    entries: list[int | None] = [None] if frames == 1 else list(range(frames))
    first, *others = (read_volume(path, frame=k) for k in entries)
    arguments = {"name": name, "metadata": {"segstudio_grid": first.grid}}
    arguments |= (placement_in_order if frames == 1 else _placement_of_frames)(first.grid)
    if not name.endswith(LABEL_ENDINGS):
        data = _stacked([first.data, *(other.data for other in others)])
        return data, arguments | {"colormap": "gray"}, "image"
    values = _stacked([read_labels(path, frame=k) for k in entries])
    classes = ClassTable.found_in(np.unique(values).tolist())
    return values, arguments | {"colormap": label_colors(classes)}, "labels"


def _stacked(frames: list[NDArray[Any]]) -> NDArray[Any]:
    return frames[0] if len(frames) == 1 else np.stack(frames)


def _placement_of_frames(grid: Grid) -> dict[str, Any]:
    """Return the layer arguments of several volumes on one grid, 1 apart along the first axis."""
    place = placement_in_order(grid)
    affine = np.eye(5)
    affine[1:, 1:] = place["affine"]
    return {
        "scale": (1.0, *place["scale"]),
        "affine": affine,
        "units": ("pixel", *place["units"]),
        "axis_labels": ("frame", "plane", "row", "column"),
    }
