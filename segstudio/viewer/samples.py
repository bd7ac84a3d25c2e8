"""Sample data for napari's File ▸ Open Sample; generated, no picture of a patient."""

from typing import Any

from segstudio.core.labels import ClassTable
from segstudio.data.phantoms import HEART_CLASSES, heart
from segstudio.viewer.placement import placement
from segstudio.viewer.reader import LayerData
from segstudio.viewer.stage import label_colors


def heart_sample() -> list[LayerData]:
    """Return a generated short-axis heart and its labels."""
    volume, labels = heart(seed=0)
    place: dict[str, Any] = {"metadata": {"segstudio_grid": volume.grid}, **placement(volume.grid)}
    colors = label_colors(ClassTable.named(HEART_CLASSES))
    return [
        (volume.data, {"name": "heart", "colormap": "gray", **place}, "image"),
        (labels, {"name": "heart_gt", "colormap": colors, "opacity": 0.45, **place}, "labels"),
    ]
