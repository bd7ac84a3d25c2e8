"""What a loss sees: its pull at every voxel and class, as an image."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segstudio.core.errors import InputError, near_names
from segstudio.losses.criterion import Criterion
from segstudio.losses.target import Target

Wrt = Literal["value", "probs", "logits"]


@dataclass(frozen=True, eq=False)
class Lens:
    """What a loss sees in one prediction.

    Attributes
    ----------
    loss : float
        Its value.
    image : ndarray of float64, shape (N, K, ...)
        For each voxel and class; see `loss_lens`.
    on_target, on_background : ndarray of float64, shape (K,)
        Its sums over each class's voxels and over all others.
    """

    loss: float
    image: NDArray[np.float64]
    on_target: NDArray[np.float64]
    on_background: NDArray[np.float64]


def loss_lens(loss: str, logits: Tensor, target: Target, wrt: Wrt = "logits") -> Lens:
    """Return how a loss looks at each voxel and class of a prediction.

    Parameters
    ----------
    loss : str
        A loss of the registry, or a sum of several, as it is in its first epoch; see `parse_loss`.
    logits : Tensor, shape (N, K, ...)
        A network's output.
    target : Target
        The truth, with what the loss needs.
    wrt : {'value', 'probs', 'logits'}
        ``'value'``: the voxel's share in the loss to first order, s ∂L/∂s. For the boundary loss
        this is φ s, and the shares add up to it; the paper argues from these.
        ``'probs'``: ∂L/∂s, each probability taken as free. Below 0 the loss wants more of the
        class there.
        ``'logits'``: ∂L/∂z, what the network is really pulled by: through the softmax, which
        flattens where a probability is near 0 or 1.

    Returns
    -------
    Lens
        In float64, so that nothing is lost where s is near 0 or 1.

    Raises
    ------
    InputError
        The loss is unknown, or `wrt` is.

    References
    ----------
    Wu, *Loss Function for Class Imbalanced Data*, Figure 2, argues from values.
    """
    if wrt not in get_args(Wrt):
        raise InputError(f"A loss is not seen by '{wrt}'. {near_names(wrt, get_args(Wrt))}")
    criterion = Criterion(loss)
    fine = logits.detach().double().requires_grad_()
    log_probs = fine.log_softmax(dim=1)
    total = torch.stack(list(criterion.parts(log_probs, _in_double(target)).values())).sum()
    (seen,) = torch.autograd.grad(total, fine if wrt == "logits" else log_probs)
    if wrt == "probs":
        # ∂L/∂log s = s ∂L/∂s
        seen = seen / log_probs.detach().exp()
    inside = target.onehot.double()
    space = (0, *range(2, seen.ndim))
    return Lens(
        float(total.detach()),
        seen.cpu().numpy(),
        (seen * inside).sum(space).cpu().numpy(),
        (seen * (1 - inside)).sum(space).cpu().numpy(),
    )


def _in_double(target: Target) -> Target:
    return replace(
        target,
        onehot=target.onehot.double(),
        sdm=None if target.sdm is None else target.sdm.double(),
        frequencies=None if target.frequencies is None else target.frequencies.double(),
    )
