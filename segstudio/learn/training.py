"""The one training loop: a generator of events."""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.core.metrics import Score, dice, evaluate, mean_of, summarise
from segstudio.core.volume import Volume
from segstudio.data.datasets import (
    Case,
    Dataset,
    class_table,
    labelled_cases,
    load_case,
    open_dataset,
)
from segstudio.data.splits import Split, split_by_patient
from segstudio.learn.batches import Batch, SliceSet
from segstudio.learn.checkpoint import load_checkpoint, load_weights, save_checkpoint
from segstudio.learn.config import TrainConfig
from segstudio.learn.device import Compute, choose_compute, keep_freed_memory
from segstudio.learn.events import (
    CaseValidated,
    EpochDone,
    Event,
    Finished,
    Saved,
    Started,
    StepDone,
    Summary,
    Warned,
)
from segstudio.learn.predict import Predictor
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.unet import build_unet
from segstudio.losses.criterion import Criterion

Truth = tuple[Case, Volume, NDArray[np.int32]]


def train(
    dataset: Dataset | str | Path, config: TrainConfig, out: str | Path, *, resume: bool = False
) -> Generator[Event]:
    """Yield the events of a training; nothing happens but between two of them.

    Closing the generator stops the training: the last state is saved, the best is there.

    Parameters
    ----------
    dataset : Dataset or path
        The labelled cases.
    config : TrainConfig
        The settings. A resumed run keeps its own but for `epochs` and `max_seconds`.
    out : path
        The run folder; new, unless `resume`.
    resume : bool
        Go on from the last checkpoint in `out`.

    Yields
    ------
    Event
        `Started`, then for each epoch its `StepDone`, `CaseValidated`, `EpochDone` and
        `Saved`; at the end a `CaseValidated` for every case, and `Finished`.

    Raises
    ------
    InputError
        The data or settings will not do; the run folder exists, or cannot be resumed.
    """
    dataset = dataset if isinstance(dataset, Dataset) else open_dataset(dataset)
    run, job = _resumed(dataset, config, Path(out)) if resume else _new(dataset, config, Path(out))
    # Closed here and not by the garbage collector, so that an error while saving is heard.
    with closing(_events(run, job)) as events:
        for event in events:
            run.append(event)
            yield event


@dataclass
class _Progress:
    """Where the training stands; with weights and optimiser, all that a resume needs."""

    epoch: int = 1
    step: int = 0
    losses: list[float] = field(default_factory=list)
    best_epoch: int = 0
    best_dice: float = -1.0
    seconds: float = 0.0


@dataclass
class _Job:
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
    progress: _Progress
    began: float = 0.0

    def seconds(self) -> float:
        """Return how long the run has been training, earlier sittings included."""
        return time.monotonic() - self.began

    def done(self) -> float:
        """Return the share of the training that is behind, by epochs or by the time limit."""
        config, progress = self.config, self.progress
        in_epoch = progress.step / self.slices.steps(config.batch_size)
        share = (progress.epoch - 1 + in_epoch) / config.epochs
        if config.max_seconds:
            share = max(share, self.seconds() / config.max_seconds)
        return min(share, 1.0)

    def state(self, log_size: int) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "progress": vars(self.progress),
            "log_size": log_size,
        }

    def restore(self, state: dict[str, Any], path: Path) -> None:
        load_weights(self.model, state, path)
        self.optimizer.load_state_dict(state["optimizer"])
        self.progress = _Progress(**state["progress"])


def _new(dataset: Dataset, config: TrainConfig, out: Path) -> tuple[RunFolder, _Job]:
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


def _resumed(dataset: Dataset, config: TrainConfig, out: Path) -> tuple[RunFolder, _Job]:
    run = RunFolder.opened(out)
    state = load_checkpoint(run.last)
    own, classes = run.read_config()
    changed = own.model_copy(update={"epochs": config.epochs, "max_seconds": config.max_seconds})
    job = _prepare(dataset, changed, classes, run.read_split())
    job.restore(state, run.last)
    if job.progress.epoch > changed.epochs and run.read_summary() is not None:
        raise InputError(
            f"The run '{out}' has finished its {job.progress.epoch - 1} epochs. "
            "Ask for more epochs to go on with it."
        )
    run.cut_log(state["log_size"])
    run.forget_summary()
    run.write_config(changed, classes, dataset.name)
    return run, job


