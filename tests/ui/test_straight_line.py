"""From a folder to the exported comparison in one window: each panel is first seen when needed."""

import csv
from pathlib import Path

import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage
from qtpy.QtWidgets import QFileDialog

from segstudio.learn.events import EpochDone, StepDone, Stopped
from segstudio.learn.run_folder import RunFolder
from segstudio.ui.train.resume_dialog import ResumeDialog
from segstudio.ui.train.training_controls import SCORING
from segstudio.ui.window.late_panel import LatePanel

TINY = {"base_channels": 4, "levels": 3, "precision": "32-true", "hd95_every": 0}


def click(window, button) -> None:
    assert button.isEnabled()
    window._qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def wait_for_end(window) -> None:
    window.wait_for(lambda: window.session.training is None)


def test_open_train_pause_resume_compare_export(window, hearts, runs, tmp_path, monkeypatch):
    session = window.session
    docks = window.viewer.window.dock_widgets
    late = [dock for dock in docks.values() if isinstance(dock, LatePanel)]
    assert len(late) == 5
    assert all(dock._panel is None for dock in late)

    data = window.panel("Data")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(hearts))
    click(window, data.open_folder)
    window.wait_for_reading()
    assert session.open_case is not None

    train = window.panel("Train")
    session.change_settings(TINY)
    train.epochs.setValue(12)
    train.loss.set_text("modified-boundary-log")
    click(window, train.start)
    window.wait_for(lambda: sum(isinstance(e, StepDone) for e in session.told) > 1)
    click(window, train.controls.pause)
    window.wait_for(lambda: session.is_paused)
    click(window, train.controls.pause)
    window.wait_for(lambda: any(isinstance(e, EpochDone) for e in session.told))
    click(window, train.stop)
    wait_for_end(window)
    assert isinstance(session.told[-1], Stopped)
    stopped = session.runs_in_view.live

    click(window, train.controls.resume)
    window.wait_for(lambda: window.main.findChild(ResumeDialog) is not None)
    resume = window.main.findChild(ResumeDialog)
    click(window, resume.resume)
    wait_for_end(window)
    assert train.status.text().startswith("Finished")
    assert train.progress.format() == SCORING  # the last that the bar told, and no share
    first = session.runs_in_view.live
    assert first == stopped
    assert RunFolder.opened(first).read_summary() is not None

    train.loss.set_text("dice")
    train.epochs.setValue(1)
    click(window, train.start)
    window.wait_for(lambda: session.training is not None)
    wait_for_end(window)
    second = session.runs_in_view.live

    listed = window.panel("Runs").runs
    assert {listed.item(i).text() for i in range(listed.count())} == {first.name, second.name}
    listed.findItems(first.name, Qt.MatchFlag.MatchExactly)[0].setCheckState(Qt.CheckState.Checked)
    window.wait_for(lambda: {first, second} <= set(session.runs_in_view.curves))

    compare = window.panel("Compare")
    click(window, compare.choices.buttons["grid"])
    window.wait_for(lambda: {first, second} <= set(session.comparison.found))
    for name in ("figure.png", "table.csv"):
        path = tmp_path / name
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, p=path: (str(p), ""))
        window.wait_for(compare.export.isEnabled)
        click(window, compare.export)
        window.wait_for(path.is_file)
    assert not QImage(str(tmp_path / "figure.png")).isNull()
    with Path(tmp_path / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    dice = {(row["run"], row["class"]): float(row["dice"]) for row in rows}
    names = session.runs_in_view.names()
    for run in (first, second):
        for score in session.comparison.found[run].scores:
            told = dice[names[run], score.class_name]
            assert told == pytest.approx(score.dice, abs=1e-6)
