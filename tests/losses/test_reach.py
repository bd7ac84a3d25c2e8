"""Which values a loss can take, as numbers."""

from math import inf

import pytest

from segstudio.losses.expression import parse_loss
from segstudio.losses.reach import reach
from segstudio.losses.registry import cards


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("dice", (0, 1)),
        ("cross-entropy", (0, inf)),
        ("boundary", (-inf, inf)),
        ("modified-boundary", (-1, 0)),
        ("modified-boundary(share=0)", (-inf, 0)),
        ("modified-boundary(share=0.5)", (-2, 0)),
        ("dice + 0.5*tversky", (0, 1.5)),
        ("2*dice + modified-boundary", (-1, 2)),
        ("dice + 0.01*boundary", (-inf, inf)),
        ("dice + 0*boundary", (0, 1)),
        ("dice + 0.01*cross-entropy, growing", (0, inf)),
        ("dice + 0.01*modified-boundary, growing", (-inf, inf)),
    ],
)
def test_a_loss_reaches_what_its_parts_reach(loss: str, expected: tuple[float, float]) -> None:
    assert reach(parse_loss(loss)) == expected


def test_every_card_says_the_same_in_words_and_in_numbers() -> None:
    words = {(0, 1): "0 to 1", (0, inf): "0 to ∞", (-inf, inf): "any number"}
    words |= {(-1, 0): "0 down to −1", (-inf, 0): "0 down to −∞"}
    assert all(c.bounds.startswith(words[c.limits]) for c in cards())
