"""Trainings steered through the real window: real tiny networks, nothing mocked."""

from pathlib import Path
from shutil import copytree

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication, QMessageBox, QPushButton
from shiboken6 import isValid

from segstudio.learn.events import EpochDone, Guarded, Started, StepDone, Stopped
from segstudio.learn.run_folder import RunFolder
from segstudio.session import Session
from segstudio.ui.train.resume_dialog import ResumeDialog
from segstudio.ui.train.training_controls import TrainingControls

TINY = {"base_channels": 4, "levels": 3, "precision": "32-true", "hd95_every": 0, "loss": "dice"}


@pytest.fixture
def ready(window, hearts: Path):
    """Return the window with hearts open and the settings of a tiny network."""
    window.session.open(hearts)
    window.session.change_settings(TINY)
    window.panel("Train")
    return window


def click(window, button: QPushButton) -> None:
    assert button.isEnabled()
    window._qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def begin(window, epochs: int, **settings: object) -> None:
    window.session.change_settings({"epochs": epochs, **settings})
    click(window, window.panel("Train").start)


def count(window, kind: type) -> int:
    return sum(isinstance(event, kind) for event in window.session.told)


def wait_for_end(window) -> None:
    window.wait_for(lambda: window.session.training is None)


def test_a_pause_holds_the_training_and_continue_lets_it_go_on(ready) -> None:
    controls = ready.panel("Train").controls
    begin(ready, 1000)
    ready.wait_for(lambda: count(ready, StepDone) > 0)
    click(ready, controls.pause)
    ready.wait_for(lambda: ready.session.is_paused)
    assert controls.status.text().startswith("Paused.")
    assert not controls.stop_after_epoch.isEnabled()
    before = count(ready, StepDone)
    ready._qtbot.wait(500)
    assert count(ready, StepDone) == before
    click(ready, controls.pause)
    ready.wait_for(lambda: count(ready, StepDone) > before)
    assert not ready.session.is_paused
    click(ready, controls.stop)
    wait_for_end(ready)


def test_stop_after_this_epoch_finishes_its_validation(ready) -> None:
    controls = ready.panel("Train").controls
    begin(ready, 1000)
    ready.wait_for(lambda: count(ready, StepDone) > 0)
    click(ready, controls.stop_after_epoch)
    assert controls.status.text().startswith("Stopping after this epoch")
    wait_for_end(ready)
    told = ready.session.told
    last = next(event for event in reversed(told) if isinstance(event, StepDone))
    done = next(event for event in reversed(told) if isinstance(event, EpochDone))
    assert isinstance(told[-1], Stopped)
    assert done.epoch == last.epoch < 1000
    assert not controls.stop_after_epoch.isChecked()


def test_a_stopped_run_is_resumed_and_a_finished_one_extended(ready, runs: Path) -> None:
    controls = ready.panel("Train").controls
    begin(ready, 3)
    ready.wait_for(lambda: count(ready, StepDone) > 0)
    click(ready, controls.stop)
    wait_for_end(ready)
    run = RunFolder(next(runs.iterdir()))
    assert run.read_summary() is None

    click(ready, controls.resume)
    dialog = controls.findChild(ResumeDialog)
    assert "stopped at" in dialog.state.text()
    click(ready, dialog.resume)
    wait_for_end(ready)
    assert run.read_summary() is not None
    assert [r["epoch"] for r in run.events() if r["event"] == "EpochDone"] == [1, 2, 3]

    ready._qtbot.wait(10)
    click(ready, controls.resume)
    dialog = next(d for d in controls.findChildren(ResumeDialog) if d.isVisible())
    assert "finished" in dialog.state.text()
    assert not dialog.resume.isEnabled()
    dialog.more.setValue(2)
    click(ready, dialog.extend)
    wait_for_end(ready)
    assert [r["epoch"] for r in run.events() if r["event"] == "EpochDone"] == [1, 2, 3, 4, 5]
    assert len(list(runs.iterdir())) == 1


def test_trainings_in_the_queue_begin_in_their_order_after_a_failure_too(
    ready, hearts: Path
) -> None:
    panel, begun = ready.panel("Train"), []
    ready.session.training_told.connect(
        lambda event: begun.append(event.epochs) if isinstance(event, Started) else None
    )
    begin(ready, 1)
    assert "queue" in panel.start.text()
    # Five parts of four patients cannot be made: it fails when its turn comes.
    begin(ready, 2, folds=5)
    begin(ready, 3, folds=None)
    begin(ready, 4)
    waiting = panel.queue.waiting
    assert waiting.count() == 3
    waiting.setCurrentRow(2)
    click(ready, panel.queue.move_up)
    assert waiting.currentItem().text().startswith("dice, 4 epochs")
    waiting.setCurrentRow(2)
    click(ready, panel.queue.remove)
    wait_for_end(ready)
    assert begun == [1, 4]
    assert panel.queue.isHidden()
    assert any("next training in the queue begins" in text for text in ready.said)


