"""Equation 3 of the paper read literally: the fraction at every voxel, then the sum."""

from math import inf
from typing import TYPE_CHECKING

from segstudio.core.loss_maps import MapOptions
from segstudio.losses.card import Card
from segstudio.losses.reduction import Classes, chosen, voxel_mean

if TYPE_CHECKING:
    from torch import Tensor

    from segstudio.losses.target import Target

CARD = Card(
    name="modified-boundary-pointwise",
    title="Modified boundary loss, voxel by voxel",
    family="distance",
    formula=(
        r"-\frac{1}{N} \sum_q \frac{\phi_t\, s}"
        r"{\phi_{bg}\, s + [\phi_t - \phi_t\, s] + \epsilon}"
    ),
    bounds="0 down to −∞ (in practice to minus the mean of φ_t over ε)",
    limits=(-inf, 0),
    absent="0, false positives included",
    reading=(
        "It is never above 0 and has no floor: −∞ is perfect. A few sure voxels rule it, so that "
        "a low value says little of the mask."
    ),
    reference="Wu, Loss Function for Class Imbalanced Data, equation 3 as it is printed",
    note=(
        "Kept because a reader of the paper will try it. On background its numerator is 0, so the "
        "false positives of a class get no gradient from that class; on target it is about "
        "−s/(1 − s), and the distance cancels."
    ),
    maps=MapOptions(),
    learning_rate=2e-4,
)


def loss(
    log_probs: "Tensor",
    target: "Target",
    *,
    epsilon: float = 1.0,
    classes: Classes = "foreground",
) -> "Tensor":
    """Return the mean over voxels and classes of the fraction of equation 3.

    Parameters
    ----------
    log_probs : Tensor, shape (N, K, ...), float32
        Log-softmax of the network's output.
    target : Target
        With signed distance maps.
    epsilon : float
        In units of the maps; keeps a perfect voxel finite.
    classes : {'all', 'foreground'}
        The classes to look at.

    Returns
    -------
    Tensor, scalar
    """
    log_s, sdm = chosen(log_probs, classes), chosen(target.maps, classes)
    s, phi_t = log_s.exp(), (-sdm).clamp(min=0)
    wrong = sdm.clamp(min=0) * s - phi_t * log_s.expm1()
    return -voxel_mean(phi_t * s / (wrong + epsilon), target)
