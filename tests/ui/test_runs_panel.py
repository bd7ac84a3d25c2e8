"""The runs panel: which runs are drawn."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QListWidgetItem

from segstudio.session import Session
from segstudio.ui.run_reader import RunReader
from segstudio.ui.runs_panel import RunsPanel


@pytest.fixture
def panel(runs: Path, finished_run: tuple[Path, object], qtbot: QtBot) -> Iterator[RunsPanel]:
    for name in ("one", "two"):
        shutil.copytree(finished_run[0], runs / name)
    session = Session()
    reader = RunReader(session)
    made = RunsPanel(session)
    qtbot.addWidget(made)
    yield made
    reader.close()


def row(panel: RunsPanel, name: str) -> QListWidgetItem:
    return panel.runs.findItems(name, Qt.MatchFlag.MatchExactly)[0]


def test_a_run_that_is_ticked_is_drawn_and_has_its_colour_in_the_list(
    panel: RunsPanel, runs: Path, qtbot: QtBot
) -> None:
    in_view = panel.session.runs_in_view
    row(panel, "two").setCheckState(Qt.CheckState.Checked)
    qtbot.waitUntil(lambda: runs / "two" in in_view.curves)
    assert in_view.curves[runs / "two"].epochs_done == 2
    shown = row(panel, "two").icon().pixmap(12, 12).toImage().pixelColor(6, 6).name()
    assert shown == in_view.colors[runs / "two"]
    row(panel, "two").setCheckState(Qt.CheckState.Unchecked)
    assert in_view.curves == {}


def test_a_run_that_a_script_shows_is_ticked(panel: RunsPanel, runs: Path) -> None:
    panel.session.runs_in_view.show(runs / "one")
    states = {name: row(panel, name).checkState() for name in ("one", "two")}
    assert states == {"one": Qt.CheckState.Checked, "two": Qt.CheckState.Unchecked}


def test_a_run_that_cannot_be_read_is_told_and_not_ticked(
    panel: RunsPanel, runs: Path, qtbot: QtBot
) -> None:
    said: list[str] = []
    panel.session.said.connect(lambda message: said.append(message.text))
    (runs / "one" / "config.toml").unlink()
    row(panel, "one").setCheckState(Qt.CheckState.Checked)
    qtbot.waitUntil(lambda: bool(said))
    assert "not a run folder" in said[0]
    assert row(panel, "one").checkState() == Qt.CheckState.Unchecked
