"""The one log-softmax of all losses: torch's, and on the CPU a faster one over classes."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

KEPT = "kept_probs"


def log_softmax(logits: Tensor) -> Tensor:
    """Return the log-softmax over the classes, contiguous.

    Parameters
    ----------
    logits : Tensor, shape (N, K, ...)
        Of any floating-point type; float64 stays, all others become float32.

    Returns
    -------
    Tensor, shape (N, K, ...)
        Each class's planes lie together, which the sums over space want. `probs_of` finds the
        probabilities that were computed on the way.
    """
    wide = logits if logits.dtype == torch.float64 else logits.float()
    log_probs: Tensor
    log_probs, probs = _LogSoftmax.apply(wide.contiguous())  # type: ignore[no-untyped-call]
    setattr(log_probs, KEPT, (probs, _version(log_probs)))
    return log_probs


def probs_of(log_probs: Tensor) -> Tensor:
    """Return the probabilities, as constants; not to be changed in place."""
    kept: tuple[Tensor, int] | None = getattr(log_probs, KEPT, None)
    # What was changed in place since has other probabilities.
    if kept is None or kept[1] != _version(log_probs):
        return log_probs.detach().exp()
    return kept[0]


def _version(tensor: Tensor) -> int:
    """Return how often a tensor was changed in place; in inference mode −1, always."""
    return -1 if tensor.is_inference() else tensor._version


class _LogSoftmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor) -> tuple[Tensor, Tensor]:
        ctx.compiled = logits.device.type == "cpu" and logits.dtype == torch.float32
        log_probs, probs = (_forward_compiled if ctx.compiled else _forward)(logits)
        ctx.save_for_backward(probs)
        ctx.mark_non_differentiable(probs)
        ctx.set_materialize_grads(False)  # else zeros are made for the probabilities' gradient
        return log_probs, probs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor | None, _of_probs: None) -> Tensor | None:
        if grad is None:
            return None
        (probs,) = ctx.saved_tensors
        return (_pull_compiled if ctx.compiled else _pull)(probs, grad)


def _forward(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Return log-probabilities and probabilities, on any device."""
    log_probs = logits.log_softmax(1)
    return log_probs, log_probs.exp()


def _pull(probs: Tensor, grad: Tensor) -> Tensor:
    """Return the derivative by logits, on any device."""
    return grad - probs * grad.sum(1, keepdim=True)


def _forward_compiled(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Return log-probabilities and probabilities, on the CPU."""
    # Deferred: numba takes longer to load than a card should wait for.
    from segstudio.core.softmax import softmax_classes

    flat = logits.flatten(2)
    probs, log_probs = torch.empty_like(flat), torch.empty_like(flat)
    softmax_classes(flat.numpy(), probs.numpy(), log_probs.numpy())
    return log_probs.reshape(logits.shape), probs.reshape(logits.shape)


def _pull_compiled(probs: Tensor, grad: Tensor) -> Tensor:
    """Return the derivative by logits, on the CPU."""
    from segstudio.core.softmax import pull_on_logits

    on_logits = torch.empty_like(probs)
    pull_on_logits(*(t.flatten(2).numpy() for t in (probs, grad.contiguous(), on_logits)))
    return on_logits
