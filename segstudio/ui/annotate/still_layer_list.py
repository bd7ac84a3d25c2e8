"""napari's list of layers, which stands still while a stroke is drawn."""

from typing import TYPE_CHECKING

from segstudio.session import Session

if TYPE_CHECKING:
    from napari import Viewer


class StillLayerList:
    """Keeps the list of layers from being drawn anew for each move of the brush.

    A seventh of a move's time would go there, though nothing that the list shows changes before
    the stroke ends.

    Parameters
    ----------
    viewer : Viewer
        Its list.
    session : Session
        Whose strokes are drawn.
    """

    def __init__(self, viewer: "Viewer", session: Session) -> None:
        self._viewer = viewer
        self._strokes = session.annotation.stroke_changed
        self._strokes.connect(self._follow)

    def close(self) -> None:
        """Follow no stroke any more; the list may be gone."""
        self._strokes.disconnect(self._follow)

    def _follow(self, is_stroke: bool) -> None:
        self._viewer.window._qt_viewer.layers.setUpdatesEnabled(not is_stroke)
