"""What a training is told while it runs, from any thread."""

from dataclasses import dataclass
from typing import Literal

Wish = Literal["go on", "pause", "stop after this epoch", "stop"]
# In order of weight: with several processes the strongest wish of any holds for all.
WISHES: tuple[Wish, ...] = ("go on", "stop after this epoch", "pause", "stop")


@dataclass
class Control:
    """What the user wishes; the training looks between two steps.

    Attributes
    ----------
    wish : {'go on', 'stop after this epoch', 'pause', 'stop'}
        ``'pause'`` saves and waits, until it is set to something else; ``'stop'`` saves and ends
        after the step that runs.
    """

    wish: Wish = "go on"
