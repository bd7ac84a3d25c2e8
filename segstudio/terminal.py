"""A training followed in the terminal."""

import signal
import sys
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from types import FrameType
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from segstudio.learn.events import (
    CaseValidated,
    EpochDone,
    Event,
    Finished,
    Started,
    StepDone,
    Summary,
    Warned,
)


def follow(events: Generator[Event]) -> Summary | None:
    """Show the events of a training in the terminal; return its summary, None if interrupted.

    The first interrupt (Ctrl+C) ends the training between two steps, with its state saved; a
    second one does not wait.
    """
    summary: Summary | None = None
    with closing(events), _interrupts() as interrupts, _bar() as bar:
        display = _Display(bar)
        for event in events:
            display.show(event)
            if isinstance(event, Finished):
                summary = event.summary
            if interrupts and not isinstance(event, Finished):
                return None
    return summary


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Yield a list that the first Ctrl+C goes to, instead of an exception in mid-step."""
    seen: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        if seen:
            raise KeyboardInterrupt
        seen.append(number)
        typer.echo("Stopping after this step … (Ctrl+C again: at once)", err=True)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, before)


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )


class _Display:
    """Turns events into a bar on a terminal, and into a line an epoch anywhere."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("Reading the data …", total=None)
        self._start: Started | None = None

    def show(self, event: Event) -> None:
        if isinstance(event, Started):
            self._start = event
            self._line(_start_line(event))
            self._bar.update(self._task, total=1.0)
        elif isinstance(event, StepDone) and self._start:
            text = f"epoch {event.epoch}/{self._start.epochs}  loss {event.loss:.4g}"
            self._bar.update(self._task, completed=event.done, description=text)
        elif isinstance(event, EpochDone):
            self._line(_epoch_line(event))
        elif isinstance(event, CaseValidated):
            self._bar.update(self._task, description=f"scoring {event.split}: {event.case}")
        elif isinstance(event, Warned):
            self._line(f"Note: {event.text}")

    def _line(self, text: str) -> None:
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)


def _start_line(event: Started) -> str:
    return (
        f"Training on {event.device} ({event.precision}): {event.train_cases} cases, "
        f"{event.validation_cases} for validation, {event.test_cases} for test, "
        f"{event.steps_per_epoch} steps an epoch."
    )


def _epoch_line(event: EpochDone) -> str:
    per_class: dict[str, Any] = {name: f"{d:.3f}" for name, d in event.dice.items()}
    scores = ", ".join(f"{name} {d}" for name, d in per_class.items())
    best = "  best so far" if event.is_best else ""
    return (
        f"epoch {event.epoch}: loss {event.loss:.4g}, validation Dice {event.mean_dice:.3f} "
        f"({scores}), {event.seconds:.0f} s{best}"
    )
