"""The focal Tversky loss: classes that are found badly weigh more."""

from typing import TYPE_CHECKING

from segstudio.losses.card import Card
from segstudio.losses.reduction import Classes, Reduction
from segstudio.losses.tversky import tversky_index

if TYPE_CHECKING:
    from torch import Tensor

    from segstudio.losses.target import Target

CARD = Card(
    name="focal-tversky",
    title="Focal Tversky loss",
    family="overlap",
    formula=r"\left(1 - \frac{TP}{TP + \alpha\, FP + \beta\, FN}\right)^{1/\gamma}",
    bounds="0 to 1",
    limits=(0, 1),
    absent="1 for any prediction that is not empty, 0 for an empty one",
    reading="Lower is better; 0 is perfect. It falls ever faster towards its end.",
    reference="Abraham and Khan, A novel focal Tversky loss function, ISBI 2019",
)

# The slope of x^(1/γ) is infinite at 0, which a perfect class would reach.
LEAST = 1e-7


def loss(
    log_probs: "Tensor",
    target: "Target",
    *,
    alpha: float = 0.3,
    beta: float = 0.7,
    gamma: float = 4 / 3,
    epsilon: float = 1e-5,
    classes: Classes = "foreground",
    reduction: Reduction = "class",
) -> "Tensor":
    """Return the Tversky loss to the power of 1/γ, averaged over what the reduction leaves.

    Parameters
    ----------
    log_probs : Tensor, shape (N, K, ...), float32
        Log-softmax of the network's output.
    target : Target
        With its one-hot masks.
    alpha, beta : float
        Prices of false positives and of false negatives.
    gamma : float
        Above 1, the loss stays steep for classes that are nearly found.
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
    return (1 - index).clamp(min=LEAST).pow(1 / gamma).mean()
