"""What is kept of a comparison without its networks."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from segstudio.compare.paired import comparisons_of
from segstudio.compare.plan import Plan, make_plan
from segstudio.compare.records import (
    plan_with_kept,
    record_part,
    record_study,
    recorded,
    take_recorded,
)
from segstudio.compare.report import write_report
from segstudio.compare.results import read_results
from segstudio.compare.study import PartEnded, Study, open_study, read_study, run_study
from segstudio.compare.table import table_of, write_tables
from segstudio.core.errors import InputError
from segstudio.data.datasets import open_dataset
from segstudio.data.phantoms import write_heart_dataset
from segstudio.learn.run_folder import RunFolder

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


def test_a_part_of_another_budget_is_not_taken(
    kept: Path, tiny_plan: Plans, hearts: Path, tmp_path: Path
) -> None:
    dataset, alone = open_dataset(hearts), tmp_path / "kept"
    shutil.copytree(kept / "parts", alone / "parts")
    for own, told in (
        ({"epochs": 2}, r"dice_seed0' was .* epochs was 3 and would be 2\. .* --results\."),
        ({"max_seconds": 9.0}, "max_seconds was left out and would be 9.0"),
        ({"early_stop": 2, "average": 0.5}, "average was .*; early_stop was 0 and would be 2"),
    ):
        study = open_study(tmp_path / told[:9], tiny_plan(**own), dataset)
        with pytest.raises(InputError, match=told):
            take_recorded(study, alone, dataset)
        with pytest.raises(InputError, match=told):
            plan_with_kept(study.plan, alone, dataset)
        assert not study.begun


def test_a_patch_that_was_set_is_not_one_that_the_data_bring(
    kept: Path, tiny_plan: Plans, hearts: Path
) -> None:
    own = RunFolder(kept / "parts" / "dice_seed0").read_config()[0].patch_size
    with pytest.raises(InputError, match=r"results' was .* patch_size was left out and would be"):
        plan_with_kept(tiny_plan(patch_size=own), kept, open_dataset(hearts))


def test_labels_that_were_repainted_since_are_noticed(
    kept: Path, tiny_plan: Plans, hearts: Path, tmp_path: Path
) -> None:
    shutil.copytree(hearts, tmp_path / "hearts")
    dataset = open_dataset(tmp_path / "hearts")
    assert plan_with_kept(tiny_plan(), kept, dataset).seeds == 2
    labels = next(case.labels for case in dataset.cases if case.labels)
    labels.write_bytes(bytes(labels.stat().st_size))
    with pytest.raises(InputError, match=r"Labels of 'hearts' have changed since"):
        plan_with_kept(tiny_plan(), kept, dataset)


def test_what_is_kept_of_more_losses_and_seeds_stays_in_the_plan_and_the_tables(
    trained: Study, kept: Path, tiny_plan: Plans, hearts: Path, tmp_path: Path
) -> None:
    dataset, own = open_dataset(hearts), tmp_path / "results"
    shutil.copytree(kept, own)
    less = open_study(tmp_path / "out", plan_with_kept(tiny_plan(("dice",)), own, dataset), dataset)
    assert take_recorded(less, own, dataset) == list(less.parts)
    assert {part.name for part in less.parts} == {part.name for part in trained.parts}
    assert table_of(read_results(less)) == table_of(read_results(trained))


def test_tables_stay_where_another_process_has_kept_parts_in_the_meantime(
    kept: Path, tiny_plan: Plans, hearts: Path, tmp_path: Path
) -> None:
    dataset, own = open_dataset(hearts), tmp_path / "results"
    less = open_study(tmp_path / "out", tiny_plan(("dice", "boundary")), dataset)
    shutil.copytree(kept, own)
    before = (own / "table1.csv").read_text()
    assert not record_study(less, own)
    assert (own / "table1.csv").read_text() == before
    assert read_study(own).plan.titles == ("dice", "modified-boundary", "boundary")


def test_the_plan_is_kept_with_the_first_part(trained: Study, tmp_path: Path) -> None:
    record_part(trained, trained.parts[0], tmp_path / "results")
    assert read_study(tmp_path / "results").plan == trained.plan


def test_versions_of_the_program_are_told_once_each(
    trained: Study, kept: Path, tmp_path: Path
) -> None:
    assert len(read_results(trained).code_versions) == 1
    shutil.copytree(kept, tmp_path / "copy")
    mixed = Study(tmp_path / "copy", trained.plan)
    told = ("sha256 b, on commit 1", "sha256 a", "sha256 b, on commit 2")
    for part, code in zip(mixed.parts, told, strict=False):
        (mixed.run_of(part).path / "environment.json").write_text(json.dumps({"code": code}))
    (mixed.run_of(mixed.parts[3]).path / "environment.json").unlink()
    found = read_results(mixed).code_versions
    assert found == ("sha256 a", "sha256 b, on commit 1", "unknown")


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


@pytest.mark.parametrize("name", ["acdc", "aasce", "wmh_flair", "ms_ventricle"])
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
