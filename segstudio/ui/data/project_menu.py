"""The button that makes, opens and widens projects."""

from functools import partial
from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QMenu, QPushButton

from segstudio.data.project import Project
from segstudio.session import Session
from segstudio.ui.data.recent_projects import forget_projects, recent_projects, remember_project
from segstudio.ui.edge import at_the_edge
from segstudio.ui.widgets.questions import ask_new_project, ask_project


class ProjectMenu(QPushButton):
    """A menu of what can be done with projects, and of those opened last.

    Parameters
    ----------
    session : Session
        It is asked.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.setText("Project")
        self.setToolTip(
            "A project keeps folders of images together with their classes, their split, their "
            "trainings and the case last seen, in a folder of its own."
        )
        self.list = QMenu(self)
        self.list.setToolTipsVisible(True)
        self.setMenu(self.list)
        self.list.aboutToShow.connect(self.fill)
        session.project_opened.connect(self._remember)
        self.fill()

    def fill(self) -> None:
        """List what can be done now, and the recent projects."""
        self.list.clear()
        self._add("New project…", self._ask_new, "Make a project of what is open, in a folder.")
        self._add("Open project…", self._ask_open, "Open a project by its folder.")
        add = self._add("Add images…", self._ask_more, "Add a folder of images to this project.")
        self.list.actions()[add].setEnabled(self.session.project is not None)
        recent = recent_projects()
        self.list.addSeparator()
        # A style may leave out the words of a section, so they are a line of their own.
        title = self.list.addAction("Recent projects:" if recent else "No recent projects")
        title.setEnabled(False)
        for folder in recent:
            self._add(folder.name.replace("&", "&&"), partial(self._open, folder), str(folder))
        if recent:
            self._add("Forget these", self._forget, "Take the recent projects off this list.")

    def _add(self, text: str, slot: object, tip: str) -> int:
        """Add a line to the menu; return which it is."""
        action = self.list.addAction(text)
        action.setToolTip(tip)
        action.triggered.connect(slot)
        return len(self.list.actions()) - 1

    @at_the_edge
    def _ask_new(self, _checked: bool = False) -> None:
        ask_new_project(self.session, self)

    @at_the_edge
    def _ask_open(self, _checked: bool = False) -> None:
        ask_project(self.session, self)

    @at_the_edge
    def _ask_more(self, _checked: bool = False) -> None:
        name = QFileDialog.getExistingDirectory(self, "Add a folder of images to the project")
        if name:
            self.session.ask_more_folders(Path(name))

    @at_the_edge
    def _open(self, folder: Path, _checked: bool = False) -> None:
        self.session.ask_project(folder)

    def _forget(self, _checked: bool = False) -> None:
        forget_projects()

    def _remember(self, project: Project | None) -> None:
        if project is not None:
            remember_project(project.root)
