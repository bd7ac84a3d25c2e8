"""An axis that is linear about 0 and logarithmic beyond, for values of either sign."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray

LINEAR_WITHIN = 1e-3  # losses are seldom smaller, and what is may lie close to 0
FEWEST_LABELS = 3
LABEL_HEIGHT = 18  # pixels


def symlog(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where values lie on the axis: 0 at 0, and the decades evenly apart."""
    scaled: NDArray[np.float64] = np.log10(1 + np.abs(values) / LINEAR_WITHIN)
    return np.copysign(scaled, values)


def from_symlog(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values at places on the axis."""
    return np.copysign(LINEAR_WITHIN * (10 ** np.abs(places) - 1), places)


class ValueAxis(pg.AxisItem):
    """The left axis of a chart, linear or symlog."""

    def __init__(self) -> None:
        super().__init__("left")
        self.is_symlog = False

    def set_symlog(self, on: bool) -> None:
        """Label the axis as one or the other."""
        if on != self.is_symlog:
            self.is_symlog = on
            self.picture = None
            self.update()

    def tickValues(self, low: float, high: float, size: float) -> list[Any]:  # noqa: N802
        """Return the ticks between two places: the decades, and what is between them."""
        if not self.is_symlog:
            return list(super().tickValues(low, high, size))
        # Labels of decades that are narrower than a line of text would lie on each other.
        apart = max(1, math.ceil(LABEL_HEIGHT * (high - low) / size))
        decades = [10.0**k for k in range(-3, 13)]
        between = [m * d for d in decades for m in range(2, 10)]
        # From the place of 0, so that its label has room too.
        major = _within([0.0, *decades[apart::apart]], low, high)
        minor = _within(decades + between, low, high)
        if len(major) < FEWEST_LABELS and apart == 1:
            major = _within([m * d for d in decades for m in (0, 1, 2, 5)], low, high)
        return [(2.0, major), (1.0, [p for p in minor if p not in major])]

    def tickStrings(  # noqa: N802
        self, places: Sequence[float], scale: float, spacing: float
    ) -> list[str]:
        """Return the values at places; only the ticks of the first kind are labelled."""
        if not self.is_symlog:
            return list(super().tickStrings(places, scale, spacing))
        if spacing < 2:
            return [""] * len(places)
        values = from_symlog(np.asarray(places, float)) + 0.0  # which has no −0
        return [f"{v:.4g}".replace("-", "−") for v in values]


def _within(sizes: Sequence[float], low: float, high: float) -> list[float]:
    """Return the places of sizes, of either sign, between two places."""
    values = np.unique([*sizes, *(-s for s in sizes)])
    places = symlog(values)
    return [float(p) for p in places if low <= p <= high]
