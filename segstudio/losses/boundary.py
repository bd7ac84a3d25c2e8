"""The boundary loss, equation 1 of the paper."""

from typing import TYPE_CHECKING

from segstudio.losses.card import Card

if TYPE_CHECKING:
    from torch import Tensor

    from segstudio.losses.target import Target

CARD = Card(
    name="boundary",
    title="Boundary loss",
    formula=r"\int \phi_G(q)\, s(q)\, dq",
    bounds="any number; its least value is minus the sum of all distances inside",
    absent="0: its map is 0 everywhere",
    reading=(
        "It can be negative: lower is better. Alone it often settles at an empty prediction, "
        "where its gradient by logit vanishes."
    ),
    reference="Kervadec et al., Boundary loss for highly unbalanced segmentation, MIDL 2019",
    needs_maps=True,
)


def loss(log_probs: "Tensor", target: "Target") -> "Tensor":
    """Return the mean over voxels and classes of map times probability.

    Parameters
    ----------
    log_probs : Tensor, shape (N, K, ...), float32
        Log-softmax of the network's output.
    target : Target
        With signed distance maps.

    Returns
    -------
    Tensor, scalar
    """
    return (target.maps * log_probs.exp()).mean()
