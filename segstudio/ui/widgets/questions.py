"""What the program asks before it opens or saves: which files, which folder, under which name."""

from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QWidget

from segstudio.compare.demo import sample_dataset
from segstudio.core.errors import InputError
from segstudio.data.project import place_of
from segstudio.learn.run_folder import runs_home
from segstudio.session import Session
from segstudio.ui.widgets.file_names import free_name, open_filter, save_filter, with_suffix


def ask_folder(session: Session, parent: QWidget) -> None:
    """Ask which folder of images to open."""
    name = QFileDialog.getExistingDirectory(parent, "Open folder of images with labels")
    if name:
        session.ask_open(name)


def ask_files(session: Session, parent: QWidget) -> None:
    """Ask which images to open."""
    names, _ = QFileDialog.getOpenFileNames(parent, "Open images", "", open_filter())
    if names:
        session.ask_open(*names)


def ask_project(session: Session, parent: QWidget) -> None:
    """Ask which project to open."""
    name = QFileDialog.getExistingDirectory(parent, "Open a project's folder")
    if name:
        session.ask_project(name)


def ask_new_project(session: Session, parent: QWidget) -> None:
    """Ask where to make a project of what is open."""
    name = QFileDialog.getExistingDirectory(parent, "Choose or make the new project's folder")
    if name:
        session.ask_new_project(Path(name))


def open_sample(session: Session) -> None:
    """Open generated hearts; nothing is asked."""
    folder = runs_home().parent / "demos" / "sample" / "hearts"
    session.ask_reading(lambda: sample_dataset(folder), "Making sample hearts …")


def ask_save(session: Session, parent: QWidget) -> None:
    """Ask where to save the labels of the case in view."""
    opened, project = session.open_case, session.project
    if opened is None:
        return
    chosen, kind = QFileDialog.getSaveFileName(
        parent, "Save labels", str(free_name(opened.case)), save_filter()
    )
    if chosen:
        now, name = session.open_case, opened.case.name
        if now is None or session.place_of(now.case) != place_of(project, opened.case):
            raise InputError(
                f"Another case came into view while you chose a file for the labels of '{name}', "
                f"so nothing was written. Open '{name}' again and save it there."
            )
        path = with_suffix(Path(chosen), kind)
        # The dialog asks before an existing file is chosen, by the name it knows.
        session.ask_save(path, overwrite=str(path) == chosen and path.exists())
