"""The Dice loss with squares, equation 4 of the paper."""

from typing import TYPE_CHECKING

from segstudio.losses.card import Card
from segstudio.losses.reduction import Classes, Reduction, chosen, summed

if TYPE_CHECKING:
    from torch import Tensor

    from segstudio.losses.target import Target

CARD = Card(
    name="dice",
    title="Dice loss",
    family="overlap",
    formula=r"1 - \frac{2 \sum p\, g}{\sum p^2 + \sum g^2}",
    bounds="0 to 1",
    limits=(0, 1),
    absent="1 for any prediction that is not empty, 0 for an empty one",
    reading="Lower is better; 0 is perfect.",
    reference="Milletari et al., V-Net, 3DV 2016; equation 4 of the paper",
    note=(
        "Background has no term of its own: where several classes are rare, one may be laid over "
        "it and be lost. 'dice(classes=all)' holds that back."
    ),
)


def loss(
    log_probs: "Tensor",
    target: "Target",
    *,
    epsilon: float = 1e-5,
    classes: Classes = "foreground",
    reduction: Reduction = "class",
) -> "Tensor":
    """Return one minus squared Dice, averaged over what the reduction leaves.

    Parameters
    ----------
    log_probs : Tensor, shape (N, K, ...), float32
        Log-softmax of the network's output.
    target : Target
        With its one-hot masks.
    epsilon : float
        Added above and below, so that two empty masks agree.
    classes : {'all', 'foreground'}
        The classes to look at.
    reduction : {'sample', 'class', 'one'}
        Per class and sample, per class over the batch, or one for all.

    Returns
    -------
    Tensor, scalar
    """
    p, g = chosen(log_probs, classes).exp(), chosen(target.onehot, classes)
    overlap = summed(p * g, reduction)
    total = summed(p.square(), reduction) + summed(g.square(), reduction)
    return (1 - (2 * overlap + epsilon) / (total + epsilon)).mean()
