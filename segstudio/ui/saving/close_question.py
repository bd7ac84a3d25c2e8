"""The questions before a window is closed in which a network trains, or labels are unsaved."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QMessageBox

from segstudio.core.errors import sentence
from segstudio.session import Session

if TYPE_CHECKING:
    from napari._qt.qt_main_window import _QtMainWindow


MOST_LISTED = 12


class CloseQuestion(QObject):
    """Lets a window be closed only when the user gives up what trains in it, or is unsaved.

    Parameters
    ----------
    session : Session
    finish_saving : callable
        Waits for the files that are being written: what they hold is not asked about.
    copy_unsaved : callable
        Keeps unsaved labels for the next start; raises `OSError` where it cannot.

    Attributes
    ----------
    discards : bool
        Whether the user wants unsaved labels to be forgotten, instead of kept for the next start.
    """

    def __init__(
        self,
        session: Session,
        finish_saving: Callable[[], None],
        copy_unsaved: Callable[[], None],
    ) -> None:
        super().__init__()
        self._session, self._finish_saving = session, finish_saving
        self._copy_unsaved = copy_unsaved
        self.discards = False

    def watch(self, window: "_QtMainWindow") -> None:
        """Ask before a napari window is closed."""
        window.installEventFilter(self)

    def eventFilter(self, watched: "_QtMainWindow", event: QEvent) -> bool:  # noqa: N802
        """Return whether an event goes no further: a closing that the user takes back."""
        # A script that closes the viewer has taken the canvas down already: it is not asked.
        if event.type() != QEvent.Type.Close or watched._qt_viewer.isHidden():
            return False
        if self._may_stop(watched) and self._may_leave(watched):
            return False
        event.ignore()
        return True

    def _may_stop(self, window: "_QtMainWindow") -> bool:
        """Ask whether the training may be stopped, where there is one."""
        if self._session.training is None:
            return True
        box = QMessageBox(window)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("A network is training")
        box.setText("A network is training in this window.")
        waiting = len(self._session.queue)
        lost = f" {waiting} more in the queue will not begin." if waiting else ""
        box.setInformativeText(
            "Stop it and close? What it has learned is kept in its run folder, and it can go on "
            f"from there.{lost}"
        )
        stop = box.addButton("Stop and keep", QMessageBox.ButtonRole.AcceptRole)
        cancel = box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(cancel)
        box.setEscapeButton(cancel)
        box.exec()
        return bool(box.clickedButton() is stop)

    def _may_leave(self, window: "_QtMainWindow") -> bool:
        """Ask what becomes of unsaved labels, where there are any."""
        self._finish_saving()
        unsaved = [case.name for case in self._session.unsaved]
        if not unsaved:
            return True
        box = QMessageBox(window)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Labels are not saved")
        listed = "\n".join(f"• {name}" for name in unsaved[:MOST_LISTED])
        more = len(unsaved) - MOST_LISTED
        rest = f"\n… and {more} more" if more > 0 else ""
        box.setText(f"What you painted on these cases is not saved:\n{listed}{rest}")
        box.setInformativeText(
            "Go back and save them with Ctrl+S; or close, and have them offered again at the next "
            "start."
        )
        back = box.addButton("Go back", QMessageBox.ButtonRole.RejectRole)
        keep = box.addButton("Close and keep them", QMessageBox.ButtonRole.AcceptRole)
        discard = box.addButton("Discard them", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(back)
        box.setEscapeButton(back)
        box.exec()
        self.discards = box.clickedButton() is discard
        return self.discards or (box.clickedButton() is keep and self._keeps(window))

    def _keeps(self, window: "_QtMainWindow") -> bool:
        """Keep unsaved labels for the next start; say so where that fails."""
        try:
            self._copy_unsaved()
        except OSError as error:
            text = "What you painted could not be kept for the next start, so nothing is closed. "
            rest = "Go back and save it to another place with Ctrl+S, or discard it."
            QMessageBox.warning(window, "Labels are not kept", f"{text}{sentence(error)} {rest}")
            return False
        return True
