"""The parts of a comparison in processes of their own."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from segstudio.compare.cluster import PartAt, dask_client, run_on_cluster
from segstudio.compare.plan import losses_alone, make_plan
from segstudio.compare.study import PartEnded, PartStarted, open_study, run_study
from segstudio.core.errors import InputError
from segstudio.data.datasets import open_dataset

TINY = {
    **{"base_channels": 2, "levels": 3, "epochs": 2},
    **{"precision": "32-true", "threads": 1, "batch_size": 2},
}
PLAN = make_plan(losses_alone(("dice", "modified-boundary")) | {"seeds": 2, "settings": TINY})


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Two workers of their own processes."""
    with dask_client(None, 2) as two:
        yield two


def test_two_workers_come_to_the_numbers_of_one_process(
    client: Any, hearts: Path, tmp_path: Path
) -> None:
    alone = open_study(tmp_path / "alone", PLAN)
    list(run_study(open_dataset(hearts), alone))
    study = open_study(tmp_path / "two", PLAN)
    workers = client.run(os.getpid)
    told = list(run_on_cluster(hearts, study, client))
    ended = [event for event in told if isinstance(event, PartEnded)]

    assert len({os.getpid(), *workers.values()}) == 3
    assert {event.part for event in ended} == set(study.parts)
    assert all(event.is_done for event in ended)
    assert all(0 < event.done <= 1 for event in told if isinstance(event, PartAt))
    for part in study.parts:
        tables = [s.run_of(part).path / "scores.csv" for s in (alone, study)]
        assert tables[0].read_text() == tables[1].read_text()


def test_what_is_finished_is_not_given_to_a_worker(
    client: Any, hearts: Path, tmp_path: Path
) -> None:
    plan = make_plan(losses_alone(["dice"]) | {"settings": TINY})
    study = open_study(tmp_path / "out", plan)
    list(run_study(open_dataset(hearts), study))
    told = list(run_on_cluster(hearts, study, client))

    assert [type(event) for event in told] == [PartStarted]
    assert told[0].state == "was finished before"


def test_a_mistake_of_a_worker_is_told_here(client: Any, tmp_path: Path) -> None:
    study = open_study(tmp_path / "out", PLAN)
    with pytest.raises(InputError, match="does not exist"):
        list(run_on_cluster(tmp_path / "nothing", study, client))


def test_an_address_where_nobody_answers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segstudio.compare.cluster.WAIT", 1)
    with (
        pytest.raises(InputError, match="No Dask scheduler answers"),
        dask_client("tcp://127.0.0.1:9", 1),
    ):
        pass
    with (
        pytest.raises(InputError, match="No Dask scheduler answers"),
        dask_client("nonsense://x", 1),
    ):
        pass


def test_a_cluster_is_found_by_the_address_of_its_scheduler(client: Any) -> None:
    with dask_client(client.scheduler.address, 1) as other:
        assert len(other.scheduler_info()["workers"]) == 2
