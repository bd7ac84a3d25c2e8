"""Sample data for napari's File ▸ Open Sample; generated, no picture of a patient."""

from typing import Any

from numpy.typing import NDArray

from segstudio.core.labels import ClassTable
from segstudio.core.volume import Volume
from segstudio.data.phantoms import (
    BRAIN_CLASSES,
    HEART_CLASSES,
    SPINE_CLASSES,
    brain,
    heart,
    spine,
)
from segstudio.viewer.placement import placement
from segstudio.viewer.reader import LayerData
from segstudio.viewer.stage import label_colors


def heart_sample() -> list[LayerData]:
    """Return a generated short-axis heart and its labels."""
    return _layers("heart", *heart(seed=0), HEART_CLASSES)


def spine_sample() -> list[LayerData]:
    """Return a generated radiograph of a spine and its vertebrae."""
    volume, labels, _ = spine(seed=0)
    return _layers("spine", volume, labels, SPINE_CLASSES)


def brain_sample() -> list[LayerData]:
    """Return a generated brain without its skull, and its white matter lesions."""
    return _layers("brain", *brain(seed=0), BRAIN_CLASSES)


def _layers(
    name: str, volume: Volume, labels: NDArray[Any], classes: dict[int, str]
) -> list[LayerData]:
    place: dict[str, Any] = {"metadata": {"segstudio_grid": volume.grid}, **placement(volume.grid)}
    colors = label_colors(ClassTable.named(classes))
    return [
        (volume.data, {"name": name, "colormap": "gray", **place}, "image"),
        (labels, {"name": f"{name}_gt", "colormap": colors, "opacity": 0.45, **place}, "labels"),
    ]
