"""Headers are read beside the window: of the open dataset, once, and until it is closed."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from segstudio.data.datasets import Dataset, open_dataset
from segstudio.data.headers import read_header
from segstudio.session import Session
from segstudio.ui.data import header_thread
from segstudio.ui.data.header_reader import HeaderReader


class Reads:
    """Counts the headers that are read, and lets only so many be read as a test wants."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        monkeypatch.setattr(header_thread, "read_header", self.read)

    def read(self, case):
        assert self.gate.wait(30)
        self.names.append(case.name)
        return read_header(case)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    return Reads(monkeypatch)


@pytest.fixture
def session(runs: Path) -> Session:
    return Session()


@pytest.fixture
def reader(qtbot: QtBot, session: Session, reads: Reads) -> Iterator[HeaderReader]:
    made = HeaderReader(session)
    yield made
    reads.gate.set()
    made.close()
    qtbot.wait(10)


@pytest.fixture
def dataset(hearts: Path) -> Dataset:
    return open_dataset(hearts)


def wait(qtbot: QtBot, reader: HeaderReader) -> None:
    qtbot.waitUntil(lambda: reader._thread is None, timeout=30_000)


def test_many_headers_are_told_in_few_batches(qtbot, session, reader, reads, dataset) -> None:
    cases = [replace(c, name=f"{c.name}_{k}") for k in range(20) for c in dataset.cases]
    told = []
    session.facts.changed.connect(lambda names: told.append(len(names)))
    session.list_cases(replace(dataset, cases=tuple(cases)))
    wait(qtbot, reader)

    assert len(session.facts.headers) == sum(told) == 160
    assert len(told) < 40


def test_another_dataset_stops_the_headers_of_the_one_before(
    qtbot, session, reader, reads, dataset
) -> None:
    reads.gate.clear()
    session.list_cases(dataset)
    other = replace(dataset, cases=(replace(dataset.cases[0], name="other"),))
    session.list_cases(other)
    reads.gate.set()
    qtbot.waitUntil(lambda: "other" in session.facts.headers, timeout=30_000)
    wait(qtbot, reader)

    assert set(session.facts.headers) == {"other"}
    assert len(reads.names) <= 2


def test_after_labels_were_saved_only_their_case_is_read_again(
    qtbot, session, reader, reads, dataset, tmp_path
) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.nii.gz").write_bytes(dataset.cases[0].image.read_bytes())
    session.open(tmp_path)
    wait(qtbot, reader)
    session.new_labels()
    session.save_labels(tmp_path / "a_gt.nii.gz")
    wait(qtbot, reader)

    assert reads.names == ["a", "b", "a"]


def test_closing_stops_after_the_case_that_is_looked_at(session, reader, reads, dataset) -> None:
    reads.gate.clear()
    session.list_cases(dataset)
    thread = reader._thread
    threading.Timer(0.2, reads.gate.set).start()
    reader.close()

    assert thread.isFinished()
    assert len(reads.names) <= 1


def test_a_run_on_another_dataset_says_nothing_of_the_one_that_is_open(
    qtbot, session, reader, dataset, finished_run, tmp_path
) -> None:
    (tmp_path / "a.nii.gz").write_bytes(dataset.cases[0].image.read_bytes())
    session.list_cases(dataset)
    session.start_training(finished_run[0])
    session.open(tmp_path)
    wait(qtbot, reader)
    session.end_training()

    assert session.facts.run is None


def test_a_run_chosen_for_another_dataset_leaves_the_newest_of_the_one_that_is_open(
    qtbot, session, reader, dataset, finished_run, runs, tmp_path
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.nii.gz").write_bytes(dataset.cases[0].image.read_bytes())
    (runs / "own").mkdir(parents=True)
    (runs / "own" / "config.toml").write_text('[dataset]\nname = "other"\n')
    sides = {"train": ["a"], "validation": [], "test": []}
    (runs / "own" / "split.json").write_text(json.dumps(sides))
    found = []
    session.list_cases(dataset)
    session.choose_run(finished_run[0])
    for opened in (open_dataset(tmp_path / "other"), dataset):
        session.list_cases(opened)
        qtbot.waitUntil(lambda: session.facts.run is not None, timeout=30_000)
        wait(qtbot, reader)
        found.append(session.facts.run.run)

    assert found == [runs / "own", finished_run[0]]


def test_a_newest_run_that_is_damaged_leaves_the_headers_to_be_read(
    qtbot, session, reader, reads, dataset, runs
) -> None:
    (runs / "run").mkdir(parents=True)
    (runs / "run" / "config.toml").write_text('[dataset]\nname = "hearts"\n')
    (runs / "run" / "split.json").write_text("{")
    session.list_cases(dataset)
    wait(qtbot, reader)

    assert session.facts.run is None
    assert len(session.facts.headers) == 8
