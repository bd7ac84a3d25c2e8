"""What a training works on, prepared anew or from its last checkpoint."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.core.volume import Volume
from segstudio.data.datasets import Case, Dataset, class_table, labelled_cases, load_case
from segstudio.data.splits import Split, split_by_patient
from segstudio.learn.batches import SliceSet
from segstudio.learn.checkpoint import load_checkpoint, load_weights
from segstudio.learn.config import TrainConfig
from segstudio.learn.device import Compute, choose_compute, keep_freed_memory
from segstudio.learn.predict import Predictor
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.unet import build_unet
from segstudio.losses.criterion import Criterion

Truth = tuple[Case, Volume, NDArray[np.int32]]


@dataclass
class Progress:
    """Where the training stands; with weights and optimiser, all that a resume needs."""

    epoch: int = 1
    step: int = 0
    losses: list[float] = field(default_factory=list)
    parts: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    best_dice: float = -1.0
    seconds: float = 0.0


@dataclass
class Job:
    """Everything the loop works on."""

    config: TrainConfig
    classes: ClassTable
    cases: dict[str, list[Case]]
    slices: SliceSet
    validation: list[Truth]
    compute: Compute
    model: Any
    optimizer: Any
    criterion: Criterion
    predictor: Predictor
    progress: Progress
    began: float = 0.0

    def seconds(self) -> float:
        """Return how long the run has been training, earlier sittings included."""
        return time.monotonic() - self.began

    def is_out_of_time(self) -> bool:
        """Return whether the time limit is passed, which ends a training between two epochs."""
        limit, progress = self.config.max_seconds, self.progress
        between = progress.step == 0 and progress.epoch > 1
        return limit is not None and between and progress.seconds > limit

    def done(self) -> float:
        """Return the share of the training that is behind, by epochs or by the time limit."""
        config, progress = self.config, self.progress
        in_epoch = progress.step / self.slices.steps(config.batch_size)
        share = (progress.epoch - 1 + in_epoch) / config.epochs
        if config.max_seconds:
            share = max(share, self.seconds() / config.max_seconds)
        return min(share, 1.0)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "progress": vars(self.progress),
        }

    def restore(self, state: dict[str, Any], path: Path) -> None:
        """Take up a checkpoint's state; `path` names it in an error."""
        load_weights(self.model, state, path)
        self.optimizer.load_state_dict(state["optimizer"])
        self.progress = Progress(**state["progress"])


def new_job(dataset: Dataset, config: TrainConfig, out: Path) -> tuple[RunFolder, Job]:
    """Return a new run folder and the job for it; the folder is made when the data are read."""
    run = RunFolder.free(out)
    cases = labelled_cases(dataset, skip_unlabelled=config.skip_unlabelled)
    split = split_by_patient(cases, config.seed)
    classes = class_table(dataset)
    if len(classes) < 2:
        raise InputError(f"The labels in '{dataset.root}' are all background. Label some cases.")
    job = _prepare(dataset, config, classes, split)
    run.create()
    run.write_config(job.config, classes, dataset.name)
    run.write_split(split)
    return run, job


def resumed_job(dataset: Dataset, config: TrainConfig, out: Path) -> tuple[RunFolder, Job]:
    """Return a run folder and the job as its last checkpoint left it."""
    run = RunFolder.opened(out)
    state = load_checkpoint(run.last)
    changed, classes = run.config_to_resume(config)
    job = _prepare(dataset, changed, classes, run.read_split())
    job.restore(state, run.last)
    if job.progress.epoch > changed.epochs and run.read_summary() is not None:
        raise InputError(
            f"The run '{out}' has finished its {job.progress.epoch - 1} epochs. "
            "Ask for more epochs to go on with it."
        )
    run.cut_log(job.progress.epoch, job.progress.step)
    run.forget_summary()
    run.write_config(changed, classes, dataset.name)
    return run, job


def _prepare(dataset: Dataset, config: TrainConfig, classes: ClassTable, split: Split) -> Job:
    keep_freed_memory()
    cases = _cases_by_side(dataset, split)
    multiple = 2 ** (config.levels - 1)
    slices = SliceSet(cases["train"], classes, config.plane_size, multiple)
    validation = [(c, *_checked(c, classes)) for c in cases["validation"]]
    for case in cases["test"]:
        _checked(case, classes)
    # What a loss brings of its own is written down: a later version may bring something else.
    resolved = {"maps": config.loss_maps, "learning_rate": config.step_size}
    config = config.model_copy(update={"plane_size": slices.size, **resolved})
    compute = choose_compute(config)
    model = build_unet(1, len(classes), config.base_channels, config.levels, config.seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.step_size)
    model, optimizer = compute.place(model, optimizer)
    return Job(
        config,
        classes,
        cases,
        slices,
        validation,
        compute,
        model,
        optimizer,
        Criterion(config.loss),
        Predictor(model, compute, classes, multiple),
        Progress(),
    )


def _cases_by_side(dataset: Dataset, split: Split) -> dict[str, list[Case]]:
    known = {c.name: c for c in dataset.cases}
    lost = [name for names in split.as_dict().values() for name in names if name not in known]
    if lost:
        raise InputError(
            f"The run was split over cases that '{dataset.root}' does not hold; the first is "
            f"'{lost[0]}'. Resume with the dataset it was started on."
        )
    return {side: [known[n] for n in names] for side, names in split.as_dict().items()}


def _checked(case: Case, classes: ClassTable) -> tuple[Volume, NDArray[np.int32]]:
    """Return a case whose labels fit image and table: better now than after an hour."""
    volume, labels = load_case(case)
    classes.to_indices(labels, f"'{case.labels}'")
    return volume, labels
