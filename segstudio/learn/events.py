"""What a training tells, one frozen record at a time; readable without torch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.volume import Volume

Summary = dict[str, Any]


@dataclass(frozen=True)
class Started:
    """The data are in memory and the network stands."""

    run: Path
    device: str
    precision: str
    epoch: int
    epochs: int
    steps_per_epoch: int
    train_cases: int
    validation_cases: int
    test_cases: int
    validated_on_training: bool = False
    ranks: int = 1


@dataclass(frozen=True)
class StepDone:
    """One step of the optimiser. Epochs count from 1, steps from 1 within their epoch.

    `done` is the share of the training that is behind, by epochs or by its time limit;
    `gradient_norm` is that before clipping.
    """

    epoch: int
    step: int
    loss: float
    parts: Mapping[str, float]
    done: float
    learning_rate: float = float("nan")
    gradient_norm: float = float("nan")


@dataclass(frozen=True)
class CaseValidated:
    """One case was predicted whole; by class name, NaN where both masks are empty.

    `loss` is that of the whole case, NaN where it was not measured; `hd95` is measured every few
    epochs, in the unit of the case.
    """

    epoch: int
    split: str
    case: str
    dice: Mapping[str, float]
    loss: float = float("nan")
    hd95: Mapping[str, float] | None = None


@dataclass(frozen=True)
class EpochDone:
    """One epoch and its validation.

    `loss` and `parts` are means over the steps, `validation_loss` and `validation_parts` over whole
    validation cases; `hd95` by class name every few epochs. `predict` lends the network: it gives
    the label values ``(Z, Y, X)`` of a volume, draws no random number, and may be called until the
    next event is asked for. `test_dice` is the mean Dice of the test side, where it is watched.
    """

    epoch: int
    loss: float
    parts: Mapping[str, float]
    dice: Mapping[str, float]
    mean_dice: float
    is_best: bool
    seconds: float
    validation_loss: float
    validation_parts: Mapping[str, float]
    hd95: Mapping[str, float] | None
    predict: Callable[[Volume], NDArray[np.int32]] = field(repr=False, compare=False)
    test_dice: float | None = None


@dataclass(frozen=True)
class Saved:
    """A checkpoint was written: after an epoch, or after a step of one."""

    epoch: int
    path: Path
    step: int = 0


@dataclass(frozen=True)
class Warned:
    """Something the user should know; the training goes on."""

    text: str


@dataclass(frozen=True)
class Guarded:
    """Something goes wrong in the training, and what to try; `step` is 0 after an epoch.

    `kind` is 'non-finite', 'divergence', 'vanished gradient', 'collapse' or, of the best network
    at the end, 'lost class'.
    """

    epoch: int
    step: int
    kind: str
    text: str


@dataclass(frozen=True)
class Paused:
    """The training waits, its state saved, until it is told to go on or to stop."""

    epoch: int
    step: int


@dataclass(frozen=True)
class Stopped:
    """The training ended before it was finished, its state saved; it can be resumed."""

    epoch: int
    step: int
    reason: str


@dataclass(frozen=True)
class Finished:
    """The training is over and the run folder complete."""

    run: Path
    best_epoch: int
    summary: Summary


Event = (
    Started
    | StepDone
    | CaseValidated
    | EpochDone
    | Saved
    | Warned
    | Guarded
    | Paused
    | Stopped
    | Finished
)


def as_record(event: Event) -> dict[str, Any]:
    """Return an event as plain values for a line of the log; a number not finite as None."""
    values = {k: _plain(v) for k, v in vars(event).items() if not callable(v)}
    return {"event": type(event).__name__, **values}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, Path):
        return value.name
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
