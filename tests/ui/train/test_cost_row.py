"""The estimate before a training, measured beside the real window."""

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt

from segstudio.learn.config import make_config
from segstudio.session import Session
from segstudio.session.messages import Cost
from segstudio.ui.train.cost_row import HINT, CostRow, duration, in_words

TINY = {"base_channels": 4, "levels": 3, "loss": "dice", "precision": "32-true"}


def test_time_and_memory_are_told_until_the_settings_change(window, hearts) -> None:
    window.session.open(hearts)
    window.session.change_settings(TINY)
    row = window.panel("Train").cost
    window._qtbot.mouseClick(row.ask, Qt.MouseButton.LeftButton)
    assert row.ask.text() == "Cancel"
    window.wait_for(lambda: window.session.cost.state == "done")
    assert "of memory, on cpu" in row.told.text()
    assert window.session.cost.seconds > 0
    window.session.change_settings({"epochs": 99})
    assert "settings have changed" in row.told.text()


def test_an_estimate_can_be_cancelled(window, hearts) -> None:
    window.session.open(hearts)
    # A network that would be measured for long on one core.
    window.session.change_settings(
        {"base_channels": 64, "batch_size": 64, "patch_size": (256, 256)}
    )
    row = window.panel("Train").cost
    window._qtbot.mouseClick(row.ask, Qt.MouseButton.LeftButton)
    window._qtbot.mouseClick(row.ask, Qt.MouseButton.LeftButton)
    window.wait_for(lambda: window.session.cost.state == "stopped")
    assert row.told.text() == HINT
    assert row.ask.text() == "Estimate"


def test_without_a_dataset_nothing_can_be_estimated(qtbot: QtBot) -> None:
    row = CostRow(Session())
    qtbot.addWidget(row)
    assert not row.ask.isEnabled()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(20, "less than a minute"), (60, "1 min"), (754, "13 min"), (3599, "1 h 0 min")],
)
def test_a_time_is_said_as_one_says_it(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_too_little_memory_is_said() -> None:
    cost = Cost(None, make_config(epochs=2), "done", 60.0, 9.0, 4.0, "cpu, 32-true")
    assert in_words(cost) == (
        "About 2 min and 9.0 GB of memory, but only 4.0 GB are free, on cpu, 32-true."
    )
