"""The sum over the processes of a training, as a step that gradients pass through."""

from typing import Any

import torch
import torch.distributed as ranks
from torch import Tensor
from torch.autograd.function import once_differentiable


def rank_sum(total: Tensor) -> Tensor:
    """Return the sum over all ranks of a tensor that each has of its own; see `across_ranks`."""
    summed_up: Tensor = _RankSum.apply(total)  # type: ignore[no-untyped-call]
    return summed_up


class _RankSum(torch.autograd.Function):
    # Not torch.distributed.nn.functional's all_reduce: torch 2.13 warns that it is deprecated, and
    # what it names instead has had a gradient in the newest versions only (pytorch #168140).

    @staticmethod
    def forward(_ctx: Any, total: Tensor) -> Tensor:
        return _reduced(total)

    @staticmethod
    @once_differentiable
    def backward(_ctx: Any, grad: Tensor) -> Tensor:
        # Every rank's loss depends on what this rank gave, so all their gradients come together:
        # with R ranks whose losses are the same function of the sum, R times that of one. DDP
        # takes the mean of gradients over ranks, and its 1/R leaves the whole batch's gradient.
        return _reduced(grad)


def _reduced(tensor: Tensor) -> Tensor:
    """Return the sum in a tensor of its own, since ranks are summed in place."""
    own = tensor.detach().clone(memory_format=torch.contiguous_format)
    ranks.all_reduce(own)
    return own
