"""The curves panel, without a viewer: the session drawn, and the cursor moved."""

import time
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPointF, Qt
from qtpy.QtWidgets import QAbstractButton, QComboBox, QWidget

from segstudio.learn.events import EpochDone, Event, Started, StepDone
from segstudio.learn.run_curves import CurveKey, RunCurves
from segstudio.session import Session
from segstudio.ui.curves.curves_hint import EMPTY
from segstudio.ui.curves.curves_panel import LATEST_MS, SHARE, SOONEST_MS, CurvesPanel

STEP = CurveKey("loss", each="step")
TRAIN, VALIDATION = CurveKey("loss"), CurveKey("loss", side="validation")
DICE = CurveKey("dice", "ventricle", "validation")
LIVE, OTHER = Path("live"), Path("other")


@pytest.fixture
def panel(qtbot: QtBot) -> CurvesPanel:
    made = CurvesPanel(Session())
    qtbot.addWidget(made)
    made.resize(900, 260)
    return made


def epoch_done(epoch: int, loss: float, dice: float = 0.5) -> EpochDone:
    by_class = {"ventricle": dice, "myocardium": dice / 2}
    parts = {"dice": loss}
    return EpochDone(
        *(epoch, loss, parts, by_class, dice, False, 1.0, loss / 2, parts, None),
        predict=lambda _: None,
    )


def training(epochs: int, steps: int = 2) -> list[Event]:
    events: list[Event] = [Started(LIVE, "cpu", "32-true", 1, epochs, steps, 1, 1, 1)]
    for epoch in range(1, epochs + 1):
        events += [
            StepDone(epoch, step, 1 / epoch, {"dice": 1 / epoch}, 0.1, 0.01 / epoch, 1.0)
            for step in range(1, steps + 1)
        ]
        events.append(epoch_done(epoch, 1 / epoch, epoch / 10))
    return events


def train(session: Session, epochs: int = 4) -> None:
    session.start_training(LIVE)
    for event in training(epochs):
        session.tell(event)


def finished(loss: str, values: np.ndarray) -> RunCurves:
    run = RunCurves(loss)
    for epoch, value in enumerate(values.tolist(), 1):
        run.take({"event": "EpochDone"} | vars(epoch_done(epoch, value)))
    return run


def drawn(panel: CurvesPanel, run: Path, key: CurveKey) -> tuple[list[float], list[float]]:
    panel.redraw()
    lines = {k: line for chart in panel.plot.charts for k, line in chart.lines.items()}
    x, y = lines[run, key].getOriginalDataset()
    return x.tolist(), y.tolist()


def test_without_a_run_a_low_panel_says_what_will_appear(panel: CurvesPanel) -> None:
    panel.show()
    assert panel.hint.isVisible()
    assert panel.hint.text() == EMPTY
    assert not panel.plot.isVisible()
    assert panel.maximumHeight() < 60


def test_a_training_has_room_as_soon_as_it_begins(panel: CurvesPanel) -> None:
    panel.show()
    panel.session.start_training(LIVE)
    assert panel.plot.isVisible()
    assert not panel.hint.isVisible()
    panel.session.end_training("There was nothing to train on.")
    assert not panel.plot.isVisible()


def test_the_first_step_is_drawn_as_soon_as_it_is_told(panel: CurvesPanel, qtbot: QtBot) -> None:
    panel.show()
    panel.session.start_training(LIVE)
    for event in training(1)[:2]:
        panel.session.tell(event)
    lines = panel.plot.charts[0].lines
    qtbot.waitUntil(lambda: (LIVE, STEP) in lines, timeout=2000)
    line = lines[LIVE, STEP]
    assert line.getOriginalDataset()[0].tolist() == [0.5]
    assert line.opts["symbol"] == "o"  # a line of one point is not to be seen


def test_train_and_validation_are_drawn_at_their_epochs(panel: CurvesPanel) -> None:
    train(panel.session)
    assert drawn(panel, LIVE, TRAIN) == ([1, 2, 3, 4], [1, 1 / 2, 1 / 3, 1 / 4])
    assert drawn(panel, LIVE, VALIDATION)[1] == [1 / 2, 1 / 4, 1 / 6, 1 / 8]
    assert drawn(panel, LIVE, STEP)[0][:3] == [0.5, 1.0, 1.5]
    assert drawn(panel, LIVE, DICE)[1] == [0.1, 0.2, 0.3, 0.4]


def test_a_panel_opened_later_draws_what_was_told(qtbot: QtBot) -> None:
    session = Session()
    train(session)
    panel = CurvesPanel(session)
    qtbot.addWidget(panel)
    assert drawn(panel, LIVE, TRAIN)[0] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("figure", "key", "last"),
    [
        ("parts", CurveKey("parts", "dice"), 1 / 4),
        ("rate", CurveKey("rate", each="step"), 0.01 / 4),
        ("gradient", CurveKey("gradient", each="step"), 1.0),
    ],
)
def test_another_figure_is_chosen(
    panel: CurvesPanel, figure: str, key: CurveKey, last: float
) -> None:
    train(panel.session)
    box = panel.figures[0]
    box.setCurrentIndex(box.findData(figure))
    assert drawn(panel, LIVE, key)[1][-1] == last
    assert (LIVE, TRAIN) not in panel.plot.charts[0].lines


