"""The compare panel through the real window, with real tiny runs."""

from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractButton, QApplication, QComboBox, QFileDialog
from shiboken6 import isValid

from segstudio.data.datasets import load_case
from segstudio.learn.predict import load_predictor
from segstudio.ui.widgets.sorted_table import SortedTable
from segstudio.viewer.stage import IMAGE, LABELS


def click(window, button) -> None:
    window._qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def settle(window) -> None:
    """Wait until all is predicted and drawn."""
    comparer = window.studio.comparer

    def is_idle() -> bool:
        is_waiting = comparer._timer.isActive() or comparer._beside._thread is not None
        return not (window.session.comparison.is_busy or comparer._task or is_waiting)

    window.wait_for(is_idle)


@pytest.fixture
def two(window, runs: Path, hearts: Path, finished_run, other_run: Path) -> list[Path]:
    """Return two runs in view, with a case open."""
    copytree(finished_run[0], runs / "dice")
    copytree(other_run, runs / "ce")
    window.session.open(hearts)
    for name in ("dice", "ce"):
        window.session.runs_in_view.show(runs / name)
    return [runs / "dice", runs / "ce"]


def test_runs_are_compared_from_the_grid_to_the_figure(window, two, tmp_path, monkeypatch) -> None:
    session, panel = window.session, window.panel("Compare")
    comparison, stage = session.comparison, window.studio.comparison_stage
    click(window, panel.choices.buttons["grid"])
    settle(window)

    opened, grid = session.open_case, window.viewer.canvas.grid
    assert grid.enabled
    assert grid.actual_shape(window.viewer.layers) == (2, 2)
    for run in two:
        expected = load_predictor(run).labels(opened.volume)
        assert np.array_equal(stage.layer(run).data, expected)
        assert np.shares_memory(stage.layer(run, "image").data, opened.volume.data)
    rows = panel.scores.table.texts()
    assert len(rows) == 2 * 4
    scores = comparison.found[two[0]].scores
    assert rows[0][:3] == ["right ventricle", "dice", f"{scores[0].dice:.3f}"]

    click(window, panel.scores.worst)
    assert f"Plane {comparison.plane + 1}: worst of" in window.said[-1]
    click(window, panel.choices.buttons["regions"])
    panel.choices.classes.setCurrentIndex(1)
    panel.choices.classes.activated.emit(1)
    panel.choices.weighted.click()
    settle(window)
    assert comparison.view.value == opened.classes.values[1]
    assert stage.layer(two[0], "weights").visible
    assert set(comparison.regions) == set(two)

    for name in ("figure.png", "figure.svg", "table.csv"):
        path = tmp_path / name
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, p=path: (str(p), ""))
        click(window, panel.export)
        settle(window)
        assert path.stat().st_size > 300
        assert window.said[-1] == f"Saved {name}"

    click(window, panel.choices.buttons["off"])
    settle(window)
    assert not grid.enabled
    assert len(window.viewer.layers) == 4
    assert window.studio.stage.layer(IMAGE).visible
    assert window.viewer.layers.selection.active is window.studio.stage.layer(LABELS)


def test_a_new_case_is_predicted_anew_and_the_worst_one_is_opened(window, two) -> None:
    session, panel = window.session, window.panel("Compare")
    comparison = session.comparison
    comparison.choose(mode="overlays")
    settle(window)
    panel.parts.setCurrentWidget(panel.cases)
    window.wait_for(lambda: panel.cases.table.row_count() > 0, 10)
    table: SortedTable = panel.cases.table
    by_dice = {row[0]: float(row[1]) for row in table.texts()}
    panel.choices.runs.setCurrentIndex(1)
    panel.choices.runs.activated.emit(1)
    assert comparison.view.run == two[0]
    session.show_case(next(c.name for c in session.dataset.cases if c.name not in by_dice))
    click(window, panel.cases.worst)
    window.wait_for_reading()
    settle(window)

    name = session.open_case.case.name
    assert by_dice[name] == min(by_dice.values())
    image, _ = load_case(session.dataset.case(name))
    expected = load_predictor(two[1]).labels(image)
    assert np.array_equal(comparison.results[two[1]].found.labels, expected)


def test_a_loss_looks_at_the_plane_in_view(window, two) -> None:
    session, panel = window.session, window.panel("Compare")
    panel.parts.setCurrentWidget(panel.lens)
    panel.lens.losses.setCurrentText("no-such-loss")
    click(window, panel.lens.look)
    assert "no-such-loss" in window.said[-1]
    panel.lens.losses.setCurrentText("boundary")
    click(window, panel.lens.look)
    settle(window)

    shown = panel.lens.shown
    assert shown.isVisible()
    assert f"plane {session.comparison.plane + 1}" in shown.windowTitle()
    assert "dice: the loss is" in shown.text.toPlainText()
    assert shown.picture.pixmap().width() > 400
    shown.close()


def test_closing_while_it_predicts_leaves_no_thread(window, two) -> None:
    window.session.comparison.choose(mode="grid")
    window.wait_for(lambda: window.studio.comparer._prediction is not None)
    thread = window.studio.comparer._prediction
    window.viewer.close()
    window._qtbot.wait(50)
    assert not isValid(thread) or not thread.isRunning()


def test_every_control_explains_itself_and_is_reached_by_the_keyboard(window, two) -> None:
    panel = window.panel("Compare")
    QApplication.processEvents()
    for kind in (QAbstractButton, QComboBox, SortedTable):
        for control in panel.findChildren(kind):
            if control.objectName().startswith("qt_") or isinstance(
                control.parent(), SortedTable | QComboBox
            ):
                continue
            is_part_of_tabs = control.parent().metaObject().className() == "QTabBar"
            assert control.toolTip() or is_part_of_tabs, control
            assert control.focusPolicy() != Qt.FocusPolicy.NoFocus or is_part_of_tabs, control
