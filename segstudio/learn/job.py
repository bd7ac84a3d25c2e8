"""What a training works on, and where it stands."""

import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.data.datasets import (
    Case,
)
from segstudio.learn.average import Average
from segstudio.learn.batches import Batches
from segstudio.learn.checkpoint import load_weights
from segstudio.learn.config import TrainConfig
from segstudio.learn.device import (
    Compute,
)
from segstudio.learn.guard import MOST_UNDONE, Guard, LastGood
from segstudio.learn.predict import Predictor
from segstudio.learn.schedule import learning_rate
from segstudio.learn.validation import Validator
from segstudio.losses.criterion import Criterion


@dataclass
class Progress:
    """Where the training stands; with weights and optimiser, all that a resume needs."""

    epoch: int = 1
    step: int = 0
    losses: list[float] = field(default_factory=list)
    parts: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    best_dice: float = -1.0
    watched_epoch: int = 0
    watched_dice: float = -1.0
    seconds: float = 0.0
    guard: Guard = field(default_factory=Guard)


@dataclass
class Job:
    """Everything the loop works on."""

    config: TrainConfig
    cases: dict[str, list[Case]]
    batches: Batches
    validator: Validator
    watcher: Validator | None
    compute: Compute
    model: Any
    optimizer: Any
    average: Average | None
    criterion: Criterion
    good: LastGood
    warnings: tuple[str, ...]
    progress: Progress = field(default_factory=Progress)
    began: float = 0.0
    saved: float = 0.0

    @property
    def classes(self) -> ClassTable:
        """What is segmented."""
        return self.predictor.classes

    @property
    def predictor(self) -> Predictor:
        """The network, ready to predict."""
        return self.validator.predictor

    def seconds(self) -> float:
        """Return how long the run has been training, earlier sittings included."""
        return time.monotonic() - self.began

    def is_out_of_time(self) -> bool:
        """Return whether the time limit is passed, which ends a training between two epochs."""
        limit, progress = self.config.max_seconds, self.progress
        between = progress.step == 0 and progress.epoch > 1
        return limit is not None and between and progress.seconds > limit

    def behind(self) -> float:
        """Return the epochs that are behind, with the share of this one."""
        return self.progress.epoch - 1 + self.progress.step / self.batches.steps()

    def done(self) -> float:
        """Return the share of the training that is behind, by epochs or by the time limit."""
        share = self.behind() / self.config.epochs
        if self.config.max_seconds:
            share = max(share, self.seconds() / self.config.max_seconds)
        return min(share, 1.0)

    def set_learning_rate(self) -> float:
        """Give the optimiser the learning rate of the step to come; return it."""
        rate = learning_rate(self.config, self.behind())
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        return rate

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.state() if self.average else None,
            "good": self.good.state,
            "ranks": self.compute.ranks,
            "progress": asdict(self.progress),
        }

    def restore(self, state: dict[str, Any], path: Path) -> None:
        """Take up a checkpoint's state; `path` names it in an error."""
        load_weights(self.model, state, path)
        self.optimizer.load_state_dict(state["optimizer"])
        if self.average and state.get("average"):
            self.average.restore(state["average"])
        if state.get("good"):
            self.good.state = state["good"]
        else:
            self.good.keep()
        told = dict(state["progress"])
        told["guard"] = Guard(**told.get("guard", {}))
        if told["guard"].undone >= MOST_UNDONE:
            told["guard"].undone = 0  # who resumes a training that was ended wants it to try again
        self.progress = Progress(**told)
        if self.progress.step and state.get("ranks", 1) != self.compute.ranks:
            raise InputError(
                f"The run was stopped within an epoch, with {state.get('ranks', 1)} process(es), "
                f"and {self.compute.ranks} would share that epoch otherwise. Resume with as many."
            )


def kept_cases(job: Job) -> frozenset[int]:
    """Return which validation cases the timeline keeps, of those that the first rank predicts."""
    every, wanted = (
        range(0, len(job.validator.truths), job.compute.ranks),
        job.config.timeline_cases,
    )
    if isinstance(wanted, int):
        return frozenset(every[: max(0, wanted)])
    return frozenset(i for i in every if job.validator.truths.cases[i].name in wanted)
