"""Cross-entropy over all classes."""

from math import inf
from typing import TYPE_CHECKING

from segstudio.losses.card import Card
from segstudio.losses.reduction import voxel_mean

if TYPE_CHECKING:
    from torch import Tensor

    from segstudio.losses.target import Target

CARD = Card(
    name="cross-entropy",
    title="Cross-entropy",
    family="cross-entropy",
    formula=r"-\frac{1}{N} \sum_q \log\, p_{y(q)}(q)",
    bounds="0 to ∞; log K for a network that knows nothing of K classes",
    limits=(0, inf),
    absent="only what its false positives take from the true class",
    reading="Lower is better; 0 is perfect. It is low early where background dominates.",
    reference="the negative log-likelihood of the labels",
)


def loss(log_probs: "Tensor", target: "Target") -> "Tensor":
    """Return the mean over voxels of minus the log-probability of the true class.

    Parameters
    ----------
    log_probs : Tensor, shape (N, K, ...), float32
        Log-softmax of the network's output.
    target : Target
        With its labels.

    Returns
    -------
    Tensor, scalar
    """
    return -voxel_mean(log_probs.gather(1, target.labels.unsqueeze(1)), target)