def test_what_a_guard_says_stays_in_the_panel(ready) -> None:
    panel = ready.panel("Train")
    begin(ready, 6, loss="cross-entropy", batch_size=2, learning_rate=1000.0)
    ready.wait_for(lambda: count(ready, Guarded) > 0)
    wait_for_end(ready)
    guarded = next(event for event in ready.session.told if isinstance(event, Guarded))
    shown = [panel.notes.notes.item(row).text() for row in range(panel.notes.notes.count())]
    mine = [text for text in shown if guarded.text in text]
    assert mine[0].startswith(f"{guarded.kind.capitalize()}, epoch {guarded.epoch}")
    click(ready, panel.notes.clear)
    assert panel.notes.isHidden()


def test_buttons_can_be_pressed_exactly_where_they_mean_something(window, hearts) -> None:
    controls = window.panel("Train").controls
    while_running = (controls.pause, controls.stop, controls.stop_after_epoch)
    assert not any(b.isEnabled() for b in (controls.start, controls.resume, *while_running))
    window.session.open(hearts)
    assert controls.start.isEnabled()
    assert controls.resume.isEnabled()
    window.session.change_settings(TINY)
    begin(window, 1000)
    assert all(button.isEnabled() for button in (controls.start, *while_running))
    click(window, controls.stop)
    assert not any(button.isEnabled() for button in while_running)
    wait_for_end(window)
    assert controls.start.isEnabled()
    assert not any(button.isEnabled() for button in while_running)


def answer(text: str) -> None:
    """Press a button of the question as soon as it is there."""
    box = QApplication.activeModalWidget()
    if not isinstance(box, QMessageBox):
        QTimer.singleShot(20, lambda: answer(text))
        return
    next(b for b in box.buttons() if b.text().replace("&", "") == text).click()


def test_closing_the_window_asks_and_goes_on_if_it_is_taken_back(ready) -> None:
    begin(ready, 1000)
    ready.wait_for(lambda: count(ready, StepDone) > 0)
    QTimer.singleShot(0, lambda: answer("Cancel"))
    ready.main.close()
    assert ready.main.isVisible()
    before = count(ready, StepDone)
    ready.wait_for(lambda: count(ready, StepDone) > before)
    ready.session.ask_stop()
    wait_for_end(ready)


def test_closing_the_window_stops_the_training_and_keeps_its_run(ready, runs: Path) -> None:
    begin(ready, 1000)
    begin(ready, 2)
    ready.wait_for(lambda: count(ready, StepDone) > 0)
    thread = ready.studio.trainer.thread
    QTimer.singleShot(0, lambda: answer("Stop and keep"))
    ready.main.close()
    ready._qtbot.wait(50)
    assert thread is not None
    assert not isValid(thread) or not thread.isRunning()
    assert [RunFolder(run).last.exists() for run in runs.iterdir()] == [True]


def test_controls_made_late_show_how_far_the_training_is(qtbot: QtBot, runs: Path) -> None:
    session = Session()
    session.start_training(runs / "run")
    for step in range(1, 9):
        session.tell(StepDone(1, step, 0.5, {}, step / 10))
    controls = TrainingControls(session)
    qtbot.addWidget(controls)
    assert controls.progress.text() == "80%"


def test_the_buttons_have_keys_of_their_own(qtbot: QtBot) -> None:
    controls = TrainingControls(Session())
    qtbot.addWidget(controls)
    buttons = controls.findChildren(QPushButton)
    keys = [button.shortcut().toString() for button in buttons]
    assert all(keys)
    assert len(set(keys)) == len(keys)
    assert all(button.focusPolicy() & Qt.FocusPolicy.TabFocus for button in buttons)


def test_a_window_in_which_nothing_trains_is_closed_without_a_question(ready) -> None:
    ready.main.close()
    ready._qtbot.wait(50)
    assert not [w for w in QApplication.topLevelWidgets() if w.isVisible()]


@pytest.mark.parametrize("answer", ["Train on 7", "Cancel"])
def test_start_asks_whether_to_leave_out_images_without_labels(
    window, hearts: Path, runs: Path, tmp_path: Path, answer: str
) -> None:
    folder, told = tmp_path / "hearts", []
    copytree(hearts, folder)
    next(folder.rglob("*frame01_gt.nii.gz")).unlink()
    window.session.open(folder)
    controls = window.panel("Train").controls

    def choose() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        told.append(box.text())
        next(b for b in box.buttons() if b.text().replace("&", "") == answer).click()

    QTimer.singleShot(300, choose)
    window.session.change_settings({"epochs": 1, **TINY})
    click(window, controls.start)
    assert told[0] == "1 of 8 images have no labels yet."
    if answer == "Cancel":
        assert window.session.training is None
        assert not window.session.settings.skip_unlabelled
    else:
        window.wait_for(lambda: window.session.training is None and bool(window.session.told))
        assert window.session.failure == ""
        assert len(told) == 1
        assert not window.session.settings.skip_unlabelled, "it was asked for these data alone"
