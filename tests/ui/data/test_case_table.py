"""The table of cases: the chosen row and the case in view are one; sorted, searched, marked."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QEvent, QPoint, Qt
from qtpy.QtGui import QShortcut
from qtpy.QtWidgets import QApplication, QWidget
from shiboken6 import delete

from segstudio.data.datasets import open_dataset
from segstudio.data.doctor import Diagnosis, Finding
from segstudio.data.headers import CaseHeader
from segstudio.learn.run_cases import RunCases
from segstudio.session import Session
from segstudio.session.messages import Check
from segstudio.ui.data.case_model import (
    CLASSES,
    DICE,
    LABELLED,
    NAME,
    NEXT,
    PATIENT,
    PROBLEM,
    SIDE,
    SIZE,
    SPACING,
    STATE,
    TITLES,
)
from segstudio.ui.data.case_reader import CaseReader
from segstudio.ui.data.case_table import CaseTable
from segstudio.ui.data.header_reader import HeaderReader

UP, DOWN = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder


@pytest.fixture
def session(qtbot: QtBot, runs: Path) -> Iterator[Session]:
    """A session whose wishes are read beside the test."""
    made = Session()
    reader, headers = CaseReader(made), HeaderReader(made)
    yield made
    reader.close()
    headers.close()
    qtbot.wait(10)


@pytest.fixture
def table(qtbot: QtBot, session: Session) -> CaseTable:
    """A table of that session's cases."""
    made = CaseTable(session)
    qtbot.addWidget(made)
    made.resize(700, 400)
    made.show()
    return made


def cells(table: CaseTable, column: int, role: int = Qt.ItemDataRole.DisplayRole) -> list:
    rows = range(table.proxy.rowCount())
    return [table.proxy.data(table.proxy.index(row, column), role) for row in rows]


def sort(table: CaseTable, column: int, order: Qt.SortOrder = UP) -> list[str]:
    table.view.sortByColumn(column, order)
    return table.names()


def wait_until_shown(qtbot: QtBot, session: Session, name: str) -> None:
    def is_shown() -> bool:
        opened = session.open_case
        return not session.reading and opened is not None and opened.case.name == name

    qtbot.waitUntil(is_shown, timeout=30_000)


def wait_for_headers(qtbot: QtBot, session: Session) -> None:
    cases = session.dataset.cases
    qtbot.waitUntil(lambda: len(session.facts.headers) == len(cases), timeout=30_000)


def test_a_row_that_is_clicked_is_opened(qtbot, session, table, hearts) -> None:
    session.open(hearts)
    name = table.names()[2]
    place = table.view.visualRect(table.proxy.index(2, NAME)).center()
    qtbot.mouseClick(table.view.viewport(), Qt.MouseButton.LeftButton, pos=place)

    wait_until_shown(qtbot, session, name)


def test_a_double_click_opens_a_case_once(qtbot, session, table, hearts) -> None:
    session.open(hearts)
    asked = []
    session.reading_asked.connect(lambda wish: asked.append(wish.case.name))
    place = table.view.visualRect(table.proxy.index(3, NAME)).center()
    for click in (qtbot.mouseClick, qtbot.mouseDClick):
        click(table.view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place))
    wait_until_shown(qtbot, session, table.names()[3])

    assert asked == [table.names()[3]]


def test_the_case_in_view_is_the_chosen_row_whoever_opened_it(session, table, hearts) -> None:
    session.open(hearts)
    assert table.chosen() == session.dataset.cases[0].name
    session.show_case(session.dataset.cases[5].name)

    assert table.chosen() == session.dataset.cases[5].name


def test_next_and_previous_follow_the_order_and_the_filter(qtbot, session, table, hearts) -> None:
    session.open(hearts)
    table.filter.setText("frame12")
    sort(table, NAME, DOWN)
    names = table.names()
    session.show_case(names[0])
    assert not table.previous.isEnabled()
    qtbot.mouseClick(table.next, Qt.MouseButton.LeftButton)
    wait_until_shown(qtbot, session, names[1])
    qtbot.mouseClick(table.previous, Qt.MouseButton.LeftButton)
    wait_until_shown(qtbot, session, names[0])
    session.show_case(names[-1])

    assert not table.next.isEnabled()
    assert table.previous.isEnabled()


def test_the_keys_work_from_another_widget_of_the_window(qtbot, session, hearts) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    table = CaseTable(session)
    table.setParent(window)
    other = QWidget(window)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    session.open(hearts)
    table.hide()
    qtbot.keyClick(other, Qt.Key.Key_PageDown, Qt.KeyboardModifier.ControlModifier)
    wait_until_shown(qtbot, session, table.names()[1])
    qtbot.keyClick(other, Qt.Key.Key_PageUp, Qt.KeyboardModifier.ControlModifier)
    wait_until_shown(qtbot, session, table.names()[0])

    assert "Ctrl+Page Down" in table.next.toolTip()
    assert "Ctrl+Page Up" in table.previous.toolTip()


