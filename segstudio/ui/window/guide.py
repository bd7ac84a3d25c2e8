"""The guide that comes with the program, shown by it: no browser and no network is needed."""

from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QDesktopServices, QImage, QTextDocument
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from segstudio.core.errors import InputError

# In an installed package the folder lies inside; in a checkout beside it.
_PACKAGE = Path(__file__).parents[2]
_PLACES = (_PACKAGE, _PACKAGE.parent / "resources")
WIDEST = 690  # pixels of a picture


def guide_file() -> Path:
    """Return where the guide is.

    Raises
    ------
    InputError
        It was not installed.
    """
    for place in _PLACES:
        if (place / "guide" / "guide.md").is_file():
            return place / "guide" / "guide.md"
    raise InputError("The guide was not installed with the program. Install it again.")


class GuideDialog(QDialog):
    """Shows the guide beside the window, so that it can be followed.

    Parameters
    ----------
    parent : QWidget
        The window.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Guide to segstudio")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.text = _Text()
        self.text.setOpenLinks(False)
        self.text.setToolTip("Scroll, or press Page down, to read on.")
        self.text.anchorClicked.connect(self._follow)
        self.text.setSource(QUrl.fromLocalFile(str(guide_file())))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(self.text)
        column.addWidget(buttons)
        self.resize(760, 700)

    def _follow(self, link: QUrl) -> None:
        if link.isRelative() and link.hasFragment():
            self.text.scrollToAnchor(link.fragment())
        else:
            QDesktopServices.openUrl(link)


class _Text(QTextBrowser):
    """A text whose pictures are no wider than the dialog: nothing scrolls sideways."""

    def loadResource(self, kind: int, name: QUrl) -> Any:  # noqa: N802
        """Return what the text refers to; a picture, where it is too wide, made smaller."""
        found = super().loadResource(kind, name)
        picture = QImage()
        if found and kind == QTextDocument.ResourceType.ImageResource.value:
            picture.loadFromData(found)
        if picture.width() <= WIDEST:
            return found
        return picture.scaledToWidth(WIDEST, Qt.TransformationMode.SmoothTransformation)
