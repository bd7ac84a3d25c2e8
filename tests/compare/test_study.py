"""A comparison of losses, part by part: run, cut short, gone on with, and its tables."""

import csv
import math
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from segstudio.compare.plan import Plan, losses_alone, make_plan
from segstudio.compare.study import PartEnded, PartStarted, Study, open_study, read_study, run_study
from segstudio.compare.table import comparisons_of, markdown, read_scores, table_of, write_tables
from segstudio.core.errors import InputError
from segstudio.core.metrics import TOGETHER
from segstudio.data.datasets import open_dataset
from segstudio.data.phantoms import write_spine_dataset
from segstudio.learn.events import StepDone

LOSSES = ("dice", "modified-boundary")


def plan(losses: Sequence[str] = LOSSES, *, folds: int | None = None, **settings: object) -> Plan:
    seeds = settings.pop("seeds", 1)
    usual = {"base_channels": 2, "levels": 3, "epochs": 2, "precision": "32-true"}
    told = {"seeds": seeds, "folds": folds, "settings": usual | settings}
    return make_plan(losses_alone(losses) | told)


@pytest.fixture(scope="module")
def finished(hearts: Path, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Two losses by two seeds, finished."""
    study = open_study(tmp_path_factory.mktemp("study") / "out", plan(seeds=2))
    list(run_study(open_dataset(hearts), study))
    return study


def test_every_loss_and_seed_meets_the_same_patients(finished: Study) -> None:
    splits = {finished.run_of(part).read_split() for part in finished.parts}
    assert len(splits) == 1


def test_the_table_holds_the_means_of_the_runs(finished: Study) -> None:
    rows = table_of(finished)
    assert [row.title for row in rows] == list(LOSSES)
    for row in rows:
        runs = [finished.run_of(p).read_summary() for p in finished.done_parts(row.title)]
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
        for part in finished.done_parts(loss):
            for row in read_scores(finished, part):
                if row["split"] == "test" and row["dice"] != "nan" and row["class"] != TOGETHER:
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
    assert len(scores) == len(finished.parts) * cases * 4  # three classes, and all as one
    assert markdown(["a"], [["1"]]) == "| a |\n| --- |\n| 1 |\n"


def test_a_finished_part_is_not_trained_again(finished: Study, hearts: Path) -> None:
    again = list(run_study(open_dataset(hearts), finished))
    assert [type(event) for event in again] == [PartStarted] * 4
    assert {event.state for event in again} == {"was finished before"}


def test_a_part_cut_short_goes_on_to_the_same_numbers(
    finished: Study, hearts: Path, tmp_path: Path
) -> None:
    dataset = open_dataset(hearts)
    study = open_study(tmp_path / "out", plan())
    steps = 0
    with closing(run_study(dataset, study)) as events:
        for event in events:
            steps += isinstance(event, StepDone)
            if steps == 2:
                break
    assert not study.is_done(study.parts[0])
    told = list(run_study(dataset, open_study(tmp_path / "out", plan())))
    assert [e.state for e in told if isinstance(e, PartStarted)] == ["goes on", "begins"]
    assert [e.is_done for e in told if isinstance(e, PartEnded)] == [True, True]
    for part in study.parts:
        whole, cut = (s.run_of(part).path / "scores.csv" for s in (finished, study))
        assert cut.read_text() == whole.read_text()


def test_a_part_that_another_process_is_at_is_passed_over(hearts: Path, tmp_path: Path) -> None:
    study = open_study(tmp_path / "out", plan())
    command = (
        "import sys, time; from pathlib import Path; "
        "from segstudio.compare.study import read_study; "
        "study = read_study(Path(sys.argv[1])); claim = study.claimed(study.parts[0]); "
        "print(claim.__enter__(), flush=True); time.sleep(60)"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", command, str(study.path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout
        assert other.stdout.readline().strip() == "True"
        told = list(run_study(open_dataset(hearts), study))
    finally:
        other.kill()
        other.wait()
    states = [e.state for e in told if isinstance(e, PartStarted)]
    assert states == ["is with another process", "begins"]
    # The claim ended with the process.
    with study.claimed(study.parts[0]) as is_ours:
        assert is_ours


def test_more_losses_and_seeds_may_be_added_and_other_settings_not(tmp_path: Path) -> None:
    open_study(tmp_path / "out", plan())
    grown = open_study(tmp_path / "out", plan((*LOSSES, "boundary"), seeds=2))
    assert len(grown.parts) == 6
    assert read_study(tmp_path / "out").plan == grown.plan
    for other in (plan(batch_size=2), plan(folds=3)):
        with pytest.raises(InputError, match="begun with other settings"):
            open_study(tmp_path / "out", other)
    changed = {"compare": [{"loss": "dice", "settings": {"learning_rate": 0.5}}]}
    own = plan().model_dump(exclude_unset=True, by_alias=True)
    with pytest.raises(InputError, match="begun with other settings"):
        open_study(tmp_path / "out", make_plan(own | changed))


def test_threads_may_change_and_are_kept_where_nothing_is_said(tmp_path: Path) -> None:
    open_study(tmp_path / "out", plan(threads=1))
    assert open_study(tmp_path / "out", plan()).plan.settings["threads"] == 1
    assert open_study(tmp_path / "out", plan(threads=2)).plan.settings["threads"] == 2


def test_runs_of_other_classes_are_compared_by_all_classes_as_one(tmp_path: Path) -> None:
    write_spine_dataset(tmp_path / "spines", patients=5, shape=(1, 96, 48), seed=1)
    settings = {"base_channels": 2, "levels": 3, "epochs": 1, "precision": "32-true"}
    candidates = [
        {"loss": "dice"},
        {"name": "each", "loss": "dice", "settings": {"landmarks": "each"}},
    ]
    told = {"settings": settings, "compare": candidates}
    study = open_study(tmp_path / "out", make_plan(told))
    list(run_study(open_dataset(tmp_path / "spines"), study))
    rows = table_of(study)
    assert [list(row.by_class) for row in rows] == [[TOGETHER]] * 2


def test_a_folder_of_other_things_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match="no comparison"):
        open_study(tmp_path, plan())
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]
