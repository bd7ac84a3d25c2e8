"""A comparison on the disk: run, cut short, gone on with, passed over."""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import torch
from filelock import FileLock

from segstudio.compare.plan import Plan, make_plan
from segstudio.compare.results import read_results
from segstudio.compare.study import (
    LOCK,
    PartEnded,
    PartStarted,
    Study,
    open_study,
    read_study,
    read_study_file,
    run_study,
    write_study_file,
)
from segstudio.compare.table import table_of
from segstudio.core.errors import InputError
from segstudio.core.metrics import TOGETHER
from segstudio.data.datasets import open_dataset
from segstudio.data.phantoms import write_heart_dataset, write_spine_dataset
from segstudio.learn.checkpoint import load_checkpoint
from segstudio.learn.events import StepDone

LOSSES = ("dice", "modified-boundary")
Plans = Callable[..., Plan]


def test_every_loss_and_seed_meets_the_same_patients(trained: Study) -> None:
    splits = {trained.run_of(part).read_split() for part in trained.parts}
    assert len(splits) == 1


def test_a_finished_part_is_not_trained_again(trained: Study, hearts: Path) -> None:
    again = list(run_study(open_dataset(hearts), trained))
    assert [type(event) for event in again] == [PartStarted] * 4
    assert {event.state for event in again} == {"was finished before"}


def test_a_part_cut_short_goes_on_to_the_same_network(
    trained: Study, tiny_plan: Plans, hearts: Path, tmp_path: Path
) -> None:
    dataset = open_dataset(hearts)
    study = open_study(tmp_path / "out", tiny_plan(), dataset)
    steps = 0
    with closing(run_study(dataset, study)) as events:
        for event in events:
            steps += isinstance(event, StepDone)
            if steps == 3:
                break
    assert not study.is_done(study.parts[0])
    told = list(run_study(dataset, open_study(tmp_path / "out", tiny_plan(), dataset)))
    assert [e.state for e in told if isinstance(e, PartStarted)] == ["goes on", "begins"]
    assert [e.is_done for e in told if isinstance(e, PartEnded)] == [True, True]
    for part in study.parts:
        whole, cut = (s.run_of(part) for s in (trained, study))
        networks = [load_checkpoint(run.last)["model"] for run in (whole, cut)]
        assert all(torch.equal(networks[0][key], networks[1][key]) for key in networks[0])
        tables = [(run.path / "scores.csv").read_text() for run in (whole, cut)]
        assert tables[0] == tables[1]


def test_a_part_that_another_process_is_at_is_passed_over(
    tiny_plan: Plans, hearts: Path, tmp_path: Path
) -> None:
    study = open_study(tmp_path / "out", tiny_plan(epochs=1), open_dataset(hearts))
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


def test_more_losses_and_seeds_may_be_added_and_other_settings_not(
    tiny_plan: Plans, hearts: Path, tmp_path: Path
) -> None:
    out, dataset = tmp_path / "out", open_dataset(hearts)
    open_study(out, tiny_plan(), dataset)
    grown = open_study(out, tiny_plan((*LOSSES, "boundary"), seeds=2), dataset)
    assert len(grown.parts) == 6
    assert read_study(out).plan == grown.plan
    with pytest.raises(InputError, match=r"batch_size was 2 and would be 3\."):
        open_study(out, tiny_plan(batch_size=3), dataset)
    with pytest.raises(InputError, match="folds was left out and would be 3"):
        open_study(out, tiny_plan(folds=3), dataset)
    with pytest.raises(InputError, match=r"dice: learning_rate was 0.01 and would be 0.5"):
        own = tiny_plan().model_dump(exclude_unset=True, by_alias=True)
        changed = {"compare": [{"loss": "dice", "settings": {"learning_rate": 0.5}}]}
        open_study(out, make_plan(own | changed), dataset)


def test_what_a_study_holds_stays_when_less_is_asked_for(
    tiny_plan: Plans, hearts: Path, tmp_path: Path
) -> None:
    out, dataset = tmp_path / "out", open_dataset(hearts)
    open_study(out, tiny_plan(), dataset)
    again = open_study(out, tiny_plan(("modified-boundary", "boundary")), dataset)
    assert again.plan.titles == (*LOSSES, "boundary")


def test_no_candidate_loses_seeds_when_others_are_asked_for(
    tiny_plan: Plans, hearts: Path, tmp_path: Path
) -> None:
    out, dataset = tmp_path / "out", open_dataset(hearts)
    open_study(out, tiny_plan(seeds=3), dataset)
    more = open_study(out, tiny_plan(("dice", "boundary")), dataset).plan
    assert [more.seeds_of(title) for title in more.titles] == [3, 3, 1]
    most = open_study(out, tiny_plan(("boundary",), seeds=4), dataset).plan
    assert [most.seeds_of(title) for title in most.titles] == [3, 3, 4]
    assert read_study(out).plan == most


