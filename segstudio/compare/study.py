"""A comparison on the disk: its folder, its parts one by one, what is finished of them."""

import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from segstudio.compare.plan import Part, Plan, make_plan, united
from segstudio.compare.same_settings import differences_of_plans, differences_of_run
from segstudio.core.errors import InputError
from segstudio.data.atomic import write_text
from segstudio.data.datasets import Dataset, labelled_cases
from segstudio.data.splits import split_by_patient
from segstudio.learn.control import Control
from segstudio.learn.events import Event, Stopped
from segstudio.learn.run_folder import RunFolder

PARTS = "parts"  # the folder of a study that holds its runs
LOCK = "study.lock"  # held by the process that opens a study
PartState = Literal["begins", "goes on", "was finished before", "is with another process"]


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

    Several processes may open the same study at once: none loses what another asks for.

    Parameters
    ----------
    path : Path
        Its folder.
    plan : Plan
        What is compared. A study that is there already goes on with it: its own candidates and
        seeds stay, and it may have further ones, but no other settings.
    dataset : Dataset
        What it is compared on.

    Raises
    ------
    InputError
        The folder holds something else, a study of another dataset, of other labels or of other
        settings; a part of it was trained with others; or the dataset cannot be split as the plan
        asks.
    """
    if path.exists() and (not path.is_dir() or _holds_something_else(path)):
        raise InputError(f"'{path}' exists and is no comparison. Choose another folder with --out.")
    # Before anything is written: what cannot be split is told now. All parts share how.
    cases = labelled_cases(dataset, skip_unlabelled=plan.base.skip_unlabelled)
    split_by_patient(cases, 0, plan.base.split, fold=(0, plan.folds) if plan.folds else None)
    known = {"name": dataset.name, "fingerprint": dataset.fingerprint}
    known["labels"] = dataset.labels_fingerprint()
    path.mkdir(parents=True, exist_ok=True)
    with FileLock(path / LOCK):
        if is_study(path):
            plan = _as_begun(path, plan, known)
        study = Study(path, plan)
        _expect_own_settings(study)
        write_study_file(path / "study.json", known, plan)
    return study


def _holds_something_else(path: Path) -> bool:
    """Return whether a folder is neither empty nor that of a study, one that begins included."""
    names = {file.name for file in path.iterdir()}
    others = [name for name in names if name != LOCK and not name.endswith("study.json")]
    return bool(others) and "study.json" not in names


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
    return Study(path, make_plan(read_study_file(path / "study.json")["plan"]))


def read_study_file(file: Path) -> dict[str, Any]:
    """Return what a ``study.json`` tells: the dataset, and the plan unchecked."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return {"dataset": dict(found["dataset"]), "plan": found["plan"]}
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"'{file}' cannot be read. Choose another folder.") from error


def write_study_file(file: Path, dataset: Mapping[str, str], plan: Plan) -> None:
    """Write ``study.json``, in place of a former one."""
    told = {"dataset": dataset, "plan": plan.as_told()}
    write_text(file, json.dumps(told, indent=1, ensure_ascii=False), overwrite=True)


def _as_begun(path: Path, plan: Plan, known: Mapping[str, str]) -> Plan:
    """Return the plan to go on with; parts that are finished must compare with new ones."""
    told = read_study_file(path / "study.json")
    before, own = told["dataset"], make_plan(told["plan"])
    if any(before.get(name) != known[name] for name in ("name", "fingerprint")):
        raise InputError(
            f"The comparison in '{path}' was made on another dataset, or on "
            f"'{before.get('name')}' before it changed. Choose another folder with --out."
        )
    # Earlier versions did not look at what is in the labels.
    if before.get("labels", known["labels"]) != known["labels"]:
        raise InputError(
            f"Labels of '{known['name']}' have changed since the comparison in '{path}' began, so "
            "that its parts would not compare. Choose another folder with --out."
        )
    if differing := differences_of_plans(own, plan):
        raise InputError(
            f"The comparison in '{path}' was begun with other settings: {'; '.join(differing)}. "
            "Give the same again, or choose another folder with --out."
        )
    return united(own, plan)


def _expect_own_settings(study: Study) -> None:
    """Refuse a part that somebody went on with by itself, or that had other defaults."""
    begun = study.begun
    for part in study.parts:
        run = study.run_of(part)
        if run not in begun:
            continue
        if differing := differences_of_run(run, study.plan.config_of(part)):
            raise InputError(
                f"'{run.path}' was trained with other settings than the comparison asks for: "
                f"{'; '.join(differing)}. Remove that folder to train it anew, or choose another "
                "with --out."
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
