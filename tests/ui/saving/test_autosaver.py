"""Painting that no crash takes away, and the questions before a window closes."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QDialog, QLabel, QMessageBox, QPushButton

from segstudio.data.recovery import COPIES, LeftBehind
from segstudio.ui.saving.recovery_dialog import RecoveryDialog
from segstudio.viewer.stage import LABELS


@pytest.fixture
def painted(window, hearts):
    """A window in which a case was painted on, that copies it at once."""
    window.studio.autosaver.timer.setInterval(20)
    window.session.open(hearts)
    window.paint((1, 20, 20))
    return window


def copies(home: Path) -> list[Path]:
    found = ((Path(folder), name) for folder, _, names in os.walk(home) for name in names)
    return sorted(folder / name for folder, name in found if name in COPIES)


def press(text: str) -> None:
    """Press a button of the question as soon as it is there."""
    box = QApplication.activeModalWidget()
    if not isinstance(box, QMessageBox):
        QTimer.singleShot(20, lambda: press(text))
        return
    next(b for b in box.buttons() if b.text().replace("&", "") == text).click()


def test_what_is_painted_is_copied_and_the_copy_goes_when_it_is_saved(
    window, hearts: Path, own_recovery: Path, tmp_path: Path
) -> None:
    shutil.copytree(hearts, tmp_path / "hearts")
    window.studio.autosaver.timer.setInterval(20)
    window.session.open(tmp_path / "hearts")
    window.paint((1, 20, 20))
    window.wait_for(lambda: len(copies(own_recovery)) == 1, 30)
    window.paint((2, 30, 30))
    window.wait_for(lambda: len(copies(own_recovery)) == 2, 30)
    window.session.ask_save(tmp_path / "mine_gt.nii")
    window.wait_for_saving()
    window._qtbot.wait(200)
    assert copies(own_recovery), "the case's own file has not what was painted"
    window.session.ask_save(window.session.open_case.case.labels, overwrite=True)
    window.wait_for(lambda: not copies(own_recovery), 30)


def test_an_undo_to_what_was_read_leaves_no_copy(painted, own_recovery: Path) -> None:
    painted.wait_for(lambda: bool(copies(own_recovery)), 30)
    painted.studio.stage.layer(LABELS).undo()
    painted.wait_for(lambda: not copies(own_recovery), 30)
    assert not painted.session.unsaved


def test_after_a_crash_the_copy_is_offered_and_put_back(
    painted, own_recovery: Path, hearts: Path, qtbot
) -> None:
    session = painted.session
    wanted, name = session.labels.copy(), session.open_case.case.name
    session.show_case(session.dataset.cases[1].name)
    painted.wait_for(lambda: bool(copies(own_recovery)), 30)
    # The lock of a killed program is gone, its copies are not.
    painted.studio.autosaver._folder.leave()
    painted.studio.autosaver.look_for_copies()
    painted.wait_for(lambda: bool(session.recoveries.offered), 30)
    dialog = painted.main.findChild(RecoveryDialog)
    assert dialog.isVisible()
    words = [label.text() for label in dialog.rows.findChildren(QLabel)]
    assert any(name in text and "painted today at" in text for text in words)
    assert any(not label.pixmap().isNull() for label in dialog.rows.findChildren(QLabel))
    buttons = {b.text(): b for b in dialog.rows.findChildren(QPushButton)}
    session._paintings.forget(session.place_of(session.dataset.case(name)))
    buttons["Put back"].click()
    painted.wait_for(lambda: session.open_case.case.name == name, 30)

    assert np.array_equal(session.labels, wanted)
    assert [painting.case.name for painting in session.unsaved] == [name]
    assert painted.said[-1] == f"What was painted on '{name}' is back."
    assert not [w for w in QApplication.topLevelWidgets() if type(w) is RecoveryDialog]


def test_a_window_that_a_script_closes_leaves_unsaved_labels_for_the_next_start(
    painted, own_recovery: Path
) -> None:
    wanted = painted.session.labels.copy()
    painted.viewer.close()
    painted._qtbot.wait(50)
    left = LeftBehind(own_recovery)
    (found,) = left.recoveries
    left.close()
    assert np.array_equal(wanted[found.planes], found.values)


@pytest.mark.parametrize(
    ("answer", "is_open", "is_kept"),
    [("Go back", True, True), ("Close and keep them", False, True), ("Discard them", False, False)],
)
def test_closing_with_unsaved_labels_asks(
    painted, own_recovery: Path, answer: str, is_open: bool, is_kept: bool
) -> None:
    asked = []

    def look() -> None:
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            asked.append(box.text())
            press(answer)
        else:
            QTimer.singleShot(20, look)

    name = painted.session.open_case.case.name
    QTimer.singleShot(0, look)
    painted.main.close()
    painted._qtbot.wait(50)
    file = f"{name}_copy1_gt.nii.gz"
    assert asked == [f"What you painted on these cases is not saved:\n• {name}, to {file}"]
    shown = [w for w in QApplication.topLevelWidgets() if w.isVisible()]
    assert bool(shown) == is_open
    if not is_open:
        left = LeftBehind(own_recovery)
        assert bool(left.recoveries) == is_kept
        left.close()


def test_copies_that_cannot_be_written_are_told_of_once_and_tried_again(
    window, hearts: Path, own_recovery: Path
) -> None:
    window.studio.autosaver.timer.setInterval(20)
    own_recovery.write_text("no folder")
    window.session.open(hearts)
    window.paint((1, 20, 20))
    window.wait_for(lambda: bool(window.said), 30)
    window._qtbot.wait(300)
    assert len(window.said) == 1
    assert "could not be copied for the case of a crash" in window.said[0]
    own_recovery.unlink()
    window.wait_for(lambda: bool(copies(own_recovery)), 30)
    assert len(window.said) == 1


def test_a_copy_is_removed_when_it_is_discarded(painted, own_recovery: Path) -> None:
    painted.wait_for(lambda: bool(copies(own_recovery)), 30)
    painted.studio.autosaver._folder.leave()
    painted.studio.autosaver.look_for_copies()
    painted.wait_for(lambda: bool(painted.session.recoveries.offered), 30)
    dialog: QDialog = painted.main.findChild(RecoveryDialog)
    button = next(b for b in dialog.rows.findChildren(QPushButton) if b.text() == "Discard…")
    QTimer.singleShot(0, lambda: press("Discard"))
    button.click()
    assert not copies(own_recovery)
    assert painted.session.recoveries.offered == ()


def test_what_a_script_changed_is_copied_when_the_window_closes(
    window, hearts: Path, own_recovery: Path
) -> None:
    window.session.open(hearts)
    window.session.labels[1] = 3
    wanted = window.session.labels.copy()
    assert window.session.unsaved
    window.studio.autosaver.close(discard=False)
    left = LeftBehind(own_recovery)
    (found,) = left.recoveries
    left.close()
    assert np.array_equal(wanted[found.planes], found.values)


def test_a_long_stroke_is_copied_before_it_ends(window, hearts: Path, own_recovery: Path) -> None:
    window.studio.autosaver.timer.setInterval(20)
    window.session.open(hearts)
    with window.session.annotation.stroke():
        window.session.annotation.paint((1, 20, 20), (1, 20, 20), 1, 0)
        window.wait_for(lambda: bool(copies(own_recovery)), 30)
        window.session.annotation.drop_stroke()
    window.wait_for(lambda: not copies(own_recovery), 30)


def test_a_window_whose_labels_cannot_be_kept_stays_open(
    window, hearts: Path, own_recovery: Path
) -> None:
    window.session.open(hearts)
    window.paint((1, 20, 20))
    own_recovery.write_text("no folder")
    told = []

    def look() -> None:
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox) and box.windowTitle() == "Labels are not kept":
            told.append(box.text())
            box.accept()
            return
        if isinstance(box, QMessageBox) and not told:
            press("Close and keep them")
        QTimer.singleShot(20, look)

    QTimer.singleShot(0, look)
    window.main.close()
    assert "could not be kept for the next start" in told[0]
    assert window.main.isVisible()
    assert window.session.unsaved
    own_recovery.unlink()


def opened(window, root: Path) -> None:
    """Open a project, or make one of what is open."""
    session = window.session
    (session.ask_project if root.exists() else session.ask_new_project)(root)
    window.wait_for(lambda: getattr(session.project, "root", None) == root, 30)
    window.wait_for(lambda: not session.reading and session.open_case is not None, 30)


def test_copies_of_one_image_in_two_projects_come_back_in_each(
    window, hearts: Path, own_recovery: Path, tmp_path: Path
) -> None:
    window.studio.autosaver.timer.setInterval(20)
    session, painted = window.session, {}
    for n, name in enumerate(("first", "second")):
        session.open(hearts)
        opened(window, tmp_path / name)
        window.paint((1, 20, 20 + n))
        painted[name] = session.labels.copy()
    session.show_case(session.dataset.cases[1].name)
    window.wait_for(lambda: len({path.parent for path in copies(own_recovery)}) == 2, 30)
    window.studio.autosaver.copy_now()
    window.studio.autosaver._folder.leave()
    left = LeftBehind(own_recovery)
    found = {recovery.project.name: recovery for recovery in left.recoveries}
    left.close()
    assert set(found) == set(painted)
    for painting in session.unsaved:
        session._paintings.forget(painting.place)
    for name, recovery in found.items():
        session.recoveries.ask(recovery)
        window.wait_for(lambda n=name: session.project.name == n and not session.reading, 30)
        assert np.array_equal(session.labels, painted[name])


@pytest.mark.parametrize("is_inside", [True, False])
def test_what_a_new_project_takes_along_is_copied_and_put_back_as_its_own(
    window, hearts: Path, own_recovery: Path, tmp_path: Path, is_inside: bool
) -> None:
    folder = tmp_path / "hearts"
    shutil.copytree(hearts, folder)
    root = folder if is_inside else tmp_path / "mine"
    window.studio.autosaver.timer.setInterval(20)
    session = window.session
    session.open(folder)
    window.paint((1, 20, 20))
    wanted, name = session.labels.copy(), session.open_case.case.name
    session.show_case(session.dataset.cases[1].name)
    window.wait_for(lambda: bool(copies(own_recovery)), 30)
    session.ask_new_project(root)
    window.wait_for(lambda: session.project is not None and not session.reading, 30)
    session.show_case(session.dataset.cases[1].name)
    window.wait_for(lambda: not window.studio.autosaver._beside.is_busy, 30)
    window.studio.autosaver.copy_now()
    window.studio.autosaver._folder.leave()
    left = LeftBehind(own_recovery)
    (found,) = left.recoveries
    left.close()
    assert found.project == root
    session._paintings.forget(found.place)
    session.open(hearts)
    session.recoveries.ask(found)
    window.wait_for(lambda: session.project is not None and not session.reading, 30)
    assert session.project.root == root
    assert session.open_case.case.name == name
    assert np.array_equal(session.labels, wanted)
