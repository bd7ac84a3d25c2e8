"""The boundary-aware loss: cross-entropy that weighs up where two regions leak."""

from math import inf
from typing import TYPE_CHECKING

from segstudio.core.labels import IGNORED
from segstudio.core.leaks import leak_map
from segstudio.core.loss_maps import MapOptions
from segstudio.losses.card import Card
from segstudio.losses.reduction import voxel_mean

if TYPE_CHECKING:
    from torch import Tensor

    from segstudio.losses.target import Target

CARD = Card(
    name="boundary-aware",
    title="Boundary-aware loss",
    family="cross-entropy",
    formula=r"-\frac{1}{N} \sum_q (1 + \lambda\, \ell(q)) \log\, p_{y(q)}(q)",
    bounds="0 to ∞",
    limits=(0, inf),
    absent="only what its false positives take from the true class",
    reading=(
        "Lower is better; 0 is perfect. Beside cross-entropy it counts again, λ times, the voxels "
        "ℓ where the prediction lets two regions of the truth run together."
    ),
    reference=(
        "after Vũ Ngọc et al., Introducing the Boundary-Aware loss for deep image segmentation, "
        "BMVC 2021"
    ),
    note="Slow: it grows a spanning forest over every prediction at every step, on the CPU.",
    maps=MapOptions(unit="voxels"),
)


def loss(log_probs: "Tensor", target: "Target", *, strength: float = 10.0) -> "Tensor":
    """Return the mean of cross-entropy times 1 + λ ℓ, ℓ the leak at each voxel.

    The leak is that of `segstudio.core.leaks.leak_map`, taken as a constant: it has no gradient.

    Parameters
    ----------
    log_probs : Tensor, shape (N, K, ...), float32
        Log-softmax of the network's output.
    target : Target
        With signed distance maps, from which each region's deepest voxel is taken.
    strength : float
        λ; 0 is cross-entropy.

    Returns
    -------
    Tensor, scalar
    """
    import torch

    own, labels = target.labels.unsqueeze(1), target.labels
    if target.ignored is not None:
        labels = labels.masked_fill(target.ignored, IGNORED)
    surprise = -log_probs.gather(1, own)
    depth = -target.maps.gather(1, own).squeeze(1)
    leak = torch.empty_like(surprise)
    images = (log_probs.detach().exp(), labels, depth)
    for out, *image in zip(leak, *(t.cpu().numpy() for t in images), strict=True):
        out[0].copy_(torch.from_numpy(leak_map(*image)))
    return voxel_mean(surprise * (1 + strength * leak), target)
