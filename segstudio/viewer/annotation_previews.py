"""What is shown while one annotates: an intensity range, what an operation would do, corners."""

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Labels, Layer, Points
from napari.layers.base import ActionType
from napari.utils.colormaps import Colormap

from segstudio.core.editing.edit import Edit
from segstudio.session import Session
from segstudio.session.annotation_choices import Restriction
from segstudio.viewer.annotated_labels import AnnotatedLabels
from segstudio.viewer.placement import placement
from segstudio.viewer.stage import label_colors

if TYPE_CHECKING:
    from napari.components import ViewerModel

RANGE, PREVIEW, CORNERS = "intensity range", "preview", "corners"
CORNERS_OF_ONE = 4
_CLEAR = (0.0, 0.0, 0.0, 0.0)
_IN_RANGE = (1.0, 0.85, 0.2, 0.45)


class AnnotationPreviews:
    """Adds layers for what is not painted yet, and takes them away again.

    Parameters
    ----------
    viewer : ViewerModel
    session : Session
    """

    def __init__(self, viewer: "ViewerModel", session: Session) -> None:
        self._viewer, self._session = viewer, session
        self._layers: dict[str, Layer] = {}
        annotation = session.annotation
        annotation.limits.changed.connect(self._show_range)
        annotation.operations.preview_changed.connect(self._show_preview)
        annotation.corners_changed.connect(self._show_corners)
        annotation.ground_changed.connect(self._clear)
        viewer.layers.events.removed.connect(self._forget)

    def layer(self, role: str) -> Layer | None:
        """Return one of the layers; None where it is not shown."""
        return self._layers.get(role)

    def _forget(self, event: Any) -> None:
        found = [role for role, layer in self._layers.items() if layer is event.value]
        for role in found:
            del self._layers[role]
        if CORNERS in found:
            self._session.annotation.take_corners(False)

    def _clear(self, *_: object) -> None:
        for role in tuple(self._layers):
            self._remove(role)

    def _remove(self, role: str) -> None:
        layer = self._layers.get(role)
        layers = self._viewer.layers
        if layer is None or layer not in layers:
            return
        was_chosen = layers.selection.active is layer
        layers.remove(layer)
        if was_chosen:  # what a brush paints on is chosen again, and its keys work
            painted = (each for each in layers if isinstance(each, AnnotatedLabels))
            layers.selection.active = next(painted, None)

    def _show_range(self, restriction: Restriction) -> None:
        """Draw what lies in the intensity range; the graphics card compares, so it is at once."""
        ground, limits = self._session.annotation.ground, restriction.intensity
        if ground is None or limits is None or not restriction.shows_intensity:
            self._remove(RANGE)
            return
        # A range without width would be no contrast.
        low, high = limits[0], max(limits[1], np.nextafter(limits[0], np.inf, dtype=np.float32))
        layer = self._layers.get(RANGE)
        if layer is None:
            colors = Colormap([_IN_RANGE, _IN_RANGE], low_color=_CLEAR, high_color=_CLEAR)
            layer = self._add(
                RANGE,
                Image(
                    ground.volume.data,
                    name=RANGE,
                    colormap=colors,
                    contrast_limits=(low, float(high)),
                    **placement(ground.volume.grid),
                ),
            )
        layer.contrast_limits = (low, float(high))

    def _show_preview(self, edit: Edit | None) -> None:
        """Lay what an operation would do over the labels."""
        self._remove(PREVIEW)
        ground = self._session.annotation.ground
        if edit is None or ground is None:
            return
        changed = np.zeros_like(ground.labels)
        changed[edit.box][edit.mask] = edit.new
        layer = Labels(
            changed,
            name=PREVIEW,
            opacity=0.75,
            colormap=label_colors(self._session.annotation.classes.table),
            **placement(ground.volume.grid),
        )
        self._add(PREVIEW, layer)

    def _show_corners(self, wanted: bool) -> None:
        """Let the user click points; four of them are filled as a quadrilateral."""
        self._remove(CORNERS)
        ground = self._session.annotation.ground
        if not wanted or ground is None:
            return
        layer = Points(
            ndim=3,
            name=CORNERS,
            size=max(3.0, 6 * min(ground.spacing)) / min(ground.spacing),
            face_color="transparent",
            border_color="#f0e442",
            **placement(ground.volume.grid),
        )
        self._add(CORNERS, layer)
        self._viewer.layers.selection.active = layer
        layer.mode = "add"
        layer.events.data.connect(self._take_corners)

    def _take_corners(self, event: Any) -> None:
        layer = self._layers.get(CORNERS)
        annotation = self._session.annotation
        if event.action != ActionType.ADDED or not isinstance(layer, Points):
            return
        points, axis = np.array(layer.data), annotation.plane.axis
        # Those of one slice: some may wait in another that was left in the middle.
        here = np.flatnonzero(np.round(points[:, axis]) == np.round(points[-1, axis]))
        if len(here) < CORNERS_OF_ONE:
            return
        if annotation.classes.chosen == 0:  # by the picker: they would erase
            layer.data = points[:-1]
            self._session.say("No class is chosen. Choose one, and click the last corner again.")
            return
        layer.data = np.delete(points, here, axis=0)
        annotation.fill_corners(points[here], annotation.classes.chosen, axis)
        if annotation.corners_go_on:
            annotation.classes.choose_next()

    def _add(self, role: str, layer: Layer) -> Layer:
        """Add a layer; what a brush paints on stays chosen."""
        active = self._viewer.layers.selection.active
        self._viewer.add_layer(layer)
        self._layers[role] = layer
        if isinstance(active, AnnotatedLabels):
            self._viewer.layers.selection.active = active
        return layer
