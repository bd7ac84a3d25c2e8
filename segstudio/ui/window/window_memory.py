"""Where a window was, how large, how its panels lay and in which theme: kept for the next start."""

import logging
import weakref
from typing import TYPE_CHECKING

from napari.utils.theme import available_themes
from qtpy.QtCore import QByteArray, QEvent, QObject
from qtpy.QtWidgets import QMainWindow

from segstudio.ui.settings_file import settings_file

if TYPE_CHECKING:
    from napari import Viewer

logger = logging.getLogger(__name__)

# Raised when the panels change, so that an older layout is not laid over the new panels.
LAYOUT = 2
_GEOMETRY, _STATE, _THEME = "window/geometry", "window/state", "window/theme"


class WindowMemory(QObject):
    """Puts a window that is shown where the last one was, and notes where it is when it closes.

    Parameters
    ----------
    viewer : Viewer
        Its window has been shown: napari puts it where its own last one was.
    """

    def __init__(self, viewer: "Viewer") -> None:
        main: QMainWindow = viewer.window._qt_window
        super().__init__(main)
        # Held weakly: a viewer that its own window held would not be gone when that is closed.
        self._viewer = weakref.ref(viewer)
        self._restore(main)
        main.installEventFilter(self)

    def eventFilter(self, watched: QMainWindow, event: QEvent) -> bool:  # noqa: N802
        """Note how the window is when it is asked to close; it may stay open all the same."""
        if event.type() == QEvent.Type.Close and isinstance(watched, QMainWindow):
            self._note(watched)
        return False

    def _note(self, main: QMainWindow) -> None:
        kept, viewer = settings_file(), self._viewer()
        kept.setValue(_GEOMETRY, main.saveGeometry())
        kept.setValue(_STATE, main.saveState(LAYOUT))
        if viewer is not None:
            kept.setValue(_THEME, viewer.theme)

    def _restore(self, main: QMainWindow) -> None:
        """Restore what can be; what another program or a damaged file left there is passed over."""
        kept, viewer = settings_file(), self._viewer()
        geometry, state = _bytes(kept.value(_GEOMETRY)), _bytes(kept.value(_STATE))
        if not main.restoreGeometry(geometry):
            main.resize(1280, 800)
        if not main.restoreState(state, LAYOUT) and not state.isEmpty():
            logger.info("The layout of the last window does not fit and is left out.")
        theme = kept.value(_THEME)
        if viewer is not None and theme in available_themes() and theme != viewer.theme:
            viewer.theme = theme


def _bytes(value: object) -> QByteArray:
    return value if isinstance(value, QByteArray) else QByteArray()
