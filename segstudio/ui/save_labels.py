"""The dialog that saves the labels of the case in view."""

from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QWidget

from segstudio.session import Session
from segstudio.ui.file_names import free_name, save_filter, with_suffix


def ask_save(parent: QWidget, session: Session) -> None:
    """Ask for a file and save the labels there; nothing where no case is open or none is chosen."""
    opened = session.open_case
    if opened is None:
        return
    chosen, kind = QFileDialog.getSaveFileName(
        parent, "Save labels", str(free_name(opened.case)), save_filter()
    )
    if chosen:
        path = with_suffix(Path(chosen), kind)
        # The dialog asks before an existing file is chosen, by the name it knows.
        session.save_labels(path, overwrite=str(path) == chosen and path.exists())
