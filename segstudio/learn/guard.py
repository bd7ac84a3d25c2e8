"""What watches a training for the ways in which it goes wrong, and says what to try.

A guard speaks in a `Guarded` event. Three things are watched at every step: a loss or gradient that
is no number, a loss that runs away, and a gradient that has vanished; one at every validation: a
class that is there and predicted nowhere, the paper's "trivial result".
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from segstudio.core.errors import shortened
from segstudio.learn.batches import Batch
from segstudio.learn.events import Guarded
from segstudio.losses.criterion import Criterion
from segstudio.losses.expression import LossExpression
from segstudio.losses.reduction import on_this_rank_alone

MOST_UNDONE = 3
MOST_NAMED = 4
WINDOW = 5  # steps in a row before a loss counts as run away
RUN_AWAY = 10.0  # times its first size
VANISHED = 1e-6  # of the first step's gradient
STILL_STEPS = 10  # steps in a row before a gradient counts as vanished


class LastGood:
    """The newest weights that gave a loss that is a number, with the optimiser's state.

    Parameters
    ----------
    model, optimizer
        As the training uses them.

    Attributes
    ----------
    state : dict
        The copies: what a checkpoint holds, so that a training that is resumed undoes as much.
    """

    def __init__(self, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
        self._model, self._optimizer = model, optimizer
        self.state: dict[str, Any] = {}
        self.keep()

    def keep(self) -> None:
        """Take the weights and the optimiser's state as good."""
        self.state = {
            "model": _copied(self._model.state_dict()),
            "optimizer": _copied(self._optimizer.state_dict()),
        }

    def restore(self) -> None:
        """Put the good state back."""
        self._model.load_state_dict(self.state["model"])
        self._optimizer.load_state_dict(_copied(self.state["optimizer"]))


def _copied(state: Any) -> Any:
    """Return a nested state with tensors of its own."""
    if isinstance(state, dict):
        return {name: _copied(value) for name, value in state.items()}
    return state.detach().clone() if isinstance(state, torch.Tensor) else state


@dataclass
class Guard:
    """What was seen so far; plain values, so that a checkpoint holds them.

    Attributes
    ----------
    undone : int
        Steps that were undone.
    first_parts : dict of float
        The parts of the first step's loss, without their weights.
    first_norm : float
        The first step's gradient norm.
    high, still : int
        Steps in a row with a loss that has run away, and with a vanished gradient.
    nowhere : dict of int
        For each class how many validations in a row it was there and predicted nowhere.
    said : list of str
        What was told already, and is not told again.
    pending : list of dict
        What is still to be told: events as plain values.
    """

    undone: int = 0
    first_parts: dict[str, float] = field(default_factory=dict)
    first_norm: float = 0.0
    high: int = 0
    still: int = 0
    nowhere: dict[str, int] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    pending: list[dict[str, Any]] = field(default_factory=list)

    def tell(self) -> Iterator[Guarded]:
        """Yield what is still to be told, each once."""
        while self.pending:
            yield Guarded(**self.pending.pop(0))

    def _say(self, what: str, **event: Any) -> None:
        """Have something told, unless it was."""
        if what not in self.said:
            self.said.append(what)
            self.pending.append(event)

    def watch_step(
        self,
        epoch: int,
        step: int,
        parts: Mapping[str, float],
        norm: float,
        expression: LossExpression,
    ) -> None:
        """Look at a step whose loss is a number."""
        weights = dict(zip(parts, expression.weights(epoch), strict=True))
        if not self.first_parts:
            self.first_parts = {k: v / (weights[k] or 1.0) for k, v in parts.items()}
        if not self.first_norm and math.isfinite(norm):
            self.first_norm = norm
        # Weights that go with the epochs make a loss larger without anything being wrong.
        first = sum(weights[k] * v for k, v in self.first_parts.items())
        limit = first + RUN_AWAY * max(abs(first), 0.1)
        self.high = self.high + 1 if sum(parts.values()) > limit else 0
        at = {"epoch": epoch, "step": step}
        if self.high >= WINDOW:
            worst = max(parts, key=lambda k: parts[k] - weights[k] * self.first_parts.get(k, 0))
            text = _diverged(sum(parts.values()), first, worst)
            self._say("divergence", **at, kind="divergence", text=text)
        self.still = self.still + 1 if norm <= VANISHED * self.first_norm else 0
        if self.still >= STILL_STEPS:
            text = _vanished(norm, self.first_norm)
            self._say("vanished gradient", **at, kind="vanished gradient", text=text)

    def watch_validation(
        self, epoch: int, is_nowhere: Mapping[str, bool], epochs: int, expression: LossExpression
    ) -> None:
        """Look at which classes are in some validation case and were predicted in none."""
        for name, missing in is_nowhere.items():
            self.nowhere[name] = self.nowhere.get(name, 0) + 1 if missing else 0
            if not missing and f"collapse of {name}" in self.said:
                self.said.remove(f"collapse of {name}")  # it came back, and may go again
            if self.nowhere[name] >= epochs:
                text = _collapsed(name, epochs, expression)
                self._say(f"collapse of {name}", epoch=epoch, step=0, kind="collapse", text=text)


