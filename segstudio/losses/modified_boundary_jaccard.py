"""The modified boundary loss as a weighted Jaccard index, which has a floor."""

from math import inf
from typing import TYPE_CHECKING

from segstudio.core.loss_maps import MapOptions
from segstudio.losses.card import Card
from segstudio.losses.reduction import Classes, Reduction

if TYPE_CHECKING:
    from torch import Tensor

    from segstudio.losses.target import Target

CARD = Card(
    name="modified-boundary-jaccard",
    title="Modified boundary loss, Jaccard",
    family="distance",
    formula=(
        r"-\log \frac{\int \phi_t\, s + \epsilon}"
        r"{\int \phi_t + \int \phi_{bg}\, s + \epsilon}"
    ),
    bounds="0 to ∞",
    limits=(0, inf),
    absent="0 for an empty prediction; its false positives cost as 3 voxels away",
    reading=(
        "Lower is better; 0 is perfect, 0.7 means that half of the union, weighted by distance, "
        "is found."
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
    logarithm: bool = True,
) -> "Tensor":
    """Return −log of T / (T + F), the Jaccard index weighted by distance, averaged.

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
    logarithm : bool
        Whether to take −log of the index, or 1 minus it.

    Returns
    -------
    Tensor, scalar
    """
    # Deferred: a card is read without torch.
    from segstudio.losses.distance_regions import distance_regions

    true, false, _ = distance_regions(log_probs, target, classes, reduction)
    jaccard = (true + epsilon) / (true + false + epsilon)
    return (-jaccard.log() if logarithm else 1 - jaccard).mean()
