"""The modified boundary loss, equation 3 of the paper, as a ratio of integrals."""

from typing import TYPE_CHECKING

from segstudio.core.loss_maps import MapOptions
from segstudio.losses.card import Card
from segstudio.losses.reduction import Classes, Reduction, axes_of, chosen

if TYPE_CHECKING:
    from torch import Tensor

    from segstudio.losses.target import Target

CARD = Card(
    name="modified-boundary",
    title="Modified boundary loss",
    formula=(
        r"-\frac{\int \phi_t\, s}"
        r"{\int \phi_{bg}\, s + \int \phi_t\, (1 - s) + \epsilon}"
    ),
    bounds="0 down to −∞ (in practice to minus the sum of all distances inside over ε)",
    absent="0, false positives included: its map is 0 everywhere",
    reading=(
        "It is never above 0 and has no floor: −∞ is perfect, −1 means as much right as wrong. "
        "It falls faster the better it gets, so read it on a logarithmic scale."
    ),
    reference="Wu, Loss Function for Class Imbalanced Data, equation 3",
    maps=MapOptions(),
    learning_rate=2e-4,
)


def loss(
    log_probs: "Tensor",
    target: "Target",
    *,
    epsilon: float = 1.0,
    share: float = 0.0,
    classes: Classes = "foreground",
    reduction: Reduction = "one",
) -> "Tensor":
    """Return −T / (F + ε), sums of distances over true positives and over all that is wrong.

    Parameters
    ----------
    log_probs : Tensor, shape (N, K, ...), float32
        Log-softmax of the network's output.
    target : Target
        With signed distance maps.
    epsilon : float
        In units of the maps; keeps a perfect prediction finite.
    classes : {'all', 'foreground'}
        The classes to look at.
    reduction : {'sample', 'class', 'one'}
        Per class and sample, per class over the batch, or one for all.

    Returns
    -------
    Tensor, scalar
    """
    # Deferred: a card is read without torch.
    from segstudio.losses.distance_regions import distance_regions

    true, false = distance_regions(log_probs, target, classes, reduction)
    room: Tensor | float = epsilon
    if share:
        inside = chosen(target.maps, classes).clamp(max=0)
        room = epsilon - share * inside.sum(axes_of(inside, reduction))
    return -(true / (false + room)).mean()
