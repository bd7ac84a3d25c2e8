"""What is kept of a comparison without its networks and images: numbers, settings, code."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from segstudio.compare.plan import Part, Plan, make_plan, united
from segstudio.compare.same_settings import differences_of_plans, differences_of_run
from segstudio.compare.study import (
    PARTS,
    PartEnded,
    Study,
    read_study,
    read_study_file,
    write_study_file,
)
from segstudio.core.errors import InputError
from segstudio.data.atomic import write_text, written, written_folder
from segstudio.data.cases import Dataset
from segstudio.learn.run_folder import RunFolder

Told = TypeVar("Told")

OF_PART = ("config.toml", "split.json", "environment.json", "scores.csv", "summary.json")
OF_STUDY = ("table1.csv", "table1.md", "tests.csv", "tests.md", "curves.csv")
OF_LOG = ("Started", "EpochDone", "Guarded", "Warned", "Finished")


def recorded(events: Iterable[Told], study: Study, folder: Path | None) -> Iterator[Told]:
    """Yield the events of a study; each part that ends well is kept in a folder, if there is one.

    Parameters
    ----------
    events : iterable
        Of `run_study` or `run_on_cluster`.
    study : Study
        That runs.
    folder : Path, optional
        See `record_part`.
    """
    for event in events:
        if folder and isinstance(event, PartEnded) and event.is_done:
            record_part(study, event.part, folder)
        yield event


def plan_with_kept(plan: Plan, folder: Path, dataset: Dataset) -> Plan:
    """Return a plan together with that of the study whose parts are kept in a folder, if any.

    So the tables that are kept never lose a part; what cannot be kept there is told before
    anything is trained or written.

    Raises
    ------
    InputError
        What is kept is of another dataset, of other labels, or of other settings.
    """
    if (folder / "study.json").is_file():
        told = read_study_file(folder / "study.json")
        _expect_dataset(folder, told["dataset"], dataset)
        own = make_plan(told["plan"])
        _expect_none(folder, differences_of_plans(own, plan))
        plan = united(own, plan)
    _expect_kept(Study(folder, plan), dataset)
    return plan


def record_part(study: Study, part: Part, folder: Path) -> None:
    """Keep a finished part: its settings, split, code version, scores, and the log by epochs.

    Parameters
    ----------
    study : Study
        The part is one of; the folder's plan becomes that of its own parts and of these.
    part : Part
        Finished; one that is kept already stays as it is.
    folder : Path
        Where; ``parts/NAME`` in it.
    """
    kept = folder / PARTS / part.name
    if kept.exists():
        return
    run = study.run_of(part)
    with written_folder(kept) as temporary:
        for name in OF_PART:
            shutil.copyfile(run.path / name, temporary / name)
        told = [record for record in run.events() if record["event"] in OF_LOG]
        lines = (json.dumps(record) for record in told)
        write_text(temporary / run.log.name, "\n".join(lines) + "\n")
    _record_plan(study, folder)


def record_study(study: Study, folder: Path) -> bool:
    """Keep a study's plan, tables and curves, in the place of former ones.

    Returns
    -------
    bool
        Whether; tables stay where parts are kept in the folder that the study has not: another
        process has kept them in the meantime.
    """
    _record_plan(study, folder)
    kept = read_study(folder)
    if any(kept.is_done(part) and not study.is_done(part) for part in kept.parts):
        return False
    for name in OF_STUDY:
        with written(folder / name, overwrite=True) as temporary:
            shutil.copyfile(study.path / name, temporary)
    return True


def _record_plan(study: Study, folder: Path) -> None:
    told, file = read_study_file(study.path / "study.json"), folder / "study.json"
    plan = study.plan
    if file.is_file():
        plan = united(make_plan(read_study_file(file)["plan"]), plan)
    write_study_file(file, told["dataset"], plan)


def take_recorded(study: Study, folder: Path, dataset: Dataset) -> list[Part]:
    """Copy parts that are kept in a folder into a study, and return them.

    A part that the study has begun itself is left alone.

    Raises
    ------
    InputError
        A part was trained on another dataset, or with other settings than the plan's; none is
        taken.
    """
    kept, taken = Study(folder, study.plan), []
    _expect_kept(kept, dataset)
    for part in study.parts:
        own = study.run_of(part)
        if not kept.is_done(part) or own.path.exists():
            continue
        with written_folder(own.path) as temporary:
            shutil.copytree(kept.run_of(part).path, temporary, dirs_exist_ok=True)
        taken.append(part)
    return taken


def _expect_kept(kept: Study, dataset: Dataset) -> None:
    """Refuse parts that are kept, where the plan would not have trained them so."""
    for part in kept.parts:
        run = kept.run_of(part)
        if run.path.exists():
            _expect_none(run.path, differences_of_run(run, kept.plan.config_of(part)))
            _expect_cases(run, dataset)


def _expect_none(path: Path, differing: Sequence[str]) -> None:
    if differing:
        raise InputError(
            f"'{path}' was trained with other settings than are asked for: "
            f"{'; '.join(differing)}. Give the same again, or choose another folder with --results."
        )


def _expect_cases(kept: RunFolder, dataset: Dataset) -> None:
    # Runs of earlier versions knew their dataset by its cases alone.
    names = {name for side in kept.read_split().as_dict().values() for name in side}
    _expect_dataset(kept.path, kept.read_dataset(), dataset)
    if not names <= {case.name for case in dataset.cases}:
        raise _of_another_dataset(kept.path, dataset)


def _expect_dataset(path: Path, told: Mapping[str, Any], dataset: Dataset) -> None:
    """Refuse what was trained on other files, or other labels, as far as it tells of its own."""
    if told.get("fingerprint", dataset.fingerprint) != dataset.fingerprint:
        raise _of_another_dataset(path, dataset)
    if "labels" in told and told["labels"] != dataset.labels_fingerprint():
        raise InputError(
            f"Labels of '{dataset.name}' have changed since '{path}' was trained. Choose another "
            "folder with --results."
        )


def _of_another_dataset(path: Path, dataset: Dataset) -> InputError:
    return InputError(
        f"'{path}' was trained on another dataset than '{dataset.root}', or before it "
        "changed. Choose another folder with --results."
    )
