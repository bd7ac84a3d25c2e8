"""From logits to a loss: the one log-softmax, and the parts by name."""

import torch
from torch import Tensor

from segstudio.losses.registry import module_of
from segstudio.losses.target import Target


class Criterion:
    """A loss ready to be called on a network's output.

    Parameters
    ----------
    name : str
        A loss of the registry.

    Raises
    ------
    InputError
        No loss has this name.
    """

    def __init__(self, name: str) -> None:
        module = module_of(name)
        self.name = name
        self.needs_maps: bool = module.CARD.needs_maps
        self._loss = module.loss

    def __call__(self, logits: Tensor, target: Target) -> tuple[Tensor, dict[str, float]]:
        """Return the loss, and its parts by name.

        Parameters
        ----------
        logits : Tensor, shape (N, K, ...)
            Of any precision; taken to float32, outside autocast.
        target : Target
            The truth.

        Returns
        -------
        (Tensor, dict of float)
            The scalar to differentiate, and what each part contributed.
        """
        with torch.autocast(logits.device.type, enabled=False):
            log_probs = logits.float().log_softmax(dim=1)
            total: Tensor = self._loss(log_probs, target)
        return total, {self.name: float(total.detach())}
