"""True and false positives and negatives, weighted by distance: what equation 3 is made of."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from segstudio.losses.log_softmax import probs_of
from segstudio.losses.reduction import Classes, Reduction, chosen, summed
from segstudio.losses.target import Target


def distance_regions(
    log_probs: Tensor, target: Target, classes: Classes, reduction: Reduction
) -> tuple[Tensor, Tensor, Tensor]:
    """Return T = Σ φ_t s, F = Σ φ_bg s + Σ φ_t (1 − s), and Σ φ_t, which has no gradient.

    Parameters
    ----------
    log_probs : Tensor, shape (N, K, ...), float32
        Log-softmax of the network's output.
    target : Target
        With signed distance maps.
    classes : {'all', 'foreground'}
        The classes to look at.
    reduction : {'sample', 'class', 'one'}
        What the sums run over: each class and sample for itself, each class over the batch, or
        all.

    Returns
    -------
    (Tensor, Tensor, Tensor)
        Shape (N, K), (K,) or (). All 0 for a class whose map is 0.
    """
    first = 0 if classes == "all" else 1
    sums = _RegionSums.apply(log_probs, target.maps, first)  # type: ignore[no-untyped-call]
    kept = [chosen(each, classes) for each in sums]
    true, false, to_find = (summed(each, reduction) for each in kept)
    return true, false, to_find


class _RegionSums(torch.autograd.Function):
    """T, F and Σ φ_t of every sample and class ``(N, K)``, 0 before the first class."""

    @staticmethod
    def forward(ctx: Any, log_probs: Tensor, sdm: Tensor, first: int) -> tuple[Tensor, ...]:
        probs = probs_of(log_probs).flatten(2)
        maps = sdm.to(probs.dtype).flatten(2)
        ctx.save_for_backward(probs, maps)
        ctx.shape, ctx.first = log_probs.shape, first
        sums = (_sums_compiled if probs.device.type == "cpu" else _sums)(probs, maps, first)
        ctx.mark_non_differentiable(sums[2])
        return sums

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, by_true: Tensor, by_false: Tensor, _by_target: Tensor
    ) -> tuple[Tensor, None, None]:
        probs, maps = ctx.saved_tensors
        pull = _pulls_compiled if probs.device.type == "cpu" else _pulls
        return pull(probs, maps, ctx.first, by_true, by_false).reshape(ctx.shape), None, None


def _sums(probs: Tensor, maps: Tensor, first: int) -> tuple[Tensor, ...]:
    """Return T, F and Σ φ_t by whole-array operations, on any device."""
    maps = _without(maps, first)
    inside = -maps.clamp(max=0)
    # 1 − s by subtraction is 0 where s is nearly 1: it is what the classes on either side sum to.
    below = torch.nn.functional.pad(probs, (0, 0, 1, 0))[:, :-1].cumsum(1)
    above = torch.nn.functional.pad(probs, (0, 0, 0, 1))[:, 1:].flip(1).cumsum(1).flip(1)
    false = maps.clamp(min=0) * probs + inside * (below + above)
    return (inside * probs).sum(2), false.sum(2), inside.sum(2)


def _pulls(probs: Tensor, maps: Tensor, first: int, by_true: Tensor, by_false: Tensor) -> Tensor:
    """Return the derivative by log s by whole-array operations, on any device."""
    maps = _without(maps, first)
    return probs * (maps * by_false[..., None] - maps.clamp(max=0) * by_true[..., None])


def _without(maps: Tensor, first: int) -> Tensor:
    """Return the maps, zero before the first class."""
    return torch.cat([torch.zeros_like(maps[:, :first]), maps[:, first:]], dim=1)


def _sums_compiled(probs: Tensor, maps: Tensor, first: int) -> tuple[Tensor, ...]:
    """Return T, F and Σ φ_t by the compiled kernel, on the CPU."""
    # Deferred: numba takes longer to load than a card should wait for.
    from segstudio.core.region_sums import region_sums

    sums = torch.empty(*probs.shape[:2], 3, dtype=torch.float64)
    region_sums(probs.contiguous().numpy(), maps.contiguous().numpy(), first, sums.numpy())
    true, false, target = sums.to(probs.dtype).unbind(2)
    return true, false, target


def _pulls_compiled(
    probs: Tensor, maps: Tensor, first: int, by_true: Tensor, by_false: Tensor
) -> Tensor:
    """Return the derivative by log s by the compiled kernel, on the CPU."""
    from segstudio.core.region_sums import region_pulls

    pulls = torch.empty_like(probs, memory_format=torch.contiguous_format)
    s, phi, true, false = (t.contiguous().numpy() for t in (probs, maps, by_true, by_false))
    region_pulls(s, phi, first, true, false, pulls.numpy())
    return pulls
