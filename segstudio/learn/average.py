"""The exponential moving average of a network's weights."""

import torch

Weights = dict[str, torch.Tensor]


class Average:
    """What is validated and kept instead of the newest weights, which jump about.

    Parameters
    ----------
    model : module
        Whose weights and buffers are averaged.
    decay : float
        What is left of the average at a step; the newest weights have 1 minus that. In the first
        steps it is less, (1 + step) / (10 + step), so that the first weights are soon forgotten.
    """

    def __init__(self, model: torch.nn.Module, decay: float) -> None:
        self._decay = decay
        self.steps = 0
        self.weights: Weights = {k: v.detach().clone() for k, v in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: torch.nn.Module) -> None:
        """Take in the weights after a step."""
        self.steps += 1
        keep = min(self._decay, (1 + self.steps) / (10 + self.steps))
        for name, newest in model.state_dict().items():
            if newest.is_floating_point():
                self.weights[name].lerp_(newest, 1 - keep)
            else:
                self.weights[name].copy_(newest)

    @torch.no_grad()
    def swap(self, model: torch.nn.Module) -> None:
        """Exchange the average with the model's weights; a second time puts them back."""
        for name, tensor in model.state_dict().items():
            held = tensor.clone()
            tensor.copy_(self.weights[name])
            self.weights[name] = held

    def state(self) -> dict[str, object]:
        """Return what a checkpoint holds."""
        return {"steps": self.steps, "weights": self.weights}

    def restore(self, state: dict[str, object]) -> None:
        """Take up a checkpoint's state."""
        weights, steps = state["weights"], state["steps"]
        assert isinstance(weights, dict)  # noqa: S101  (for the type checker)
        assert isinstance(steps, int)  # noqa: S101
        self.weights = {k: v.to(self.weights[k].device) for k, v in weights.items()}
        self.steps = steps
