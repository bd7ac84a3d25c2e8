"""The one training loop: a generator of events."""

import copy
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from segstudio.core.metrics import mean_of
from segstudio.data.datasets import Dataset, open_dataset
from segstudio.learn.batches import Batch
from segstudio.learn.checkpoint import save_checkpoint
from segstudio.learn.config import TrainConfig
from segstudio.learn.control import WISHES, Control, Wish
from segstudio.learn.events import (
    EpochDone,
    Event,
    Guarded,
    Paused,
    Saved,
    Started,
    StepDone,
    Stopped,
    Warned,
)
from segstudio.learn.guard import MOST_UNDONE, find_culprit, undone
from segstudio.learn.job import Job, kept_cases
from segstudio.learn.job_setup import new_job, resumed_job
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.scoring import finish
from segstudio.learn.step import Outcome, forward_and_backward
from segstudio.learn.validation import Validation

# How a training ends. What is complete is finished with the best network's scores.
STOPPED = "the user stopped it"
COMPLETE = ("its epochs are done", "its time is over", "early stopping", "guard")


def train(
    dataset: Dataset | str | Path,
    config: TrainConfig,
    out: str | Path,
    *,
    resume: bool = False,
    control: Control | None = None,
) -> Generator[Event]:
    """Yield the events of a training; nothing happens but between two of them.

    Closing the generator stops the training: the last state is saved, the best is there. Where
    several processes train together, none may be closed alone: use `control`.

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
    control : Control, optional
        What the user wishes while it runs: pause, stop, stop after this epoch.

    Yields
    ------
    Event
        `Started`, then for each epoch its `StepDone`, `CaseValidated`, `EpochDone` and
        `Saved`; at the end a `CaseValidated` for every case, and `Finished`; or `Stopped`.

    Raises
    ------
    InputError
        The data or settings will not do; the run folder exists, or cannot be resumed.
    """
    dataset = dataset if isinstance(dataset, Dataset) else open_dataset(dataset)
    prepare = resumed_job if resume else new_job
    run, job = prepare(dataset, config, Path(out))
    # Closed here and not by the garbage collector, so that an error while saving is heard.
    with closing(_events(run, job, control or Control())) as events:
        for event in events:
            if job.compute.rank == 0:
                run.append(event)
            yield event


def _events(run: RunFolder, job: Job, control: Control) -> Generator[Event]:
    progress = job.progress
    job.began = time.monotonic() - progress.seconds
    job.saved = time.monotonic()
    try:
        yield _started(run, job)
        if (progress.epoch, progress.step) == (1, 0):
            yield from (Warned(text) for text in job.warnings)
        yield from progress.guard.tell()
        reason = yield from _epochs(run, job, control)
    except GeneratorExit:
        # A closing generator cannot yield: this save is told by nobody.
        _save(run, job)
        raise
    if reason in COMPLETE and progress.best_epoch:
        is_stopped = yield from finish(run, job, reason, lambda: _wish(job, control) == "stop")
        reason = STOPPED if is_stopped else ""
    if reason:
        yield Stopped(progress.epoch, progress.step, reason)


def _epochs(run: RunFolder, job: Job, control: Control) -> Generator[Event, None, str]:
    """Yield the events of all epochs that are left; return why the training ends."""
    while not (reason := _end(job)):
        began = time.monotonic()
        reason = yield from _train_epoch(run, job, control)
        if reason:
            return reason
        is_stopped = yield from _validate_epoch(run, job, control, began)
        _save(run, job)
        if is_stopped:
            return STOPPED
        yield Saved(job.progress.epoch - 1, run.last)
        if _wish(job, control) in ("stop", "stop after this epoch"):
            return STOPPED
    return reason


def _end(job: Job) -> str:
    """Return why no further epoch begins; empty while one does."""
    config, progress = job.config, job.progress
    if progress.epoch > config.epochs:
        return "its epochs are done"
    # Of any rank: their clocks differ, and none may go on alone.
    if job.compute.of_all(np.array([job.is_out_of_time()], np.float64)).any():
        return "its time is over"
    waited = progress.epoch - 1 - progress.best_epoch
    if config.early_stop and progress.step == 0 and waited >= config.early_stop:
        return "early stopping"
    return ""


def _save(run: RunFolder, job: Job) -> None:
    job.progress.seconds = job.seconds()
    job.saved = time.monotonic()
    if job.compute.rank == 0:
        save_checkpoint(run.last, job.state())


def _started(run: RunFolder, job: Job) -> Started:
    sizes = {side: len(cases) for side, cases in job.cases.items()}
    return Started(
        run=run.path,
        device=job.compute.device,
        precision=job.compute.precision,
        epoch=job.progress.epoch,
        epochs=job.config.epochs,
        steps_per_epoch=job.batches.steps(),
        train_cases=sizes["train"],
        validation_cases=sizes["validation"],
        test_cases=sizes["test"],
        validated_on_training=job.config.split == "none",
        ranks=job.compute.ranks,
    )


def _train_epoch(run: RunFolder, job: Job, control: Control) -> Generator[Event, None, str]:
    """Yield the steps that are left of this epoch; return why the training ends in it, if so."""
    progress = job.progress
    with closing(job.batches.epoch(progress.epoch, progress.step)) as batches:
        for batch in batches:
            # The consumer may have predicted with the model, which leaves it in evaluation mode.
            job.model.train()
            rate = job.set_learning_rate()
            outcome = forward_and_backward(job, batch)
            progress.step += 1
            yield from _take_step(job, batch, outcome, rate)
            if progress.guard.undone >= MOST_UNDONE:
                _save(run, job)
                return "guard"
            if time.monotonic() - job.saved > 60 * job.config.checkpoint_minutes:
                _save(run, job)
                yield Saved(progress.epoch, run.last, progress.step)
            if (wish := _wish(job, control)) == "pause":
                wish = yield from _pause(run, job, control)
            if wish == "stop":
                _save(run, job)
                return STOPPED
    return ""