def test_a_table_that_is_gone_leaves_the_keys_to_the_next(qtbot, session) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    for _ in range(2):
        table = CaseTable(session)
        table.setParent(window)
        window.show()
        table.show()
        keys = [each.key().toString() for each in window.findChildren(QShortcut)]
        delete(table)
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    assert sorted(keys) == ["Ctrl+PgDown", "Ctrl+PgUp"]


def test_names_are_sorted_by_their_numbers(session, table, hearts) -> None:
    dataset = open_dataset(hearts)
    named = (replace(c, name=n) for c, n in zip(dataset.cases, ("b", "a10", "a2"), strict=False))
    session.list_cases(replace(dataset, cases=tuple(named)))

    assert table.names() == ["b", "a10", "a2"]
    assert sort(table, NAME) == ["a2", "a10", "b"]
    assert sort(table, NAME, DOWN) == ["b", "a10", "a2"]
    assert sort(table, -1) == ["b", "a10", "a2"]


@pytest.mark.parametrize("order", [UP, DOWN])
def test_what_is_not_known_is_last_either_way(session, table, hearts, order) -> None:
    session.list_cases(open_dataset(hearts))
    names = table.names()
    dice = {names[1]: 0.4, names[3]: 0.9, names[5]: 0.6}
    session.facts.note_run(RunCases(hearts, {}, dice))
    scored = [names[1], names[5], names[3]]

    assert sort(table, DICE, order)[:3] == (scored if order == UP else scored[::-1])


def test_sizes_are_sorted_by_voxels_and_not_by_their_letters(session, table, hearts) -> None:
    session.list_cases(open_dataset(hearts))
    a, b, *_ = table.names()
    large = CaseHeader((10, 9, 9), (9.0, 1.0, 1.0), "mm")
    small = CaseHeader((9, 9, 9), (10.0, 1.0, 1.0), "mm")
    session.facts.note_headers({a: large, b: small})

    assert sort(table, SIZE)[:2] == [b, a]
    assert sort(table, SPACING)[:2] == [a, b]


def test_sorting_and_searching_leave_the_case_in_view_as_it_is(session, table, hearts) -> None:
    session.open(hearts)
    asked = []
    session.reading_asked.connect(asked.append)
    name = session.open_case.case.name
    for column in range(len(TITLES)):
        sort(table, column, DOWN)
    assert table.chosen() == name
    table.filter.setText("patient004")
    assert table.chosen() == ""
    table.filter.setText("")

    assert table.chosen() == name
    assert asked == []


def test_the_chosen_case_stays_in_sight_when_rows_move(session, table, hearts) -> None:
    table.resize(700, 180)
    session.open(hearts)
    sort(table, NAME, DOWN)
    place = table.view.visualRect(table.view.currentIndex())

    assert table.view.viewport().rect().contains(place.center())


def test_every_word_looked_for_is_to_be_in_the_row(session, table, hearts) -> None:
    session.list_cases(open_dataset(hearts))
    table.filter.setText("FRAME12 patient00")
    assert all("frame12" in name for name in table.names())
    assert table.count.text() == "4 of 8"
    table.filter.setText("frame12 nobody")
    assert table.names() == []
    table.filter.setText("")

    assert len(table.names()) == 8
    assert table.count.text() == ""


def test_cases_are_found_by_their_state(session, table, hearts) -> None:
    dataset = open_dataset(hearts)
    first, second, *rest = dataset.cases
    session.list_cases(replace(dataset, cases=(replace(first, labels=None), second, *rest)))
    session.facts.note_headers({second.name: CaseHeader(problem="It is cut.")})

    found = {}
    for word in ("unlabelled", "labelled", "problem", "unsaved"):
        table.filter.setText(word)
        found[word] = table.names()
    assert found["unlabelled"] == [first.name]
    assert len(found["labelled"]) == 7
    assert found["problem"] == [second.name]
    assert found["unsaved"] == []


def test_headers_fill_size_and_spacing_before_a_case_is_opened(
    qtbot, session, table, hearts
) -> None:
    session.list_cases(open_dataset(hearts))
    assert set(cells(table, SIZE)) == {""}
    wait_for_headers(qtbot, session)

    assert set(cells(table, SIZE)) == {"4 × 48 × 48"}
    assert all(text.endswith(" mm") for text in cells(table, SPACING))
    assert session.open_case is None


def test_a_file_that_is_cut_has_a_badge_that_says_so(qtbot, session, table, tmp_path, hearts):
    content = open_dataset(hearts).cases[0].image.read_bytes()
    (tmp_path / "a.nii.gz").write_bytes(content)
    (tmp_path / "b.nii.gz").write_bytes(content[:300])
    session.list_cases(open_dataset(tmp_path))
    wait_for_headers(qtbot, session)

    icons = cells(table, PROBLEM, Qt.ItemDataRole.DecorationRole)
    assert icons[0] is None
    assert not icons[1].isNull()
    assert "b.nii.gz" in cells(table, PROBLEM, Qt.ItemDataRole.ToolTipRole)[1]
    assert cells(table, PROBLEM, Qt.ItemDataRole.AccessibleTextRole) == ["", "Broken"]
    assert sort(table, PROBLEM) == ["b", "a"]


