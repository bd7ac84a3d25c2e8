"""What is done for a comparison beside the window, with a viewer without a window."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree, rmtree

import numpy as np
import pytest
from napari.components import ViewerModel
from pytestqt.qtbot import QtBot

from segstudio.learn.predict import load_predictor
from segstudio.session import Session
from segstudio.session.comparison import NO_CASE, NO_RUNS
from segstudio.ui.compare.compare_panel import ComparePanel
from segstudio.ui.compare.comparer import Comparer
from segstudio.viewer.comparison_stage import ComparisonStage
from segstudio.viewer.stage import Stage


class Studio:
    """A session, its layers, and what compares for it."""

    def __init__(self, qtbot: QtBot) -> None:
        self.session, viewer = Session(), ViewerModel()
        self.plain = Stage(viewer, self.session)
        self.stage = ComparisonStage(viewer, self.session, self.plain)
        self.comparer = Comparer(self.session, self.stage)
        self.panel = ComparePanel(self.session)
        qtbot.addWidget(self.panel)
        self.said: list[str] = []
        self.session.said.connect(lambda message: self.said.append(message.text))
        self._qtbot = qtbot

    def settle(self) -> None:
        """Wait until all is predicted and drawn."""
        comparer = self.comparer

        def is_idle() -> bool:
            is_waiting = comparer._timer.isActive() or comparer._beside._thread is not None
            return not (self.session.comparison.is_busy or comparer._prediction or is_waiting)

        self._qtbot.waitUntil(is_idle, timeout=120_000)


@pytest.fixture
def studio(qtbot: QtBot) -> Iterator[Studio]:
    made = Studio(qtbot)
    yield made
    made.comparer.close()


@pytest.fixture
def two(
    studio: Studio, tmp_path: Path, hearts: Path, finished_run: tuple[Path, object], other_run: Path
) -> list[Path]:
    """Return two runs in view, with a case open."""
    runs = [tmp_path / "dice", tmp_path / "ce"]
    for source, run in zip((finished_run[0], other_run), runs, strict=True):
        copytree(source, run)
    studio.session.open(hearts)
    for run in runs:
        studio.session.runs_in_view.show(run)
    return runs


def test_a_run_that_fails_says_why_and_the_rest_goes_on(studio, two) -> None:
    comparison, panel = studio.session.comparison, studio.panel
    rmtree(two[0] / "checkpoints")
    rmtree(two[0] / "timeline")
    comparison.choose(mode="grid")
    studio.settle()

    assert comparison.results[two[0]].state == "failed"
    assert comparison.results[two[1]].state == "done"
    assert panel.status.text().startswith("dice: ")
    assert not panel.again.isHidden()
    assert studio.stage.layer(two[0]).name == "dice: failed"


def test_a_quick_user_sees_the_last_case_only(studio, two, qtbot) -> None:
    session, comparison = studio.session, studio.session.comparison
    comparison.choose(mode="grid")
    for case in session.dataset.cases[1:4]:
        session.show_case(case.name)
        qtbot.wait(30)
    studio.settle()

    expected = load_predictor(two[1]).labels(session.open_case.volume)
    assert session.open_case.case.name == session.dataset.cases[3].name
    assert np.array_equal(studio.stage.layer(two[1]).data, expected)


def test_cancelling_stops_and_trying_again_goes_on(studio, two) -> None:
    comparison, panel = studio.session.comparison, studio.panel
    comparison.choose(mode="grid")
    panel.cancel.click()
    studio.settle()
    assert {r.state for r in comparison.results.values()} == {"stopped"}
    panel.again.click()
    studio.settle()
    assert {r.state for r in comparison.results.values()} == {"done"}


def test_without_runs_or_a_case_it_says_what_to_do(studio, hearts) -> None:
    panel = studio.panel
    assert panel.status.text() == NO_RUNS
    assert not panel.choices.buttons["grid"].isEnabled()
    studio.session.runs_in_view.take(Path("a"), studio.session.runs_in_view._told)
    assert panel.status.text() == NO_CASE


def test_the_regions_of_a_class_that_was_left_and_chosen_again_are_found(studio, two) -> None:
    comparison = studio.session.comparison
    comparison.choose(mode="regions", value=1)
    studio.settle()
    first = dict(comparison.regions)
    comparison.choose(value=2)
    comparison.choose(value=1)
    studio.settle()
    assert set(comparison.regions) == set(two)
    assert all(np.array_equal(first[run], comparison.regions[run]) for run in two)
    comparison.choose(mode="grid")
    comparison.choose(value=2)
    comparison.choose(mode="regions", value=1)
    studio.settle()
    assert set(comparison.regions) == set(two)


def test_regions_of_the_network_before_are_not_shown_for_the_new_one(studio, two) -> None:
    comparison, opened = studio.session.comparison, studio.session.open_case
    comparison.choose(mode="regions")
    studio.settle()
    view, found = comparison.view, comparison.found[two[0]]
    studio.comparer._asked[two[0]] = asked = (view.value, view.weighted, found)
    comparison.read_again(two[0])
    old = np.full(opened.truth.shape, 7, np.uint8)
    studio.comparer._note_regions(asked, view, two[0], opened, old)
    studio.settle()
    assert comparison.regions[two[0]].max() < 7


def test_a_class_may_get_another_colour_while_runs_predict(studio, two) -> None:
    comparison = studio.session.comparison
    comparison.choose(mode="grid")
    studio.session.annotation.classes.recolor(1, "#123456")
    studio.settle()
    assert {r.state for r in comparison.results.values()} == {"done"}


def test_a_file_that_is_there_is_not_written_over_unasked(studio, two, tmp_path, qtbot) -> None:
    comparison = studio.session.comparison
    comparison.choose(mode="grid")
    studio.settle()
    (tmp_path / "scores.csv").write_text("mine")
    comparison.export_asked.emit(tmp_path / "scores.csv", False)
    qtbot.waitUntil(lambda: bool(studio.said), timeout=20_000)
    assert "exists already" in studio.said[-1]
    assert (tmp_path / "scores.csv").read_text() == "mine"