def test_steps_can_be_left_out(panel: CurvesPanel) -> None:
    train(panel.session)
    panel.redraw()
    panel.with_steps.click()
    assert list(panel.plot.charts[0].lines) == [(LIVE, TRAIN), (LIVE, VALIDATION)]


def test_several_runs_are_told_apart_by_their_colours_and_listed(panel: CurvesPanel) -> None:
    session = panel.session
    session.runs_in_view.take(OTHER, finished("focal", np.array([0.9, 0.8])))
    train(session)
    panel.redraw()
    styles = panel.plot.charts[0].styles
    colors = session.runs_in_view.colors
    assert {run: styles[run, TRAIN].color for run in (OTHER, LIVE)} == colors
    assert len(set(colors.values())) == 2
    rows = [panel.values.topLevelItem(i).text(0) for i in range(panel.values.topLevelItemCount())]
    assert rows == ["focal", "live"]


def test_a_run_that_is_hidden_is_drawn_no_longer(panel: CurvesPanel) -> None:
    panel.session.runs_in_view.take(OTHER, finished("focal", np.array([0.9, 0.8])))
    train(panel.session)
    panel.session.runs_in_view.hide(OTHER)
    assert {run for run, _ in panel.plot.charts[0].lines} == {LIVE}


def test_curves_stay_drawn_while_another_run_and_its_scale_come_and_go(panel: CurvesPanel) -> None:
    in_view, chart = panel.session.runs_in_view, panel.plot.charts[0]
    train(panel.session)
    panel.redraw()
    kept = dict(chart.lines)
    in_view.take(OTHER, finished("focal", np.logspace(2, -2, 9)))
    beside, was_symlog = dict(chart.lines), chart.is_symlog
    in_view.hide(OTHER)

    assert was_symlog
    assert kept.items() < beside.items()
    assert chart.lines == kept
    assert not chart.is_symlog
    assert drawn(panel, LIVE, TRAIN)[1] == [1, 1 / 2, 1 / 3, 1 / 4]


def test_the_next_drawing_waits_the_longer_the_longer_one_takes(
    panel: CurvesPanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panel.plot, "draw", lambda *_, **__: time.sleep(0.03))
    panel.session.start_training(LIVE)
    panel.session.tell(training(1)[0])
    qtbot.waitUntil(lambda: panel._timer.interval() != SOONEST_MS)

    assert 0.03 * 1000 / SHARE <= panel._timer.interval() <= LATEST_MS


def test_the_values_at_the_cursor_stand_beside_the_curves(panel: CurvesPanel) -> None:
    train(panel.session)
    panel.redraw()
    assert panel.values.value_of((LIVE, TRAIN)) == "0.25"
    panel.session.runs_in_view.go_to(2)
    shown = {k: panel.values.value_of((LIVE, k)) for k in (STEP, TRAIN, VALIDATION, DICE)}
    assert shown == {STEP: "0.5", TRAIN: "0.5", VALIDATION: "0.25", DICE: "0.200"}
    assert panel.values.headerItem().text(1) == "epoch 2"


def test_a_run_that_was_over_shows_a_dash_at_a_later_epoch(panel: CurvesPanel) -> None:
    panel.session.runs_in_view.take(OTHER, finished("focal", np.array([0.9, 0.8])))
    train(panel.session)
    panel.redraw()
    panel.session.runs_in_view.go_to(3)
    assert panel.values.value_of((OTHER, TRAIN)) == "–"
    assert panel.values.value_of((LIVE, TRAIN)) == "0.3333"


def test_the_cursor_of_both_charts_follows_the_session(panel: CurvesPanel) -> None:
    train(panel.session)
    panel.redraw()
    cursors = [chart.cursor_line for chart in panel.plot.charts]
    assert not any(line.isVisible() for line in cursors)
    panel.session.runs_in_view.go_to(3)
    assert [line.value() for line in cursors] == [3, 3]
    assert all(line.isVisible() for line in cursors)


