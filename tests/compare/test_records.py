"""What is kept of a comparison without its networks."""

import json
import shutil
from pathlib import Path

import pytest

from segstudio.compare.plan import Plan, losses_alone, make_plan
from segstudio.compare.records import record_part, record_study, recorded, take_recorded
from segstudio.compare.report import write_report
from segstudio.compare.study import PartStarted, Study, open_study, run_study
from segstudio.compare.study_figures import curves_of
from segstudio.compare.table import table_of, write_tables
from segstudio.core.errors import InputError
from segstudio.data.datasets import open_dataset


def plan(**settings: object) -> Plan:
    usual = {"base_channels": 2, "levels": 3, "epochs": 2, "precision": "32-true"}
    return make_plan(losses_alone(("dice", "boundary")) | {"settings": usual | settings})


@pytest.fixture(scope="module")
def kept(hearts: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Path]:
    """A finished study, and the folder in which it was kept as its parts ended."""
    home = tmp_path_factory.mktemp("kept")
    study, dataset = open_study(home / "out", plan()), open_dataset(hearts)
    told = []
    for event in recorded(run_study(dataset, study), study, home / "results"):
        told.append(event)
        if isinstance(event, PartStarted) and event.number == 2:
            assert (home / "results" / "parts" / study.parts[0].name / "summary.json").exists()
    write_tables(study, {case.name: case.patient for case in dataset.cases})
    write_report(study, dataset)
    record_study(study, home / "results")
    return study, home / "results"


def test_numbers_settings_and_code_are_kept_and_nothing_else(kept: tuple[Study, Path]) -> None:
    study, folder = kept
    files = {path.name for path in folder.rglob("*") if path.is_file()}

    assert files == {
        *("config.toml", "split.json", "environment.json", "scores.csv", "summary.json"),
        *("log.jsonl", "study.json", "table1.csv", "table1.md", "tests.csv", "tests.md"),
        "curves.csv",
    }
    for part in study.parts:
        rows = json.loads((folder / "parts" / part.name / "environment.json").read_text())
        assert rows["code"].startswith("sha256 ")
        log = (folder / "parts" / part.name / "log.jsonl").read_text().splitlines()
        kinds = [json.loads(line)["event"] for line in log]
        assert kinds.count("EpochDone") == 2
        assert "StepDone" not in kinds


def test_a_kept_part_is_not_trained_again(
    kept: tuple[Study, Path], hearts: Path, tmp_path: Path
) -> None:
    study, folder = kept
    again, dataset = open_study(tmp_path / "out", plan()), open_dataset(hearts)
    taken = take_recorded(again, folder)
    told = list(run_study(dataset, again))

    assert taken == list(study.parts)
    assert [event.state for event in told] == ["was finished before"] * 2
    assert table_of(again) == table_of(study)
    for title, curves in curves_of(study).items():
        assert curves_of(again)[title].tolist() == curves.tolist()
    # Without networks there are no predictions to draw; all else is there.
    page = write_report(again, dataset).read_text()
    assert "Learning curves" in page
    assert "Predictions" not in page


def test_a_part_of_other_settings_is_not_taken(kept: tuple[Study, Path], tmp_path: Path) -> None:
    study = open_study(tmp_path / "out", plan(batch_size=3))
    with pytest.raises(InputError, match="batch_size"):
        take_recorded(study, kept[1])
    assert not study.is_done(study.parts[0])


def test_what_is_kept_already_stays(kept: tuple[Study, Path], tmp_path: Path) -> None:
    study, folder = kept
    own = tmp_path / "results"
    shutil.copytree(folder, own)
    marked = own / "parts" / study.parts[0].name / "summary.json"
    marked.write_text("{}")
    record_part(study, study.parts[0], own)
    assert marked.read_text() == "{}"