def _prepare(dataset: Dataset, config: TrainConfig, classes: ClassTable, split: Split) -> _Job:
    keep_freed_memory()
    cases = _cases_by_side(dataset, split)
    multiple = 2 ** (config.levels - 1)
    slices = SliceSet(cases["train"], classes, config.plane_size, multiple)
    validation = [(c, *_checked(c, classes)) for c in cases["validation"]]
    for case in cases["test"]:
        _checked(case, classes)
    config = config.model_copy(update={"plane_size": slices.size})
    compute = choose_compute(config)
    model = build_unet(1, len(classes), config.base_channels, config.levels, config.seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.step_size)
    model, optimizer = compute.place(model, optimizer)
    return _Job(
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
        _Progress(),
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


def _events(run: RunFolder, job: _Job) -> Generator[Event]:
    config, progress = job.config, job.progress
    job.began = time.monotonic() - progress.seconds
    try:
        yield _started(run, job)
        yield from _warnings(job)
        while progress.epoch <= config.epochs:
            epoch_began = time.monotonic()
            yield from _train_epoch(job)
            yield from _validate_epoch(run, job, epoch_began)
            progress.seconds = job.seconds()
            save_checkpoint(run.last, job.state(run.log_size()))
            yield Saved(progress.epoch - 1, run.last)
            if config.max_seconds and progress.seconds > config.max_seconds:
                break
    except GeneratorExit:
        # A closing generator cannot yield: this save is told by nobody.
        save_checkpoint(run.last, job.state(run.log_size()))
        raise
    yield from _finish(run, job)


def _started(run: RunFolder, job: _Job) -> Started:
    sizes = {side: len(cases) for side, cases in job.cases.items()}
    return Started(
        run=run.path,
        device=job.compute.device,
        precision=job.compute.precision,
        epoch=job.progress.epoch,
        epochs=job.config.epochs,
        steps_per_epoch=job.slices.steps(job.config.batch_size),
        train_cases=sizes["train"],
        validation_cases=sizes["validation"],
        test_cases=sizes["test"],
    )


def _warnings(job: _Job) -> Iterator[Warned]:
    unsized = sum(volume.grid.unit == "voxels" for _, volume, _ in job.validation)
    if unsized:
        yield Warned(
            f"{unsized} of {len(job.validation)} validation images have no true voxel size in "
            "their header: lengths are in voxels, and HD95 is measured in plane."
        )


def _train_epoch(job: _Job) -> Iterator[StepDone]:
    """Yield a `StepDone` for each step that is left of this epoch."""
    config, progress = job.config, job.progress
    batches = job.slices.batches(
        config.seed,
        progress.epoch,
        config.batch_size,
        with_maps=job.criterion.needs_maps,
        start=progress.step,
    )
    for batch in batches:
        # The consumer may have predicted with the model, which leaves it in evaluation mode.
        job.model.train()
        loss, parts = _step(job, batch)
        progress.step += 1
        progress.losses.append(loss)
        yield StepDone(progress.epoch, progress.step, loss, parts, job.done())


def _step(job: _Job, batch: Batch) -> tuple[float, dict[str, float]]:
    target = batch.target.to(job.compute.fabric.device)
    logits = job.model(job.compute.image(batch.image))
    loss, parts = job.criterion(logits, target)
    job.optimizer.zero_grad()
    job.compute.fabric.backward(loss)
    job.compute.fabric.clip_gradients(
        job.model, job.optimizer, max_norm=job.config.clip_gradients, error_if_nonfinite=False
    )
    job.optimizer.step()
    return float(loss.detach()), parts


def _validate_epoch(run: RunFolder, job: _Job, began: float) -> Iterator[Event]:
    """Yield the validation of an epoch, keep the best network, and turn to the next epoch."""
    progress = job.progress
    per_case: list[dict[str, float]] = []
    for case, volume, labels in job.validation:
        predicted = job.predictor.labels(volume)
        per_case.append(
            {c.name: dice(predicted == c.value, labels == c.value) for c in job.classes.foreground}
        )
        yield CaseValidated(progress.epoch, "validation", case.name, per_case[-1])
    by_class = {c.name: mean_of(d[c.name] for d in per_case) for c in job.classes.foreground}
    mean_dice = mean_of(by_class.values())
    epoch, loss = progress.epoch, float(np.mean(progress.losses))
    is_best = progress.best_epoch == 0 or mean_dice > progress.best_dice
    if is_best:
        progress.best_epoch, progress.best_dice = epoch, mean_dice
        save_checkpoint(run.best, {"model": job.model.state_dict(), "epoch": epoch})
    progress.epoch, progress.step, progress.losses = epoch + 1, 0, []
    yield EpochDone(
        epoch,
        loss,
        {job.criterion.name: loss},
        by_class,
        mean_dice,
        is_best,
        time.monotonic() - began,
        job.predictor.labels,
    )


def _finish(run: RunFolder, job: _Job) -> Iterator[Event]:
    """Yield the scores of the best network on every case; test is touched here only."""
    best = load_checkpoint(run.best)
    job.model.load_state_dict(best["model"])
    scores: dict[str, list[Score]] = {"test": [], "validation": [], "train": []}
    for side in scores:
        for case in job.cases[side]:
            volume, labels = load_case(case)
            predicted = job.predictor.labels(volume)
            found = evaluate(predicted, labels, volume.grid, job.classes, case=case.name)
            scores[side] += found
            yield CaseValidated(best["epoch"], side, case.name, _dice_by_class(found))
    run.write_scores((side, s) for side, rows in scores.items() for s in rows)
    summary: Summary = {side: summarise(rows) for side, rows in scores.items()}
    summary["best_epoch"] = best["epoch"]
    summary["loss"] = job.config.loss
    summary["seconds"] = round(job.progress.seconds, 1)
    run.write_summary(summary)
    yield Finished(run.path, best["epoch"], summary)


def _dice_by_class(scores: Sequence[Score]) -> dict[str, float]:
    return {s.class_name: s.dice for s in scores}