def test_findings_of_a_check_are_badges(session, table, hearts) -> None:
    session.open(hearts)
    dataset = session.dataset
    found = Finding("warning", dataset.cases[4].name, "It is odd.")
    session.note_check(Check(dataset, "done", 8, Diagnosis(dataset, (), (found,), (), ())))
    tips = cells(table, PROBLEM, Qt.ItemDataRole.ToolTipRole)

    assert [row for row, tip in enumerate(tips) if tip] == [4]
    assert "It is odd." in tips[4]


def test_classes_are_named_once_a_case_was_opened(session, table, hearts) -> None:
    session.open(hearts)
    first, *others = cells(table, CLASSES)

    assert first == "right ventricle, myocardium, left ventricle"
    assert set(others) == {""}


def test_the_newest_run_fills_side_and_dice(qtbot, session, table, hearts, runs) -> None:
    names = [case.name for case in open_dataset(hearts).cases]
    sides = {"train": names[:4], "validation": names[4:6], "test": names[6:]}
    (runs / "run").mkdir(parents=True)
    (runs / "run" / "config.toml").write_text('[dataset]\nname = "hearts"\n')
    (runs / "run" / "split.json").write_text(json.dumps(sides))
    (runs / "run" / "scores.csv").write_text(f"case,dice\n{names[7]},0.75\n")
    session.list_cases(open_dataset(hearts))
    qtbot.waitUntil(lambda: session.facts.run is not None, timeout=30_000)

    assert cells(table, SIDE) == ["train"] * 4 + ["validation"] * 2 + ["test"] * 2
    assert cells(table, DICE) == [""] * 7 + ["0.750"]
    assert "run" in cells(table, DICE, Qt.ItemDataRole.ToolTipRole)[7]


def test_a_run_that_is_chosen_comes_before_the_newest(qtbot, session, table, hearts, runs) -> None:
    session.open(hearts)
    run = runs.parent / "mine"
    run.mkdir()
    (run / "config.toml").write_text("")
    name = table.names()[3]
    (run / "split.json").write_text(json.dumps({"train": [], "validation": [], "test": [name]}))
    session.choose_run(run)

    assert cells(table, SIDE)[3] == "test"


def test_columns_that_tell_nothing_are_hidden(session, table, tmp_path, hearts) -> None:
    content = open_dataset(hearts).cases[0].image.read_bytes()
    (tmp_path / "a.nii.gz").write_bytes(content)
    session.open(tmp_path)
    hidden = {column for column in range(len(TITLES)) if table.view.isColumnHidden(column)}

    assert hidden == {NEXT, STATE, DICE, SIDE, PATIENT}


def test_painting_that_is_not_saved_marks_its_case(session, table, hearts) -> None:
    session.open(hearts)
    session.labels[0, 0, 0] = 1
    session.note_painting()
    first, second, *_ = cells(table, NAME)
    assert first.startswith("✎ ")
    assert not second.startswith("✎")
    session.show_case(session.dataset.cases[1].name)
    assert cells(table, NAME)[0].startswith("✎ ")
    assert "not saved" in cells(table, NAME, Qt.ItemDataRole.ToolTipRole)[0]
    table.filter.setText("unsaved")

    assert table.names() == [session.dataset.cases[0].name]


def test_labels_that_are_saved_take_the_mark_away_and_make_the_case_labelled(
    session, table, hearts, tmp_path
) -> None:
    (tmp_path / "a.nii.gz").write_bytes(open_dataset(hearts).cases[0].image.read_bytes())
    session.open(tmp_path)
    session.new_labels()
    session.labels[0, 0, 0] = 1
    session.note_painting()
    assert cells(table, LABELLED) == ["○"]
    session.save_labels(tmp_path / "a_gt.nii.gz")

    assert cells(table, NAME) == ["a"]
    assert cells(table, LABELLED) == ["●"]
    assert table.chosen() == "a"


def test_a_case_that_leaves_the_filter_does_not_open_another(
    session, table, hearts, tmp_path
) -> None:
    for name in ("a", "b"):
        image = open_dataset(hearts).cases[0].image
        (tmp_path / f"{name}.nii.gz").write_bytes(image.read_bytes())
    session.open(tmp_path)
    table.filter.setText("unlabelled")
    session.new_labels()
    session.save_labels(tmp_path / "a_gt.nii.gz")

    assert table.names() == ["b"]
    assert session.open_case.case.name == "a"
    assert table.chosen() == ""


def test_every_title_and_control_says_what_it_is_for(table) -> None:
    way, tip = Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole
    tips = [table.model.headerData(column, way, tip) for column in range(len(TITLES))]
    widgets = (table.filter, table.count, table.previous, table.next, table.view)

    assert all(tips)
    assert all(widget.toolTip() for widget in widgets)
