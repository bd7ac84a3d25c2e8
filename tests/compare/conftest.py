"""Comparisons that many tests share: a small one that was trained, and ones worked by hand."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from segstudio.compare.plan import Plan, losses_alone, make_plan
from segstudio.compare.results import Results, read_results
from segstudio.compare.study import Study, open_study, run_study
from segstudio.core.labels import ClassTable
from segstudio.core.metrics import Score, summarise
from segstudio.data.cases import Case, Dataset
from segstudio.data.datasets import open_dataset
from segstudio.data.splits import Split
from segstudio.learn.run_folder import RunFolder

# Enough that the networks predict something, and each something else.
SETTINGS = {
    **{"base_channels": 4, "levels": 3, "epochs": 3, "precision": "32-true"},
    **{"batch_size": 2, "learning_rate": 0.01},
}
LOSSES = ("dice", "modified-boundary")
Dice = Mapping[str, float | Mapping[str, float]]


@pytest.fixture(scope="session")
def tiny_plan() -> Callable[..., Plan]:
    """Return what makes a plan for small networks."""

    def make(
        losses: Sequence[str] = LOSSES, *, seeds: int = 1, folds: int | None = None, **own: Any
    ) -> Plan:
        told = {"seeds": seeds, "folds": folds, "settings": SETTINGS | own}
        return make_plan(losses_alone(losses) | told)

    return make


@pytest.fixture(scope="session")
def trained(
    hearts: Path, tiny_plan: Callable[..., Plan], tmp_path_factory: pytest.TempPathFactory
) -> Study:
    """Return two losses by two seeds, finished; its parts are not to be changed."""
    dataset = open_dataset(hearts)
    study = open_study(tmp_path_factory.mktemp("trained") / "out", tiny_plan(seeds=2), dataset)
    list(run_study(dataset, study))
    dice = {row["dice"] for result in read_results(study).parts for row in result.scores}
    assert len(dice) > 20  # equal scores would hide what is wrong
    return study


@pytest.fixture
def by_hand(tmp_path: Path) -> Callable[..., Results]:
    """Return what writes a study's finished parts from the Dice of its test cases, or classes."""

    def write(
        parts: Mapping[tuple[str, int, int | None], Dice],
        *,
        train: Sequence[str] = ("t",),
        voxels: Mapping[str, int] | None = None,
        unit: str = "mm",
        **plan: Any,
    ) -> Results:
        losses = list(dict.fromkeys(loss for loss, _, _ in parts))
        study = Study(tmp_path / "study", make_plan(losses_alone(losses) | plan))
        for part in study.parts:
            dice = parts.get((part.candidate.loss, part.seed, part.fold))
            if dice is not None:
                config = study.plan.config_of(part)
                _write(study.run_of(part), config, dice, train, voxels or {}, unit)
        known = {"name": "set", "fingerprint": "0"}
        told = study.plan.model_dump(mode="json", by_alias=True, exclude_unset=True)
        (study.path / "study.json").write_text(json.dumps({"dataset": known, "plan": told}))
        return read_results(study)

    return write


def _write(
    run: RunFolder,
    config: Any,
    dice: Dice,
    train: Sequence[str],
    voxels: Mapping[str, int],
    unit: str,
) -> None:
    scores = [
        _score(case, value, voxels.get(case, 10), name, unit)
        for case, values in dice.items()
        for name, value in (values if isinstance(values, Mapping) else {"a": values}).items()
    ]
    of_training = [_score(case, 0.9, 10, name, unit) for case in train for name in _names(scores)]
    run.write_config(config, ClassTable.named({1: "a"}), {"name": "set", "channels": 1})
    run.write_split(Split(tuple(train), ("v",), tuple(dice)))
    sides = {"test": scores, "validation": [], "train": of_training}
    run.write_scores((side, s) for side, rows in sides.items() for s in rows)
    summary = {side: summarise(rows) for side, rows in sides.items()}
    run.write_summary({**summary, "best_epoch": 2, "loss": config.loss, "seconds": 1.0})
    run.log.write_text("")


def _names(scores: Sequence[Score]) -> list[str]:
    return list(dict.fromkeys(score.class_name for score in scores))


def _score(case: str, dice: float, true: int, name: str, unit: str) -> Score:
    overlap = 0 if math.isnan(dice) else round(dice * (10 + true) / 2)
    return Score(case, name, dice, 10 - dice, 1.0, 1.0, unit, overlap, 10, true, 0.5, 2, 1)


@pytest.fixture(scope="session")
def named_cases() -> Callable[..., Dataset]:
    """Return what makes a dataset of cases that have names alone."""

    def make(*names: str) -> Dataset:
        cases = tuple(Case(n, f"patient {n}", Path(f"{n}.nii"), None) for n in names)
        return Dataset("set", Path(), cases, None)

    return make
