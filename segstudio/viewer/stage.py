"""The session shown in a viewer: image, truth, map and prediction as layers. No Qt."""

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Layer
from napari.utils.colormaps import Colormap, DirectLabelColormap
from numpy.typing import NDArray

from segstudio.core.labels import IGNORED_COLOR, PALETTE, ClassTable
from segstudio.core.loss_maps import loss_maps
from segstudio.session import Session
from segstudio.session.messages import MapChoice
from segstudio.session.open_case import OpenCase
from segstudio.viewer.placement import placement

if TYPE_CHECKING:
    from napari.components import ViewerModel

IMAGE, LABELS, MAP, PREDICTION = "image", "labels", "distance map", "prediction"
# Blue inside, red outside, and clear at the contour, so that the image stays to be seen.
DISTANCE_COLORS = Colormap(
    [
        (0.02, 0.19, 0.38, 0.9),
        (0.26, 0.58, 0.76, 0.7),
        (0.97, 0.97, 0.97, 0.0),
        (0.84, 0.38, 0.30, 0.30),
        (0.65, 0.06, 0.16, 0.40),
    ],
    name="segstudio distance",
)
MAP_AT_ONCE = 4_000_000  # voxels whose map follows the brush without a pause


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
        self._mapped: NDArray[np.int32] = np.zeros((0, 0, 0), np.int32)  # what the map is of
        session.dataset_opened.connect(self._clear_for_others)
        session.case_opened.connect(self._show_case)
        session.labels_made.connect(self._show_labels)
        session.map_chosen.connect(self._show_map)
        session.prediction_shown.connect(self._show_prediction)
        viewer.layers.events.removed.connect(self._forget)

    def layer(self, role: str) -> Layer | None:
        """Return one of the studio's layers by its role; None where it is not shown."""
        return self._layers.get(role)

    def _forget(self, event: Any) -> None:
        """Note that the user removed a layer."""
        self._layers = {k: v for k, v in self._layers.items() if v is not event.value}

    def _clear_for_others(self, *_: object) -> None:
        """Take the layers away when no case is in view, as between two datasets."""
        if self._session.open_case is None:
            self._clear()

    def _clear(self) -> None:
        # Together: napari collects garbage once then, and not for each of them.
        with self._viewer.layers.batched_update():
            for layer in list(self._layers.values()):
                self._viewer.layers.remove(layer)
        self._layers = {}

    def _show_case(self, opened: OpenCase) -> None:
        self._clear()
        volume = opened.volume
        self._layers[IMAGE] = self._viewer.add_image(
            volume.data,
            name=f"{opened.case.name}",
            colormap="gray",
            contrast_limits=_contrast(volume.data),
            metadata={"segstudio_grid": volume.grid},
            **placement(volume.grid),
        )
        self._viewer.dims.axis_labels = ("plane", "row", "column")
        self._add_prediction(opened)
        if self._session.labels is not None:
            self._show_labels(self._session.labels)
            self._show_map(self._session.map_choice)
        self._viewer.reset_view()
        self._go_to_labelled_plane(opened)
        self._viewer.canvas.overlays.scale_bar.visible = True

    def _show_labels(self, labels: NDArray[np.int32]) -> None:
        opened = self._session.open_case
        if opened is None:
            return
        layer = self._viewer.add_labels(
            labels,
            name=LABELS,
            opacity=0.35,
            colormap=label_colors(opened.classes),
            metadata={"segstudio_grid": opened.volume.grid},
            **placement(opened.volume.grid),
        )
        # napari paints into the session's own array; an undo shows as a refresh.
        layer.events.labels_update.connect(self._follow_brush)
        layer.events.set_data.connect(self._follow_brush)
        layer.events.set_data.connect(self._session.note_painting)
        layer.events.paint.connect(self._follow_stroke)
        layer.events.data.connect(self._take_labels)
        self._layers[LABELS] = layer
        # The brush has a class of the data, and not the value 1 where there is none.
        if opened.classes.foreground:
            layer.selected_label = opened.classes.foreground[0].value
        # Under the prediction's outlines, and what a brush paints on.
        self._move_above_image(layer)
        self._viewer.layers.selection.active = layer

    def _take_labels(self, event: Any) -> None:
        """Follow a tool that gave the layer another array instead of painting into its own."""
        layer = self._layers.get(LABELS)
        if layer is not None and event.source is layer:
            self._session.labels = np.asarray(layer.data)
            self._session.note_painting()
            self._show_map(self._session.map_choice)

    def _follow_brush(self) -> None:
        """Bring the map up to date while a brush moves, and after an undo."""
        opened, labels = self._session.open_case, self._session.labels
        layer, choice = self._layers.get(MAP), self._session.map_choice
        if opened is None or labels is None or layer is None:
            return
        if choice.visible and choice.per_plane:
            changed = self._changed_planes(labels)
            for z in changed:
                layer.data[z] = _map_of(opened, labels[z : z + 1], choice)[0]
                self._mapped[z] = labels[z]
            if len(changed):
                layer.refresh()

    def _changed_planes(self, labels: NDArray[np.int32]) -> NDArray[np.intp]:
        """Return the planes whose map is old; of a large volume the one in view is looked at."""
        if labels.size <= MAP_AT_ONCE:
            return np.flatnonzero((labels != self._mapped).any(axis=(1, 2)))
        z = self._plane_in_view()
        return np.array([z] if (labels[z] != self._mapped[z]).any() else [], dtype=np.intp)

    def _plane_in_view(self) -> int:
        """Return the index of the plane in view; the slider may run against the planes."""
        layer = self._layers[IMAGE]
        z = round(float(layer.world_to_data(self._viewer.dims.point)[0]))
        return int(np.clip(z, 0, layer.data.shape[0] - 1))

    def _follow_stroke(self) -> None:
        """Bring the map of a volume up to date after a stroke, where that takes no pause."""
        self._session.note_painting()
        choice, labels = self._session.map_choice, self._session.labels
        in_volume = not choice.per_plane and labels is not None and labels.size <= MAP_AT_ONCE
        if MAP not in self._layers or in_volume:
            self._show_map(choice)

    def _go_to_labelled_plane(self, opened: OpenCase) -> None:
        plane = len(opened.volume.data) // 2
        if opened.truth is not None and opened.truth.any():
            labelled = np.flatnonzero((opened.truth > 0).any(axis=(1, 2)))
            plane = int(labelled[len(labelled) // 2])
        self._viewer.dims.set_point(0, self._layers[IMAGE].data_to_world((plane, 0, 0))[0])

    def _show_map(self, choice: MapChoice) -> None:
        opened, labels, layer = self._session.open_case, self._session.labels, self._layers.get(MAP)
        if opened is None or labels is None or not choice.visible:
            if layer is not None:
                layer.visible = False
            return
        phi = _map_of(opened, labels, choice)
        self._mapped = labels.copy()
        if layer is None:
            self._add_map(opened, phi)
        else:
            layer.data, layer.contrast_limits, layer.visible = phi, _reach(phi), True

    def _add_map(self, opened: OpenCase, phi: NDArray[np.float32]) -> None:
        active = self._viewer.layers.selection.active
        layer: Image = self._viewer.add_image(
            phi,
            name=MAP,
            colormap=DISTANCE_COLORS,
            contrast_limits=_reach(phi),
            opacity=0.8,
            metadata={"segstudio_grid": opened.volume.grid},
            **placement(opened.volume.grid),
        )
        self._layers[MAP] = layer
        # Under the labels, which stay what a brush paints on.
        self._move_above_image(layer)
        self._viewer.layers.selection.active = active

    def _move_above_image(self, layer: Layer) -> None:
        layers = self._viewer.layers
        layers.move(layers.index(layer), layers.index(self._layers[IMAGE]) + 1)

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


def _map_of(opened: OpenCase, labels: NDArray[np.int32], choice: MapChoice) -> NDArray[np.float32]:
    """Return the chosen distance map of some planes."""
    spacing, classes = opened.volume.spacing, [choice.value]
    maps = loss_maps(labels, spacing, classes, choice.options, per_plane=choice.per_plane)
    phi: NDArray[np.float32] = maps[0]
    return phi


def _reach(phi: NDArray[np.float32]) -> tuple[float, float]:
    """Return limits about 0 that show the inside, which is never as deep as the outside is far."""
    largest = float(np.abs(phi).max())
    reach = min(3.0 * float(-phi.min()), largest) or largest or 1.0
    return -reach, reach


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
