"""Which values a loss as typed can take. Imports no torch."""

from math import inf

from segstudio.losses.expression import LossExpression, Part
from segstudio.losses.registry import card

Limits = tuple[float, float]


def limits_of(part: Part) -> Limits:
    """Return the least and the largest value of one loss, without its weight."""
    low, high = card(part.name).limits
    if "share" in part.options:
        # Of a perfect mask the ratio is minus one over the share of ε that goes with the mask.
        share = part.options["share"]
        low = -1 / share if share else -inf
    return low, high


def reach(expression: LossExpression) -> Limits:
    """Return the least and the largest value of a loss in any epoch; ±∞ where there is no end.

    Where the weights go with the epochs, only ends that no weight moves are known: 0 and ∞.
    """
    lows, highs = zip(*(_weighted(part, expression) for part in expression.parts), strict=True)
    return sum(lows), sum(highs)


def _weighted(part: Part, expression: LossExpression) -> Limits:
    low, high = limits_of(part)
    if expression.schedule != "constant":
        return (0.0 if low == 0 else -inf), (0.0 if high == 0 else inf)
    if part.weight == 0:
        return 0.0, 0.0
    return part.weight * low, part.weight * high
