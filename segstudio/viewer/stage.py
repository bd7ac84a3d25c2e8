"""The session shown in a viewer: image, truth, map and prediction as layers. No Qt."""

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Layer
from napari.utils.colormaps import DirectLabelColormap
from numpy.typing import NDArray

from segstudio.core.labels import IGNORED_COLOR, PALETTE, ClassTable
from segstudio.session import Session
from segstudio.session.open_case import OpenCase
from segstudio.viewer.annotated_labels import AnnotatedLabels
from segstudio.viewer.line_stage import LineStage
from segstudio.viewer.map_stage import IMAGE, MAP, MapStage
from segstudio.viewer.placement import placement, screen_order

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["IMAGE", "LABELS", "MAP", "PREDICTION", "Stage", "label_colors"]

LABELS, PREDICTION = "labels", "prediction"
# What napari writes beside its sliders, which count from 0; words and figures count from 1.
AXES = ("plane, from 0", "row, from 0", "column, from 0")


class Stage:
    """Keeps a viewer's layers in step with a session.

    Parameters
    ----------
    viewer : ViewerModel
        Where the layers go.
    session : Session
        What they show.
    """

    def __init__(self, viewer: "ViewerModel", session: Session) -> None:
        self._viewer = viewer
        self._session = session
        self._layers: dict[str, Layer] = {}
        self._order = (0, 1, 2)
        session.dataset_opened.connect(self._clear_for_others)
        session.case_opened.connect(self._show_case)
        session.labels_made.connect(self._show_labels)
        session.prediction_shown.connect(self._show_prediction)
        viewer.layers.events.removed.connect(self._forget)
        self._map = MapStage(viewer, session, self._layers)
        self._lines = LineStage(viewer, session, self._layers)

    def layer(self, role: str) -> Layer | None:
        """Return one of the studio's layers by its role; None where it is not shown."""
        return self._layers.get(role)

    def go_to_plane(self, plane: int) -> None:
        """Move the viewer to a plane of the image, where there is one."""
        image, dims = self._layers.get(IMAGE), self._viewer.dims
        if image is not None:
            # The image has the viewer's last axes, where another layer has more of them.
            dims.set_point(dims.ndim - image.ndim, image.data_to_world((plane, 0, 0))[0])

    def _forget(self, event: Any) -> None:
        """Note that the user removed a layer."""
        for role in [r for r, layer in self._layers.items() if layer is event.value]:
            del self._layers[role]

    def _clear_for_others(self, *_: object) -> None:
        """Take the layers away when no case is in view, as between two datasets."""
        if self._session.open_case is None:
            self._clear()

    def _clear(self) -> None:
        # Together: napari collects garbage once then, and not for each of them.
        with self._viewer.layers.batched_update():
            for layer in list(self._layers.values()):
                self._viewer.layers.remove(layer)

    def _show_case(self, opened: OpenCase) -> None:
        volume = opened.volume
        image = self._viewer.add_image(
            volume.data,
            name=f"{opened.case.name}",
            colormap="gray",
            contrast_limits=_contrast(volume.data),
            metadata={"segstudio_grid": volume.grid},
            **placement(volume.grid),
        )
        # Now, and not before there was another: in a viewer that is empty for a moment, napari
        # makes its sliders anew, and keeps parts of the old ones for good.
        self._clear()
        image.name = opened.case.name  # napari numbers it while the same case lies there still
        self._layers[IMAGE] = image
        self._viewer.dims.axis_labels = AXES
        self._add_prediction(opened)
        if self._session.labels is not None:
            self._show_labels(self._session.labels)
        self._turn_viewer(screen_order(volume.grid))
        self._viewer.reset_view()
        self._go_to_labelled_plane(opened)
        self._map.follow_plane()  # the viewer may have been there before the image was known
        self._viewer.canvas.overlays.scale_bar.visible = True

    def _turn_viewer(self, order: tuple[int, int, int]) -> None:
        """Let axes run down and across the screen; as it was turned where they are the same."""
        if order != self._order:
            first = self._viewer.dims.ndim - len(order)
            self._viewer.dims.order = (*range(first), *(first + axis for axis in order))
            self._order = order

    def _show_labels(self, labels: NDArray[np.int32]) -> None:
        opened = self._session.open_case
        if opened is None:
            return
        layer = AnnotatedLabels(
            self._session.annotation,
            labels,
            name=LABELS,
            opacity=0.35,
            colormap=label_colors(opened.classes),
            metadata={"segstudio_grid": opened.volume.grid},
            **placement(opened.volume.grid),
        )
        self._viewer.add_layer(layer)
        # The session's own array is painted; an undo shows as a refresh.
        layer.events.labels_update.connect(self._follow_brush)
        layer.events.set_data.connect(self._follow_brush)
        layer.events.set_data.connect(self._look_for_changes)
        layer.events.paint.connect(self._follow_stroke)
        layer.events.data.connect(self._take_labels)
        self._layers[LABELS] = layer
        # Under the prediction's outlines, and what a brush paints on.
        self._move_above_image(layer)
        self._viewer.layers.selection.active = layer

    def _take_labels(self, event: Any) -> None:
        """Follow a tool that gave the layer another array instead of painting into its own."""
        layer = self._layers.get(LABELS)
        if layer is not None and event.source is layer:
            try:
                self._session.take_labels(np.asarray(layer.data))
            finally:
                if layer.data is not self._session.labels:
                    with layer.events.data.blocker(self._take_labels):
                        layer.data = self._session.labels  # which is what is painted and saved
            self._session.show_map()

    def _look_for_changes(self) -> None:
        """Note changes by a script, which are not told of as those by a tool are."""
        self._session.note_painting(surely=False)

    def _follow_brush(self) -> None:
        """Bring the map up to date while a brush moves, and after an undo."""
        self._session.map_view.follow_brush()

    def _follow_stroke(self) -> None:
        """Bring the map of a volume up to date after a stroke."""
        self._session.note_painting()
        self._session.map_view.follow_stroke()

    def _go_to_labelled_plane(self, opened: OpenCase) -> None:
        plane = len(opened.volume.data) // 2
        if opened.base is not None and opened.base.any():
            labelled = np.flatnonzero((opened.base > 0).any(axis=(1, 2)))
            plane = int(labelled[len(labelled) // 2])
        self.go_to_plane(plane)

    def _move_above_image(self, layer: Layer) -> None:
        layers, image = self._viewer.layers, self._layers.get(IMAGE)
        if image is not None:  # the user may have taken it away
            layers.move(layers.index(layer), layers.index(image) + 1)

    def _add_prediction(self, opened: OpenCase) -> None:
        """Add the layer of predictions, hidden.

        Adding a layer stalls the window for a fifth of a second, changing its data does not:
        so it is there before a training shows its first epoch.
        """
        layer = self._viewer.add_labels(
            np.zeros(opened.volume.data.shape, np.int32),
            name=PREDICTION,
            opacity=0.9,
            colormap=label_colors(opened.classes),
            visible=False,
            metadata={"segstudio_grid": opened.volume.grid},
            **placement(opened.volume.grid),
        )
        layer.contour = 2
        self._layers[PREDICTION] = layer

    def _show_prediction(self, labels: NDArray[np.int32] | None) -> None:
        opened = self._session.open_case
        if opened is None:
            return
        if PREDICTION not in self._layers:
            self._add_prediction(opened)
        layer, source = self._layers[PREDICTION], self._session.prediction_of
        layer.name = f"{PREDICTION}, {source}" if source else PREDICTION
        if labels is not None:
            layer.data = labels
        layer.visible = labels is not None


def label_colors(classes: ClassTable) -> DirectLabelColormap:
    """Return the class table's colours, grey for what is ignored.

    Other values take theirs from the palette, in turn.
    """
    colors: dict[int | None, str] = {None: "white", 0: "transparent"}
    colors.update({v: PALETTE[(v - 1) % len(PALETTE)] for v in range(1, 8 * len(PALETTE) + 1)})
    colors.update({c.value: c.color for c in classes.foreground})
    if classes.ignore is not None:
        colors[classes.ignore] = IGNORED_COLOR
    return DirectLabelColormap(color_dict=colors)


def _contrast(data: NDArray[Any]) -> tuple[float, float]:
    """Return limits that leave out the darkest and brightest half per cent."""
    sample = data[:: max(1, len(data) // 16), ::2, ::2]
    finite = sample[np.isfinite(sample)]
    low, high = np.percentile(finite, (0.5, 99.5)) if finite.size else (0.0, 1.0)
    return float(low), float(high if high > low else low + 1)
