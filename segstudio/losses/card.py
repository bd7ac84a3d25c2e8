"""What a loss says of itself."""

from dataclasses import dataclass
from math import inf
from typing import Literal

from segstudio.core.loss_maps import MapOptions

Family = Literal["distance", "overlap", "cross-entropy"]


@dataclass(frozen=True)
class Card:
    """A loss in words and symbols; readable without torch.

    Attributes
    ----------
    name : str
        As typed, ``"modified-boundary"``.
    title : str
        As read, ``"Modified boundary loss"``.
    family : {'distance', 'overlap', 'cross-entropy'}
        What it compares: distances to contours, regions, or probabilities voxel by voxel.
    formula : str
        LaTeX, in the subset that matplotlib draws.
    bounds : str
        The values it can take.
    limits : (float, float)
        The same as numbers, the least and the largest, for its default options.
    absent : str
        What a class that is not in the image contributes.
    reading : str
        What a falling curve means.
    reference : str
        Where it comes from.
    note : str
        What to know before choosing it; empty where there is nothing.
    maps : MapOptions or None
        The signed distance maps it is given, unless a training asks for others; None: none.
    needs_frequencies : bool
        Whether it needs the shares of the classes in the training set.
    learning_rate : float
        The step size it trains well with, for Adam.
    """

    name: str
    title: str
    family: Family
    formula: str
    bounds: str
    absent: str
    reading: str
    reference: str
    limits: tuple[float, float] = (-inf, inf)
    note: str = ""
    maps: MapOptions | None = None
    needs_frequencies: bool = False
    learning_rate: float = 1e-3

    @property
    def needs_maps(self) -> bool:
        """Whether it needs signed distance maps."""
        return self.maps is not None
