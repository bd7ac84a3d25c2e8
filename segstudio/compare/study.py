"""A comparison on the disk: its folder, its parts one by one, what is finished of them."""

import json
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from segstudio.compare.plan import Candidate, Part, Plan, make_plan
from segstudio.core.errors import InputError
from segstudio.data.atomic import write_text
from segstudio.data.datasets import Dataset, labelled_cases
from segstudio.data.splits import split_by_patient
from segstudio.learn.control import Control
from segstudio.learn.events import Event, Stopped
from segstudio.learn.run_folder import RunFolder

PARTS = "parts"  # the folder of a study that holds its runs
PartState = Literal["begins", "goes on", "was finished before", "is with another process"]
# Settings that change how long a training takes, and nothing it learns.
FREE = frozenset({"cache_gb", "prefetch", "checkpoint_minutes"})


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
    def begun(self) -> list[RunFolder]:
        """The runs that are there, finished or not, in the plan's order."""
        runs = [self.run_of(part) for part in self.parts]
        return [run for run in runs if (run.path / "config.toml").is_file()]

    def run_of(self, part: Part) -> RunFolder:
        """Return the run folder of a part, there or still to be made."""
        return RunFolder(self.path / PARTS / part.name)

    def is_done(self, part: Part) -> bool:
        """Return whether a part is finished."""
        return self.run_of(part).read_summary() is not None

    @contextmanager
    def claimed(self, part: Part) -> Iterator[bool]:
        """Yield whether no other process is at a part; none can be until this one leaves it."""
        parts = self.path / PARTS
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
    """A part that was trained ended: it is finished, or `reason` says why it is not."""

    part: Part
    is_done: bool
    reason: str = ""


def open_study(path: Path, plan: Plan, dataset: Dataset) -> Study:
    """Return a study, new or as far as it went.

    Parameters
    ----------
    path : Path
        Its folder.
    plan : Plan
        What is compared. A study that is there already goes on with it: its own candidates stay,
        and it may have further ones or more seeds, but no other settings.
    dataset : Dataset
        What it is compared on.

    Raises
    ------
    InputError
        The folder holds something else, a study of another dataset or of other settings; or the
        dataset cannot be split as the plan asks.
    """
    file = path / "study.json"
    known = {"name": dataset.name, "fingerprint": dataset.fingerprint}
    if file.exists():
        own = _read(file)
        if own["dataset"] != known:
            raise InputError(
                f"The comparison in '{path}' was made on another dataset, or on "
                f"'{own['dataset'].get('name')}' before it changed. Choose another folder with "
                "--out."
            )
        plan = _as_begun(path, make_plan(own["plan"]), plan)
    elif path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError(f"'{path}' exists and is no comparison. Choose another folder with --out.")
    study = Study(path, plan)
    # Before anything is written: what cannot be split is told now. All parts share how.
    cases = labelled_cases(dataset, skip_unlabelled=plan.base.skip_unlabelled)
    split_by_patient(cases, 0, plan.base.split, fold=(0, plan.folds) if plan.folds else None)
    told = plan.model_dump(mode="json", by_alias=True, exclude_unset=True)
    text = json.dumps({"dataset": known, "plan": told}, indent=1, ensure_ascii=False)
    write_text(file, text, overwrite=True)
    return study


def is_study(path: Path) -> bool:
    """Return whether a folder is that of a comparison."""
    return (path / "study.json").is_file()


def report_of(run: Path) -> Path | None:
    """Return the report of the comparison that a run folder is a part of, if there is one."""
    folder = run.parent.parent
    report = folder / "report.html"
    is_part = run.parent == folder / PARTS and is_study(folder)
    return report if is_part and report.is_file() else None


def read_study(path: Path) -> Study:
    """Return the study in a folder.

    Raises
    ------
    InputError
        There is none.
    """
    if not is_study(path):
        raise InputError(f"'{path}' is no comparison: it holds no study.json. Check the path.")
    return Study(path, make_plan(_read(path / "study.json")["plan"]))


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return {"dataset": dict(found["dataset"]), "plan": found["plan"]}
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"'{file}' cannot be read. Choose another folder.") from error


def _as_begun(path: Path, own: Plan, plan: Plan) -> Plan:
    """Return the plan to go on with; parts that are finished must compare with new ones."""
    asked = {candidate.title: candidate for candidate in plan.candidates}
    _expect_same(path, "folds", own.folds, plan.folds)
    for name in sorted((set(own.settings) | set(plan.settings)) - FREE):
        _expect_same(path, name, own.settings.get(name), plan.settings.get(name))
    for before in own.candidates:
        now = asked.pop(before.title, before)
        for name in ("loss", "settings"):
            _expect_same(path, before.title, getattr(before, name), getattr(now, name))
    kept = [_with_seeds(before, plan) for before in own.candidates]
    return plan.model_copy(update={"candidates": (*kept, *asked.values())})


def _with_seeds(before: Candidate, plan: Plan) -> Candidate:
    """Return a candidate of a study with the seeds that are asked for now."""
    return next((now for now in plan.candidates if now.title == before.title), before)


def _expect_same(path: Path, name: str, own: object, asked: object) -> None:
    if own != asked:
        raise InputError(
            f"The comparison in '{path}' was begun with other settings: {name} was "
            f"{own if own is not None else 'left out'} and would be "
            f"{asked if asked is not None else 'left out'}. Give the same again, or choose "
            "another folder with --out."
        )


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
        if state not in ("begins", "goes on"):
            return
        resume, config, reason = state == "goes on", study.plan.config_of(part), ""
        try:
            training = train(dataset, config, run.path, resume=resume, control=control)
            with closing(training) as events:
                for event in events:
                    yield event
                    reason = event.reason if isinstance(event, Stopped) else reason
        except InputError as error:
            raise InputError(f"{part.candidate.title}, seed {part.seed}: {error}") from error
        yield PartEnded(part, study.is_done(part), reason)


def _state(study: Study, part: Part, is_ours: bool) -> PartState:
    if study.is_done(part):
        return "was finished before"
    if not is_ours:
        return "is with another process"
    return "goes on" if study.run_of(part).last.exists() else "begins"
