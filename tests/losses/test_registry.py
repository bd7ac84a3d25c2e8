import subprocess
import sys
from dataclasses import fields
from typing import get_args

import pytest
from matplotlib.mathtext import MathTextParser

from segstudio.core.errors import InputError
from segstudio.losses.card import Card, Family
from segstudio.losses.registry import LOSSES, card, cards, module_of

TEXTS = [f.name for f in fields(Card) if f.type in (str, "str") and f.name != "note"]


def test_the_cards_are_offered_in_the_order_of_the_registry() -> None:
    assert [c.name for c in cards()] == list(LOSSES)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("text", TEXTS)
def test_a_card_is_complete(name: str, text: str) -> None:
    assert getattr(card(name), text).strip()


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_belongs_to_a_known_family(name: str) -> None:
    assert card(name).family in get_args(Family)


@pytest.mark.parametrize("name", LOSSES)
def test_a_formula_can_be_drawn(name: str) -> None:
    drawn = MathTextParser("path").parse(f"${card(name).formula}$")
    assert len(drawn.glyphs) > 5


@pytest.mark.parametrize("name", LOSSES)
def test_a_learning_rate_is_a_small_step(name: str) -> None:
    assert 0 < card(name).learning_rate < 0.1


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("dise", "Did you mean 'dice'?"),
        ("cross_entropy", "Did you mean 'cross-entropy' or"),
        ("boundry", "'boundary'"),
        ("zzz", "Known: modified-boundary, modified-boundary-log, "),
    ],
)
def test_an_unknown_loss_is_met_with_near_names(typed: str, hint: str) -> None:
    with pytest.raises(InputError, match=f"There is no loss '{typed}'") as caught:
        module_of(typed)
    assert hint in str(caught.value)


def test_cards_are_read_without_torch() -> None:
    code = (
        "import sys; from segstudio.losses.registry import cards; "
        "assert len(cards()) > 3; print('torch' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
