"""The editor of a sum of losses."""

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWidget

from segstudio.losses.expression import parse_loss
from segstudio.losses.registry import LOSSES, card
from segstudio.session import Session
from segstudio.ui.train.loss_editor import LossEditor
from segstudio.ui.train.train_panel import TrainPanel

EPOCHS = 8


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


def editor_of(parent: QWidget, loss: str) -> LossEditor:
    return LossEditor(parse_loss(loss), EPOCHS, parent)


def lines(editor: LossEditor) -> dict[str, list[float]]:
    """Return the weights as they are drawn, by the label of the loss."""
    drawn = editor.plot.plot.listDataItems()
    return {item.name(): item.getData()[1].tolist() for item in drawn}


@pytest.mark.parametrize(
    "loss",
    [
        *LOSSES,
        "dice + 0.01*boundary, growing",
        "0.5*tversky(alpha=0.2, beta=0.8) + 2*focal(gamma=3.0), rebalancing",
    ],
)
def test_a_loss_comes_back_as_it_was_given(parent: QWidget, loss: str) -> None:
    assert parse_loss(editor_of(parent, loss).text()) == parse_loss(loss)


@pytest.mark.parametrize("schedule", ["constant", "growing", "rebalancing"])
def test_the_weights_are_drawn_as_the_training_will_use_them(
    parent: QWidget, schedule: str
) -> None:
    editor = editor_of(parent, "dice + 0.1*boundary")
    editor.schedule.setCurrentIndex(editor.schedule.findData(schedule))
    expression = parse_loss(f"dice + 0.1*boundary, {schedule}")
    weights = [expression.weights(epoch) for epoch in range(1, EPOCHS + 1)]
    first, second = (list(column) for column in zip(*weights, strict=True))
    assert lines(editor) == {"dice": first, "boundary": second}


def test_a_long_training_is_drawn_to_its_last_epoch(parent: QWidget) -> None:
    editor = LossEditor(parse_loss("dice + 0.1*boundary, growing"), 5000, parent)
    shown = editor.plot.plot.listDataItems()[0].getData()[0]
    assert (shown[0], shown[-1]) == (1, 5000)
    assert len(shown) < 500


def test_a_loss_is_added_weighed_and_removed(qtbot: QtBot, parent: QWidget) -> None:
    editor = editor_of(parent, "boundary")
    assert not editor.rows[0].remove.isEnabled()
    editor.add.click()
    editor.rows[1].weight.setValue(0.25)
    assert editor.text() == "boundary + 0.25*dice"
    editor.rows[0].remove.click()
    assert editor.text() == "0.25*dice"


def test_another_loss_forgets_the_options_of_the_one_before(parent: QWidget) -> None:
    editor = editor_of(parent, "tversky(alpha=0.2)")
    names = editor.rows[0].names
    names.setCurrentIndex(names.findData("focal"))
    assert editor.text() == "focal"


def test_a_wrong_option_is_told_and_cannot_be_used(qtbot: QtBot, parent: QWidget) -> None:
    editor = editor_of(parent, "focal")
    qtbot.keyClicks(editor.rows[0].options, "gama=2")
    assert "has no option 'gama'" in editor.sum.text()
    assert not editor.use.isEnabled()


def test_the_sum_goes_to_the_panel_and_the_session(qtbot: QtBot) -> None:
    panel = TrainPanel(Session())
    qtbot.addWidget(panel)
    panel.loss.set_text("dice")
    panel.loss.sum.click()
    editor = panel.findChild(LossEditor)
    editor.add.click()
    editor.schedule.setCurrentIndex(editor.schedule.findData("growing"))
    editor.use.click()
    assert panel.session.settings.loss == "dice + cross-entropy, growing"
    assert "A sum: Dice loss, Cross-entropy" in panel.loss.reading.text()


def test_the_losses_are_offered_by_family(parent: QWidget) -> None:
    names = editor_of(parent, "dice").rows[0].names
    family, found = "", {}
    for row in range(names.count()):
        if names.itemData(row) is None:
            family = names.itemText(row)
            assert not names.model().item(row).flags() & Qt.ItemFlag.ItemIsEnabled
        else:
            found[names.itemData(row)] = family
    assert found == {name: f"{card(name).family.capitalize()} losses" for name in LOSSES}
