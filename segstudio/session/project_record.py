"""Changes on their way into the files of projects: what cannot be written waits. Free of Qt."""

from collections.abc import Callable
from os import W_OK, access
from pathlib import Path

from segstudio.core.errors import InputError, sentence
from segstudio.data.project import Project
from segstudio.data.project_file import read_project, write_project

Change = Callable[[Project], Project]


class ProjectRecord:
    """Writes what changes in a project into its file.

    A file that has a mistake, or lies on a disk that is full, keeps nobody from painting: what was
    to be written waits for the next change.

    Attributes
    ----------
    failure : str
        Why the last change could not be written; empty if it was.
    """

    def __init__(self) -> None:
        self.failure = ""
        self._waiting: dict[Path, list[Change]] = {}

    def change(self, project: Project, change: Change) -> Project:
        """Return a project changed, in its file too where that may be written."""
        waiting = self._waiting.setdefault(project.root, [])
        waiting.append(change)
        try:
            # As it is there now: somebody may have edited the file meanwhile.
            after = read_project(project.root) if project.file.is_file() else project
            for each in waiting:
                after = each(after)
            if access(project.root, W_OK):
                write_project(after)
                waiting.clear()
                self.failure = ""
            else:
                self.failure = f"Its folder can only be read: '{project.root}'."
        except (InputError, OSError) as error:
            self.failure = sentence(error)
            after = project
            for each in waiting:
                after = each(after)
        return after
