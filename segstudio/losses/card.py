"""What a loss says of itself."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """A loss in words and symbols; readable without torch.

    Attributes
    ----------
    name : str
        As typed, ``"modified-boundary"``.
    title : str
        As read, ``"Modified boundary loss"``.
    formula : str
        LaTeX, in the subset that matplotlib draws.
    bounds : str
        The values it can take.
    absent : str
        What a class that is not in the image contributes.
    reading : str
        What a falling curve means.
    reference : str
        Where it comes from.
    needs_maps : bool
        Whether it needs signed distance maps.
    learning_rate : float
        The step size it trains well with, for Adam.
    """

    name: str
    title: str
    formula: str
    bounds: str
    absent: str
    reading: str
    reference: str
    needs_maps: bool = False
    learning_rate: float = 1e-3
