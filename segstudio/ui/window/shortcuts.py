"""All menus and keys of a window, read from its actions and from napari's key bindings."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari.layers import Labels
from napari.utils.action_manager import action_manager
from qtpy.QtCore import Qt
from qtpy.QtGui import QAction, QKeySequence, QShortcut
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLineEdit,
    QMainWindow,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from napari import Viewer

OURS, LABELS, VIEW = "segstudio", "Painting labels", "In the image"


@dataclass(frozen=True)
class Entry:
    """Something that can be done.

    Attributes
    ----------
    place : str
        The menu, or where the keys work.
    text : str
        What it does.
    keys : str
        As the system writes them; empty where there are none.
    tip : str
        More about it.
    """

    place: str
    text: str
    keys: str = ""
    tip: str = ""


def entries(viewer: "Viewer") -> list[Entry]:
    """Return what a window's menus and keys do: the program's own first, then napari's."""
    main = viewer.window._qt_window
    found = list(_of_menus(main))
    own = [entry for entry in found if entry.place.startswith(OURS)]
    others = [entry for entry in found if not entry.place.startswith(OURS)]
    return [*own, *_of_shortcuts(main), *_of_layers(viewer), *others]


def _of_menus(main: QMainWindow) -> Iterator[Entry]:
    for action in main.menuBar().actions():
        if action.menu() is not None:
            yield from _of_menu(action.menu().actions(), _plain(action.text()))


def _of_menu(actions: list[QAction], place: str) -> Iterator[Entry]:
    for action in actions:
        text, _, told = action.text().partition("\t")
        if action.menu() is not None:
            yield from _of_menu(action.menu().actions(), f"{place} ▸ {_plain(text)}")
        elif text and action.isVisible() and text != "Empty":
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            shown = keys or QKeySequence(told).toString(QKeySequence.SequenceFormat.NativeText)
            tip = action.toolTip() if action.toolTip() != _plain(text) else ""
            yield Entry(place, _plain(text), shown, tip)


def _plain(text: str) -> str:
    return text.replace("&", "").strip("‎")


def _of_shortcuts(main: QMainWindow) -> Iterator[Entry]:
    """Yield the keys of widgets that say what they do."""
    for shortcut in main.findChildren(QShortcut):
        if shortcut.whatsThis():
            keys = shortcut.key().toString(QKeySequence.SequenceFormat.NativeText)
            yield Entry("segstudio", shortcut.whatsThis(), keys)


def _of_layers(viewer: "Viewer") -> Iterator[Entry]:
    """Yield napari's keys for labels and for the image, as the user has set them."""
    for place, provider in ((LABELS, Labels), (VIEW, type(viewer).__mro__[1])):
        for name, action in action_manager._get_provider_actions(provider).items():
            bindings = action_manager._shortcuts.get(name, [])
            if bindings:
                yield Entry(place, action.description, ", ".join(map(_native, bindings)))
    for binding, command in (*Labels.class_keymap.items(), *viewer.keymap.items()):
        if command not in {a.command for a in action_manager._actions.values()}:
            lines = (getattr(command, "__doc__", None) or "").strip().splitlines()
            if lines:
                yield Entry(LABELS, lines[0].rstrip("."), _native(binding))


def _native(binding: object) -> str:
    text = str(binding).replace("Escape", "Esc")
    return str(QKeySequence(text).toString(QKeySequence.SequenceFormat.NativeText) or text)


class ShortcutsDialog(QDialog):
    """Lists what can be done, by menu, and finds it by a word or by keys.

    Parameters
    ----------
    listed : list of Entry
    parent : QWidget
        The window.
    """

    def __init__(self, listed: list[Entry], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Menus and shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find: save, case, Ctrl+S …")
        self.search.setClearButtonEnabled(True)
        self.search.setToolTip(
            "Show what holds every word, in its name, keys, menu or explanation."
        )
        self.list = QTreeWidget()
        self.list.setHeaderLabels(["What", "Keys", "Where"])
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setToolTip("Everything the menus and keys of this window do.")
        self._words: list[str] = []
        for entry in listed:
            row = QTreeWidgetItem(self.list, [entry.text, entry.keys, entry.place])
            row.setToolTip(0, entry.tip or entry.text)
            self._words.append(" ".join(vars(entry).values()).casefold())
        header = self.list.header()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(False)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        rows = QVBoxLayout(self)
        for widget in (self.search, self.list, buttons):
            rows.addWidget(widget)
        self.search.textChanged.connect(self._find)
        self.resize(720, 560)

    def shown(self) -> list[str]:
        """Return what is listed now."""
        rows = (self.list.topLevelItem(i) for i in range(self.list.topLevelItemCount()))
        return [row.text(0) for row in rows if not row.isHidden()]

    def _find(self, text: str) -> None:
        wanted = text.casefold().split()
        for i, words in enumerate(self._words):
            self.list.topLevelItem(i).setHidden(not all(word in words for word in wanted))
