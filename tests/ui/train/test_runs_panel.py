"""The runs panel: which runs are drawn."""

import json
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree, rmtree

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QListWidgetItem

from segstudio.core.errors import InputError
from segstudio.data.project import new_project
from segstudio.data.project_file import write_project
from segstudio.session import Session
from segstudio.ui.curves.run_reader import RunReader
from segstudio.ui.train.runs_panel import EMPTY, RunsPanel


@pytest.fixture
def panel(runs: Path, finished_run: tuple[Path, object], qtbot: QtBot) -> Iterator[RunsPanel]:
    for name in ("one", "two"):
        copytree(finished_run[0], runs / name)
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


def test_a_list_without_runs_says_what_will_come(runs: Path, tmp_path: Path, qtbot, finished_run):
    made = RunsPanel(Session())
    qtbot.addWidget(made)
    before = made.summary.text()
    made.add(finished_run[0])

    assert before == EMPTY
    assert made.summary.text().startswith("<b>dice</b>")


def test_a_run_that_a_script_shows_is_ticked(panel: RunsPanel, runs: Path) -> None:
    panel.session.runs_in_view.show(runs / "one")
    states = {name: row(panel, name).checkState() for name in ("one", "two")}
    assert states == {"one": Qt.CheckState.Checked, "two": Qt.CheckState.Unchecked}


def test_a_run_that_is_unticked_while_it_is_read_is_not_drawn(
    panel: RunsPanel, runs: Path, qtbot: QtBot
) -> None:
    row(panel, "one").setCheckState(Qt.CheckState.Checked)
    row(panel, "one").setCheckState(Qt.CheckState.Unchecked)
    row(panel, "two").setCheckState(Qt.CheckState.Checked)
    qtbot.waitUntil(lambda: bool(panel.session.runs_in_view.curves))
    assert list(panel.session.runs_in_view.curves) == [runs / "two"]


def test_a_run_that_is_drawn_can_be_unticked_in_another_project(
    panel: RunsPanel, runs: Path, hearts: Path, tmp_path: Path
) -> None:
    panel.session.runs_in_view.show(runs / "one")
    write_project(new_project(tmp_path / "project", [hearts]))
    panel.session.open(tmp_path / "project")
    row(panel, "one").setCheckState(Qt.CheckState.Unchecked)
    assert panel.session.runs_in_view.curves == {}


def test_a_run_that_went_on_and_ended_says_what_came_of_it(panel: RunsPanel, runs: Path) -> None:
    summary = (runs / "one" / "summary.json").read_text()
    (runs / "one" / "summary.json").unlink()
    panel.runs.setCurrentItem(row(panel, "one"))
    before = panel.summary.text()
    panel.session.start_training(runs / "one")
    (runs / "one" / "summary.json").write_text(summary)
    panel.session.end_training()

    assert before.startswith("dice: not finished")
    assert "best epoch" in panel.summary.text()


def test_a_run_without_a_test_side_is_told_by_its_validation(panel: RunsPanel, runs: Path) -> None:
    summary = json.loads((runs / "one" / "summary.json").read_text())
    summary["test"] = {"mean_dice": None, "per_class": {}}
    summary["validation"] = {"mean_dice": 0.5, "per_class": {"heart": {"dice": 0.5}}}
    (runs / "one" / "summary.json").write_text(json.dumps(summary))
    panel.runs.setCurrentItem(row(panel, "one"))

    assert panel.summary.text().endswith("Validation Dice 0.500<br>heart: 0.500")


def test_scores_of_one_run_do_not_stand_beside_another_that_cannot_be_read(
    panel: RunsPanel, runs: Path
) -> None:
    panel.runs.setCurrentItem(row(panel, "one"))
    (runs / "two" / "config.toml").write_text("[")
    panel.runs.setCurrentItem(row(panel, "two"))
    assert panel.summary.text() == ""


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


@pytest.fixture
def comparison(finished_run: tuple[Path, object], tmp_path: Path) -> Path:
    """Return a comparison of one finished part, with its report."""
    folder = tmp_path / "comparison"
    copytree(finished_run[0], folder / "parts" / "dice_seed0")
    told = {"dataset": {"name": "hearts"}, "plan": {"compare": [{"loss": "dice"}]}}
    (folder / "study.json").write_text(json.dumps(told))
    (folder / "report.html").write_text("<p>")
    return folder


def test_the_runs_of_a_comparison_are_listed_and_its_report_is_opened(
    panel: RunsPanel, comparison: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    panel.add(comparison)
    panel.open_report.click()

    assert panel.runs.currentItem().text() == "dice_seed0"
    assert opened == [str(comparison / "report.html")]


def test_a_run_of_no_comparison_has_no_report(panel: RunsPanel) -> None:
    panel.runs.setCurrentRow(0)
    assert not panel.open_report.isEnabled()


def test_a_comparison_without_a_run_is_told(panel: RunsPanel, comparison: Path) -> None:
    rmtree(comparison / "parts")
    with pytest.raises(InputError, match="has no run yet"):
        panel.add(comparison)
