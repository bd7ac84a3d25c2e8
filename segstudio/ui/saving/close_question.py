"""The questions before a window is closed in which a network trains, or labels are unsaved."""

import logging
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QMessageBox

from segstudio.core.errors import sentence
from segstudio.session import Session
from segstudio.session.paintings import Painting
from segstudio.ui.edge import at_the_edge
from segstudio.ui.widgets.file_names import free_name

if TYPE_CHECKING:
    from napari._qt.qt_main_window import _QtMainWindow


logger = logging.getLogger(__name__)

MOST_LISTED = 12
EXPLAINED = (
    "“Save and close” writes the files named here, beside their images or where you saved them "
    "before; no other file is replaced. “Close and keep them” offers them again at the next start."
)


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
        self.session, self._finish_saving = session, finish_saving
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
        if self._may_stop(watched) and self._may_leave_surely(watched):
            return False
        event.ignore()
        return True

    def _may_stop(self, window: "_QtMainWindow") -> bool:
        """Ask whether the training may be stopped, where there is one."""
        if self.session.training is None:
            return True
        box = QMessageBox(window)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("A network is training")
        box.setText("A network is training in this window.")
        waiting = len(self.session.queue)
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

    def _may_leave_surely(self, window: "_QtMainWindow") -> bool:
        """Return whether nothing is lost, or the user lets it be; also where asking goes wrong."""
        may_leave = False
        try:
            may_leave = self._may_leave(window) and self._may_leave_untold(window)
        except Exception as error:
            logger.exception("In the question before closing")
            self.discards = False
            may_leave = _closes_anyway(
                window,
                "Labels could not be looked through",
                f"Whether all that you painted is saved could not be found out. {sentence(error)} "
                "Copies of it are offered at the next start.",
            )
        self.discards &= may_leave
        return may_leave

    def _may_leave_untold(self, window: "_QtMainWindow") -> bool:
        """Ask whether to leave files of labels of which their projects could not be told."""
        untold = self.session.labels_unknown_to_projects()
        if not untold:
            return True
        lines = [f"• {file.name}, of the project {project.name}" for project, file in untold]
        return _closes_anyway(
            window,
            "A project does not know its labels",
            "These files are saved, and the project's own file, project.toml, could not be told of "
            f"them:\n{_shortened(lines)}\nGo back to mend that file or its folder. Closed now, the "
            "project shows what these images had before.",
        )

    def _may_leave(self, window: "_QtMainWindow") -> bool:
        """Ask what becomes of unsaved labels, where there are any."""
        self.discards = False
        self._finish_saving()
        unsaved = self.session.unsaved
        if not unsaved:
            return True
        targets: list[tuple[Painting, Path]] = []
        for painting in unsaved:
            taken = [path for _, path in targets]
            targets.append((painting, _target(self.session, painting, taken)))
        box = QMessageBox(window)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Labels are not saved")
        box.setText(f"What you painted on these cases is not saved:\n{_listed(targets)}")
        box.setInformativeText(EXPLAINED)
        save = box.addButton("Save and close", QMessageBox.ButtonRole.AcceptRole)
        keep = box.addButton("Close and keep them", QMessageBox.ButtonRole.AcceptRole)
        discard = box.addButton("Discard them", QMessageBox.ButtonRole.DestructiveRole)
        back = box.addButton("Go back", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(save)
        box.setEscapeButton(back)
        box.exec()
        if box.clickedButton() is save:
            for painting, path in targets:
                self._save(painting, path)
            self._finish_saving()
            return not self.session.unsaved  # why one is still there, was told
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

    @at_the_edge
    def _save(self, painting: Painting, path: Path) -> None:
        if not self.session.is_place_unsaved(painting.place):
            return  # it was tried again meanwhile, and is
        # While the question was open, others may have written: only one's own file is replaced.
        own = self.session.own_file_of(painting.case, painting.project)
        self.session.ask_save_of(painting, path, overwrite=path == own)


def _target(session: Session, painting: Painting, taken: Collection[Path]) -> Path:
    """Return the file that labels are saved to where nobody is asked, which no others go to."""
    own = session.own_file_of(painting.case, painting.project)
    return own or free_name(painting.case, taken)


def _closes_anyway(window: "_QtMainWindow", title: str, text: str) -> bool:
    box = QMessageBox(window)
    box.setIcon(QMessageBox.Icon.Warning)
    box.setWindowTitle(title)
    box.setText(text)
    close = box.addButton("Close all the same", QMessageBox.ButtonRole.DestructiveRole)
    back = box.addButton("Go back", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(back)
    box.setEscapeButton(back)
    box.exec()
    return bool(box.clickedButton() is close)


def _listed(targets: Sequence[tuple[Painting, Path]]) -> str:
    return _shortened([_line(painting, path) for painting, path in targets])


def _shortened(lines: Sequence[str]) -> str:
    more = len(lines) - MOST_LISTED
    return "\n".join([*lines[:MOST_LISTED], *([f"… and {more} more"] if more > 0 else [])])


def _line(painting: Painting, path: Path) -> str:
    of = f" of the project {painting.project.name}" if painting.project is not None else ""
    return f"• {painting.case.name}{of}, to {path.name}"
