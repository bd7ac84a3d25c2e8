"""True and false positives and negatives, weighted by distance: what equation 3 is made of."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from segstudio.losses.reduction import Classes, Reduction, axes_of, chosen
from segstudio.losses.target import Target


def distance_regions(
    log_probs: Tensor, target: Target, classes: Classes, reduction: Reduction
) -> tuple[Tensor, Tensor]:
    """Return T = Σ φ_t s, and F = Σ φ_bg s + Σ φ_t (1 − s).

    Parameters
    ----------
    log_probs : Tensor, shape (N, K, ...), float32
        Log-softmax of the network's output.
    target : Target
        With signed distance maps.
    classes : {'all', 'foreground'}
        The classes to look at.
    reduction : {'sample', 'class', 'one'}
        What the sums run over; see `axes_of`.

    Returns
    -------
    (Tensor, Tensor)
        Shape (N, K), (K,) or (). Both 0 for a class whose map is 0.
    """
    log_s, sdm = chosen(log_probs, classes), chosen(target.maps, classes)
    regions: tuple[Tensor, Tensor] = _Regions.apply(  # type: ignore[no-untyped-call]
        log_s, sdm, axes_of(log_s, reduction)
    )
    return regions


class _Regions(torch.autograd.Function):
    """T and F in one pass over the maps, and their gradient in another.

    Written out, it takes half of the time that autograd needs, which keeps every step in between.
    """

    @staticmethod
    def forward(
        ctx: Any, log_s: Tensor, sdm: Tensor, axes: tuple[int, ...]
    ) -> tuple[Tensor, Tensor]:
        s = log_s.exp()
        inside = sdm.clamp(max=0)
        true = (inside * s).sum(axes).neg_()
        # 1 − s by subtraction loses what precision log s still has near s = 1.
        false = torch.where(sdm > 0, s, log_s.expm1()).mul_(sdm).sum(axes)
        ctx.save_for_backward(s, sdm)
        ctx.axes = axes
        return true, false

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, by_true: Tensor, by_false: Tensor) -> tuple[Tensor, None, None]:
        s, sdm = ctx.saved_tensors
        for axis in ctx.axes:
            by_true, by_false = by_true.unsqueeze(axis), by_false.unsqueeze(axis)
        # ∂T/∂log s = φ_t s and ∂F/∂log s = (φ_bg − φ_t) s = φ s, where φ_t = −min(φ, 0).
        grad = (sdm * by_false).sub_(sdm.clamp(max=0).mul_(by_true)).mul_(s)
        return grad, None, None
