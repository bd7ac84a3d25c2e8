"""A training followed in the terminal."""

import signal
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from types import FrameType
from typing import Any, TypeVar

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from segstudio.compare.cluster import PartAt
from segstudio.compare.plan import Part
from segstudio.compare.study import PartEnded, PartStarted
from segstudio.learn.control import Control
from segstudio.learn.events import (
    CaseValidated,
    EpochDone,
    Event,
    Finished,
    Guarded,
    Started,
    StepDone,
    Stopped,
    Warned,
)

Each = TypeVar("Each")


def follow(
    events: Generator[Event], control: Control | None = None, *, is_shown: bool = True
) -> Finished | Stopped | None:
    """Show the events of a training in the terminal; return its end, None if interrupted.

    The first interrupt (Ctrl+C) ends the training between two steps, with its state saved; a
    second one does not wait.

    Parameters
    ----------
    events : generator of Event
        The training.
    control : Control, optional
        The training's own: where several processes train together, none may end alone.
    is_shown : bool
        Whether this process is the one that prints.
    """
    end: Finished | Stopped | None = None
    ranks = 1
    with closing(events), _interrupts() as interrupts, _bar(is_shown=is_shown) as bar:
        display = _Display(bar)
        for event in events:
            if is_shown:
                display.show(event)
            if isinstance(event, Started):
                ranks = event.ranks
            if isinstance(event, Finished | Stopped):
                end = event
            elif interrupts and control is not None and ranks > 1:
                control.wish = "stop"
            elif interrupts:
                return None
    return end


def follow_parts(events: Iterable[object]) -> None:
    """Show the parts of a comparison: one in full, or several at once with a bar for each.

    The first interrupt (Ctrl+C) returns between two events, and closes what trains.

    Parameters
    ----------
    events : iterable
        Of `run_study` or `run_on_cluster`.
    """
    with _interrupts() as interrupts, _bar(is_shown=True) as bar:
        display = _PartsDisplay(bar)
        for event in events:
            display.show(event)
            if interrupts:
                return


@contextmanager
def share_done(text: str) -> Iterator[Callable[[float], None]]:
    """Yield what draws a bar of the share that is done; nothing where there is no terminal."""
    with _bar(is_shown=True) as bar:
        task = bar.add_task(text, total=1.0)
        yield lambda share: bar.update(task, completed=share)


def progress(work: Iterable[Each], total: int, text: str) -> Iterator[Each]:
    """Yield what work yields, and draw a bar of it; nothing where there is no terminal."""
    with _bar(is_shown=True) as bar:
        task = bar.add_task(text, total=total)
        for each in work:
            yield each
            bar.advance(task)


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


def _bar(*, is_shown: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True),
        disable=not (is_shown and sys.stderr.isatty()),
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
            self._line(_epoch_line(event, self._side()))
        elif isinstance(event, CaseValidated):
            self._bar.update(self._task, description=f"scoring {event.split}: {event.case}")
        elif isinstance(event, Warned):
            self._line(f"Note: {event.text}")
        elif isinstance(event, Guarded):
            self._line(f"Guard ({event.kind}, epoch {event.epoch}): {event.text}")
        elif isinstance(event, Stopped):
            self._line(f"The training ended in epoch {event.epoch}: {event.reason}.")

    def _side(self) -> str:
        """Return on what an epoch is scored."""
        return "training" if self._start and self._start.validated_on_training else "validation"

    def _line(self, text: str) -> None:
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)


class _PartsDisplay:
    """Turns the events of a comparison into bars and lines."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._one = _Display(bar)
        self._tasks: dict[Part, TaskID] = {}

    def show(self, event: Any) -> None:
        if isinstance(event, PartStarted):
            self._bar.console.print(_part_line(event), markup=False, highlight=False)
        elif isinstance(event, PartAt):
            if event.part not in self._tasks:
                self._tasks[event.part] = self._bar.add_task(event.part.name, total=1.0)
            self._bar.update(self._tasks[event.part], completed=event.done)
        elif isinstance(event, PartEnded):
            done = "finished" if event.is_done else f"not finished: {event.reason or 'stopped'}"
            self._bar.console.print(f"{event.part.name}: {done}", markup=False, highlight=False)
            if event.part in self._tasks:
                self._bar.remove_task(self._tasks.pop(event.part))
        else:
            self._one.show(event)


def _part_line(event: PartStarted) -> str:
    part = event.part
    fold = "" if part.fold is None else f", fold {part.fold}"
    done = {"was finished before": "  (finished before)", "begins": ""}
    state = done.get(event.state, f"  ({event.state})")
    number = f"Part {event.number} of {event.of}"
    return f"{number}: {part.candidate.title}, seed {part.seed}{fold}{state}"


def _start_line(event: Started) -> str:
    others = (
        "scored on the same cases"
        if event.validated_on_training
        else f"{event.validation_cases} for validation, {event.test_cases} for test"
    )
    ranks = f" in {event.ranks} processes" if event.ranks > 1 else ""
    return (
        f"Training on {event.device} ({event.precision}){ranks}: {event.train_cases} cases, "
        f"{others}, {event.steps_per_epoch} steps an epoch."
    )


def _epoch_line(event: EpochDone, side: str) -> str:
    per_class: dict[str, Any] = {name: f"{d:.3f}" for name, d in event.dice.items()}
    scores = ", ".join(f"{name} {d}" for name, d in per_class.items())
    best = "  best so far" if event.is_best else ""
    return (
        f"epoch {event.epoch}: loss {event.loss:.4g}, {side} Dice {event.mean_dice:.3f} "
        f"({scores}), {side} loss {event.validation_loss:.4g}, {event.seconds:.0f} s{best}"
    )
