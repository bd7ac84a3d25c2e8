"""The Hausdorff loss by distance transforms: of the truth's contour and the prediction's."""

from math import inf
from typing import TYPE_CHECKING

from segstudio.core.loss_maps import MapOptions, loss_maps
from segstudio.losses.card import Card
from segstudio.losses.reduction import Classes, chosen, voxel_mean

if TYPE_CHECKING:
    from torch import Tensor

    from segstudio.losses.target import Target

CARD = Card(
    name="hausdorff-dt",
    title="Hausdorff loss (distance transforms)",
    family="distance",
    formula=r"\frac{1}{N} \sum_q (s - g)^2 \left(D_G^{\alpha} + D_S^{\alpha}\right)",
    bounds="0 to ∞, in map units to the power of α",
    limits=(0, inf),
    absent="false positives cost by their own size only",
    reading="Lower is better; 0 is perfect. Far errors rule it, so it is noisy early.",
    reference="Karimi and Salcudean, Reducing the Hausdorff distance, IEEE TMI 2019",
    note=(
        "Slow: it measures every prediction anew at every step, on the CPU. For comparison, or "
        "as a small part: 'dice + 0.001*hausdorff-dt'."
    ),
    maps=MapOptions(unit="voxels"),
)


def loss(
    log_probs: "Tensor",
    target: "Target",
    *,
    alpha: float = 2.0,
    classes: Classes = "foreground",
) -> "Tensor":
    """Return the mean of squared errors times the distances to both contours.

    D_S, the distance to the contour of the prediction (s above ½), is taken as a constant: it has
    no gradient. It is measured as the truth's maps are: what is ignored is no part of it.

    Parameters
    ----------
    log_probs : Tensor, shape (N, K, ...), float32
        Log-softmax of the network's output.
    target : Target
        With signed distance maps and their spacing.
    alpha : float
        The larger, the more the farthest error rules.
    classes : {'all', 'foreground'}
        The classes to look at.

    Returns
    -------
    Tensor, scalar
    """
    import torch

    s, g = chosen(log_probs, classes).exp(), chosen(target.onehot, classes)
    far = chosen(target.maps, classes).abs().pow(alpha)
    masks = (s.detach() > 0.5).cpu().numpy()
    predicted = s.new_empty(s.shape)
    for image, out, spacing in zip(masks, predicted, target.image_spacing, strict=True):
        for mask, phi in zip(image, out, strict=True):
            phi.copy_(torch.from_numpy(loss_maps(mask, spacing, [1], target.options)[0]))
    return voxel_mean((s - g).square() * (far + predicted.abs().pow(alpha)), target)
