"""What of the maps is made beside the window, without one."""

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from segstudio.session import Session, map_view
from segstudio.session.messages import MapChoice
from segstudio.ui.distance import map_reader
from segstudio.ui.distance.map_reader import MapReader


def test_an_example_that_failed_by_accident_is_not_waited_for_any_more(
    qtbot: QtBot, hearts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_request: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(map_reader, "_example", fail)
    session, said = Session(), []
    session.said.connect(lambda message: said.append(message.text))
    reader = MapReader(session)
    session.open(hearts)
    session.ask_example()
    qtbot.waitUntil(lambda: bool(said), timeout=30_000)
    reader.close()

    assert session.loss_example.failure == said[0]


def test_a_map_that_failed_is_not_waited_for_any_more(
    qtbot: QtBot, hearts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_task: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(map_view, "AT_ONCE", 10)
    monkeypatch.setattr(map_view.MapTask, "measure", fail)
    session, said = Session(), []
    session.said.connect(lambda message: said.append(message.text))
    reader = MapReader(session)
    session.open(hearts)
    session.choose_map(MapChoice())
    assert session.map_view.is_measuring
    qtbot.waitUntil(lambda: bool(said), timeout=30_000)
    reader.close()

    assert not session.map_view.is_measuring
