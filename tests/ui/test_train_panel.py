"""The training panel, without a window."""

import pytest
from pytestqt.qtbot import QtBot

from segstudio.learn.config import make_config
from segstudio.losses.registry import card
from segstudio.session import Session
from segstudio.ui.train_panel import TrainPanel


@pytest.fixture
def panel(qtbot: QtBot) -> TrainPanel:
    made = TrainPanel(Session())
    qtbot.addWidget(made)
    return made


def test_another_loss_brings_its_own_step_size(panel: TrainPanel) -> None:
    panel.loss.set_text("modified-boundary-pointwise")
    assert panel.learning_rate.value() == card("modified-boundary-pointwise").learning_rate


def test_a_step_size_stays_while_the_weights_of_a_sum_are_edited(panel: TrainPanel) -> None:
    panel.loss.set_text("dice + 0.01*boundary")
    panel.learning_rate.setValue(0.005)
    panel.loss.set_text("dice + 0.015*boundary, growing")
    assert panel.learning_rate.value() == 0.005
    panel.loss.set_text("dice + 0.015*focal, growing")
    assert panel.learning_rate.value() == card("dice").learning_rate


def test_a_training_that_a_script_asks_for_is_shown_with_its_step_size(panel: TrainPanel) -> None:
    panel.session.training_asked.emit(make_config(loss="focal + dice", learning_rate=0.02))
    assert panel.config().loss == "focal + dice"
    assert panel.learning_rate.value() == 0.02
