"""The Dice loss with squares, equation 4 of the paper."""

from typing import TYPE_CHECKING

from segstudio.losses.card import Card

if TYPE_CHECKING:
    from torch import Tensor

    from segstudio.losses.target import Target

CARD = Card(
    name="dice",
    title="Dice loss",
    formula=r"1 - \frac{2 \sum p\, g}{\sum p^2 + \sum g^2}",
    bounds="0 to 1",
    absent="1 for any prediction that is not empty, 0 for an empty one",
    reading="Lower is better; 0 is perfect.",
    reference="Milletari et al., V-Net, 3DV 2016; equation 4 of the paper",
)


def loss(log_probs: "Tensor", target: "Target", *, epsilon: float = 1e-5) -> "Tensor":
    """Return one minus squared Dice, per foreground class over the batch, then the mean.

    Parameters
    ----------
    log_probs : Tensor, shape (N, K, ...), float32
        Log-softmax of the network's output; class 0, background, is left out.
    target : Target
        With its one-hot masks.
    epsilon : float
        Added above and below, so that two empty masks agree.

    Returns
    -------
    Tensor, scalar
    """
    p, g = log_probs[:, 1:].exp(), target.onehot[:, 1:]
    over = (0, *range(2, p.ndim))
    overlap = (p * g).sum(over)
    total = p.square().sum(over) + g.square().sum(over)
    return (1 - (2 * overlap + epsilon) / (total + epsilon)).mean()
