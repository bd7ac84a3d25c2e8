"""The iso-lines of a session's distance map, in the plane in view, as a layer. No Qt."""

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Layer, Vectors
from numpy.typing import NDArray

from segstudio.core.iso_lines import Segments, iso_lines
from segstudio.session import Session
from segstudio.viewer.map_stage import MAP
from segstudio.viewer.placement import placement

if TYPE_CHECKING:
    from napari.components import ViewerModel

LINES = "iso-lines"
INSIDE, CONTOUR, OUTSIDE = (0.55, 0.80, 1.0, 0.9), (1.0, 1.0, 1.0, 1.0), (1.0, 0.66, 0.55, 0.9)
# A line across a plane as wide as so many lines is about a pixel of the screen.
LINES_ACROSS = 700


class IsoLines(Vectors):  # type: ignore[misc]  # napari's layers are untyped
    """Vectors without a thumbnail, which would take longer than all else that a brush causes."""

    @property
    def _type_string(self) -> str:
        return "vectors"

    def _update_thumbnail(self) -> None:
        pass


class LineStage:
    """Keeps the layer of the iso-lines in step with a session.

    Parameters
    ----------
    viewer : ViewerModel
        Where the layer goes.
    session : Session
        Whose map the lines are of.
    layers : dict of Layer
        All layers of the studio by their roles; that of the lines is added here.
    """

    def __init__(self, viewer: "ViewerModel", session: Session, layers: dict[str, Layer]) -> None:
        self._viewer, self._session, self._layers = viewer, session, layers
        view = session.map_view
        view.changed.connect(self._show)
        view.moved.connect(self._show)
        view.lines_chosen.connect(self._show)

    def _show(self, *_: object) -> None:
        """Draw the lines of the plane in view anew; none where it has no contour."""
        view, layer = self._session.map_view, self._layers.get(LINES)
        plane = view.plane() if view.lines.visible else None
        lines = None if plane is None else iso_lines(*plane, view.lines.step)
        if plane is not None and lines is not None and len(lines[0]):
            self._draw(*lines, float(max(plane[1].shape) / LINES_ACROSS))
        elif layer is not None:
            layer.visible = False

    def _draw(self, segments: Segments, levels: NDArray[np.float32], width: float) -> None:
        segments, levels = _with_bold_contour(segments, levels, width)
        layer = self._layers.get(LINES) or self._add(width)
        if layer is None:
            return
        # Drawn once, when they have their colours too.
        with layer.events.set_data.blocker():
            layer.data = self._vectors(segments)
        is_depth = self._session.map_choice.half == "inside"
        layer.edge_color = _colors(-levels if is_depth else levels)
        if not layer.visible:
            layer.visible = True

    def _vectors(self, segments: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return segments of the plane in view as napari has vectors: start and way."""
        view = self._session.map_view
        vectors = np.zeros((len(segments), 2, 3), np.float32)
        in_plane = [axis for axis in range(3) if axis != view.axis]
        vectors[:, 0, in_plane] = segments[:, 0]
        vectors[:, 1, in_plane] = segments[:, 1] - segments[:, 0]
        vectors[:, 0, view.axis] = view.index
        return vectors

    def _add(self, width: float) -> Layer | None:
        opened, below = self._session.open_case, self._layers.get(MAP)
        if opened is None or below is None:
            return None
        layers = self._viewer.layers
        active = layers.selection.active
        layer = IsoLines(
            np.zeros((0, 2, 3), np.float32),
            ndim=3,
            name=LINES,
            edge_width=width,
            vector_style="line",
            **placement(opened.volume.grid),
        )
        layers.append(layer)
        self._layers[LINES] = layer
        layers.move(layers.index(layer), layers.index(below) + 1)
        layers.selection.active = active
        return layer


def _with_bold_contour(
    segments: NDArray[np.float32], levels: NDArray[np.float32], width: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return lines with the contour drawn three times side by side: a layer has one width."""
    contour = segments[levels == 0]
    along = contour[:, 1] - contour[:, 0]
    across = along[:, ::-1] * (1, -1) / np.maximum(np.hypot(*along.T), 1e-6)[:, None]
    shift = (0.9 * width * across)[:, None].astype(np.float32)
    bold = [segments, contour - shift, contour + shift]
    return np.concatenate(bold), np.concatenate([levels, np.zeros(2 * len(contour), np.float32)])


def _colors(levels: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the colours of lines by their signed distance."""
    colors: NDArray[np.float64] = np.array([INSIDE, CONTOUR, OUTSIDE])
    return colors[(1 + np.sign(levels)).astype(np.intp)]
