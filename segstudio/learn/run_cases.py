"""What a run has to say of single cases: on which side of the split, and how well predicted."""

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from segstudio.core.errors import InputError
from segstudio.core.metrics import TOGETHER
from segstudio.data.cases import Dataset
from segstudio.learn.config import read_settings
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.scores_file import read_scores


@dataclass(frozen=True)
class RunCases:
    """A run's cases by name.

    Attributes
    ----------
    run : Path
        Its folder.
    sides : dict of str to str
        ``'train'``, ``'validation'`` or ``'test'``.
    dice : dict of str to float
        Mean over the classes that could be scored, of cases that were.
    """

    run: Path
    sides: dict[str, str]
    dice: dict[str, float]


def read_run_cases(run: Path) -> RunCases:
    """Return what a run says of its cases.

    Raises
    ------
    InputError
        The folder holds no run, or its split or scores cannot be read.
    """
    folder = RunFolder.opened(run)
    sides = folder.read_split().as_dict()
    by_name = {name: side for side, names in sides.items() for name in names}
    return RunCases(run, by_name, _dice(run / "scores.csv"))


def _dice(path: Path) -> dict[str, float]:
    """Return the mean Dice of each scored case; nothing while there are no scores."""
    if not path.is_file():
        return {}
    scores: dict[str, list[float]] = {}
    try:
        for row in read_scores(path):
            dice = float(row["dice"])
            # All classes as one are no class of their own.
            if math.isfinite(dice) and row.get("class") != TOGETHER:
                scores.setdefault(row["case"], []).append(dice)
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise InputError(f"'{path}' is no table of scores: {error}.") from error
    return {case: sum(values) / len(values) for case, values in scores.items()}


def newest_run(dataset: Dataset, listed: Sequence[Path], home: Path) -> Path | None:
    """Return the newest run on a dataset, or None.

    Parameters
    ----------
    dataset : Dataset
        Runs know it by its name and by its cases' names; files come and go.
    listed : sequence of Path
        Runs that are known to be on it, wherever they lie.
    home : Path
        A folder of runs, of any dataset.
    """
    found = list(home.iterdir()) if home.is_dir() else []
    for run in _newest_first(dict.fromkeys((*listed, *found))):
        # Folders of many datasets have the same name, "images" for one.
        if run in listed or (_trained_on(run) == dataset.name and shares_cases(run, dataset)):
            return run
    return None


def is_on_another(run: Path, dataset: Dataset, listed: Sequence[Path]) -> bool:
    """Return whether a run is known to be on another dataset; as in `newest_run`."""
    if run in listed or not (name := _trained_on(run)):
        return False
    return name != dataset.name or not shares_cases(run, dataset)


def shares_cases(run: Path, dataset: Dataset) -> bool:
    """Return whether a dataset has most of the cases of a run, by their names.

    One name is not enough: many datasets have a case "001".
    """
    try:
        sides = RunFolder(run).read_split().as_dict()
    except (InputError, OSError):
        return False
    named = {name for names in sides.values() for name in names}
    return 2 * len(named & {case.name for case in dataset.cases}) > len(named)


def _newest_first(runs: Iterable[Path]) -> list[Path]:
    made = [run for run in runs if (run / "split.json").is_file()]
    return sorted(made, key=lambda run: (run / "split.json").stat().st_mtime_ns, reverse=True)


def _trained_on(run: Path) -> str:
    """Return the name of the dataset of a run; empty where its config cannot be read."""
    try:
        told = read_settings(run / "config.toml").get("dataset", {})
    except (InputError, OSError):
        return ""
    return str(told.get("name", "")) if isinstance(told, dict) else ""
