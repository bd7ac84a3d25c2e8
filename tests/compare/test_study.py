"""A comparison of losses, part by part: planned, run, cut short, gone on with, and its tables."""

import csv
import json
import math
from contextlib import closing
from pathlib import Path

import pytest

from segstudio.compare.study import Part, PartStarted, Study, config_of, open_study, run_study
from segstudio.compare.table import comparisons_of, markdown, read_scores, table_of, write_tables
from segstudio.core.errors import InputError
from segstudio.data.datasets import open_dataset
from segstudio.learn.config import TrainConfig, make_config
from segstudio.learn.events import StepDone

LOSSES = ("dice", "modified-boundary")


def tiny(**settings: object) -> TrainConfig:
    usual = {"base_channels": 2, "levels": 3, "epochs": 2, "precision": "32-true"}
    return make_config(**usual | settings)


@pytest.fixture(scope="module")
def finished(hearts: Path, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Two losses by two seeds, finished."""
    study = open_study(tmp_path_factory.mktemp("study") / "out", LOSSES, 2, None, tiny())
    list(run_study(open_dataset(hearts), study, tiny()))
    return study


def test_parts_of_a_seed_and_fold_stand_together(tmp_path: Path) -> None:
    parts = Study(tmp_path, ("a", "b"), seeds=2, folds=2).parts
    assert [(p.seed, p.fold, p.loss) for p in parts] == [
        (seed, fold, loss) for seed in (0, 1) for fold in (0, 1) for loss in ("a", "b")
    ]
    assert len({p.name for p in parts}) == 8
    assert Part("dice + 0.01*boundary, growing", 3).name == "dice-0.01-boundary-growing_seed3"


def test_all_parts_differ_in_loss_and_seed_alone() -> None:
    study, base = Study(Path(), LOSSES, seeds=2), tiny(seed=7, batch_size=4)
    configs = [config_of(part, study, base) for part in study.parts]
    kept = [c.model_dump(exclude={"loss", "seed"}) for c in configs]
    assert all(one == kept[0] for one in kept)
    assert {c.split_seed for c in configs} == {7}
    assert [(c.loss, c.seed) for c in configs] == [(p.loss, p.seed) for p in study.parts]


def test_every_loss_and_seed_meets_the_same_patients(finished: Study) -> None:
    splits = {finished.run_of(part).read_split() for part in finished.parts}
    assert len(splits) == 1


def test_the_table_holds_the_means_of_the_runs(finished: Study) -> None:
    rows = table_of(finished)
    assert [row.loss for row in rows] == list(LOSSES)
    for row in rows:
        runs = [finished.run_of(p).read_summary() for p in finished.parts if p.loss == row.loss]
        values = [run["test"]["mean_dice"] for run in runs if run]
        assert row.test_dice[0] == pytest.approx(sum(values) / 2)
        assert row.test_dice[1] == pytest.approx(abs(values[0] - values[1]) / math.sqrt(2))
        assert row.parts == 2
        assert set(row.by_class) == {"right ventricle", "myocardium", "left ventricle"}
        assert 0 <= row.missed <= row.volumes
        assert 0 <= row.missed_planes <= row.planes
        assert row.planes > row.volumes


def test_losses_are_tested_by_patient(finished: Study, hearts: Path) -> None:
    patients = {case.name: case.patient for case in open_dataset(hearts).cases}
    rows = comparisons_of(finished, patients)
    assert [(m, loss, other) for m, loss, other, _, _ in rows] == [
        (m, "modified-boundary", "dice") for m in ("dice", "hd95", "assd", "nsd")
    ]
    test = finished.run_of(finished.parts[0]).read_split().test
    first = rows[0][3]
    assert first.patients == len({patients[name] for name in test})
    means = {}
    for loss in LOSSES:
        by_patient: dict[str, list[float]] = {}
        for part in finished.parts:
            for row in read_scores(finished, part) if part.loss == loss else ():
                if row["split"] == "test" and row["dice"] != "nan":
                    by_patient.setdefault(patients[row["case"]], []).append(float(row["dice"]))
        means[loss] = {p: sum(v) / len(v) for p, v in by_patient.items()}
    expected = [means["modified-boundary"][p] - means["dice"][p] for p in means["dice"]]
    assert first.difference == pytest.approx(sum(expected) / len(expected))


def test_the_tables_are_written_as_csv_and_markdown(finished: Study, hearts: Path) -> None:
    patients = {case.name: case.patient for case in open_dataset(hearts).cases}
    names = sorted(path.name for path in write_tables(finished, patients))
    assert names == ["scores.csv", "table1.csv", "table1.md", "tests.csv", "tests.md"]
    with (finished.path / "table1.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["loss"] for row in rows] == list(LOSSES)
    assert all(" ± " in row["test Dice"] for row in rows)
    with (finished.path / "scores.csv").open(newline="") as file:
        scores = list(csv.DictReader(file))
    cases = len(open_dataset(hearts).cases)
    assert len(scores) == len(finished.parts) * cases * 3
    assert markdown(["a"], [["1"]]) == "| a |\n| --- |\n| 1 |\n"


def test_a_finished_part_is_not_trained_again(finished: Study, hearts: Path) -> None:
    again = list(run_study(open_dataset(hearts), finished, tiny()))
    assert all(isinstance(event, PartStarted) and event.is_done for event in again)


def test_a_part_cut_short_goes_on_to_the_same_numbers(
    finished: Study, hearts: Path, tmp_path: Path
) -> None:
    dataset, base = open_dataset(hearts), tiny()
    study = open_study(tmp_path / "out", LOSSES, 1, None, base)
    steps = 0
    with closing(run_study(dataset, study, base)) as events:
        for event in events:
            steps += isinstance(event, StepDone)
            if steps == 2:
                break
    assert not study.is_done(study.parts[0])
    list(run_study(dataset, open_study(tmp_path / "out", LOSSES, 1, None, base), base))
    for part in study.parts:
        whole, cut = (s.run_of(part).path / "scores.csv" for s in (finished, study))
        assert cut.read_text() == whole.read_text()


def test_more_losses_and_seeds_may_be_added_and_other_settings_not(tmp_path: Path) -> None:
    open_study(tmp_path / "out", LOSSES, 1, None, tiny())
    grown = open_study(tmp_path / "out", (*LOSSES, "boundary"), 2, None, tiny())
    assert len(grown.parts) == 6
    assert json.loads((tmp_path / "out" / "study.json").read_text())["seeds"] == 2
    with pytest.raises(InputError, match="begun with other settings"):
        open_study(tmp_path / "out", LOSSES, 1, None, tiny(batch_size=2))
    with pytest.raises(InputError, match="begun with other settings"):
        open_study(tmp_path / "out", LOSSES, 1, 3, tiny())


@pytest.mark.parametrize(
    ("losses", "settings", "told"),
    [
        (("dice", "dice"), {}, "named twice"),
        (("dice", "dyce"), {}, "dyce"),
        (("dice", "boundary"), {"split": "two-way"}, "test side"),
        (("dice+boundary", "dice + boundary"), {}, "differ only in signs"),
    ],
)
def test_a_comparison_that_cannot_be_is_refused(
    tmp_path: Path, losses: tuple[str, ...], settings: dict[str, object], told: str
) -> None:
    with pytest.raises(InputError, match=told):
        open_study(tmp_path / "out", losses, 1, None, tiny(**settings))
    assert not (tmp_path / "out").exists()


def test_a_folder_of_other_things_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match="no comparison"):
        open_study(tmp_path, LOSSES, 1, None, tiny())
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]
