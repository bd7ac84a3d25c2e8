"""Projects from the data panel: made, opened, widened, remembered."""

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import QFileDialog

from segstudio.data.project import new_project
from segstudio.data.project_file import write_project
from segstudio.session import Session
from segstudio.session.messages import ReadingRequest
from segstudio.ui.data.project_menu import ProjectMenu
from segstudio.ui.data.recent_projects import (
    MOST,
    forget_projects,
    recent_projects,
    remember_project,
)


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.fixture
def asked(session: Session) -> list[ReadingRequest]:
    """What the session has been asked to read."""
    wishes: list[ReadingRequest] = []
    session.reading_asked.connect(wishes.append)
    return wishes


@pytest.fixture
def menu(qtbot: QtBot, session: Session) -> ProjectMenu:
    made = ProjectMenu(session)
    qtbot.addWidget(made)
    return made


@pytest.fixture
def project(hearts: Path, tmp_path: Path) -> Path:
    """The folder of a project of hearts."""
    write_project(new_project(tmp_path / "mine", [hearts]))
    return tmp_path / "mine"


def choose(menu: ProjectMenu, text: str) -> None:
    menu.fill()
    next(action for action in menu.list.actions() if action.text() == text).trigger()


def answer(monkeypatch: pytest.MonkeyPatch, folder: Path | str) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))


def test_a_project_is_made_in_the_folder_that_is_chosen(
    session, menu, asked, hearts, tmp_path, monkeypatch
) -> None:
    session.open(hearts)
    answer(monkeypatch, tmp_path / "new")
    choose(menu, "New project…")
    (wish,) = asked

    assert wish.project.root == tmp_path / "new"
    assert wish.project.folders == (hearts,)


def test_a_project_is_opened_by_its_folder(menu, asked, project, monkeypatch) -> None:
    answer(monkeypatch, project)
    choose(menu, "Open project…")

    assert asked[0].project.root == project


def test_a_folder_without_a_project_is_told(session, menu, asked, hearts, monkeypatch) -> None:
    said = []
    session.said.connect(lambda message: said.append(message.text))
    answer(monkeypatch, hearts)
    choose(menu, "Open project…")

    assert asked == []
    assert "holds no project" in said[-1]


def test_a_dialog_that_is_left_asks_for_nothing(menu, asked, monkeypatch) -> None:
    answer(monkeypatch, "")
    for text in ("New project…", "Open project…"):
        choose(menu, text)

    assert asked == []


def test_images_are_added_to_an_open_project_alone(
    session, menu, asked, project, tmp_path, monkeypatch
) -> None:
    def add():
        menu.fill()
        return next(a for a in menu.list.actions() if a.text() == "Add images…")

    assert not add().isEnabled()
    session.open(project)
    answer(monkeypatch, tmp_path / "more")
    add().trigger()

    assert asked[0].project.folders[-1] == tmp_path / "more"


def test_an_opened_project_is_the_first_of_the_recent_ones(session, menu, asked, project) -> None:
    remember_project(project.parent / "older")
    session.open(project)
    assert recent_projects() == [project, project.parent / "older"]
    choose(menu, "mine")

    assert asked[0].project.root == project


def test_a_recent_project_that_is_gone_is_told(session, menu, asked, tmp_path) -> None:
    said = []
    session.said.connect(lambda message: said.append(message.text))
    remember_project(tmp_path / "gone")
    choose(menu, "gone")

    assert "holds no project" in said[-1]


def test_a_folder_that_is_no_project_is_not_remembered(session, menu, hearts) -> None:
    session.open(hearts)

    assert recent_projects() == []


def test_recent_projects_are_few_and_each_is_there_once(tmp_path) -> None:
    for number in (*range(MOST + 3), MOST):
        remember_project(tmp_path / str(number))

    assert len(recent_projects()) == MOST
    assert [path.name for path in recent_projects()[:2]] == [str(MOST), str(MOST + 2)]


def test_one_recent_project_is_remembered_as_one(tmp_path) -> None:
    remember_project(tmp_path / "only")

    assert recent_projects() == [tmp_path / "only"]


def test_recent_projects_are_forgotten_when_asked(menu, tmp_path) -> None:
    remember_project(tmp_path)
    choose(menu, "Forget these")
    assert recent_projects() == []
    forget_projects()

    assert recent_projects() == []


def test_every_line_of_the_menu_says_what_it_does(menu, tmp_path) -> None:
    remember_project(tmp_path)
    menu.fill()
    lines = [a for a in menu.list.actions() if a.isEnabled() and not a.isSeparator()]

    assert menu.toolTip()
    assert all(a.toolTip() and a.toolTip() != a.text() for a in lines)
