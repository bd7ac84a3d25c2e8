"""A table of numbers: its order, and what is copied of it."""

import math

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from segstudio.ui.widgets.sorted_table import Cell, Column, SortedTable, number

COLUMNS = (Column("Case", "Which."), Column("Dice", "How good."))


@pytest.fixture
def table(qtbot: QtBot) -> SortedTable:
    made = SortedTable("Scores.")
    qtbot.addWidget(made)
    rows = [("a", 0.5), ("b", math.nan), ("c", 0.25)]
    made.show_rows(COLUMNS, [[Cell(n, n, data=n.upper()), number(v)] for n, v in rows])
    return made


def test_rows_keep_their_order_until_a_title_is_clicked(table: SortedTable) -> None:
    assert [row[0] for row in table.texts()] == ["a", "b", "c"]
    table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert [row[0] for row in table.texts()] == ["c", "a", "b"]  # the unknown last


def test_the_order_stays_when_other_rows_come(table: SortedTable) -> None:
    table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    table.show_rows(COLUMNS, [[Cell("x", "x"), number(10.0)], [Cell("y", "y"), number(9.0)]])
    assert [row[0] for row in table.texts()] == ["y", "x"]


def test_a_row_tells_what_it_is_of_wherever_it_lies(table: SortedTable) -> None:
    table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    assert table.data_at(table.model().index(0, 1)) == "C"


def test_copying_gives_titles_and_rows_with_tabs(table: SortedTable, qtbot: QtBot) -> None:
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == "Case\tDice\na\t0.500\nb\t–\nc\t0.250"
    table.selectRow(2)
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == "Case\tDice\nc\t0.250"


def test_titles_and_cells_explain_themselves(table: SortedTable) -> None:
    head = table.model().headerData(1, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert head == "How good."
