"""A comparison on the disk: its folder, its parts one by one, what is finished of them."""

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from segstudio.compare.plan import Part, Plan, make_plan
from segstudio.core.errors import InputError
from segstudio.data.atomic import write_text
from segstudio.data.datasets import Dataset
from segstudio.learn.control import Control
from segstudio.learn.events import Event
from segstudio.learn.run_folder import RunFolder

PartState = Literal["begins", "goes on", "was finished before", "is with another process"]
# Settings that change how long a training takes, and nothing it learns but for rounding.
FREE = frozenset({"threads", "cache_gb", "prefetch", "checkpoint_minutes"})


@dataclass(frozen=True)
class Study:
    """A comparison and its folder.

    Attributes
    ----------
    path : Path
        The folder; ``parts/NAME`` holds the run of each part.
    plan : Plan
        What is compared.
    """

    path: Path
    plan: Plan

    @property
    def parts(self) -> tuple[Part, ...]:
        """All parts, finished or not."""
        return self.plan.parts

    @property
    def first_parts(self) -> tuple[Part, ...]:
        """The finished parts of one seed and fold, the first that has any: a part a candidate."""
        done = [part for part in self.parts if self.is_done(part)]
        return tuple(p for p in done if (p.seed, p.fold) == (done[0].seed, done[0].fold))

    def done_parts(self, title: str) -> list[Part]:
        """Return the finished parts of a candidate."""
        return [p for p in self.parts if p.candidate.title == title and self.is_done(p)]

    def run_of(self, part: Part) -> RunFolder:
        """Return the run folder of a part, there or still to be made."""
        return RunFolder(self.path / "parts" / part.name)

    def is_done(self, part: Part) -> bool:
        """Return whether a part is finished."""
        return self.run_of(part).read_summary() is not None

    @contextmanager
    def claimed(self, part: Part) -> Iterator[bool]:
        """Yield whether no other process is at a part; none can be until this one leaves it."""
        parts = self.path / "parts"
        parts.mkdir(parents=True, exist_ok=True)
        # Of the system: it ends with the process, however that ends.
        lock = FileLock(parts / f"{part.name}.lock", blocking=False)
        try:
            lock.acquire()
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()


@dataclass(frozen=True)
class PartStarted:
    """A part of a study begins, goes on, or is passed over."""

    part: Part
    number: int
    of: int
    state: PartState


@dataclass(frozen=True)
class PartEnded:
    """A part that was trained ended: it is finished, or was stopped, or its guard gave up."""

    part: Part
    is_done: bool


def open_study(path: Path, plan: Plan) -> Study:
    """Return a study, new or as far as it went.

    Raises
    ------
    InputError
        The folder holds another study or something else.
    """
    file = path / "study.json"
    if file.exists():
        plan = _as_begun(file, plan)
    elif path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError(f"'{path}' exists and is no comparison. Choose another folder with --out.")
    told = plan.model_dump(mode="json", by_alias=True, exclude_unset=True)
    write_text(file, json.dumps(told, indent=1, ensure_ascii=False), overwrite=True)
    return Study(path, plan)


def read_study(path: Path) -> Study:
    """Return the study in a folder.

    Raises
    ------
    InputError
        There is none.
    """
    if not (path / "study.json").is_file():
        raise InputError(f"'{path}' is no comparison: it holds no study.json. Check the path.")
    return Study(path, _read(path / "study.json"))


def _read(file: Path) -> Plan:
    try:
        return make_plan(json.loads(file.read_text(encoding="utf-8")))
    except ValueError as error:
        raise InputError(f"'{file}' cannot be read. Choose another folder.") from error


def _as_begun(file: Path, plan: Plan) -> Plan:
    """Return a plan to go on with; parts that are finished must compare with new ones."""
    own = _read(file)
    kept = {k: v for k, v in own.settings.items() if k in FREE}
    going_on = plan.model_copy(update={"settings": kept | plan.settings})
    titles = {candidate.title: candidate for candidate in own.candidates}
    # More candidates or seeds add parts to those that are there.
    same = own.folds == plan.folds and _binding(own) == _binding(plan)
    for candidate in plan.candidates:
        before = titles.get(candidate.title, candidate)
        same &= (before.loss, before.settings) == (candidate.loss, candidate.settings)
    if not same:
        raise InputError(
            f"The comparison in '{file.parent}' was begun with other settings. Give the same "
            "again, or choose another folder with --out."
        )
    return going_on


def _binding(plan: Plan) -> dict[str, object]:
    return {k: v for k, v in plan.settings.items() if k not in FREE}


def run_study(
    dataset: Dataset, study: Study, control: Control | None = None
) -> Generator[Event | PartStarted | PartEnded]:
    """Yield the events of all parts that are not finished, one after the other.

    A part that was cut short goes on where it was; closing the generator keeps its state. A part
    that another process is at is passed over, so that the same command may run twice at once.

    Parameters
    ----------
    dataset : Dataset
        What all are trained on.
    study : Study
        From `open_study`.
    control : Control, optional
        To stop or pause the training that runs.
    """
    for part in study.parts:
        yield from run_part(dataset, study, part, control)
        if not study.is_done(part) and control and control.wish != "go on":
            return  # stopped: the next part is not begun


def run_part(
    dataset: Dataset, study: Study, part: Part, control: Control | None = None
) -> Generator[Event | PartStarted | PartEnded]:
    """Yield the events of one part: `PartStarted`, and if it is trained all others."""
    # Deferred: a study is planned without torch.
    from segstudio.learn.training import train

    parts = study.parts
    with study.claimed(part) as is_ours:
        run, state = study.run_of(part), _state(study, part, is_ours)
        yield PartStarted(part, parts.index(part) + 1, len(parts), state)
        if state in ("begins", "goes on"):
            resume, config = state == "goes on", study.plan.config_of(part)
            yield from train(dataset, config, run.path, resume=resume, control=control)
            yield PartEnded(part, study.is_done(part))


def _state(study: Study, part: Part, is_ours: bool) -> PartState:
    if study.is_done(part):
        return "was finished before"
    if not is_ours:
        return "is with another process"
    return "goes on" if study.run_of(part).last.exists() else "begins"
