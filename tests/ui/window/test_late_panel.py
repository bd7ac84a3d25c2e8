"""Panels that are made when they are first seen, and know what happened before."""

from pathlib import Path
from shutil import copytree

from qtpy.QtWidgets import QDockWidget
from shiboken6 import delete

from segstudio.app import LATE_PANELS
from segstudio.session import Session
from segstudio.ui.window.late_panel import LatePanel


def late(window, name: str) -> LatePanel:
    return window.viewer.window.dock_widgets[name]


def test_a_panel_is_made_when_its_tab_is_first_in_front(window) -> None:
    window._qtbot.wait(50)
    made_before = [late(window, name)._panel is not None for name in LATE_PANELS]
    for name, place in LATE_PANELS.items():
        window.main.findChild(QDockWidget, name).raise_()
        window.wait_for(lambda name=name: late(window, name)._panel is not None, 5)
        assert type(late(window, name).panel).__name__ == place.split(":")[1]
        assert late(window, name).panel.isVisible()

    assert not any(made_before)


def test_a_panel_is_not_made_for_a_window_that_is_gone(qtbot, monkeypatch) -> None:
    made: list[Session] = []
    monkeypatch.setattr("segstudio.ui.train.runs_panel.RunsPanel", made.append)
    panel = LatePanel("train.runs_panel:RunsPanel", Session())
    panel.grab()
    delete(panel)
    qtbot.wait(20)

    assert not made


def test_the_runs_panel_lists_what_was_trained_and_drawn_before_it_was_seen(
    window, runs: Path, tmp_path: Path, finished_run
) -> None:
    for folder in (tmp_path / "elsewhere", tmp_path / "trained"):
        copytree(finished_run[0], folder)
    window.session.runs_in_view.show(tmp_path / "elsewhere")
    window.session.start_training(tmp_path / "trained")
    window.session.end_training("It was too slow.")
    listed, train = window.panel("Runs").runs, window.panel("Train")

    assert {listed.item(i).text() for i in range(listed.count())} == {"elsewhere", "trained"}
    assert listed.currentItem().text() == "trained"
    assert train.status.text() == "It was too slow."
