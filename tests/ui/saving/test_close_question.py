"""Closing with unsaved labels saves them all, or leaves the window open and says why not."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QMessageBox

from segstudio.data.formats import read_labels, write_labels
from segstudio.data.recovery import LeftBehind
from segstudio.session import saving
from segstudio.ui.saving import close_question


def answer(text: str, asked: list[str], meanwhile: Callable[[], object] = lambda: None) -> None:
    """Press a button of the question as soon as it is there, after what is done meanwhile."""
    box = QApplication.activeModalWidget()
    if not isinstance(box, QMessageBox):
        QTimer.singleShot(20, lambda: answer(text, asked, meanwhile))
        return
    asked.append(box.text())
    meanwhile()
    next(b for b in box.buttons() if b.text().replace("&", "") == text).click()


def test_closing_saves_every_unsaved_case_or_stays_open_and_says_why(
    window, hearts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, session, asked = tmp_path / "hearts", window.session, []
    shutil.copytree(hearts, folder)
    session.open(folder)
    first, second, third = (case.name for case in session.dataset.cases[:3])
    painted = {}
    for name in (first, second):
        session.show_case(name)
        window.paint((1, 20, 20))
        painted[name] = session.labels.copy()
    session.show_case(third)

    def fail(path: Path, *_args, **_options) -> None:
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr(saving, "write_labels", fail)
    QTimer.singleShot(0, lambda: answer("Save and close", asked))
    window.main.close()
    assert window.main.isVisible()
    assert any("are still in this window" in text for text in window.said)
    assert {painting.case.name for painting in session.unsaved} == {first, second}

    monkeypatch.setattr(saving, "write_labels", write_labels)
    files = {name: f"{name}_copy1_gt.nii.gz" for name in painted}
    QTimer.singleShot(0, lambda: answer("Save and close", asked))
    window.main.close()
    window._qtbot.wait(50)
    listed = "".join(f"\n• {name}, to {file}" for name, file in files.items())
    assert asked[-1] == f"What you painted on these cases is not saved:{listed}"
    assert not [w for w in QApplication.topLevelWidgets() if w.isVisible()]
    for name, labels in painted.items():
        (written,) = folder.rglob(files[name])
        assert np.array_equal(read_labels(written), labels)


@pytest.fixture
def painted(window, hearts: Path, tmp_path: Path):
    """A window with a project of copies of hearts, in which a case was painted on."""
    shutil.copytree(hearts, tmp_path / "hearts")
    session = window.session
    session.open(tmp_path / "hearts")
    session.ask_new_project(tmp_path / "mine")
    window.wait_for(lambda: session.project is not None and not session.reading, 30)
    window.paint((1, 20, 20))
    return window


def close(window, button: str, meanwhile: Callable[[], object] = lambda: None) -> str:
    """Close the window and press a button; return what was asked."""
    asked: list[str] = []
    QTimer.singleShot(0, lambda: answer(button, asked, meanwhile))
    window.main.close()
    return asked[-1]


@pytest.mark.parametrize("is_own", [True, False])
def test_what_another_program_writes_while_the_question_is_open_is_not_replaced(
    painted, tmp_path: Path, is_own: bool
) -> None:
    session = painted.session
    if is_own:
        session.save_labels(tmp_path / "mine" / "a.nii.gz")
        painted.paint((1, 2, 2))
    grid, theirs = session.open_case.volume.grid, np.full_like(session.labels, 3)
    name = f"{session.open_case.case.name}_copy1_gt.nii.gz"
    beside = session.open_case.case.image.with_name(name)
    path = tmp_path / "mine" / "a.nii.gz" if is_own else beside

    def write() -> None:
        write_labels(path, theirs, grid, overwrite=True)

    told = close(painted, "Save and close", write)
    assert path.name in told
    assert painted.main.isVisible()
    assert "exists already" in painted.said[-1]
    assert np.array_equal(read_labels(path), theirs)
    assert len(session.unsaved) == 1


def test_what_is_saved_while_the_question_is_open_is_not_saved_again(
    painted, tmp_path: Path
) -> None:
    session = painted.session
    close(painted, "Save and close", lambda: session.save_labels(tmp_path / "mine" / "a.nii.gz"))
    painted._qtbot.wait(50)
    assert not painted.said[:-1]
    assert not [w for w in QApplication.topLevelWidgets() if w.isVisible()]
    assert not list((tmp_path / "hearts").rglob("*_copy1_gt*"))


def test_files_of_which_a_project_could_not_be_told_are_named_before_closing(
    painted, tmp_path: Path
) -> None:
    file = tmp_path / "mine" / "project.toml"
    told = file.read_text()
    file.write_text("folders = [")
    painted.session.save_labels(tmp_path / "mine" / "a.nii.gz")
    asked = close(painted, "Go back")
    assert "a.nii.gz, of the project mine" in asked
    assert painted.main.isVisible()
    file.write_text(told)
    painted.main.close()
    painted._qtbot.wait(50)
    assert not [w for w in QApplication.topLevelWidgets() if w.isVisible()]
    assert "a.nii.gz" in file.read_text()


def test_where_asking_goes_wrong_the_window_closes_only_if_the_user_says_so(
    painted, own_recovery: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_case: object) -> None:
        raise OSError(5, "Input/output error", "stick")

    monkeypatch.setattr(close_question, "free_name", fail)
    newest, place = painted.session.labels.copy(), painted.session.unsaved[0].place
    assert "could not be found out" in close(painted, "Go back")
    assert painted.main.isVisible()
    close(painted, "Close all the same")
    painted._qtbot.wait(50)
    assert not [w for w in QApplication.topLevelWidgets() if w.isVisible()]
    left = LeftBehind(own_recovery)
    (kept,) = left.recoveries
    left.close()
    assert kept.place == place
    assert np.array_equal(newest[kept.planes], kept.values)


def test_labels_that_were_to_be_discarded_are_kept_where_the_window_stays(
    painted, tmp_path: Path
) -> None:
    (tmp_path / "mine" / "project.toml").write_text("folders = [")
    painted.session.save_labels(tmp_path / "mine" / "a.nii.gz")
    painted.paint((1, 2, 2))
    asked: list[str] = []
    QTimer.singleShot(0, lambda: answer("Discard them", asked))
    QTimer.singleShot(400, lambda: answer("Go back", asked))
    painted.main.close()
    assert "not saved" in asked[0]
    assert "could not be told" in asked[1]
    assert painted.main.isVisible()
    assert not painted.studio.close_question.discards


def test_one_image_painted_in_two_projects_goes_to_two_files(painted, tmp_path: Path) -> None:
    session, folder = painted.session, tmp_path / "hearts"
    name = session.open_case.case.name
    session.open(folder)
    painted.paint((1, 2, 2))
    asked = close(painted, "Save and close")
    painted._qtbot.wait(50)
    assert f"• {name} of the project mine, to {name}_copy1_gt.nii.gz" in asked
    assert f"• {name}, to {name}_copy2_gt.nii.gz" in asked
    assert not [w for w in QApplication.topLevelWidgets() if w.isVisible()]
    ones = {
        path.name: read_labels(path)[1, [20, 2], [20, 2]].tolist()
        for path in folder.rglob("*_copy?_gt.nii.gz")
    }
    before = session.open_case.truth is not None
    assert before
    assert len(ones) == 2
    assert ones[f"{name}_copy1_gt.nii.gz"][0] == 1
    assert ones[f"{name}_copy2_gt.nii.gz"][1] == 1
