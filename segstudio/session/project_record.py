"""Changes on their way into the files of projects: what cannot be written waits. Free of Qt."""

from collections.abc import Callable
from dataclasses import dataclass, field
from os import W_OK, access
from pathlib import Path

from segstudio.core.errors import InputError, sentence
from segstudio.data.project import Project
from segstudio.data.project_file import read_project, write_project

Change = Callable[[Project], Project]


@dataclass(eq=False)
class _Waiting:
    project: Project  # as it was known last
    changes: list[Change] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)  # of labels that were saved in it


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
        self.failure = self._told = ""
        self._waiting: dict[Path, _Waiting] = {}

    def change(self, project: Project, change: Change, file: Path | None = None) -> Project:
        """Return a project changed, in its file too where that may be written.

        `file` is that of labels of which the change lets the project know.
        """
        waiting = self._waiting.setdefault(project.root, _Waiting(project))
        waiting.project = project
        waiting.changes.append(change)
        waiting.files += [file] if file is not None else []
        return self._write(waiting)

    def take_trouble(self, project: Project, file: Path | None) -> str:
        """Return what is still to be told of a change of a project just now, once; or nothing.

        What was told before is told again where `file`, of labels, is concerned.
        """
        before, self._told = self._told, self.failure
        if not self.failure or (self.failure == before and file is None):
            return ""
        concerned = "Your labels are not concerned"
        if file is not None:
            concerned = f"'{file.name}' is written, and the project does not know of it yet"
        return (
            f"The project '{project.name}' was not brought up to date. {self.failure} {concerned}; "
            "it is tried again at the next change."
        )

    def unknown_files(self) -> list[tuple[Project, Path]]:
        """Return the files of labels that projects do not know of yet, each with its project.

        What waits is tried again before.
        """
        for waiting in list(self._waiting.values()):
            self._write(waiting)
        return [(each.project, file) for each in self._waiting.values() for file in each.files]

    def knows_labels(self, root: Path | None) -> bool:
        """Return whether the file of a project, if it is one, names all labels saved in it."""
        return root not in self._waiting or not self._waiting[root].files

    def _write(self, waiting: _Waiting) -> Project:
        root = waiting.project.root
        try:
            # As it is there now: somebody may have edited the file meanwhile. One that is gone is
            # not made anew: its stick may be away, or the folder have another name by now.
            after = read_project(root)
            for each in waiting.changes:
                after = each(after)
            if not access(root, W_OK):
                self.failure = f"Its folder can only be read, or is away: '{root}'."
            else:
                write_project(after)
                del self._waiting[root]
                self.failure = self._told = ""
        except (InputError, OSError) as error:
            self.failure = sentence(error)
            after = waiting.project
            for each in waiting.changes:
                after = each(after)
        return after
