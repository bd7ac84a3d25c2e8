"""The choice of a loss."""

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLineEdit

from segstudio.losses.registry import LOSSES, card
from segstudio.ui.train.loss_choice import WIDEST, LossChoice


@pytest.fixture
def choice(qtbot: QtBot) -> LossChoice:
    made = LossChoice("dice")
    qtbot.addWidget(made)
    made.show()
    return made


def typed(qtbot: QtBot, choice: LossChoice, text: str) -> None:
    line: QLineEdit = choice.names.lineEdit()
    line.clear()
    qtbot.keyClicks(line, text)


@pytest.mark.parametrize("name", LOSSES)
def test_each_loss_is_shown_with_its_reading_and_range(choice: LossChoice, name: str) -> None:
    choice.names.setCurrentIndex(choice.names.findData(name))
    assert choice.text() == name
    assert card(name).reading in choice.reading.text()
    assert card(name).bounds in choice.reading.text()


@pytest.mark.parametrize("loss", [*LOSSES, "dice + 0.01*boundary + 2*generalised-dice"])
def test_no_formula_is_wider_than_the_panel(qtbot: QtBot, choice: LossChoice, loss: str) -> None:
    choice.set_text("none yet")
    assert choice.formula.pixmap().isNull()
    choice.set_text(loss)
    qtbot.waitUntil(lambda: not choice.formula.pixmap().isNull(), timeout=10_000)
    width = choice.formula.pixmap().width() / choice.devicePixelRatioF()
    assert 20 < width <= WIDEST + 2
    height = choice.formula.pixmap().height() / choice.devicePixelRatioF()
    assert choice.formula.minimumHeight() >= int(height)


def test_a_sum_can_be_typed(qtbot: QtBot, choice: LossChoice) -> None:
    with qtbot.waitSignal(choice.changed, check_params_cb=lambda loss: loss.endswith("growing")):
        typed(qtbot, choice, "dice + 0.01*boundary, growing")
    assert choice.text() == "dice + 0.01*boundary, growing"
    assert choice.reading.text().startswith("A sum: Dice loss, Boundary loss.")


def test_a_sum_says_whose_maps_its_parts_are_given(choice: LossChoice) -> None:
    choice.set_text("modified-boundary-log + boundary")
    assert "given the distance maps of: Modified boundary loss, logarithm." in choice.reading.text()
    choice.set_text("dice + boundary")
    assert "given the distance maps" not in choice.reading.text()


@pytest.mark.parametrize("name", LOSSES)
def test_a_name_typed_in_full_is_that_loss(qtbot: QtBot, choice: LossChoice, name: str) -> None:
    typed(qtbot, choice, name)
    qtbot.keyClick(choice.names.lineEdit(), Qt.Key.Key_Return)
    choice.names.lineEdit().clearFocus()
    assert choice.text() == name


def test_a_mistake_is_told_beside_it(qtbot: QtBot, choice: LossChoice) -> None:
    typed(qtbot, choice, "dice + 0.01*boundry")
    assert choice.expression() is None
    assert "There is no loss 'boundry'. Did you mean" in choice.reading.text()
    assert choice.formula.pixmap().isNull()


def test_a_sum_that_a_training_brings_is_shown_as_it_is(choice: LossChoice) -> None:
    choice.set_text("tversky(alpha=0.2) + focal")
    assert choice.text() == "tversky(alpha=0.2) + focal"
    choice.set_text("focal")
    assert choice.names.currentText() == card("focal").title


def test_what_to_know_of_a_loss_is_folded_below_it(choice: LossChoice) -> None:
    choice.set_text("modified-boundary")
    assert choice.note.text() == card("modified-boundary").note
    assert not choice.note.isVisible()
    choice.note_fold.head.click()
    assert choice.note.isVisible()


def test_a_sum_tells_the_range_of_each_part(choice: LossChoice) -> None:
    choice.set_text("dice + 0.01*boundary")
    for name in ("dice", "boundary"):
        assert f"{card(name).title}: range {card(name).bounds}." in choice.note.text()