def _take_step(job: Job, batch: Batch, outcome: Outcome, rate: float) -> Iterator[Event]:
    """Yield what there is to tell of a step: it is made, or undone where it is no number."""
    progress, guard = job.progress, job.progress.guard
    at = (progress.epoch, progress.step)
    if not outcome.is_finite:
        # Before the weights are put back, which may be what is wrong.
        names = [c.name for c in job.classes.classes]
        sureness, culprit = find_culprit(
            batch, outcome.logits, job.criterion, names, progress.epoch
        )
        # The rank that holds the case speaks, and not one that only felt its gradient.
        surest = int(job.compute.of_all(np.array([sureness], np.float64)).argmax())
        culprit = job.compute.text_of(surest, culprit)
        if job.compute.precision == "16-mixed":
            job.optimizer.step()  # which its scaler skips, to lower its scale
        job.good.restore()
        guard.undone += 1
        yield Guarded(*at, "non-finite", undone(culprit, guard.undone))
        return
    job.good.keep()
    if job.average:
        # Of weights that gave a number; what the step to come makes of them is not known yet.
        job.average.update(job.model)
    job.optimizer.step()
    progress.losses.append(outcome.loss)
    progress.parts.append(outcome.parts)
    guard.watch_step(*at, outcome.parts, outcome.norm, job.config.expression)
    yield StepDone(*at, outcome.loss, outcome.parts, job.done(), rate, outcome.norm)
    yield from guard.tell()


def _wish(job: Job, control: Control) -> Wish:
    """Return the strongest wish of any rank, so that none goes on alone."""
    own = np.array([WISHES.index(control.wish)], np.float64)
    return WISHES[int(job.compute.of_all(own).max())]


def _pause(run: RunFolder, job: Job, control: Control) -> Generator[Event, None, Wish]:
    """Yield a `Paused` and wait; return the wish that ended it."""
    _save(run, job)
    yield Paused(job.progress.epoch, job.progress.step)
    began = time.monotonic()
    while (wish := _wish(job, control)) == "pause":
        time.sleep(0.05)
    job.began += time.monotonic() - began  # a pause is no training time
    return wish


def _validate_epoch(
    run: RunFolder, job: Job, control: Control, began: float
) -> Generator[Event, None, bool]:
    """Yield the validation of an epoch, keep the best network, and turn to the next epoch.

    Return whether the user stopped it before, so that it is still to be done.
    """
    progress, config = job.progress, job.config
    epoch, guard = progress.epoch, copy.deepcopy(progress.guard)
    names = [c.name for c in job.classes.foreground]
    parts = [part.label for part in config.expression.parts]
    result = Validation(names, parts, kept_cases(job) if job.compute.rank == 0 else frozenset())
    watched = Validation(names, parts) if job.watcher else None
    measured = config.hd95_every > 0 and epoch % config.hd95_every == 0
    job.compute.share_buffers(job.model)
    if job.average:
        job.average.swap(job.model)
    try:
        for event in _scored(job, epoch, measured, result, watched):
            yield event
            if _wish(job, control) == "stop":
                return True
        done = _epoch_done(job, result, watched, time.monotonic() - began)
        if job.compute.rank == 0:
            run.write_timeline(epoch, result.kept)
            if done.is_best:
                save_checkpoint(run.best, {"model": job.model.state_dict(), "epoch": epoch})
        yield done
        nowhere, after = result.is_nowhere(), config.collapse_epochs
        guard.watch_validation(epoch, nowhere, after, config.expression)
        yield from guard.tell()
    finally:
        if job.average:
            job.average.swap(job.model)
    # After the last event: what is closed before it validates anew when it is resumed.
    progress.guard = guard
    if done.is_best:
        progress.best_epoch, progress.best_dice = epoch, _score(done.mean_dice)
    if done.test_dice is not None and done.test_dice > progress.watched_dice:
        progress.watched_epoch, progress.watched_dice = epoch, done.test_dice
    progress.epoch, progress.step, progress.losses, progress.parts = epoch + 1, 0, [], []
    return False


def _scored(
    job: Job, epoch: int, with_hd95: bool, result: Validation, watched: Validation | None
) -> Iterator[Event]:
    """Yield the scores of the validation cases, and of the test cases where they are watched."""
    yield from job.validator.run(epoch, with_hd95=with_hd95, result=result)
    if job.watcher and watched:
        yield from job.watcher.run(epoch, with_hd95=False, result=watched)


def _epoch_done(
    job: Job, result: Validation, watched: Validation | None, seconds: float
) -> EpochDone:
    progress = job.progress
    by_class, validation_parts = result.dice(), result.loss_parts()
    mean_dice = mean_of(by_class.values())
    parts = {name: mean_of(p[name] for p in progress.parts) for name in result.parts}
    return EpochDone(
        progress.epoch,
        mean_of(progress.losses),
        parts,
        by_class,
        mean_dice,
        progress.best_epoch == 0 or _score(mean_dice) > progress.best_dice,
        seconds,
        sum(validation_parts.values()),
        validation_parts,
        result.hd95(),
        job.predictor.labels,
        mean_of(watched.dice().values()) if watched else None,
    )


def _score(mean_dice: float) -> float:
    """Return what epochs are ranked by: a NaN, no foreground at all, is exceeded by any."""
    return -1.0 if np.isnan(mean_dice) else mean_dice
