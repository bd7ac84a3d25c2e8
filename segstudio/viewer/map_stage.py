"""The distance map of a session as a layer of a viewer. No Qt."""

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Image, Layer
from napari.utils.colormaps import Colormap
from numpy.typing import NDArray

from segstudio.session import Session
from segstudio.session.map_view import MapView
from segstudio.viewer.placement import placement

if TYPE_CHECKING:
    from napari.components import ViewerModel

IMAGE, MAP = "image", "distance map"
# Blue inside, red outside, and clear at the contour, so that the image stays to be seen.
CLEAR = (0.97, 0.97, 0.97, 0.0)
INSIDE = (CLEAR, (0.26, 0.58, 0.76, 0.7), (0.02, 0.19, 0.38, 0.9))
OUTSIDE = (CLEAR, (0.84, 0.38, 0.30, 0.30), (0.65, 0.06, 0.16, 0.40))
DISTANCE_COLORS = {
    "both": Colormap([*INSIDE[:0:-1], *OUTSIDE], name="segstudio distance"),
    "inside": Colormap(INSIDE, name="segstudio depth inside"),
    "outside": Colormap(OUTSIDE, name="segstudio distance outside"),
}


class MapStage:
    """Keeps the layer of the map in step with a session, and the session with the plane in view.

    Parameters
    ----------
    viewer : ViewerModel
        Where the layer goes.
    session : Session
        Whose map it is.
    layers : dict of Layer
        All layers of the studio by their roles; the map's is added here.
    """

    def __init__(self, viewer: "ViewerModel", session: Session, layers: dict[str, Layer]) -> None:
        self._viewer, self._session, self._layers = viewer, session, layers
        session.map_view.changed.connect(self._show)
        viewer.dims.events.point.connect(self.follow_plane)
        viewer.dims.events.order.connect(self.follow_plane)
        viewer.cursor.events.position.connect(self._follow_mouse)
        viewer.events.mouse_over_canvas.connect(self._follow_mouse)

    def follow_plane(self) -> None:
        """Tell the session which plane is in view; the slider may run against the planes."""
        layer, dims = self._layers.get(IMAGE), self._viewer.dims
        if layer is None:
            return
        # The image has the viewer's last axes, where another layer has more of them.
        first = dims.ndim - layer.ndim
        axis = next((a - first for a in dims.order if a >= first), 0)
        place = float(layer.world_to_data(dims.point)[axis])
        index = int(np.clip(round(place), 0, layer.data.shape[axis] - 1))
        self._session.map_view.look_at(axis, index)

    def _follow_mouse(self) -> None:
        """Tell the session which voxel the mouse is on."""
        layer, voxel = self._layers.get(IMAGE), None
        if layer is not None and self._viewer.mouse_over_canvas:
            place = np.rint(layer.world_to_data(self._viewer.cursor.position)).astype(int)
            if ((place >= 0) & (place < layer.data.shape)).all():
                voxel = (int(place[0]), int(place[1]), int(place[2]))
        self._session.map_view.point_at(voxel)

    def _show(self, planes: NDArray[np.intp] | None) -> None:
        """Show the map, all of it anew or the planes that changed."""
        view, layer = self._session.map_view, self._layers.get(MAP)
        if view.phi is None:
            if layer is not None:
                layer.visible = False
        elif layer is None:
            # One that the user removed comes back when a map is asked for, and by no brush.
            if planes is None:
                self._add(view.phi)
        else:
            if layer.data is not view.phi:
                layer.data = view.phi
            else:
                # As with napari's own labels, the thumbnail waits for another plane to be shown.
                layer.refresh(extent=False, thumbnail=planes is None)
            _color(layer, view)
            if planes is None:
                layer.visible = True

    def _add(self, phi: NDArray[np.float32]) -> None:
        opened, layers = self._session.open_case, self._viewer.layers
        image = self._layers.get(IMAGE)
        if opened is None or image is None:
            return
        active = layers.selection.active
        layer: Image = self._viewer.add_image(
            phi,
            name=MAP,
            colormap=DISTANCE_COLORS[self._session.map_choice.half],
            contrast_limits=_limits(self._session.map_view),
            opacity=0.8,
            metadata={"segstudio_grid": opened.volume.grid},
            **placement(opened.volume.grid),
        )
        self._layers[MAP] = layer
        # Under the labels, which stay what a brush paints on.
        layers.move(layers.index(layer), layers.index(image) + 1)
        layers.selection.active = active


def _color(layer: Image, view: MapView) -> None:
    """Give a layer the colours of a map, where it has others: napari draws its controls anew."""
    colors, limits = DISTANCE_COLORS[view.choice.half], _limits(view)
    if layer.colormap.name != colors.name:
        layer.colormap = colors
    if tuple(layer.contrast_limits) != limits:
        layer.contrast_limits = limits


def _limits(view: MapView) -> tuple[float, float]:
    """Return limits about 0 that show the inside, which is never as deep as the outside is far."""
    least, most = view.span
    if view.choice.half != "both":
        return 0.0, most or 1.0
    largest = max(-least, most)
    reach = min(-3.0 * least, largest) or largest or 1.0
    return -reach, reach
