"""The generalised Dice loss: classes weigh by the inverse square of their volume."""

from typing import TYPE_CHECKING

from segstudio.losses.card import Card

if TYPE_CHECKING:
    from torch import Tensor

    from segstudio.losses.target import Target

CARD = Card(
    name="generalised-dice",
    title="Generalised Dice loss",
    family="overlap",
    formula=(
        r"1 - \frac{2 \sum_k w_k \sum p_k\, g_k}{\sum_k w_k \sum (p_k + g_k)},"
        r"\quad w_k = \frac{1}{(\sum g_k)^2}"
    ),
    bounds="0 to 1",
    limits=(0, 1),
    absent="weighs like the rarest class that is there, so that its false positives cost",
    reading="Lower is better; 0 is perfect. The rarest class rules it.",
    reference="Sudre et al., Generalised Dice overlap, DLMIA 2017",
)


def loss(log_probs: "Tensor", target: "Target", *, epsilon: float = 1e-5) -> "Tensor":
    """Return one minus generalised Dice of all classes, per sample, then the mean.

    Parameters
    ----------
    log_probs : Tensor, shape (N, K, ...), float32
        Log-softmax of the network's output.
    target : Target
        With its one-hot masks.
    epsilon : float
        Added above and below.

    Returns
    -------
    Tensor, scalar
    """
    p, g = log_probs.exp(), target.onehot
    space = tuple(range(2, p.ndim))
    volume = g.sum(space)
    weight = volume.square().reciprocal()
    present = weight.isfinite()
    rarest = weight.where(present, 0.0).amax(1, keepdim=True)
    # In shares of the largest, or ε would outweigh the classes of a large image. There is none
    # where the whole image is ignored.
    weight = weight.where(present, rarest) / rarest.where(rarest > 0, 1.0)
    overlap = (weight * (p * g).sum(space)).sum(1)
    total = (weight * (p.sum(space) + volume)).sum(1)
    return (1 - (2 * overlap + epsilon) / (total + epsilon)).mean()
