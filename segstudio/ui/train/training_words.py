"""How far a training is, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from segstudio.learn.events import CaseValidated, EpochDone, Event, Finished, Started, Summary
from segstudio.session import Session
from segstudio.ui.train.cost_row import duration

IDLE = "Choose settings and press Start."
NO_DATA = "Open a dataset first, in the Data panel."


def status_of(session: Session) -> str:
    """Return how far the training is, and what is wished of it."""
    wished = {
        "go on": "",
        "pause": "Paused. " if session.is_paused else "Pausing after this step … ",
        "stop": "Stopping after this step … ",
        "stop after this epoch": "Stopping after this epoch … ",
    }[session.wish]
    return wished + _progress(session)


def is_scoring(told: Sequence[Event]) -> bool:
    """Return whether all epochs are done, and the best network is scored on every case."""
    begun = next((event for event in told if isinstance(event, Started)), None)
    last = next((event for event in reversed(told) if isinstance(event, EpochDone)), None)
    return begun is not None and last is not None and last.epoch >= begun.epochs


def _progress(session: Session) -> str:
    told = session.told
    begun = next((event for event in told if isinstance(event, Started)), None)
    if begun is None:
        name = session.training.name if session.training is not None else ""
        return f"Reading the data …\nRun folder: {name}"
    last = told[-1]
    if isinstance(last, Finished):
        return _result(last)
    if is_scoring(told) and isinstance(last, CaseValidated):
        return f"Scoring the best network: {last.split}, {last.case}"
    done = next((event for event in reversed(told) if isinstance(event, EpochDone)), None)
    if done is None:
        return (
            f"{begun.train_cases} cases to train, {begun.validation_cases} to validate, "
            f"{begun.test_cases} to test, on {_computer_part(begun.device)}"
        )
    return _epoch(done, begun)


def _computer_part(device: str) -> str:
    return "the processor" if device == "cpu" else f"the graphics card ({device})"


def _epoch(done: EpochDone, begun: Started) -> str:
    best = ", the best so far" if done.is_best else ""
    left = begun.epochs - done.epoch
    time = f"; {duration(left * done.seconds)} left" if left > 0 else ""
    return f"Epoch {done.epoch} of {begun.epochs}: validation Dice {done.mean_dice:.3f}{best}{time}"


def _result(event: Finished) -> str:
    title, scores = scored_side(event.summary)
    dice = dice_word(scores.get("mean_dice"))
    return f"Finished: {title} Dice {dice}, best epoch {event.best_epoch}"


def scored_side(summary: Summary) -> tuple[str, Mapping[str, Any]]:
    """Return what to call the best side that a run has scores of, and the scores."""
    for side, title in (("test", "test"), ("validation", "validation"), ("train", "training")):
        scores = summary.get(side, {})
        if scores.get("mean_dice") is not None:
            return title, scores
    return "test", summary.get("test", {})


def dice_word(value: float | None) -> str:
    """Return a Dice, or that it is not known."""
    return "unknown" if value is None else f"{value:.3f}"
