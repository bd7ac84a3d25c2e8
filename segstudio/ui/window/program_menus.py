"""The program's own menu, and its lines in the Help menu."""

import weakref
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QMenu, QMessageBox

from segstudio import __version__
from segstudio.session import Session
from segstudio.ui.edge import at_the_edge
from segstudio.ui.window.guide import GuideDialog
from segstudio.ui.window.panels import Panels
from segstudio.ui.window.program_actions import ProgramActions, action
from segstudio.ui.window.shortcuts import ShortcutsDialog, entries
from segstudio.viewer.orthogonal_views import toggle_orthogonal_views
from segstudio.viewer.preferred_reader import is_preferred, prefer

if TYPE_CHECKING:
    from napari import Viewer

ABOUT = (
    f"<h3>segstudio {__version__}</h3>"
    "<p>Distance maps, losses and trainings for medical image segmentation, in napari.</p>"
    "<p><b>For research use only. Not a medical device.</b> Do not base the care of a patient "
    "on what it shows.</p><p>BSD-3-Clause</p>"
)
READER_TIP = (
    "Let napari open NIfTI, NRRD, MetaImage and DICOM files with segstudio's reader in every "
    "window, with the voxel size and place they have; napari's own opens some without."
)
VIEWS_TIP = (
    "Show or hide the two other planes through the same place beside the image, where the plugin "
    "napari-orthogonal-views is installed."
)


class ProgramMenus(QObject):
    """Adds the menus to a viewer's window.

    Parameters
    ----------
    viewer : Viewer
        Its window.
    session : Session
        It tells what went wrong.
    actions : ProgramActions
        What the program does.
    panels : Panels
        What can be shown.
    """

    def __init__(
        self, viewer: "Viewer", session: Session, actions: ProgramActions, panels: Panels
    ) -> None:
        main = viewer.window._qt_window
        super().__init__(main)
        self.session = session
        # Held weakly: a viewer that its own window held would not be gone when that is closed.
        self._viewer = weakref.ref(viewer)
        self.guide = action(self, "&Guide", self._show_guide, "Read the two-minute guide.", "F1")
        self.shortcuts = action(
            self, "Menus and &shortcuts", self._show_shortcuts, "Find what the menus and keys do."
        )
        self.about = action(self, "About segstudio", self._show_about, "The version and licence.")
        self.menu = QMenu("se&gstudio", main)
        self._fill(actions, panels)
        bar = main.menuBar()
        menus = {action.text().replace("&", ""): action for action in bar.actions()}
        bar.insertMenu(menus["View"], self.menu)
        helping, first = menus["Help"].menu(), menus["Help"].menu().actions()[0]
        helping.setToolTipsVisible(True)
        helping.insertActions(first, [self.guide, self.shortcuts, self.about])
        helping.insertSeparator(first)

    def _fill(self, actions: ProgramActions, panels: Panels) -> None:
        menu = self.menu
        menu.setToolTipsVisible(True)
        menu.addActions([actions.open_folder, actions.open_files, actions.open_sample])
        menu.addSeparator()
        menu.addActions([actions.open_project, actions.new_project])
        menu.addSeparator()
        menu.addActions([actions.save, actions.save_as])
        menu.addSeparator()
        menu.addActions([actions.previous, actions.next])
        menu.addSeparator()
        shown = menu.addMenu("Show &panel")
        shown.setToolTipsVisible(True)
        for name in panels.names:
            tip = f"Bring the {name} panel in front; open it again if it was closed."
            shown.addAction(action(self, f"&{name}", partial(_show, panels, name), tip))
        shown.addSeparator()
        tip = "Put all panels back where they were at first."
        shown.addAction(action(self, "&Reset layout", lambda _=False: panels.reset(), tip))
        menu.addAction(action(self, "Orthogonal &views", self._toggle_views, VIEWS_TIP))
        menu.addSeparator()
        self.reader = action(
            self, "Open medical files with segstudio in &napari", self._prefer, READER_TIP
        )
        self.reader.setCheckable(True)
        menu.addAction(self.reader)
        menu.aboutToShow.connect(lambda: self.reader.setChecked(is_preferred()))

    @at_the_edge
    def _show_guide(self, _checked: bool = False) -> None:
        GuideDialog(self.parent()).show()

    @at_the_edge
    def _show_shortcuts(self, _checked: bool = False) -> None:
        viewer = self._viewer()
        if viewer is not None:
            ShortcutsDialog(entries(viewer), self.parent()).show()

    @at_the_edge
    def _show_about(self, _checked: bool = False) -> None:
        QMessageBox.about(self.parent(), "About segstudio", ABOUT)

    @at_the_edge
    def _prefer(self, _checked: bool = False) -> None:
        prefer(self.reader.isChecked())

    @at_the_edge
    def _toggle_views(self, _checked: bool = False) -> None:
        viewer = self._viewer()
        if viewer is not None:
            toggle_orthogonal_views(viewer)


def _show(panels: Panels, name: str, _checked: bool = False) -> None:
    panels.show(name)
