"""What the program tells over the image: the whole of it, and above what it told before."""

import re
from typing import Any

from napari._qt.dialogs.qt_notification import NapariQtNotification
from napari.utils.notifications import notification_manager
from qtpy.compat import isalive
from qtpy.QtCore import Qt
from qtpy.QtGui import QWindow
from qtpy.QtWidgets import QApplication, QDialog, QLabel, QSizePolicy

WIDEST, GAP = 520, 8  # pixels
FRAME = 24  # pixels above and below the words
MS_A_LETTER = 60  # that reading takes
LONGEST_WORD = 45  # letters that surely fit into a line


class Notice(NapariQtNotification):
    """A message of napari's that is neither cut off nor takes the keyboard when it goes.

    Napari's own shows one line, unfolds to two where a file's name is long, and lies over the one
    before.

    Parameters
    ----------
    message : str
        What is told.
    **options
        Napari's own.
    """

    def __init__(self, message: str, **options: Any) -> None:
        super().__init__(message, **options)
        self.words = QLabel(_breakable(message))
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.row1.replaceWidget(self.message, self.words)
        self.message.hide()
        self.expand_button.hide()
        self.timer.setParent(self)  # which would go on without it
        self.timer.setSingleShot(True)
        self.timer.timeout.connect(self.close_with_fade)

    def show(self) -> None:
        """Show it whole, above those that are still there, and as long as it takes to read."""
        # Those that went with their window are in napari's list still.
        self._instances[:] = [each for each in self._instances if isalive(each)]
        self._fit()
        QDialog.show(self)  # napari's own would stop the time of those that are still there
        self._instances.append(self)
        self.slide_in()
        self.timer.setInterval(max(self.DISMISS_AFTER, len(self.words.text()) * MS_A_LETTER))
        if QApplication.activeWindow() is not None:  # this window, or a dialog before it
            self.timer_start()
        else:
            QApplication.instance().focusWindowChanged.connect(self._follow_focus)

    def _follow_focus(self, window: QWindow | None) -> None:
        """Begin to go when the user is back."""
        if window is not None:
            QApplication.instance().focusWindowChanged.disconnect(self._follow_focus)
            self.timer_start()

    def timer_start(self) -> None:
        """Go in its time from now on."""
        if self.DISMISS_AFTER > 0 and not self.timer.isActive():
            self.timer.start()

    def _fit(self) -> None:
        parent = self.parent()
        room = parent.width() - 2 * GAP if parent is not None else WIDEST
        self.setFixedWidth(max(self.MIN_WIDTH, min(WIDEST, room)))
        self.words.ensurePolished()
        aside = self.severity_icon.maximumWidth() + self.close_button.maximumWidth() + 2 * FRAME
        high = self.words.heightForWidth(self.width() - aside) + FRAME
        actions = 0 if self.row2_widget.isHidden() else self.row2_widget.maximumHeight()
        self.setFixedHeight(max(high + actions, self.minimumHeight()))
        self.move_to_bottom_right((GAP, GAP))
        shown = [each for each in self._instances if each.parent() is parent]
        tops = [each.geom_anim.endValue().y() for each in shown]  # one may be sliding in still
        self.move(self.x(), max(0, min([self.y(), *(y - GAP - self.height() for y in tops)])))

    def mouseDoubleClickEvent(self, _event: object) -> None:  # noqa: N802
        """Do nothing: there is nothing to unfold."""

    def close(self) -> None:
        """Go, and leave the keyboard to whatever has it: napari gives it to the image."""
        focused = QApplication.focusWidget()
        super().close()
        if focused is not None and not self.isAncestorOf(focused):
            focused.setFocus()


def show_messages_whole() -> None:
    """Let all that napari and the program tell be shown as notices."""
    ready = notification_manager.notification_ready
    ready.disconnect(NapariQtNotification.show_notification)
    ready.disconnect(Notice.show_notification)
    ready.connect(Notice.show_notification)


def _breakable(text: str) -> str:
    """Return a text whose long words, paths most often, can be parted at the end of a line."""

    def part(word: re.Match[str]) -> str:
        return re.sub(r"(?<=[/\\_.-])", "\u200b", word.group())

    return re.sub(rf"\S{{{LONGEST_WORD},}}", part, text)
