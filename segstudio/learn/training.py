"""The one training loop: a generator of events."""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from segstudio.core.metrics import Score, dice, evaluate, mean_of, summarise
from segstudio.data.datasets import Dataset, load_case, open_dataset
from segstudio.learn.batches import Batch
from segstudio.learn.checkpoint import load_checkpoint, save_checkpoint
from segstudio.learn.config import TrainConfig
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
from segstudio.learn.job import Job, new_job, resumed_job
from segstudio.learn.run_folder import RunFolder


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
        The settings. A resumed run keeps its own but for those of `run_folder.CHANGEABLE`.
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
    prepare = resumed_job if resume else new_job
    run, job = prepare(dataset, config, Path(out))
    # Closed here and not by the garbage collector, so that an error while saving is heard.
    with closing(_events(run, job)) as events:
        for event in events:
            run.append(event)
            yield event


def _events(run: RunFolder, job: Job) -> Generator[Event]:
    config, progress = job.config, job.progress
    job.began = time.monotonic() - progress.seconds
    try:
        yield _started(run, job)
        yield from _warnings(job)
        while progress.epoch <= config.epochs and not job.is_out_of_time():
            epoch_began = time.monotonic()
            yield from _train_epoch(job)
            yield from _validate_epoch(run, job, epoch_began)
            progress.seconds = job.seconds()
            save_checkpoint(run.last, job.state())
            yield Saved(progress.epoch - 1, run.last)
    except GeneratorExit:
        progress.seconds = job.seconds()
        # A closing generator cannot yield: this save is told by nobody.
        save_checkpoint(run.last, job.state())
        raise
    yield from _finish(run, job)


def _started(run: RunFolder, job: Job) -> Started:
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


def _warnings(job: Job) -> Iterator[Warned]:
    unsized = sum(volume.grid.unit == "voxels" for _, volume, _ in job.validation)
    is_new = (job.progress.epoch, job.progress.step) == (1, 0)
    if unsized and is_new:
        yield Warned(
            f"{unsized} of {len(job.validation)} validation images have no true voxel size in "
            "their header: lengths are in voxels, and HD95 is measured in plane."
        )


def _train_epoch(job: Job) -> Iterator[StepDone]:
    """Yield a `StepDone` for each step that is left of this epoch."""
    config, progress = job.config, job.progress
    batches = job.slices.batches(
        config.seed,
        progress.epoch,
        config.batch_size,
        maps=config.loss_maps,
        start=progress.step,
    )
    for batch in batches:
        # The consumer may have predicted with the model, which leaves it in evaluation mode.
        job.model.train()
        loss, parts = _step(job, batch)
        progress.step += 1
        progress.losses.append(loss)
        progress.parts.append(parts)
        yield StepDone(progress.epoch, progress.step, loss, parts, job.done())


def _step(job: Job, batch: Batch) -> tuple[float, dict[str, float]]:
    target = batch.target.to(job.compute.fabric.device)
    logits = job.model(job.compute.image(batch.image))
    loss, parts = job.criterion(logits, target, epoch=job.progress.epoch)
    job.optimizer.zero_grad()
    job.compute.fabric.backward(loss)
    job.compute.fabric.clip_gradients(
        job.model, job.optimizer, max_norm=job.config.clip_gradients, error_if_nonfinite=False
    )
    job.optimizer.step()
    return float(loss.detach()), parts


def _validate_epoch(run: RunFolder, job: Job, began: float) -> Iterator[Event]:
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
    parts = {name: float(np.mean([p[name] for p in progress.parts])) for name in progress.parts[0]}
    # A validation without any foreground scores NaN, which no later epoch would exceed.
    score = -1.0 if np.isnan(mean_dice) else mean_dice
    is_best = progress.best_epoch == 0 or score > progress.best_dice
    if is_best:
        save_checkpoint(run.best, {"model": job.model.state_dict(), "epoch": epoch})
    yield EpochDone(
        epoch,
        loss,
        parts,
        by_class,
        mean_dice,
        is_best,
        time.monotonic() - began,
        job.predictor.labels,
    )
    # After the last event: what is closed before it validates anew when it is resumed.
    if is_best:
        progress.best_epoch, progress.best_dice = epoch, score
    progress.epoch, progress.step, progress.losses, progress.parts = epoch + 1, 0, [], []


def _finish(run: RunFolder, job: Job) -> Iterator[Event]:
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
