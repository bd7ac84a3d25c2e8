"""The next case is read ahead, once, and only what its files hold now is shown."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from segstudio.core.labels import ClassTable
from segstudio.data.datasets import open_dataset
from segstudio.data.formats import write_labels
from segstudio.session import Session
from segstudio.session.drafting import DraftRequest
from segstudio.session.open_case import read_case
from segstudio.ui.data import ahead_thread, reading_thread
from segstudio.ui.data.ahead_thread import AheadThread
from segstudio.ui.data.case_reader import CaseReader
from segstudio.ui.data.reading_thread import ReadingThread


class Reads:
    """Counts what is read from disk, and holds the reading ahead back where a test wants that."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: list[str] = []
        self.gate = threading.Event()
        self.gate.set()

        def read_ahead(dataset, case):
            assert self.gate.wait(30)
            return self.read(dataset, case)

        monkeypatch.setattr(reading_thread, "read_case", self.read)
        monkeypatch.setattr(ahead_thread, "read_case", read_ahead)

    def read(self, dataset, case):
        self.names.append(case.name)
        return read_case(dataset, case)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    return Reads(monkeypatch)


@pytest.fixture
def session(hearts: Path, tmp_path: Path) -> Session:
    """A session with four cases of its own."""
    for case in open_dataset(hearts).cases[:4]:
        folder = tmp_path / case.patient
        folder.mkdir(exist_ok=True)
        for path in (case.image, case.labels):
            (folder / path.name).write_bytes(path.read_bytes())
    made = Session()
    made.open(tmp_path)
    return made


@pytest.fixture
def reader(qtbot: QtBot, session: Session, reads: Reads) -> Iterator[CaseReader]:
    """What reads for that session; it leaves no thread."""
    made = CaseReader(session)
    yield made
    made.close()
    qtbot.wait(10)


def wait(qtbot: QtBot, reader: CaseReader) -> None:
    def is_idle() -> bool:
        return reader._reading is None and reader._looking is None and reader._wish is None

    qtbot.waitUntil(is_idle, timeout=30_000)


def names(session: Session) -> list[str]:
    return [case.name for case in session.dataset.cases]


def test_a_case_read_ahead_is_shown_at_once_and_not_read_again(
    qtbot, session, reader, reads
) -> None:
    second = names(session)[1]
    session.ask_ahead(second)
    wait(qtbot, reader)
    session.ask_case(second)

    assert session.open_case.case.name == second
    assert session.reading == ""
    assert reads.names == [second]


def test_a_case_that_is_being_read_ahead_is_waited_for(qtbot, session, reader, reads) -> None:
    second = names(session)[1]
    reads.gate.clear()
    session.ask_ahead(second)
    session.ask_case(second)
    assert session.reading == f"Reading {second} …"
    reads.gate.set()
    wait(qtbot, reader)

    assert session.open_case.case.name == second
    assert session.reading == ""
    assert reads.names == [second]


def test_another_case_does_not_wait_for_the_one_read_ahead(qtbot, session, reader, reads) -> None:
    _, second, third, _ = names(session)
    reads.gate.clear()
    session.ask_ahead(second)
    session.ask_case(second)
    session.ask_case(third)
    qtbot.waitUntil(lambda: session.open_case.case.name == third, timeout=30_000)
    reads.gate.set()
    wait(qtbot, reader)

    assert session.open_case.case.name == third


def test_one_case_is_kept_ahead_and_no_more(qtbot, session, reader, reads) -> None:
    _, second, third, fourth = names(session)
    for name in (second, third, fourth):
        session.ask_ahead(name)
    wait(qtbot, reader)

    assert reads.names == [second, fourth]
    assert reader._ahead.opened.case.name == fourth


def test_a_case_that_was_shown_is_not_kept_beside_the_view(qtbot, session, reader, reads) -> None:
    second = names(session)[1]
    session.ask_ahead(second)
    wait(qtbot, reader)
    session.ask_case(second)

    assert reader._ahead is None


def test_files_that_were_written_meanwhile_are_read_anew(qtbot, session, reader, reads) -> None:
    second = session.dataset.cases[1]
    session.ask_ahead(second.name)
    wait(qtbot, reader)
    opened = read_case(session.dataset, second)
    labels = np.zeros_like(opened.truth)
    labels[0, 0, :3] = 1
    write_labels(second.labels, labels, opened.volume.grid, overwrite=True)
    session.ask_case(second.name)
    wait(qtbot, reader)

    assert reads.names == [second.name] * 2
    assert session.labels.sum() == 3


