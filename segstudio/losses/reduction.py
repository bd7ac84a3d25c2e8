"""Which classes and voxels a loss looks at, and its sums and means: over all ranks, too."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

    from segstudio.losses.target import Target

Classes = Literal["all", "foreground"]
Reduction = Literal["sample", "class", "one"]

_ALONE: ContextVar[bool] = ContextVar("alone", default=False)


def chosen(per_class: "Tensor", classes: Classes) -> "Tensor":
    """Return the classes asked for of a tensor ``(N, K, ...)``; class 0 is background."""
    return per_class if classes == "all" else per_class[:, 1:]


def axes_of(per_class: "Tensor", reduction: Reduction) -> tuple[int, ...]:
    """Return the axes of a tensor ``(N, K, ...)`` to sum over.

    Parameters
    ----------
    per_class : Tensor, shape (N, K, ...)
    reduction : {'sample', 'class', 'one'}
        ``'sample'`` leaves a number for each sample and class ``(N, K)``, ``'class'`` one for
        each class over the batch ``(K,)``, ``'one'`` a single one.
    """
    space = tuple(range(2, per_class.ndim))
    return {"sample": space, "class": (0, *space), "one": (0, 1, *space)}[reduction]


def summed(per_voxel: "Tensor", reduction: Reduction) -> "Tensor":
    """Return the sums of a tensor ``(N, K, ...)`` that a reduction asks for, see `axes_of`.

    A sum over the samples of a batch runs over those of all ranks.
    """
    axes = axes_of(per_voxel, reduction)
    # No axes at all would mean every one to torch.
    total = per_voxel.sum(axes) if axes else per_voxel
    return total if reduction == "sample" else across_ranks(total)


def voxel_mean(per_voxel: "Tensor", target: "Target") -> "Tensor":
    """Return the mean over the voxels that count, those of all ranks, and over what is in each.

    Parameters
    ----------
    per_voxel : Tensor, shape (N, C, ...)
        Finite also where voxels are ignored, which is not looked at.
    target : Target
        Says which voxels these are.

    Returns
    -------
    Tensor, scalar
        0 where all are ignored.
    """
    if target.ignored is None and not _is_spread():
        return per_voxel.mean()
    import torch

    count: int | Tensor = per_voxel.numel()
    if target.ignored is not None:
        per_voxel = per_voxel.masked_fill(target.ignored.unsqueeze(1), 0.0)
        count = per_voxel.shape[1] * (~target.ignored).sum()
    # Ranks that ignore nothing come here too: a mean of means would count some voxels for more.
    sums = torch.stack([per_voxel.sum(), torch.as_tensor(count).to(per_voxel)])
    total, counted = across_ranks(sums).unbind()
    return total / counted.clamp(min=1.0)


def across_ranks(total: "Tensor") -> "Tensor":
    """Return the sum over all ranks of a tensor that each has of its own, differentiable.

    The tensor itself where one process trains, and within `on_this_rank_alone`. All ranks must
    come here equally often. Gradients are summed over ranks too: the mean over ranks that DDP
    takes of them is then the gradient of the whole batch.
    """
    if not _is_spread():
        return total
    from segstudio.losses.rank_sum import rank_sum

    return rank_sum(total)


def _is_spread() -> bool:
    """Return whether the batch is spread over several ranks that sum together."""
    # Deferred: a card is read without torch.
    import torch.distributed as ranks

    if _ALONE.get() or not (ranks.is_available() and ranks.is_initialized()):
        return False
    return ranks.get_world_size() > 1


@contextmanager
def on_this_rank_alone() -> Iterator[None]:
    """Sum over the samples of this rank only, as where each validates cases of its own."""
    token = _ALONE.set(True)
    try:
        yield
    finally:
        _ALONE.reset(token)
