"""What the program does from its menus and its start page, as actions with their keys."""

from collections.abc import Callable

from napari._app_model import get_app_model
from qtpy.QtCore import QObject
from qtpy.QtGui import QAction, QKeySequence
from qtpy.QtWidgets import QMainWindow

from segstudio.core.errors import InputError
from segstudio.session import Session
from segstudio.ui.data.case_table import NEXT_KEYS, PREVIOUS_KEYS, CaseTable
from segstudio.ui.edge import at_the_edge
from segstudio.ui.widgets.questions import (
    ask_files,
    ask_folder,
    ask_new_project,
    ask_project,
    ask_save,
    open_sample,
)

SAVE_LAYERS = "napari.window.file.save_layers_dialog.selected"
SAVE_KEYS, SAVE_AS_KEYS = "Ctrl+S", "Ctrl+Shift+S"


class ProgramActions(QObject):
    """The actions of a window.

    Parameters
    ----------
    main : QMainWindow
        It owns them, and the questions they ask.
    session : Session
        It is asked.
    cases : CaseTable
        It knows which case is the next.
    """

    def __init__(self, main: QMainWindow, session: Session, cases: CaseTable) -> None:
        super().__init__(main)
        self.session = session
        self._save_layers = _napari_action(main, SAVE_LAYERS)
        self.open_folder = action(
            self,
            "Open &folder…",
            self._ask_folder,
            "Open a folder of images with labels: how it is laid out is found out.",
        )
        self.open_files = action(
            self, "&Open files…", self._ask_files, "Open images of any format that is read."
        )
        self.open_sample = action(
            self,
            "Try it on generated &hearts",
            self._open_sample,
            "Open generated hearts with labels, to try everything on: no picture of a patient.",
        )
        self.open_project = action(
            self, "Open &project…", self._ask_project, "Open a project by its folder."
        )
        self.new_project = action(
            self,
            "&New project…",
            self._ask_new_project,
            "Make a project of what is open, or of the images in its folder: it keeps images, "
            "classes, split, trainings and the case last seen together.",
        )
        self._make_saving()
        # The table holds these keys already: said here, they would stand against each other.
        self.previous = action(
            self,
            f"Pre&vious case\t{PREVIOUS_KEYS}",
            cases.go_back,
            "Open the case above in the table.",
        )
        self.next = action(
            self, f"Ne&xt case\t{NEXT_KEYS}", cases.go_on, "Open the case below in the table."
        )

    def _make_saving(self) -> None:
        self.save = action(
            self,
            "&Save labels",
            self._save,
            "Save the painted labels. The first time you are asked where; after that they go to "
            "the same file.",
            SAVE_KEYS,
        )
        self.save_as = action(
            self,
            "Save labels &as…",
            self._ask_save,
            "Save the painted labels as a file on the image's own grid.",
            SAVE_AS_KEYS,
        )
        if self._save_layers is not None:
            self._save_layers.changed.connect(self._take_keys)
            self._take_keys()

    def _take_keys(self) -> None:
        """Take Ctrl+S from napari's layers, and again when its menu is made anew."""
        # Of two actions with the same keys Qt would do neither.
        if self._save_layers is not None and not self._save_layers.shortcut().isEmpty():
            self._save_layers.setShortcut(QKeySequence())

    @property
    def _main(self) -> QMainWindow:
        return self.parent()

    @at_the_edge
    def _ask_folder(self, _checked: bool = False) -> None:
        ask_folder(self.session, self._main)

    @at_the_edge
    def _ask_files(self, _checked: bool = False) -> None:
        ask_files(self.session, self._main)

    @at_the_edge
    def _ask_project(self, _checked: bool = False) -> None:
        ask_project(self.session, self._main)

    @at_the_edge
    def _ask_new_project(self, _checked: bool = False) -> None:
        ask_new_project(self.session, self._main)

    @at_the_edge
    def _open_sample(self, _checked: bool = False) -> None:
        open_sample(self.session)

    @at_the_edge
    def _save(self, _checked: bool = False) -> None:
        """Save where this case was saved before; ask where, the first time."""
        if self.session.labels is None:
            self._save_as_napari_does()
        elif (own := self.session.own_file) is None:
            self._ask_save()
        else:
            self.session.ask_save(own, overwrite=True)

    def _save_as_napari_does(self) -> None:
        try:
            get_app_model().commands.execute_command(SAVE_LAYERS).result()
        except OSError as error:
            raise InputError("There is nothing to save. Open a case and paint first.") from error

    @at_the_edge
    def _ask_save(self, _checked: bool = False) -> None:
        if self.session.labels is None or self.session.open_case is None:
            self.session.say("There are no labels to save. Open a case, or make new labels.")
            return
        ask_save(self.session, self._main)


def action(
    owner: QObject, text: str, slot: Callable[..., None], tip: str, keys: str | None = None
) -> QAction:
    """Return an action that does something, with its words for a menu and for the status bar."""
    made = QAction(text, owner)
    made.setToolTip(tip)
    made.setStatusTip(tip)
    made.triggered.connect(slot)
    if keys is not None:
        made.setShortcut(QKeySequence(keys))
    return made


def _napari_action(main: QMainWindow, command: str) -> QAction | None:
    """Return the action of napari's File menu that runs a command."""
    menus = {each.text().replace("&", ""): each.menu() for each in main.menuBar().actions()}
    found = (a for a in menus["File"].actions() if getattr(a, "_command_id", "") == command)
    return next(found, None)