@pytest.mark.parametrize("is_ahead", [True, False])
def test_a_class_that_was_renamed_meanwhile_keeps_its_name_in_the_next_case(
    qtbot, session, reader, reads, is_ahead
) -> None:
    second, classes = names(session)[1], session.annotation.classes
    if is_ahead:
        session.ask_ahead(second)
        wait(qtbot, reader)
    else:
        session.ask_case(second)
    classes.rename(1, "RV")
    if is_ahead:
        session.ask_case(second)
    wait(qtbot, reader)

    assert session.open_case.case.name == second
    assert classes.name(1) == "RV"


def test_a_case_that_was_drafted_while_it_was_read_is_shown(
    qtbot, session, reader, reads, tmp_path
) -> None:
    second, classes = session.dataset.cases[1], session.dataset.classes
    session.ask_case(second.name)
    request = DraftRequest(tmp_path, (second,), tmp_path, classes or ClassTable.named({1: "a"}))
    session.note_drafted(request, second, tmp_path / "draft.nii.gz")
    wait(qtbot, reader)

    assert session.open_case.case.name == second.name
    assert session.open_case.case.draft == tmp_path / "draft.nii.gz"


def test_a_case_too_large_to_be_kept_is_not_read_ahead(
    qtbot, session, reader, reads, monkeypatch
) -> None:
    monkeypatch.setattr(ahead_thread, "MOST_AHEAD", 10)
    session.ask_ahead(names(session)[1])
    wait(qtbot, reader)

    assert reads.names == []
    assert reader._ahead is None


def test_another_dataset_forgets_what_was_read_ahead(qtbot, session, reader, reads, hearts) -> None:
    session.ask_ahead(names(session)[1])
    wait(qtbot, reader)
    session.open(hearts)

    assert reader._ahead is None


def test_a_case_that_cannot_be_read_is_told_when_it_is_asked_for(
    qtbot, session, reader, reads
) -> None:
    said = []
    session.said.connect(lambda message: said.append(message.text))
    second = session.dataset.cases[1]
    second.image.write_bytes(second.image.read_bytes()[:300])
    session.ask_ahead(second.name)
    wait(qtbot, reader)
    assert said == []
    session.ask_case(second.name)
    wait(qtbot, reader)

    assert second.image.name in said[-1]


def test_closing_waits_for_what_is_read_ahead(qtbot, session, reader, reads) -> None:
    reads.gate.clear()
    session.ask_ahead(names(session)[1])
    thread = reader._looking
    threading.Timer(0.2, reads.gate.set).start()
    reader.close()

    assert isinstance(thread, AheadThread)
    assert thread.isFinished()
    assert reader._ahead is None
    assert not isinstance(reader._reading, ReadingThread)


def test_labels_that_were_saved_while_their_case_was_read_are_read_again(
    session: Session, qtbot: QtBot
) -> None:
    reader = CaseReader(session)
    case = session.dataset.cases[1]
    before = read_case(session.dataset, case)
    saved = before.truth.copy()
    saved[0, :4] = 3
    write_labels(case.labels, saved, before.volume.grid, overwrite=True)
    reader._show_case(before)
    qtbot.waitUntil(lambda: session.open_case.case.name == case.name, timeout=30_000)
    qtbot.waitUntil(lambda: not session.reading, timeout=30_000)
    reader.close()
    assert np.array_equal(session.labels, saved)


def test_a_damaged_file_by_itself_is_told_of_and_leaves_what_is_open(
    qtbot, session, reader, tmp_path: Path
) -> None:
    opened, said = session.open_case, []
    session.said.connect(lambda message: said.append(message.text))
    damaged = tmp_path / "damaged.nii.gz"
    damaged.write_bytes(opened.case.image.read_bytes()[:900])
    session.ask_open(damaged)
    wait(qtbot, reader)
    assert "damaged.nii.gz" in said[0]
    assert session.open_case is opened

    session.ask_open(opened.case.image)
    wait(qtbot, reader)
    assert names(session) == [session.open_case.case.name]
    assert session.open_case.case.image == opened.case.image
