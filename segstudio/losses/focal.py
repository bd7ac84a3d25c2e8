"""The focal loss: voxels that are sure already weigh little."""

from math import inf
from typing import TYPE_CHECKING

from segstudio.losses.card import Card
from segstudio.losses.reduction import voxel_mean

if TYPE_CHECKING:
    from torch import Tensor

    from segstudio.losses.target import Target

CARD = Card(
    name="focal",
    title="Focal loss",
    family="cross-entropy",
    formula=r"-\frac{1}{N} \sum_q (1 - p_{y(q)}(q))^{\gamma} \log\, p_{y(q)}(q)",
    bounds="0 to ∞",
    limits=(0, inf),
    absent="only what its false positives take from the true class",
    reading="Lower is better; 0 is perfect. Its values are small: compare them with themselves.",
    reference="Lin et al., Focal loss for dense object detection, ICCV 2017",
)


def loss(log_probs: "Tensor", target: "Target", *, gamma: float = 2.0) -> "Tensor":
    """Return the mean over voxels of cross-entropy times (1 − p)^γ.

    Parameters
    ----------
    log_probs : Tensor, shape (N, K, ...), float32
        Log-softmax of the network's output.
    target : Target
        With its labels.
    gamma : float
        At least 1; the larger, the less sure voxels count.

    Returns
    -------
    Tensor, scalar
    """
    log_p = log_probs.gather(1, target.labels.unsqueeze(1))
    return -voxel_mean((-log_p.expm1()).pow(gamma) * log_p, target)