def _diverged(loss: float, first: float, part: str) -> str:
    return (
        f"The loss has run away: {loss:.3g}, after {first:.3g} at the start, mostly by its part "
        f"'{part}'. Try a learning rate ten times smaller, or some epochs of warm-up."
    )


def _vanished(norm: float, first: float) -> str:
    return (
        f"Nothing is learned any more: the gradient's norm is {norm:.2g}, after {first:.2g} at the "
        "start. The network is stuck where the loss is flat. Try a smaller learning rate, another "
        "seed, or a sum with a region loss such as 'dice + …'."
    )


def _collapsed(name: str, epochs: int, expression: LossExpression) -> str:
    times = f"{epochs} validations in a row" if epochs > 1 else "a whole validation"
    is_boundary = [part.name for part in expression.parts] == ["boundary"]
    cure = (
        "The boundary loss alone has the empty prediction as a trap: try "
        "'dice + 0.01*boundary, growing' or 'modified-boundary'"
        if is_boundary
        else "Try a loss that looks at each class for itself, such as 'modified-boundary-log' or "
        "'dice + modified-boundary-log', or more epochs"
    )
    return (
        f"The class '{name}' is there and was predicted nowhere in {times}. {cure}. Among the "
        "settings, 'foreground share' 0.5 shows rare classes more often, and 'floor' 3 under "
        "'maps' gives tiny pieces weight."
    )


def find_culprit(
    batch: Batch,
    logits: torch.Tensor,
    criterion: Criterion,
    classes: Sequence[str],
    epoch: int,
) -> tuple[int, str]:
    """Return what of a step is no number, and how sure that is, from 0 to 3.

    A sentence names a case, a class or a part of the loss.

    Parameters
    ----------
    batch : Batch
        Of the step.
    logits : Tensor, shape (N, K, ...)
        What the network made of it, detached.
    criterion : Criterion
        The loss.
    classes : sequence of str
        K names.
    epoch : int
        Of the step.
    """
    for what, values in (("image", batch.image), ("distance map", batch.target.sdm)):
        bad = _samples(values)
        if bad:
            named = _named([batch.cases[i] for i in bad])
            return 3, f"The {what} of {named} holds values that are no numbers: look at that file."
    if bad := _samples(logits):
        channels = _samples(logits.movedim(1, 0))
        some = len(channels) < len(classes)
        which = f", for {_named(classes[k] for k in channels)}" if some else ""
        if len(bad) == len(batch.cases):
            return 1, f"The network's output is no number{which}: its weights have grown too large."
        whose = _named(batch.cases[i] for i in bad)
        return 2, f"The network's output for {whose} is no number{which}."
    with on_this_rank_alone():
        _, parts = criterion(logits, batch.target.to(logits.device), epoch=epoch)
    broken = [name for name, value in parts.items() if not math.isfinite(value)]
    if broken:
        return 2, f"The part {_named(broken)} of the loss is no number for {_named(batch.cases)}."
    return 0, f"The gradient is no number, though the loss is, for {_named(batch.cases)}."


def _samples(values: torch.Tensor | None) -> list[int]:
    """Return which entries along the first axis hold what is no number."""
    if values is None:
        return []
    return [i for i, part in enumerate(values) if not bool(torch.isfinite(part).all())]


def _named(names: Iterator[str] | Sequence[str]) -> str:
    return shortened([f"'{name}'" for name in dict.fromkeys(names)], MOST_NAMED)


def undone(culprit: str, count: int) -> str:
    """Return the sentence for a step that was undone, the `count`-th of its training."""
    if count < MOST_UNDONE:
        return (
            f"{culprit} The step was undone and the training goes on from before it. If it comes "
            "again, try a learning rate ten times smaller or precision = '32-true'."
        )
    return (
        f"{culprit} It is the {MOST_UNDONE}rd step that had to be undone: the training ends here "
        "and keeps its best network. Try a learning rate ten times smaller, precision = '32-true', "
        "or another loss."
    )
