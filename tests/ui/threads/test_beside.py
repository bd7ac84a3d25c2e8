"""Functions called beside the window."""

import threading

import pytest
from pytestqt.qtbot import QtBot

from segstudio.core.errors import InputError
from segstudio.ui.threads.beside import Beside


@pytest.fixture
def beside(qtbot: QtBot) -> Beside:
    made = Beside()
    yield made
    made.close()


def test_a_call_is_made_in_another_thread_and_its_result_comes_in_this_one(
    beside: Beside, qtbot: QtBot
) -> None:
    threads = []
    beside.ask("a", threading.get_ident, lambda r: threads.extend((r, threading.get_ident())))
    qtbot.waitUntil(lambda: bool(threads))
    assert threads[0] != threads[1] == threading.get_ident()


def test_of_the_calls_that_wait_under_a_key_only_the_newest_is_made(
    beside: Beside, qtbot: QtBot
) -> None:
    gate, done = threading.Event(), []
    beside.ask("first", gate.wait, lambda _: done.append("first"))
    for n in range(5):
        beside.ask("slider", lambda n=n: n, done.append)
    beside.ask("other", lambda: "other", done.append)
    gate.set()
    qtbot.waitUntil(lambda: "other" in done)
    assert done == ["first", 4, "other"]


def test_a_call_that_fails_is_told_in_a_sentence_and_the_next_is_made(
    beside: Beside, qtbot: QtBot
) -> None:
    def fail() -> None:
        raise InputError("There is no such run.")

    told, done = [], []
    beside.failed.connect(told.append)
    beside.ask("a", fail, done.append)
    beside.ask("b", lambda: 1, done.append)
    qtbot.waitUntil(lambda: done == [1])
    assert told == ["There is no such run."]


def test_nothing_is_called_or_shown_after_closing(qtbot: QtBot) -> None:
    beside, gate, done = Beside(), threading.Event(), []
    beside.ask("a", gate.wait, done.append)
    beside.ask("b", lambda: 1, done.append)
    gate.set()
    beside.close()
    beside.ask("c", lambda: 2, done.append)
    qtbot.wait(50)
    assert done == []


def test_a_failure_is_told_to_who_asked_or_else_to_all(beside: Beside, qtbot: QtBot) -> None:
    def fail() -> None:
        raise InputError("No such file.")

    own, others = [], []
    beside.failed.connect(others.append)
    beside.ask("a", fail, own.append, own.append)
    qtbot.waitUntil(lambda: bool(own))
    assert (own, others) == (["No such file."], [])
    beside.ask("a", fail, own.append)
    qtbot.waitUntil(lambda: bool(others))
    assert (own, others) == (["No such file."], ["No such file."])
