"""The boundary loss, equation 1 of the paper."""

from typing import TYPE_CHECKING

from segstudio.core.loss_maps import MapOptions
from segstudio.losses.card import Card
from segstudio.losses.reduction import Classes, chosen, voxel_mean

if TYPE_CHECKING:
    from torch import Tensor

    from segstudio.losses.target import Target

CARD = Card(
    name="boundary",
    title="Boundary loss",
    family="distance",
    formula=r"\frac{1}{N} \sum_q \phi_G(q)\, s(q)",
    bounds="any number; its least value is minus the mean of φ_t over voxels and classes",
    absent="0 where its map is 0, as it is unless a training asks for a constant",
    reading=(
        "It can be negative: lower is better. Alone it often settles at an empty prediction, "
        "where its gradient by logit vanishes."
    ),
    reference="Kervadec et al., Boundary loss for highly unbalanced segmentation, MIDL 2019",
    note="Meant to be added to a region loss: 'dice + 0.01*boundary'.",
    maps=MapOptions(),
)


def loss(log_probs: "Tensor", target: "Target", *, classes: Classes = "all") -> "Tensor":
    """Return the mean over voxels and classes of map times probability.

    Parameters
    ----------
    log_probs : Tensor, shape (N, K, ...), float32
        Log-softmax of the network's output.
    target : Target
        With signed distance maps.
    classes : {'all', 'foreground'}
        The classes to look at.

    Returns
    -------
    Tensor, scalar
    """
    return voxel_mean(chosen(target.maps, classes) * chosen(log_probs, classes).exp(), target)
