"""The dialog that lets a run go on, without a window."""

import shutil
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import QFileDialog, QWidget

from segstudio.data.cases import Dataset
from segstudio.data.project import new_project
from segstudio.data.project_file import write_project
from segstudio.session import Session
from segstudio.session.messages import TrainingRequest
from segstudio.ui.train.resume_dialog import ResumeDialog


@pytest.fixture
def session() -> Session:
    made = Session()
    made.dataset = Dataset("none", Path(), (), None)
    return made


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def stopped(finished_run: tuple, runs: Path) -> Path:
    """Return a run that lacks its summary, as one that was stopped."""
    shutil.copytree(finished_run[0], runs / "stopped")
    (runs / "stopped" / "summary.json").unlink()
    return runs / "stopped"


def test_where_no_run_is_none_can_go_on(parent: QWidget, session: Session, runs: Path) -> None:
    dialog = ResumeDialog(session, parent)
    assert not dialog.resume.isEnabled()
    assert not dialog.extend.isEnabled()
    assert dialog.state.text().startswith("No run here")


def test_a_stopped_run_is_asked_for_as_it_is(
    parent: QWidget, session: Session, stopped: Path
) -> None:
    asked: list[TrainingRequest] = []
    session.training_asked.connect(asked.append)
    dialog = ResumeDialog(session, parent)
    dialog.resume.click()
    assert [(each.resumed, each.config.model_fields_set) for each in asked] == [(stopped, set())]


def test_the_runs_of_the_open_project_are_listed(
    parent: QWidget, hearts: Path, tmp_path: Path, finished_run: tuple, runs: Path
) -> None:
    write_project(new_project(tmp_path / "project", [hearts]))
    shutil.copytree(finished_run[0], tmp_path / "project" / "runs" / "own")
    session = Session()
    session.open(tmp_path / "project")
    dialog = ResumeDialog(session, parent)
    assert dialog.chosen() == tmp_path / "project" / "runs" / "own"


def test_a_run_that_is_being_trained_cannot_go_on(
    parent: QWidget, session: Session, stopped: Path
) -> None:
    session.start_training(stopped)
    dialog = ResumeDialog(session, parent)
    assert "is being trained" in dialog.state.text()
    assert not dialog.resume.isEnabled()
    assert not dialog.extend.isEnabled()


def test_a_run_that_lies_elsewhere_is_found_by_its_folder(
    parent: QWidget,
    session: Session,
    runs: Path,
    finished_run: tuple,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dialog = ResumeDialog(session, parent)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(finished_run[0]))
    dialog.other.click()
    assert dialog.chosen() == finished_run[0]
    assert not dialog.resume.isEnabled()
    assert dialog.extend.isEnabled()


def test_a_folder_that_is_no_run_is_told(
    parent: QWidget, session: Session, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    session.said.connect(lambda message: said.append(message.text))
    dialog = ResumeDialog(session, parent)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    dialog.other.click()
    assert "is not a run folder" in said[-1]
