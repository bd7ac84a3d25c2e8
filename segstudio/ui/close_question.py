"""The question before a window is closed in which a network trains."""

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QMessageBox

from segstudio.session import Session

if TYPE_CHECKING:
    from napari._qt.qt_main_window import _QtMainWindow


class CloseQuestion(QObject):
    """Lets a window be closed only when the user gives up what trains in it."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def watch(self, window: "_QtMainWindow") -> None:
        """Ask before a napari window is closed."""
        window.installEventFilter(self)

    def eventFilter(self, watched: "_QtMainWindow", event: QEvent) -> bool:  # noqa: N802
        """Return whether an event goes no further: a closing that the user takes back."""
        if event.type() != QEvent.Type.Close or self._session.training is None:
            return False
        # A script that closes the viewer has taken the canvas down already: it is not asked.
        if watched._qt_viewer.isHidden() or self._is_given_up(watched):
            return False
        event.ignore()
        return True

    def _is_given_up(self, window: "_QtMainWindow") -> bool:
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
