"""The Tversky loss: Dice with prices of its own for false positives and negatives."""

from typing import TYPE_CHECKING

from segstudio.losses.card import Card
from segstudio.losses.reduction import Classes, Reduction, chosen, summed

if TYPE_CHECKING:
    from torch import Tensor

    from segstudio.losses.target import Target

CARD = Card(
    name="tversky",
    title="Tversky loss",
    family="overlap",
    formula=r"1 - \frac{TP}{TP + \alpha\, FP + \beta\, FN}",
    bounds="0 to 1",
    limits=(0, 1),
    absent="1 for any prediction that is not empty, 0 for an empty one",
    reading="Lower is better; 0 is perfect. α prices false positives, β false negatives.",
    reference="Salehi et al., Tversky loss function for image segmentation, MLMI 2017",
)


def loss(
    log_probs: "Tensor",
    target: "Target",
    *,
    alpha: float = 0.3,
    beta: float = 0.7,
    epsilon: float = 1e-5,
    classes: Classes = "foreground",
    reduction: Reduction = "class",
) -> "Tensor":
    """Return one minus the Tversky index, averaged over what the reduction leaves.

    Parameters
    ----------
    log_probs : Tensor, shape (N, K, ...), float32
        Log-softmax of the network's output.
    target : Target
        With its one-hot masks.
    alpha, beta : float
        Prices of false positives and of false negatives; 0.5 and 0.5 is Dice.
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
    index = tversky_index(log_probs, target, alpha, beta, epsilon, classes, reduction)
    return (1 - index).mean()


def tversky_index(
    log_probs: "Tensor",
    target: "Target",
    alpha: float,
    beta: float,
    epsilon: float,
    classes: Classes,
    reduction: Reduction,
) -> "Tensor":
    """Return TP / (TP + α FP + β FN) for each class or sample; see `loss`."""
    p, g = chosen(log_probs, classes).exp(), chosen(target.onehot, classes)
    true_positive = summed(p * g, reduction)
    false_positive = summed(p, reduction) - true_positive
    false_negative = summed(g, reduction) - true_positive
    wrong = alpha * false_positive + beta * false_negative
    return (true_positive + epsilon) / (true_positive + wrong + epsilon)
