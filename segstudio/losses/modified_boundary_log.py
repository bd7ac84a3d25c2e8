"""The modified boundary loss as a logarithm, which pulls every class alike."""

from typing import TYPE_CHECKING

from segstudio.core.loss_maps import MapOptions
from segstudio.losses.card import Card
from segstudio.losses.reduction import Classes, Reduction

if TYPE_CHECKING:
    from torch import Tensor

    from segstudio.losses.target import Target

CARD = Card(
    name="modified-boundary-log",
    title="Modified boundary loss, logarithm",
    family="distance",
    formula=(
        r"\log\left(\int \phi_{bg}\, s + \int \phi_t\, (1 - s) + \epsilon\right)"
        r" - \log\left(\int \phi_t\, s + \epsilon\right)"
    ),
    bounds="any number; 0 means as much right as wrong",
    absent="0 for an empty prediction; its false positives cost as 3 voxels away",
    reading=(
        "It can be negative and has no floor of its own: lower is better, 0 means as much right as "
        "wrong, and each 0.7 lower halves what is wrong for what is right."
    ),
    reference="after Wu, Loss Function for Class Imbalanced Data, equation 3",
    maps=MapOptions(unit="voxels", cap=10.0, absent="constant", absent_distance=3.0),
    learning_rate=1e-3,
)


def loss(
    log_probs: "Tensor",
    target: "Target",
    *,
    epsilon: float = 1.0,
    classes: Classes = "all",
    reduction: Reduction = "sample",
) -> "Tensor":
    """Return log(F + ε) − log(T + ε), the logarithm of equation 3, averaged.

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

    true, false, _ = distance_regions(log_probs, target, classes, reduction)
    return ((false + epsilon).log() - (true + epsilon).log()).mean()