def test_a_part_that_was_gone_on_with_by_itself_is_no_part_of_the_comparison(
    trained: Study, tiny_plan: Plans, hearts: Path, tmp_path: Path
) -> None:
    dataset, out = open_dataset(hearts), tmp_path / "out"
    shutil.copytree(trained.path, out)
    open_study(out, tiny_plan(), dataset)
    config = out / "parts" / "dice_seed0" / "config.toml"
    config.write_text(config.read_text().replace("\nepochs = 3", "\nepochs = 9"))
    with pytest.raises(InputError, match=r"dice_seed0' was .*: epochs was 9 and would be 3\. Rem"):
        open_study(out, tiny_plan(), dataset)


def test_labels_that_are_repainted_are_noticed_though_their_files_keep_their_size(
    tiny_plan: Plans, hearts: Path, tmp_path: Path
) -> None:
    shutil.copytree(hearts, tmp_path / "hearts")
    dataset, out = open_dataset(tmp_path / "hearts"), tmp_path / "out"
    open_study(out, tiny_plan(), dataset)
    before = (out / "study.json").read_text()
    labels = next(case.labels for case in dataset.cases if case.labels)
    labels.write_bytes(bytes(labels.stat().st_size))
    changed = open_dataset(tmp_path / "hearts")
    assert changed.fingerprint == dataset.fingerprint
    with pytest.raises(InputError, match=r"Labels of 'hearts' have changed since .* --out\."):
        open_study(out, tiny_plan(), changed)
    # One of an earlier version does not tell what was in its labels.
    told = json.loads(before)
    del told["dataset"]["labels"]
    (out / "study.json").write_text(json.dumps(told))
    assert open_study(out, tiny_plan(), changed).plan == tiny_plan()


def test_two_that_open_a_study_at_once_both_get_what_they_ask_for(
    tiny_plan: Plans, hearts: Path, tmp_path: Path
) -> None:
    out, dataset = tmp_path / "out", open_dataset(hearts)
    open_study(out, tiny_plan(), dataset)
    opened = threading.Thread(target=open_study, args=(out, tiny_plan(("boundary",)), dataset))
    with FileLock(out / LOCK):
        known = read_study_file(out / "study.json")["dataset"]
        opened.start()
        opened.join(0.5)
        assert opened.is_alive()
        write_study_file(out / "study.json", known, tiny_plan((*LOSSES, "cross-entropy")))
    opened.join()
    assert read_study(out).plan.titles == (*LOSSES, "cross-entropy", "boundary")


def test_a_study_that_another_process_is_about_to_write_is_no_other_thing(
    tiny_plan: Plans, hearts: Path, tmp_path: Path
) -> None:
    for name in (LOCK, ".12-study.json"):
        (tmp_path / name).touch()
    assert len(open_study(tmp_path, tiny_plan(), open_dataset(hearts)).parts) == 2


def test_a_study_goes_on_with_its_own_dataset_alone(
    tiny_plan: Plans, hearts: Path, tmp_path: Path
) -> None:
    open_study(tmp_path / "out", tiny_plan(), open_dataset(hearts))
    write_heart_dataset(tmp_path / "hearts", patients=4, shape=(4, 48, 48), seed=2)
    with pytest.raises(InputError, match="made on another dataset"):
        open_study(tmp_path / "out", tiny_plan(), open_dataset(tmp_path / "hearts"))


def test_what_cannot_be_split_is_told_before_anything_is_written(
    tiny_plan: Plans, hearts: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="cannot be parted into 50 folds"):
        open_study(tmp_path / "out", tiny_plan(folds=50), open_dataset(hearts))
    assert not (tmp_path / "out").exists()


def test_runs_of_other_classes_are_compared_by_all_classes_as_one(tmp_path: Path) -> None:
    write_spine_dataset(tmp_path / "spines", patients=5, shape=(1, 96, 48), seed=1)
    settings = {"base_channels": 2, "levels": 3, "epochs": 1, "precision": "32-true"}
    candidates = [
        {"loss": "dice"},
        {"name": "each", "loss": "dice", "settings": {"landmarks": "each"}},
    ]
    dataset = open_dataset(tmp_path / "spines")
    plan = make_plan({"settings": settings, "compare": candidates})
    study = open_study(tmp_path / "out", plan, dataset)
    list(run_study(dataset, study))
    results = read_results(study)
    assert results.as_one
    for result, row in zip(results.parts, table_of(results), strict=True):
        (test,) = results.by_class(result, "test").values()
        assert row.values["test Dice"][0] == test["dice"]
        assert {s["class"] for s in results.test_scores(result)} <= {TOGETHER, "vertebra"}
        cases = [s["case"] for s in results.test_scores(result)]
        assert sorted(cases) == sorted(result.split.test)


def test_a_part_that_cannot_be_trained_is_named(
    tiny_plan: Plans, hearts: Path, tmp_path: Path
) -> None:
    dataset = open_dataset(hearts)
    study = open_study(tmp_path / "out", tiny_plan(precision="16-mixed"), dataset)
    with pytest.raises(InputError, match=r"dice, seed 0: The device .cpu. cannot compute"):
        list(run_study(dataset, study))


def test_a_folder_of_other_things_is_not_touched(
    tiny_plan: Plans, hearts: Path, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match="no comparison"):
        open_study(tmp_path, tiny_plan(), open_dataset(hearts))
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]
