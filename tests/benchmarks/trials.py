"""Equal trainings that differ in the loss, and their table; shared by the scripts beside it.

For Linux and macOS: the locks of trials that run at once are theirs.
"""

import csv
import fcntl
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.volume import Grid, Volume
from segstudio.data.datasets import Dataset, load_case, open_dataset
from segstudio.data.formats import stem, write_labels, write_volume
from segstudio.learn.config import TrainConfig, make_config
from segstudio.learn.predict import load_predictor
from segstudio.learn.preparation import fit
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.training import train

CROP = (128, 128)


@dataclass(frozen=True)
class Trial:
    """One training: what it is called, and the settings in which it differs from the others."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """The name of its folder."""
        return self.name.replace(" ", "_").replace("/", "-")


def cropped_hearts(data: Path, folder: Path, patients: int, test_patients: int) -> Dataset:
    """Return the centre crops of some ACDC patients, the last of them the test side.

    The crops are written to a folder, which the caller removes: they are pictures of patients.
    Of what is not test, 15 % are for validation, as in any training.
    """
    whole = open_dataset(data)
    names = sorted({case.patient for case in whole.cases})
    wanted = patients + test_patients
    if len(names) < wanted:
        raise SystemExit(f"'{data}' holds {len(names)} patients; {wanted} are needed.")
    chosen, test = set(names[:wanted]), set(names[patients:wanted])
    for case in (c for c in whole.cases if c.patient in chosen):
        volume, labels = load_case(case)
        image = fit(volume.data.astype(np.float32), CROP)
        write_pair(folder / case.patient / stem(case.image), image, fit(labels, CROP, fill=0))
    found = open_dataset(folder)
    sides = {name: "test" if name in test else None for name in chosen}
    cases = tuple(replace(case, official_split=sides[case.patient]) for case in found.cases)
    return replace(found, cases=cases)


def write_pair(path: Path, image: NDArray[np.float32], labels: NDArray[np.integer]) -> None:
    """Write an image ``(Z, Y, X)`` and its labels under a path without suffix, voxels of size 1."""
    grid = Grid(labels.shape, (1.0, 1.0, 1.0), np.eye(4), unit="voxels")
    write_volume(path.with_name(f"{path.name}.nii.gz"), Volume(image, grid))
    write_labels(path.with_name(f"{path.name}_gt.nii.gz"), labels, grid)


def run_trials(
    dataset: Dataset, trials: Sequence[Trial], home: Path, **common: Any
) -> list[dict[str, Any]]:
    """Train, go on with, or only look up trials; return their rows of the table.

    The same command may run twice at once: a trial that another process is at is left to it.
    """
    rows = (run_trial(dataset, trial, home, **common) for trial in trials)
    return [row for row in rows if row]


def run_trial(dataset: Dataset, trial: Trial, home: Path, **common: Any) -> dict[str, Any]:
    """Return the row of one trial; an empty one where another process is at it."""
    config = make_config(**{**common, **trial.settings})
    folder = home / trial.folder
    row_file = folder.with_name(f"{folder.name}.json")
    if row_file.exists():
        row: dict[str, Any] = json.loads(row_file.read_text())
        return row
    home.mkdir(parents=True, exist_ok=True)
    with _claim(folder.with_name(f"{folder.name}.lock")) as is_ours:
        if not is_ours:
            return {}
        _train(dataset, config, folder)
        row = {"trial": trial.name, "loss": config.loss, **_row(dataset, RunFolder.opened(folder))}
        row_file.write_text(json.dumps(row, indent=1))
    print(f"{trial.name}: Dice {row['dice']:.3f}, {row['empty']} pairs empty", flush=True)
    return row


@contextmanager
def _claim(path: Path) -> Iterator[bool]:
    """Yield whether nobody else holds a lock, which ends with the process that takes it."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _train(dataset: Dataset, config: TrainConfig, folder: Path) -> None:
    run = RunFolder(folder)
    if (folder / "config.toml").exists() and run.read_summary() is not None:
        return
    resume = run.last.exists()
    if folder.exists() and not resume:
        shutil.rmtree(folder)  # a start that was cut short, by this script itself
    for _ in train(dataset, config, folder, resume=resume):
        pass


def _row(dataset: Dataset, run: RunFolder) -> dict[str, Any]:
    summary = run.read_summary() or {}
    test = summary["test"]
    per_class = test["per_class"]
    return {
        "dice": test["mean_dice"],
        "pooled": test["pooled_dice"],
        "dice_by_class": {name: row["dice"] for name, row in per_class.items()},
        "hd95": float(np.mean([row["hd95"] for row in per_class.values()])),
        "train_dice": summary["train"]["mean_dice"],
        "best_epoch": summary["best_epoch"],
        "seconds": summary["seconds"],
        **_empty_pairs(dataset, run),
    }


def _empty_pairs(dataset: Dataset, run: RunFolder) -> dict[str, int]:
    """Return how many (slice, class) pairs of the test side are there, and predicted empty."""
    predictor = load_predictor(run.path)
    there = empty = 0
    for name in run.read_split().test:
        volume, truth = load_case(dataset.case(name))
        predicted = predictor.labels(volume)
        for c in predictor.classes.foreground:
            present = (truth == c.value).any(axis=(1, 2))
            there += int(present.sum())
            empty += int((present & ~(predicted == c.value).any(axis=(1, 2))).sum())
    return {"pairs": there, "empty": empty}


def write_table(rows: Sequence[Mapping[str, Any]], path: Path) -> str:
    """Write the rows as CSV beside a table in Markdown; return the table."""
    classes = list(rows[0]["dice_by_class"])
    head = ["trial", "Dice", *classes, "pooled", "train", "HD95", "empty pairs", "best epoch", "s"]
    lines = [
        [
            row["trial"],
            *(_number(v) for v in (row["dice"], *(row["dice_by_class"].get(c) for c in classes))),
            *(_number(row[k]) for k in ("pooled", "train_dice")),
            _number(row["hd95"], 1),
            f"{row['empty']} of {row['pairs']}",
            str(row["best_epoch"]),
            f"{row['seconds']:.0f}",
        ]
        for row in rows
    ]
    with path.with_suffix(".csv").open("w", newline="") as file:
        csv.writer(file).writerows([head, *lines])
    table = "\n".join(
        "| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *lines]
    )
    path.with_suffix(".md").write_text(table + "\n")
    return table


def _number(value: float | None, digits: int = 3) -> str:
    return "none" if value is None else f"{value:.{digits}f}"
