"""What is kept of a comparison without its networks."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from segstudio.compare.paired import comparisons_of
from segstudio.compare.plan import Plan, make_plan
from segstudio.compare.records import record_part, record_study, recorded, take_recorded
from segstudio.compare.report import write_report
from segstudio.compare.results import read_results
from segstudio.compare.study import PartEnded, Study, open_study, run_study
from segstudio.compare.table import table_of, write_tables
from segstudio.core.errors import InputError
from segstudio.data.datasets import open_dataset
from segstudio.data.phantoms import write_heart_dataset

Plans = Callable[..., Plan]


@pytest.fixture(scope="module")
def kept(trained: Study, hearts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which a finished study was kept, part by part."""
    folder, dataset = tmp_path_factory.mktemp("kept") / "results", open_dataset(hearts)
    results = read_results(trained)
    comparisons = comparisons_of(results, {case.name: case.patient for case in dataset.cases})
    write_tables(results, comparisons)
    write_report(results, dataset, comparisons)
    for part in trained.parts:
        record_part(trained, part, folder)
    record_study(trained, folder)
    return folder


def test_numbers_settings_and_code_are_kept_and_nothing_else(trained: Study, kept: Path) -> None:
    files = {path.name for path in kept.rglob("*") if path.is_file()}

    assert files == {
        *("config.toml", "split.json", "environment.json", "scores.csv", "summary.json"),
        *("log.jsonl", "study.json", "table1.csv", "table1.md", "tests.csv", "tests.md"),
        "curves.csv",
    }
    for part in trained.parts:
        rows = json.loads((kept / "parts" / part.name / "environment.json").read_text())
        assert rows["code"].startswith("sha256 ")
        assert "32-true" in rows["device"]
        log = (kept / "parts" / part.name / "log.jsonl").read_text().splitlines()
        kinds = [json.loads(line)["event"] for line in log]
        assert kinds.count("EpochDone") == 3
        assert "StepDone" not in kinds


def test_a_part_is_kept_as_soon_as_it_ends(tiny_plan: Plans, hearts: Path, tmp_path: Path) -> None:
    dataset = open_dataset(hearts)
    study = open_study(tmp_path / "out", tiny_plan(epochs=1), dataset)
    for event in recorded(run_study(dataset, study), study, tmp_path / "kept"):
        if isinstance(event, PartEnded):
            assert (tmp_path / "kept" / "parts" / event.part.name / "summary.json").exists()


def test_a_kept_part_is_not_trained_again(
    trained: Study, kept: Path, tiny_plan: Plans, hearts: Path, tmp_path: Path
) -> None:
    dataset = open_dataset(hearts)
    again = open_study(tmp_path / "out", tiny_plan(seeds=2), dataset)
    taken = take_recorded(again, kept, dataset)
    told = list(run_study(dataset, again))
    results = read_results(again)

    assert taken == list(trained.parts)
    assert [event.state for event in told] == ["was finished before"] * 4
    assert table_of(results) == table_of(read_results(trained))
    # Without networks there are no predictions to draw; all else is there.
    page = write_report(results, dataset, []).read_text()
    assert "Learning curves" in page
    assert "Predictions" not in page
    before, after = ((path / "curves.csv").read_text() for path in (trained.path, again.path))
    assert before == after


def test_a_part_of_other_settings_is_not_taken(
    kept: Path, tiny_plan: Plans, hearts: Path, tmp_path: Path
) -> None:
    dataset = open_dataset(hearts)
    study = open_study(tmp_path / "out", tiny_plan(batch_size=3), dataset)
    with pytest.raises(InputError, match="batch_size"):
        take_recorded(study, kept, dataset)
    assert not study.is_done(study.parts[0])


def test_a_part_of_another_dataset_is_not_taken(
    kept: Path, tiny_plan: Plans, tmp_path: Path
) -> None:
    write_heart_dataset(tmp_path / "hearts", patients=4, shape=(4, 48, 48), seed=2)
    dataset = open_dataset(tmp_path / "hearts")
    study = open_study(tmp_path / "out", tiny_plan(), dataset)
    with pytest.raises(InputError, match="trained on another dataset"):
        take_recorded(study, kept, dataset)


def test_what_is_kept_already_stays(trained: Study, kept: Path, tmp_path: Path) -> None:
    own = tmp_path / "results"
    shutil.copytree(kept, own)
    marked = own / "parts" / trained.parts[0].name / "summary.json"
    marked.write_text("{}")
    record_part(trained, trained.parts[0], own)
    assert marked.read_text() == "{}"


@pytest.mark.parametrize("name", ["acdc", "aasce", "wmh_flair"])
def test_the_tables_in_the_project_are_made_of_the_parts_beside_them(
    name: str, tmp_path: Path
) -> None:
    folder = Path(__file__).parents[2] / "resources" / "results" / name
    shutil.copytree(folder / "parts", tmp_path / "parts")
    told = json.loads((folder / "study.json").read_text(encoding="utf-8"))
    results = read_results(Study(tmp_path, make_plan(told["plan"])))
    write_tables(results, [])
    assert len(results.parts) == len(list((folder / "parts").iterdir()))
    assert (tmp_path / "table1.csv").read_text() == (folder / "table1.csv").read_text()
    assert (tmp_path / "table1.md").read_text() == (folder / "table1.md").read_text()
