"""Two processes that train together, beside one that does it alone."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from segstudio.learn.config import make_config
from segstudio.learn.events import StepDone
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.training import train

RANK = Path(__file__).with_name("rank.py")
SAME = {
    "precision": "32-true",
    "base_channels": 4,
    "levels": 3,
    "norm": "instance",
    "clip_gradients": 1e6,
    "learning_rate": 1e-3,
    "split": "two-way",
}
# A loss of each sample for itself, and two with sums over the whole batch.
LOSSES = {
    "sample": "modified-boundary",
    "class": "modified-boundary(reduction=class)",
    "dice": "dice",
}
STOPPED = {**SAME, "loss": "dice", "epochs": 2, "batch_size": 4}
ORDERS: dict[str, dict[str, Any]] = {
    **{
        name: {"settings": {**SAME, "loss": loss, "epochs": 2, "batch_size": 3}}
        for name, loss in LOSSES.items()
    },
    "stopped": {"settings": STOPPED, "rank_that_stops": 1, "stop_at": 2},
    "early": {
        "settings": {**STOPPED, "epochs": 50, "early_stop": 1, "learning_rate": 1e-9},
    },
    # Batch normalisation, and one validation case for two ranks.
    "few": {"settings": {**STOPPED, "norm": "batch"}, "one_frame": True},
    "clock": {"settings": {**STOPPED, "epochs": 500, "max_seconds": 0.01}},
    "poison": {"settings": {**STOPPED, "epochs": 1}, "poison": True},
    "guard": {
        "settings": {**STOPPED, "loss": "cross-entropy", "epochs": 5, "learning_rate": 1e30},
    },
}


@pytest.fixture(scope="module")
def home(hearts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the runs that two ranks made, one pair of processes for all."""
    home = tmp_path_factory.mktemp("ranks")
    frames = shutil.copytree(hearts, home / "frames")
    for path in frames.rglob("*_frame1[0-9]*"):
        path.unlink()
    named = [
        {**o, "data": str(frames if o.get("one_frame") else hearts), "run": str(home / n)}
        for n, o in ORDERS.items()
    ]
    again = {"settings": STOPPED, "data": str(hearts), "run": str(home / "stopped")}
    (home / "orders.json").write_text(json.dumps([*named, {**again, "resume": True}]))
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    command += ["--standalone", str(RANK), str(home / "orders.json")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return home


def told(home: Path, run: str, *, resumed: bool = False) -> list[list]:
    """Return what each of the two ranks was told."""
    return [json.loads((home / f"{run}-{resumed}.{rank}").read_text()) for rank in range(2)]


def losses(rows: list) -> list[float]:
    return [row[3] for row in rows if row[0] == "StepDone"]


@pytest.mark.parametrize("run", LOSSES)
def test_two_ranks_train_as_one_with_twice_the_batch(
    run: str, home: Path, hearts: Path, tmp_path: Path
) -> None:
    settings = {**ORDERS[run]["settings"], "batch_size": 6}
    alone = list(train(hearts, make_config(**settings), tmp_path / "alone"))
    first, second = told(home, run)

    expected = [e.loss for e in alone if isinstance(e, StepDone)]
    assert losses(first) == pytest.approx(expected, abs=1e-4)
    assert losses(second) == losses(first)
    assert max(expected) - min(expected) > 0.005  # it has learned something to differ in
    scores = [RunFolder(path).read_summary() for path in (home / run, tmp_path / "alone")]
    means = [summary["train"]["mean_dice"] for summary in scores]
    assert means[0] == pytest.approx(means[1], abs=1e-2)


def test_one_rank_writes(home: Path) -> None:
    logged = [e["event"] for e in RunFolder(home / "dice").events()]
    assert logged == [row[0] for row in told(home, "dice")[0]]
    assert logged[-1] == "Finished"


def test_a_stop_wished_on_one_rank_ends_all_and_the_run_resumes(home: Path) -> None:
    first, again = told(home, "stopped"), told(home, "stopped", resumed=True)
    assert all(rows[-1][:5] == ["Stopped", 1, 2, None, "the user stopped it"] for rows in first)
    assert all(rows[-1][0] == "Finished" for rows in again)
    steps = [tuple(row[1:3]) for row in [*first[0], *again[0]] if row[0] == "StepDone"]
    assert steps == sorted(set(steps))


def test_early_stopping_ends_all_ranks_together(home: Path) -> None:
    first, second = told(home, "early")
    assert [row[:3] for row in first] == [row[:3] for row in second]
    assert first[-1][0] == "Finished"
    assert max(row[1] for row in first if row[0] == "EpochDone") < 10


def test_a_guard_ends_all_ranks_together(home: Path) -> None:
    for rows in told(home, "guard"):
        assert sum(row[4] == "non-finite" for row in rows) == 3
        assert rows[-1][0] in ("Stopped", "Finished")


def test_fewer_validation_cases_than_ranks_hold_nobody_up(home: Path) -> None:
    first, second = told(home, "few")
    assert len(RunFolder(home / "few").read_split().validation) == 1
    assert [row[:3] for row in first] == [row[:3] for row in second]
    assert first[-1][0] == "Finished"


def test_a_time_limit_ends_all_ranks_together(home: Path) -> None:
    for rows in told(home, "clock"):
        assert [row[1] for row in rows if row[0] == "EpochDone"] == [1]
        assert rows[-1][0] == "Finished"


def test_the_rank_that_holds_a_poisoned_case_speaks_for_all(home: Path) -> None:
    name = RunFolder(home / "poison").read_split().train[1]
    for rows in told(home, "poison"):
        texts = [row[5] for row in rows if row[4] == "non-finite"]
        assert texts
        assert all(f"The image of '{name}' holds values that are no numbers" in t for t in texts)
