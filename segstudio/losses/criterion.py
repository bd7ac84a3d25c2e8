"""From logits to a loss: the one log-softmax, and the parts by name."""

from functools import partial

import torch
from torch import Tensor

from segstudio.losses.expression import parse_loss
from segstudio.losses.log_softmax import log_softmax
from segstudio.losses.registry import module_of
from segstudio.losses.target import Target

# Its exponential is 0 in every precision, and 0 times it is 0, which 0 times −∞ is not.
NO_CLASS = -1e4


class Criterion:
    """A loss ready to be called on a network's output.

    Parameters
    ----------
    loss : str
        A loss of the registry, or a sum of several; see `parse_loss`.

    Raises
    ------
    InputError
        No loss has this name, or the text is no sum of losses.
    """

    def __init__(self, loss: str) -> None:
        self.expression = parse_loss(loss)
        self._losses = {
            part.label: partial(module_of(part.name).loss, **part.options)
            for part in self.expression.parts
        }

    def __call__(
        self, logits: Tensor, target: Target, *, epoch: int = 1
    ) -> tuple[Tensor, dict[str, float]]:
        """Return the loss, and its parts by name.

        Parameters
        ----------
        logits : Tensor, shape (N, K, ...)
            Of any precision; taken to float32, outside autocast.
        target : Target
            The truth.
        epoch : int
            Counted from 1; the weights of a sum may go with it.

        Returns
        -------
        (Tensor, dict of float)
            The scalar to differentiate, and what each part contributed: the parts add up to it.
        """
        with torch.autocast(logits.device.type, enabled=False):
            parts = self.parts(log_softmax(logits.float()), target, epoch)
            total = torch.stack(list(parts.values())).sum()
        return total, {label: float(part.detach()) for label, part in parts.items()}

    def parts(self, log_probs: Tensor, target: Target, epoch: int = 1) -> dict[str, Tensor]:
        """Return what each part of the loss contributes, from log-probabilities ``(N, K, ...)``.

        What they are where the target ignores voxels makes no difference, and has no gradient.
        """
        if target.ignored is not None:
            log_probs = log_probs.masked_fill(target.ignored.unsqueeze(1), NO_CLASS)
        weights = self.expression.weights(epoch)
        return {
            label: weight * loss(log_probs, target)
            for (label, loss), weight in zip(self._losses.items(), weights, strict=True)
        }
