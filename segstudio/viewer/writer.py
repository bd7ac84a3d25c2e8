"""napari's writers: labels and images in the geometry they came with."""

from pathlib import Path
from typing import Any

import numpy as np

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid
from segstudio.data.formats import write_labels, write_maps


def write_labels_layer(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write a labels layer; return the path. napari has asked before it replaces a file."""
    values = _volume(data)
    return [str(write_labels(Path(path), values, _grid(values, meta), overwrite=True))]


def write_image_layer(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write an image layer as float32; return the path."""
    values = _volume(data).astype(np.float32)
    return [str(write_maps(Path(path), values, _grid(values, meta), overwrite=True))]


def _volume(data: Any) -> Any:
    array = np.asarray(data)
    if not 2 <= array.ndim <= 3:
        raise InputError(f"A layer of shape {array.shape} is not a volume; 2-D or 3-D is needed.")
    return array if array.ndim == 3 else array[np.newaxis]


def _grid(values: Any, meta: dict[str, Any]) -> Grid:
    """Return the grid a layer was read with, or one made of its scale."""
    kept = meta.get("metadata", {}).get("segstudio_grid")
    if isinstance(kept, Grid) and kept.shape == values.shape:
        return kept
    scale = [1.0, 1.0, 1.0, *np.asarray(meta.get("scale", (1.0,)), float)][-3:]
    affine = np.diag([*scale[::-1], 1.0])
    return Grid(values.shape, (scale[0], scale[1], scale[2]), affine)
