"""The dock of the curves, without a viewer: when the curves are made, and when they are seen."""

import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from segstudio.session import Session
from segstudio.ui.curves import curves_panel
from segstudio.ui.curves.curves_dock import AHEAD_MS, CurvesDock

LIVE = Path("live")


@pytest.fixture
def dock(qtbot: QtBot) -> CurvesDock:
    made = CurvesDock(Session())
    qtbot.addWidget(made)
    made.resize(900, 260)
    made.show()
    return made


def test_the_curves_are_made_unseen_a_moment_after_data_are_opened(
    dock: CurvesDock, hearts: Path, qtbot: QtBot
) -> None:
    assert dock.curves is None
    dock.session.open(hearts)
    assert dock.curves is None
    qtbot.waitUntil(lambda: dock.curves is not None, timeout=AHEAD_MS + 5000)
    made = dock.curves
    assert not made.isVisible()
    assert dock.hint.isVisible()
    dock.session.start_training(LIVE)
    qtbot.waitUntil(made.isVisible)
    assert dock.curves is made
    assert not dock.hint.isVisible()


def test_the_curves_wait_until_what_they_draw_with_is_loaded(
    dock: CurvesDock, hearts: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, curves_panel.__name__)
    dock.session.open(hearts)
    qtbot.wait(AHEAD_MS + 500)
    assert dock.curves is None
    monkeypatch.undo()
    qtbot.waitUntil(lambda: dock.curves is not None, timeout=AHEAD_MS + 5000)


def test_a_training_that_begins_before_is_drawn_all_the_same(
    dock: CurvesDock, hearts: Path, qtbot: QtBot
) -> None:
    dock.session.open(hearts)
    dock.session.start_training(LIVE)
    made = dock.curves
    qtbot.waitUntil(lambda: made.isVisible() and not dock.hint.isVisible())
    qtbot.wait(AHEAD_MS + 200)
    assert dock.curves is made
