"""The parts of a comparison in processes of their own."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch

from segstudio.compare.cluster import (
    STOP,
    STOPPED,
    PartAt,
    _stop,
    dask_client,
    run_on_cluster,
    train_part,
)
from segstudio.compare.plan import Plan
from segstudio.compare.study import PartEnded, PartStarted, Study, open_study
from segstudio.core.errors import InputError
from segstudio.data.datasets import open_dataset
from segstudio.learn.checkpoint import load_checkpoint

Plans = Callable[..., Plan]


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Two workers of their own processes."""
    with dask_client(None, 2) as two:
        yield two


def networks(study: Study) -> list[dict[str, torch.Tensor]]:
    return [load_checkpoint(study.run_of(part).last)["model"] for part in study.parts]


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[key], other[key]) for key in one)


def test_two_workers_come_to_the_networks_of_one_process(
    client: Any, trained: Study, tiny_plan: Plans, hearts: Path, tmp_path: Path
) -> None:
    study = open_study(tmp_path / "two", tiny_plan(seeds=2), open_dataset(hearts))
    workers = client.run(os.getpid)
    told = list(run_on_cluster(hearts, study, client))
    ended = [event for event in told if isinstance(event, PartEnded)]

    assert len({os.getpid(), *workers.values()}) == 3
    assert {event.part for event in ended} == set(study.parts)
    assert all(event.is_done for event in ended)
    assert all(0 < event.done <= 1 for event in told if isinstance(event, PartAt))
    for one, other in zip(networks(trained), networks(study), strict=True):
        assert same(one, other)
    for part in study.parts:
        tables = [(s.run_of(part).path / "scores.csv").read_text() for s in (trained, study)]
        assert tables[0] == tables[1]


def test_what_is_finished_is_not_given_to_a_worker(
    client: Any, trained: Study, hearts: Path
) -> None:
    told = list(run_on_cluster(hearts, trained, client))

    assert [type(event) for event in told] == [PartStarted] * 4
    assert {event.state for event in told} == {"was finished before"}


def test_parts_that_are_closed_stop_with_their_state_saved(
    client: Any, tiny_plan: Plans, hearts: Path, tmp_path: Path
) -> None:
    plan = tiny_plan(seeds=2, epochs=500)
    study = open_study(tmp_path / "out", plan, open_dataset(hearts))
    with closing(run_on_cluster(hearts, study, client)) as events:
        next(event for event in events if isinstance(event, PartAt))
    logs = [study.run_of(part).log for part in study.parts if study.run_of(part).log.exists()]
    sizes = [log.stat().st_size for log in logs]
    time.sleep(1)

    assert logs
    assert [log.stat().st_size for log in logs] == sizes
    assert all(study.run_of(part).last.exists() for part in study.parts[:2])
    assert not list(study.path.glob("stop*"))


def test_a_client_stops_what_it_began_and_nothing_of_others(
    client: Any, tiny_plan: Plans, hearts: Path, tmp_path: Path
) -> None:
    study = open_study(tmp_path / "out", tiny_plan(epochs=1), open_dataset(hearts))
    other = study.path / STOP.format(client="other")
    other.touch()
    told = list(run_on_cluster(hearts, study, client))

    assert [event.is_done for event in told if isinstance(event, PartEnded)] == [True, True]
    assert other.exists()
    again = open_study(tmp_path / "again", tiny_plan(epochs=1), open_dataset(hearts))
    (again.path / other.name).touch()
    name = again.parts[0].name
    assert train_part(str(hearts), str(again.path), name, "other") == (False, STOPPED)


def test_a_stop_stays_for_what_has_not_ended_in_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("segstudio.compare.cluster.LONGEST_STOP", 0)
    late: Any = Future()  # as Dask's, it says whether it is done
    _stop([late], tmp_path / "stop-a")
    assert (tmp_path / "stop-a").exists()
    late.set_result((False, STOPPED))
    _stop([late], tmp_path / "stop-a")
    assert not (tmp_path / "stop-a").exists()


def test_a_worker_trains_one_part_at_a_time(
    trained: Study, tiny_plan: Plans, hearts: Path, tmp_path: Path
) -> None:
    study = open_study(tmp_path / "out", tiny_plan(), open_dataset(hearts))
    threads = [
        threading.Thread(target=train_part, args=(str(hearts), str(study.path), part.name, "a"))
        for part in study.parts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for one, other in zip(networks(trained)[:2], networks(study), strict=True):
        assert same(one, other)


def test_a_mistake_of_a_worker_is_told_here(
    client: Any, tiny_plan: Plans, hearts: Path, tmp_path: Path
) -> None:
    study = open_study(tmp_path / "out", tiny_plan(), open_dataset(hearts))
    with pytest.raises(InputError, match="does not exist"):
        list(run_on_cluster(tmp_path / "nothing", study, client))


def test_an_address_where_nobody_answers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segstudio.compare.cluster.WAIT", 1)
    for address in ("tcp://127.0.0.1:9", "nonsense://x"):
        with (
            pytest.raises(InputError, match="No Dask scheduler answers"),
            dask_client(address, 1),
        ):
            pass


def test_a_cluster_is_found_by_the_address_of_its_scheduler(client: Any) -> None:
    with dask_client(client.scheduler.address, 1) as other:
        assert len(other.scheduler_info()["workers"]) == 2
