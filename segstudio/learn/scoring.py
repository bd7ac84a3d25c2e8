"""The end of a training: the best network's scores on every case, the test for the only time."""

from collections.abc import Callable, Generator, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from segstudio.core.metrics import TOGETHER, Score, evaluate, summarise
from segstudio.data.datasets import Case, load_case
from segstudio.learn.checkpoint import load_checkpoint
from segstudio.learn.events import CaseValidated, Event, Finished, Summary
from segstudio.learn.job import Job
from segstudio.learn.lost_classes import tell_lost
from segstudio.learn.run_folder import RunFolder

MEASURES = ("dice", "hd95", "assd", "volume_ml", "nsd")
COUNTS = ("overlap", "predicted", "true", "planes", "missed_planes")


def finish(
    run: RunFolder, job: Job, reason: str, is_stopped: Callable[[], bool]
) -> Generator[Event, None, bool]:
    """Yield the scores of the best network on every case.

    Test is touched here only, but where the settings ask to watch it.

    Parameters
    ----------
    run, job
        The training.
    reason : str
        Why it ended.
    is_stopped : callable
        Asked after every case, and before anything is written.

    Returns
    -------
    bool
        Whether it was stopped; nothing is written then.
    """
    job.compute.fabric.barrier()  # the rank that writes has written it
    best = load_checkpoint(run.best)
    job.model.load_state_dict(best["model"])
    scores: dict[str, list[Score]] = {"test": [], "validation": [], "train": []}
    if job.config.split == "none":
        del scores["validation"]  # it is the training set
    for side in scores:
        for case, found in _scored(job, job.cases[side]):
            scores[side] += found
            yield CaseValidated(best["epoch"], side, case.name, _dice_by_class(found))
            if is_stopped():
                return True
    # Before the summary: after it the run is finished, and nothing may come between.
    side = next(side for side, rows in scores.items() if rows)
    yield from tell_lost(scores[side], side, best["epoch"], job.config.expression)
    if is_stopped():
        return True
    summary: Summary = {side: summarise(rows) for side, rows in scores.items()}
    summary["best_epoch"] = best["epoch"]
    if job.config.watch_test:
        told = job.progress
        known = told.watched_epoch > 0  # some test case held some class
        dice = told.watched_dice if known else None
        summary["best_on_test"] = {"epoch": told.watched_epoch, "mean_dice": dice}
    summary["loss"] = job.config.loss
    summary["seconds"] = round(job.progress.seconds, 1)
    summary["ended_by"] = reason
    if job.compute.rank == 0:
        run.write_scores((side, s) for side, rows in scores.items() for s in rows)
        run.write_summary(summary)
    yield Finished(run.path, best["epoch"], summary)
    return False


def _scored(job: Job, cases: Sequence[Case]) -> Iterator[tuple[Case, list[Score]]]:
    """Yield each case with its scores; every rank does its share of them.

    Where there are several classes, all of them as one come last.
    """
    classes, ranks = job.classes, job.compute.ranks
    names = [c.name for c in classes.foreground]
    names += [TOGETHER] if len(names) > 1 else []
    for first in range(0, len(cases), ranks):
        mine = first + job.compute.rank
        numbers = np.full((len(names), len(MEASURES) + len(COUNTS) + 1), np.nan)
        if mine < len(cases):
            volume, labels = load_case(cases[mine])
            predicted = job.predictor.labels(volume)
            scores = evaluate(predicted, labels, volume.grid, classes, together=True)
            numbers = _as_numbers(scores)
        for case, row in zip(cases[first:], job.compute.of_all(numbers), strict=False):
            yield case, _from_numbers(row, case.name, names)


def _dice_by_class(scores: Sequence[Score]) -> dict[str, float]:
    return {s.class_name: s.dice for s in scores if s.class_name != TOGETHER}


def _as_numbers(scores: Sequence[Score]) -> NDArray[np.float64]:
    """Return scores as an array, a row a class, that can go from rank to rank."""
    names = (*MEASURES, *COUNTS)
    rows = [[*(getattr(s, name) for name in names), float(s.unit == "mm")] for s in scores]
    return np.array(rows, np.float64)


def _from_numbers(numbers: NDArray[np.float64], case: str, names: Sequence[str]) -> list[Score]:
    """Return the scores that `_as_numbers` was given."""
    first = len(MEASURES)
    return [
        Score(
            case=case,
            class_name=name,
            unit="mm" if row[-1] else "voxels",
            **dict(zip(MEASURES, row, strict=False)),
            **{count: int(n) for count, n in zip(COUNTS, row[first:], strict=False)},
        )
        for name, row in zip(names, numbers.tolist(), strict=True)
    ]
