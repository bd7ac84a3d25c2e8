"""The docks of the program's window: added once, and again when they were closed."""

import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QMainWindow, QTabBar, QWidget

if TYPE_CHECKING:
    from napari import Viewer

WIDTH, HEIGHT = 400, 250  # of the columns at the right, for its widest panel, and at the bottom


class Panels:
    """Adds the panels to a window, and shows those that were hidden or closed.

    Parameters
    ----------
    viewer : Viewer
        Its window.
    right : mapping of str to QWidget
        Tabs of the right column, the first in front.
    bottom : mapping of str to QWidget
        What lies under the image.
    """

    def __init__(
        self, viewer: "Viewer", right: Mapping[str, QWidget], bottom: Mapping[str, QWidget]
    ) -> None:
        # Held weakly: a viewer that its own window held would not be gone when that is closed.
        self._viewer = weakref.ref(viewer)
        self._widgets = {**right, **bottom}
        self._right = tuple(right)
        for name in self._widgets:
            self._add(name)
        main = self._main
        # The columns keep their full height; the curves lie under the image.
        main.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
        main.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        self.show(self._right[0])
        main.tabifiedDockWidgetActivated.connect(lambda _: _spell_tabs(main))
        self.give_room()
        self._first = main.saveState()

    @property
    def names(self) -> tuple[str, ...]:
        """What the panels are called, in their order."""
        return tuple(self._widgets)

    @property
    def _main(self) -> QMainWindow:
        viewer = self._viewer()
        assert viewer is not None  # noqa: S101  (the window's own actions call this)
        return viewer.window._qt_window

    def give_room(self) -> None:
        """Give the columns their usual width and height."""
        docks = [self._widgets[name].parent() for name in (self._right[0], *self._bottom)]
        self._main.resizeDocks(docks[:1], [WIDTH], Qt.Orientation.Horizontal)
        self._main.resizeDocks(docks[1:], [HEIGHT] * len(docks[1:]), Qt.Orientation.Vertical)
        _spell_tabs(self._main)

    @property
    def _bottom(self) -> tuple[str, ...]:
        return self.names[len(self._right) :]

    def show(self, name: str) -> None:
        """Bring a panel in front, wherever it is; dock it again if it was closed."""
        if self._widgets[name].parent() is None:
            self._add(name)
        dock = self._widgets[name].parent()
        dock.show()
        dock.raise_()

    def reset(self) -> None:
        """Put all panels back where they were at the first start."""
        for name in self.names:
            self.show(name)
        self._main.restoreState(self._first)
        self.show(self._right[0])
        self.give_room()

    def _add(self, name: str) -> None:
        viewer, is_right = self._viewer(), name in self._right
        if viewer is None:
            return
        viewer.window.add_dock_widget(
            self._widgets[name],
            name=name,
            area="right" if is_right else "bottom",
            tabify=is_right,
            add_vertical_stretch=False,
        )


def _spell_tabs(main: QMainWindow) -> None:
    """Let the tabs of docks be scrolled where they do not fit, rather than abridged."""
    for bar in main.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
        bar.setElideMode(Qt.TextElideMode.ElideNone)
        bar.setUsesScrollButtons(True)
