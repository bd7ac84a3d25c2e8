"""A comparison of losses: the same training for each, with seeds and folds, part by part."""

import json
import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from segstudio.core.errors import InputError
from segstudio.data.atomic import write_text
from segstudio.data.datasets import Dataset
from segstudio.learn.config import TrainConfig, make_config
from segstudio.learn.control import Control
from segstudio.learn.events import Event
from segstudio.learn.run_folder import RunFolder


@dataclass(frozen=True)
class Part:
    """One training of a study.

    Attributes
    ----------
    loss : str
        As a training names it.
    seed : int
        Of the weights, the order and the augmentation.
    fold : int or None
        Which of the study's folds; None where it has none.
    """

    loss: str
    seed: int
    fold: int | None = None

    @property
    def name(self) -> str:
        """The name of its folder; no two parts of a study have the same."""
        words = re.sub(r"[^\w.]+", "-", self.loss).strip("-_.")
        fold = "" if self.fold is None else f"_fold{self.fold}"
        return f"{words}_seed{self.seed}{fold}"


@dataclass(frozen=True)
class Study:
    """What is compared, and where.

    Attributes
    ----------
    path : Path
        Its folder; ``parts/NAME`` holds the run of each part.
    losses : tuple of str
        In the order of the table.
    seeds : int
        Trainings of each loss, from seed 0 on.
    folds : int or None
        Parts of a cross-validation, each its own test side; None for one split.
    """

    path: Path
    losses: tuple[str, ...]
    seeds: int = 1
    folds: int | None = None

    @property
    def parts(self) -> tuple[Part, ...]:
        """All parts; those of one seed and fold together, so that losses soon compare."""
        folds: Sequence[int | None] = range(self.folds) if self.folds else (None,)
        return tuple(
            Part(loss, seed, fold)
            for seed in range(self.seeds)
            for fold in folds
            for loss in self.losses
        )

    @property
    def first_parts(self) -> tuple[Part, ...]:
        """The finished parts of one seed and fold, the first that has any: a part a loss."""
        done = [part for part in self.parts if self.is_done(part)]
        return tuple(p for p in done if (p.seed, p.fold) == (done[0].seed, done[0].fold))

    def run_of(self, part: Part) -> RunFolder:
        """Return the run folder of a part, there or still to be made."""
        return RunFolder(self.path / "parts" / part.name)

    def is_done(self, part: Part) -> bool:
        """Return whether a part is finished."""
        return self.run_of(part).read_summary() is not None


@dataclass(frozen=True)
class PartStarted:
    """A part of a study begins, goes on, or is found finished."""

    part: Part
    number: int
    of: int
    is_done: bool


def config_of(part: Part, study: Study, base: TrainConfig) -> TrainConfig:
    """Return the settings of a part: those of all, but for its loss, seed and fold.

    The split is that of the base's seed for all, so that every loss and seed meets the same
    patients; what a loss brings of its own, step size and maps, it brings.
    """
    settings = base.model_dump(exclude_unset=True)
    settings |= {"loss": part.loss, "seed": part.seed, "split_seed": base.seed}
    if study.folds:
        settings |= {"folds": study.folds, "fold": part.fold}
    return make_config(**settings)


def open_study(
    path: Path, losses: Sequence[str], seeds: int, folds: int | None, base: TrainConfig
) -> Study:
    """Return a study, new or as far as it went.

    Raises
    ------
    InputError
        A loss is not known or named twice; or the folder holds another study or something else.
    """
    study = Study(path, tuple(losses), seeds, folds)
    if len(set(losses)) < len(losses):
        raise InputError("A loss is named twice. Name each once; --seeds trains it again.")
    names = [part.name for part in study.parts]
    if len(set(names)) < len(names):
        raise InputError("Two of the losses differ only in signs that no folder's name can hold.")
    if base.split != "three-way":
        raise InputError("Losses are compared on a test side: the split must be 'three-way'.")
    for part in study.parts:
        config_of(part, study, base)
    told = {"losses": list(losses), "seeds": seeds, "folds": folds} | {
        "settings": json.loads(base.model_dump_json(exclude_unset=True))
    }
    file = path / "study.json"
    if file.exists():
        _expect_same(file, told)
        return study
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError(f"'{path}' exists and is no comparison. Choose another folder with --out.")
    write_text(file, json.dumps(told, indent=1))
    return study


def _expect_same(file: Path, told: dict[str, object]) -> None:
    """Refuse to go on with other settings: finished parts would not compare with new ones."""
    try:
        own = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"'{file}' cannot be read. Choose another folder.") from error
    # More losses or seeds add parts to those that are there.
    if (own.get("folds"), own.get("settings")) != (told["folds"], told["settings"]):
        raise InputError(
            f"The comparison in '{file.parent}' was begun with other settings. Give the same "
            "again, or choose another folder with --out."
        )
    write_text(file, json.dumps(told, indent=1), overwrite=True)


def run_study(
    dataset: Dataset, study: Study, base: TrainConfig, control: Control | None = None
) -> Generator[Event | PartStarted]:
    """Yield the events of all parts that are not finished, one after the other.

    A part that was cut short goes on where it was; closing the generator keeps its state.

    Parameters
    ----------
    dataset : Dataset
        What all are trained on.
    study : Study
        From `open_study`.
    base : TrainConfig
        The settings that all share.
    control : Control, optional
        To stop or pause the training that runs.
    """
    # Deferred: a study is planned without torch.
    from segstudio.learn.training import train

    parts = study.parts
    for number, part in enumerate(parts, 1):
        is_done = study.is_done(part)
        yield PartStarted(part, number, len(parts), is_done)
        if is_done:
            continue
        run, config = study.run_of(part), config_of(part, study, base)
        resume = run.last.exists()
        run.path.parent.mkdir(parents=True, exist_ok=True)
        yield from train(dataset, config, run.path, resume=resume, control=control)
        if not study.is_done(part):
            return  # stopped: the next part is not begun
