"""How the layers of a comparison look: their data, colours and names, by what is looked at."""

from pathlib import Path
from typing import Any, cast

import numpy as np
from napari.layers import Image, Labels, Layer
from napari.utils.colormaps import Colormap, DirectLabelColormap
from numpy.typing import NDArray

from segstudio.core.regions import CASE_COLORS, VoxelCase
from segstudio.session.comparison import Comparison
from segstudio.session.open_case import OpenCase
from segstudio.viewer.placement import placement
from segstudio.viewer.stage import label_colors

TRUTH, TRUTH_COLOR = "truth", "#ffffff"
OPACITY = {"grid": 0.45, "regions": 0.65, "overlays": 1.0}
LINE = 1  # voxels, of an outline
NAME_SIZE = 9  # points; a cell is narrow
CLEAR: dict[int | None, str] = {None: "transparent", 0: "transparent"}


def _with_opacity(color: str) -> list[float]:
    return [*(int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)), 0.95]


# What was missed to one side of 0, false alarms to the other, and clear between.
ERROR_COLORS = Colormap(
    [
        _with_opacity(CASE_COLORS[VoxelCase.FALSE_ALARM]),
        [0.0, 0.0, 0.0, 0.0],
        _with_opacity(CASE_COLORS[VoxelCase.MISSED]),
    ],
    name="segstudio errors",
)


class Looks:
    """Gives the layers of a comparison what they show.

    Parameters
    ----------
    comparison : Comparison
        What is looked at.
    """

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison

    def name(self, run: Path | None) -> str:
        """Return what to call a run, or the truth."""
        return TRUTH if run is None else self._comparison.names()[run]

    def color(self, run: Path | None) -> str:
        """Return the colour that tells a run from the others."""
        return TRUTH_COLOR if run is None else self._comparison.in_view.colors[run]

    def dress_labels(self, layer: Labels, run: Path | None, opened: OpenCase) -> None:
        """Show what a run found, or the truth: its classes, its outlines, or its regions."""
        data, told = self._labels_of(run, opened), self._state_of(run, opened)
        if data is None and layer.metadata.get("segstudio_shows") is not None:
            layer.data = nothing(opened)
        elif data is not None and layer.data is not data:
            layer.data = data
        layer.metadata["segstudio_shows"] = data
        layer.editable = False  # a brush would paint into what was read; new data allow it again
        name, mode = self.name(run), self._comparison.view.mode
        _give(layer, "name", f"{name}: {told}" if told else name)
        is_outline = mode == "overlays" or (
            mode == "regions" and (run is None or self._comparison.view.weighted)
        )
        _give(layer, "contour", LINE if is_outline else 0)
        _give(layer, "opacity", OPACITY["overlays" if is_outline else mode])
        self._color(layer, run, opened)

    def _labels_of(self, run: Path | None, opened: OpenCase) -> NDArray[np.integer] | None:
        """Return what a labels layer holds; None: nothing yet."""
        if run is None:
            return opened.truth
        found, view = self._comparison.results[run].found, self._comparison.view
        if view.mode != "regions":
            return None if found is None else found.labels
        # Over distances the truth's outline tells what they are measured from.
        regions = opened.truth if view.weighted else self._comparison.regions.get(run)
        return cast("NDArray[np.integer] | None", regions)

    def _state_of(self, run: Path | None, opened: OpenCase) -> str:
        """Return why there is nothing to see yet; empty where there is."""
        if run is None:
            return "" if opened.truth is not None else "this case has none"
        result, view = self._comparison.results[run], self._comparison.view
        if result.state == "done":
            return "…" if view.mode == "regions" and run not in self._comparison.regions else ""
        words = {"waiting": "waiting", "running": "predicting …", "stopped": "stopped"}
        return words.get(result.state, "failed")

    def _color(self, layer: Labels, run: Path | None, opened: OpenCase) -> None:
        color, view = self.color(run), self._comparison.view
        look = (view.mode, view.value, view.weighted, color, opened.classes)
        if layer.metadata.get("segstudio_look") == look:
            return
        layer.metadata = layer.metadata | {"segstudio_look": look}
        is_truth = view.mode == "regions" and view.weighted
        layer.colormap = self._colors(run, opened, TRUTH_COLOR if is_truth else color)
        layer.name_overlay.color = color
        layer.name_overlay.box_color = "black"  # a white name would be lost on a light canvas
        layer.name_overlay.font_size = NAME_SIZE

    def _colors(self, run: Path | None, opened: OpenCase, color: str) -> DirectLabelColormap:
        mode, value = self._comparison.view.mode, self._comparison.view.value
        if mode == "regions" and run is not None and not self._comparison.view.weighted:
            cases = {int(case): color for case, color in CASE_COLORS.items()}
            return DirectLabelColormap(color_dict=CLEAR | cases)
        if mode == "grid":
            table = label_colors(opened.classes)
            if value is None:
                return table
            return DirectLabelColormap(color_dict=CLEAR | {value: table.color_dict[value]})
        if value is None:
            return DirectLabelColormap(color_dict={None: color, 0: "transparent"})
        return DirectLabelColormap(color_dict=CLEAR | {value: color})

    def has_weights(self, run: Path | None) -> bool:
        """Return whether there are distances of a run's errors to be seen."""
        view = self._comparison.view
        is_known = run is not None and run in self._comparison.regions
        return view.mode == "regions" and view.weighted and is_known

    def dress_weights(self, layer: Image, run: Path | None, opened: OpenCase) -> None:
        """Show how far the errors of a run lie from the contour."""
        if run is None or not self.has_weights(run):
            return
        regions = self._comparison.regions[run]
        if layer.data is not regions:
            layer.data = regions
        reach = self._comparison.reach
        _give(layer, "contrast_limits", [-reach, reach])
        unit = opened.volume.grid.unit
        _give(layer, "name", f"{self.name(run)}, errors in {unit}")


def nothing(opened: OpenCase) -> NDArray[np.uint8]:
    """Return empty labels of a case."""
    return np.zeros(opened.volume.data.shape, np.uint8)


def put_in_place(layer: Layer, opened: OpenCase) -> None:
    """Put a layer where its case is, if it showed another before."""
    grid = opened.volume.grid
    if layer.metadata.get("segstudio_grid") is not grid:
        if layer.data.shape != opened.volume.data.shape:
            layer.data = np.zeros(opened.volume.data.shape, layer.data.dtype)
        for name, value in placement(grid).items():
            was = layer.affine.affine_matrix if name == "affine" else getattr(layer, name)
            if name != "units" and not np.array_equal(was, value):
                setattr(layer, name, value)
        if tuple(str(unit) for unit in layer.units) != placement(grid)["units"]:
            layer.units = placement(grid)["units"]
        layer.metadata = layer.metadata | {"segstudio_grid": grid}


def _give(layer: Layer, name: str, value: Any) -> None:
    """Set an attribute of a layer that is another; what is set anew is drawn anew."""
    if getattr(layer, name) != value:
        setattr(layer, name, value)