def test_a_click_puts_the_cursor_on_the_nearest_epoch(panel: CurvesPanel, qtbot: QtBot) -> None:
    panel.show()
    train(panel.session)
    panel.redraw()
    qtbot.wait(50)
    chart = panel.plot.charts[1]
    at = panel.plot.mapFromScene(chart.vb.mapViewToScene(QPointF(2.2, 0.5)))
    qtbot.mouseClick(panel.plot.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert panel.session.runs_in_view.epoch == 2


def test_a_dragged_cursor_moves_the_session_and_rests_on_an_epoch(panel: CurvesPanel) -> None:
    train(panel.session)
    panel.redraw()
    panel.session.runs_in_view.go_to(3)
    line = panel.plot.charts[0].cursor_line
    line.setPos(2.3)
    line.sigDragged.emit(line)
    assert panel.session.runs_in_view.epoch == 2
    assert line.value() == 2


def test_keys_move_the_cursor(panel: CurvesPanel, qtbot: QtBot) -> None:
    train(panel.session)
    epochs = []
    for key in ("Left", "Left", "Right", "Home", "End"):
        qtbot.keyClick(panel.plot, getattr(Qt.Key, f"Key_{key}"))
        epochs.append(panel.session.runs_in_view.epoch)
    assert epochs == [3, 2, 3, 1, None]


def test_the_range_that_a_loss_can_reach_is_drawn_and_in_view(panel: CurvesPanel) -> None:
    run = finished("modified-boundary", -np.linspace(0.3, 0.4, 5))
    panel.session.runs_in_view.take(OTHER, run)
    ends = {line.value(): line.label.format for line in panel.plot.charts[0]._limits}
    assert ends == {-1: "at least −1", 0: "at most 0"}
    panel.show()
    panel.plot.grab()
    low, high = panel.plot.charts[0].vb.viewRange()[1]
    assert low <= -1
    assert high >= 0


def test_a_ratio_without_end_lies_on_a_symlog_axis_with_its_one_end(panel: CurvesPanel) -> None:
    values = -(10.0 ** np.linspace(-2, 3, 20))
    panel.session.runs_in_view.take(OTHER, finished("modified-boundary(share=0)", values))
    chart = panel.plot.charts[0]
    assert chart.is_symlog
    assert [line.value() for line in chart._limits] == [0]
    y = drawn(panel, OTHER, TRAIN)[1]
    assert (np.diff(y) < 0).all()
    assert np.ptp(np.diff(y[5:])) < 0.02  # decades are evenly apart
    assert not panel.plot.charts[1].is_symlog


def test_the_scale_can_be_chosen(panel: CurvesPanel) -> None:
    values = -(10.0 ** np.linspace(-2, 3, 20))
    panel.session.runs_in_view.take(OTHER, finished("modified-boundary(share=0)", values))
    panel.scale.setCurrentIndex(panel.scale.findData("linear"))
    assert drawn(panel, OTHER, TRAIN)[1] == values.tolist()
    panel.scale.setCurrentIndex(panel.scale.findData("symlog"))
    assert panel.plot.charts[0].is_symlog


def test_50000_steps_are_drawn_by_few_points_that_keep_what_stands_out(
    panel: CurvesPanel, qtbot: QtBot
) -> None:
    panel.show()
    session, run = panel.session, RunCurves()
    run.take({"event": "Started", "steps_per_epoch": 500})
    rng = np.random.default_rng(0)
    for i, loss in enumerate(rng.random(50_000).tolist()):
        epoch, step = divmod(i, 500)
        run.take({"event": "StepDone", "epoch": epoch + 1, "step": step + 1, "loss": loss})
    session.runs_in_view.take(OTHER, run)
    panel.plot.grab()
    line = panel.plot.charts[0].lines[OTHER, STEP]
    shown_x, shown_y = line.getData()
    assert len(line.getOriginalDataset()[0]) == 50_000
    assert len(shown_x) < 10_000
    # What stands out of the crowd is not lost.
    assert np.nanmax(shown_y) == pytest.approx(max(line.getOriginalDataset()[1]))
    run.take({"event": "StepDone", "epoch": 101, "step": 1, "loss": 2.5})
    panel.redraw()
    panel.plot.grab()
    assert len(line.getOriginalDataset()[0]) == 50_001
    assert line.getOriginalDataset()[1][-1] == 2.5
    assert len(line.getData()[0]) < 10_000


def test_every_control_says_what_it_does(panel: CurvesPanel) -> None:
    controls = [*panel.findChildren(QAbstractButton), *panel.findChildren(QComboBox)]
    own: list[QWidget] = [c for c in controls if c.parent() is panel.body]
    assert len(own) == 6
    for control in (*own, panel.plot, panel.values):
        assert control.toolTip()
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_where_there_is_room_for_one_chart_the_other_is_a_click_away(
    panel: CurvesPanel, qtbot: QtBot
) -> None:
    train(panel.session)
    panel.redraw()
    panel.resize(540, 260)
    panel.show()
    loss, dice = panel.plot.charts
    one_wide = [list(panel.plot.ci.items), loss.vb.width()]
    qtbot.mouseClick(panel.other, Qt.MouseButton.LeftButton)
    after = list(panel.plot.ci.items)
    boxes = [box.isVisible() for box in panel.figures]
    panel.resize(900, 260)

    assert one_wide[0] == [loss]
    assert one_wide[1] > 200
    assert after == [dice]
    assert boxes == [False, True]
    assert set(panel.plot.ci.items) == {loss, dice}
    assert not panel.other.isVisible()
    assert dice.vb.viewRange()[0] == pytest.approx(loss.vb.viewRange()[0])
    assert panel.minimumSizeHint().width() <= 540, "two charts keep no window wide"
