"""What is kept of a comparison without its networks and images: numbers, settings, code."""

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from segstudio.compare.plan import Part
from segstudio.compare.study import PartEnded, Study
from segstudio.core.errors import InputError
from segstudio.data.atomic import write_text, written, written_folder
from segstudio.data.cases import Dataset
from segstudio.learn.run_folder import RunFolder

Told = TypeVar("Told")

OF_PART = ("config.toml", "split.json", "environment.json", "scores.csv", "summary.json")
OF_STUDY = ("study.json", "table1.csv", "table1.md", "tests.csv", "tests.md", "curves.csv")
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


def record_part(study: Study, part: Part, folder: Path) -> None:
    """Keep a finished part: its settings, split, code version, scores, and the log by epochs.

    Parameters
    ----------
    study : Study
        The part is one of.
    part : Part
        Finished; one that is kept already stays as it is.
    folder : Path
        Where; ``parts/NAME`` in it.
    """
    kept = folder / "parts" / part.name
    if kept.exists():
        return
    run = study.run_of(part)
    with written_folder(kept) as temporary:
        for name in OF_PART:
            shutil.copyfile(run.path / name, temporary / name)
        told = [record for record in run.events() if record["event"] in OF_LOG]
        lines = (json.dumps(record) for record in told)
        write_text(temporary / run.log.name, "\n".join(lines) + "\n")


def record_study(study: Study, folder: Path) -> None:
    """Keep a study's plan, tables and curves, in the place of former ones."""
    for name in OF_STUDY:
        with written(folder / name, overwrite=True) as temporary:
            shutil.copyfile(study.path / name, temporary)


def take_recorded(study: Study, folder: Path, dataset: Dataset) -> list[Part]:
    """Copy parts that are kept in a folder into a study, and return them.

    A part that the study has begun itself is left alone.

    Raises
    ------
    InputError
        A part was trained on another dataset, or with other settings than the plan's.
    """
    taken = []
    for part in study.parts:
        kept, own = RunFolder(folder / "parts" / part.name), study.run_of(part)
        if not kept.path.exists():
            continue
        kept.config_to_resume(study.plan.config_of(part))
        _expect_same_dataset(kept, dataset)
        if own.path.exists():
            continue
        with written_folder(own.path) as temporary:
            shutil.copytree(kept.path, temporary, dirs_exist_ok=True)
        taken.append(part)
    return taken


def _expect_same_dataset(kept: RunFolder, dataset: Dataset) -> None:
    told = kept.read_dataset()
    # Runs of earlier versions knew their dataset by its cases alone.
    names = {name for side in kept.read_split().as_dict().values() for name in side}
    is_same = told.get("fingerprint", dataset.fingerprint) == dataset.fingerprint
    if not is_same or not names <= {case.name for case in dataset.cases}:
        raise InputError(
            f"'{kept.path}' was trained on another dataset than '{dataset.root}', or before it "
            "changed. Choose another folder with --results."
        )
