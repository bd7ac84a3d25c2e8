"""The distance under the mouse, in the window's status bar."""

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QLabel

from segstudio.session import Session
from segstudio.ui.distance.map_words import value_words

if TYPE_CHECKING:
    from napari import Viewer


class MapStatus(QLabel):
    """Shows the map under the mouse beside what napari says of the layer that is active.

    Parameters
    ----------
    viewer : Viewer
        Its window has the status bar.
    session : Session
        Whose map it is.
    """

    def __init__(self, viewer: "Viewer", session: Session) -> None:
        super().__init__()
        self._view = session.map_view
        self.setToolTip("The distance map under the mouse.")
        viewer.window._qt_window.statusBar().addPermanentWidget(self)
        self._view.pointed.connect(self._show)
        self._view.changed.connect(self._show)

    def _show(self, *_: object) -> None:
        self.setText(value_words(self._view))
