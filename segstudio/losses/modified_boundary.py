"""The modified boundary loss, equation 3 of the paper, as a ratio of integrals."""

from typing import TYPE_CHECKING

from segstudio.core.loss_maps import MapOptions
from segstudio.losses.card import Card
from segstudio.losses.reduction import Classes, Reduction

if TYPE_CHECKING:
    from torch import Tensor

    from segstudio.losses.target import Target

CARD = Card(
    name="modified-boundary",
    title="Modified boundary loss",
    family="distance",
    formula=(
        r"-\frac{\int \phi_t\, s}"
        r"{\int \phi_{bg}\, s + \int \phi_t\, (1 - s) + \epsilon},"
        r"\quad \epsilon = 1 + \int \phi_t"
    ),
    bounds="0 down to −1 (with share=0 down to −∞, but for ε)",
    limits=(-1, 0),
    absent="0, false positives included: they cost through the class that is there",
    reading=("Lower is better, and it is never above 0: −1 is perfect, 0 finds nothing."),
    reference="Wu, Loss Function for Class Imbalanced Data, equation 3",
    note=(
        "ε is 1 plus a share of the class's own weight Σ φ_t, for each class and image by itself: "
        "with a small ε the class that is found best takes all the training, and with one ratio "
        "for all classes the rarest dies. The form as printed is "
        "'modified-boundary(share=0, classes=foreground, reduction=one)': there −∞ is perfect, and "
        "−1 means as much right as wrong."
    ),
    maps=MapOptions(unit="voxels", cap=10.0),
)


def loss(
    log_probs: "Tensor",
    target: "Target",
    *,
    epsilon: float = 1.0,
    share: float = 1.0,
    classes: Classes = "all",
    reduction: Reduction = "sample",
) -> "Tensor":
    """Return −T / (F + ε), sums of distances over true positives and over all that is wrong.

    Parameters
    ----------
    log_probs : Tensor, shape (N, K, ...), float32
        Log-softmax of the network's output.
    target : Target
        With signed distance maps.
    epsilon : float
        The part of ε that is the same for all, in units of the maps; above 0.
    share : float
        The part of ε that goes with what is to be found: this many times Σ φ_t. A perfect mask
        then has −1/share, and the pull on a class that is nearly found stays bounded.
    classes : {'all', 'foreground'}
        The classes to look at. Without background, nothing but a class's own false positives
        holds it back.
    reduction : {'sample', 'class', 'one'}
        Per class and sample, per class over the batch, or one for all.

    Returns
    -------
    Tensor, scalar
    """
    # Deferred: a card is read without torch.
    from segstudio.losses.distance_regions import distance_regions

    true, false, to_find = distance_regions(log_probs, target, classes, reduction)
    return -(true / (false + share * to_find + epsilon)).mean()
