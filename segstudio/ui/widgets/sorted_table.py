"""A table of numbers that is sorted by a click on a title, and copied as text."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QModelIndex, Qt
from qtpy.QtGui import QIcon, QKeyEvent, QKeySequence, QStandardItem, QStandardItemModel
from qtpy.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QTableView

UNKNOWN = "–"
_KEY, _DATA = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1
_NARROW, _WIDEST, _MARGINS = 34, 190, 16  # pixels, of a column


@dataclass(frozen=True)
class Column:
    """A column's title, and what is in it."""

    title: str
    tip: str


@dataclass(frozen=True)
class Cell:
    """What a cell shows.

    Attributes
    ----------
    text : str
    key : float or str
        What it is sorted by; numbers that are not known come last.
    tip : str
    icon : QIcon or None
    data : object
        What the row is of, for who asks.
    """

    text: str
    key: float | str
    tip: str = ""
    icon: QIcon | None = None
    data: Any = None


def number(value: float, digits: int = 3, tip: str = "") -> Cell:
    """Return the cell of a number; a dash where it is not known."""
    text = f"{value:.{digits}f}" if math.isfinite(value) else UNKNOWN
    return Cell(text, value, tip)


class _Item(QStandardItem):
    """An item that is sorted by its key."""

    def __lt__(self, other: QStandardItem) -> bool:
        mine, others = self.data(_KEY), other.data(_KEY)
        if isinstance(mine, str) or isinstance(others, str):
            return str(mine).lower() < str(others).lower()
        return _known(mine) < _known(others)


def _known(value: float) -> float:
    return value if math.isfinite(value) else math.inf


class SortedTable(QTableView):
    """Shows rows of cells.

    Parameters
    ----------
    tip : str
        What the table is.
    widest : tuple of int
        Pixels that each column takes by itself, the last of them for all that follow; of what is
        longer the middle is left out, and the tooltip has it whole.
    """

    def __init__(self, tip: str, widest: tuple[int, ...] = (_WIDEST,)) -> None:
        super().__init__()
        self._widest = widest
        self._model = QStandardItemModel()
        self._columns: tuple[Column, ...] = ()
        self._widths: dict[int, int] = {}
        self.setModel(self._model)
        self.setToolTip(tip)
        policy = self.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # what stands below stays in its place
        self.setSizePolicy(policy)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        # Names of runs, and of cases, often differ at the end only.
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setShowGrid(False)
        rows, titles = self.verticalHeader(), self.horizontalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(self.fontMetrics().height() + 8)
        titles.setMinimumSectionSize(_NARROW)
        titles.setHighlightSections(False)
        titles.setSortIndicatorClearable(True)
        titles.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)

    def show_rows(self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
        """Show other rows; the order and the widths that the user has set stay."""
        titles, order = self.horizontalHeader(), Qt.SortOrder.AscendingOrder
        section = titles.sortIndicatorSection()
        order = titles.sortIndicatorOrder()
        is_same = tuple(columns) == self._columns
        self._model.setRowCount(0)
        if not is_same:
            self._set_columns(tuple(columns))
        for row in rows:
            self._model.appendRow([_item(cell) for cell in row])
        if is_same and 0 <= section < len(columns):
            self._model.sort(section, order)
        self._fit()

    def _set_columns(self, columns: tuple[Column, ...]) -> None:
        self._columns, self._widths = columns, {}
        self._model.setColumnCount(len(columns))
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        for place, column in enumerate(columns):
            head = QStandardItem(column.title)
            head.setToolTip(column.tip)
            self._model.setHorizontalHeaderItem(place, head)

    def _fit(self) -> None:
        """Widen columns to what they hold, but those whose width the user has set."""
        for place, column in enumerate(self._columns):
            width = self.columnWidth(place)
            if self._widths.get(place, width) == width:
                wanted = self.sizeHintForColumn(place)
                title = self.fontMetrics().horizontalAdvance(column.title) + _MARGINS
                widest = self._widest[min(place, len(self._widest) - 1)]
                self._widths[place] = min(widest, max(wanted, title, _NARROW))
                self.setColumnWidth(place, self._widths[place])

    def row_count(self) -> int:
        """Return how many rows there are."""
        return int(self._model.rowCount())

    def texts(self) -> list[list[str]]:
        """Return what is shown, row by row, in the order in which it is."""
        rows, columns = range(self._model.rowCount()), range(len(self._columns))
        return [[self._model.item(row, column).text() for column in columns] for row in rows]

    def data_at(self, index: QModelIndex) -> Any:
        """Return what the row at a place is of."""
        return self._model.item(index.row(), 0).data(_DATA)

    def as_text(self) -> str:
        """Return the chosen rows, or all where none is, with tabs between cells and the titles."""
        chosen = sorted({index.row() for index in self.selectionModel().selectedRows()})
        rows = self.texts()
        kept = [rows[row] for row in chosen] or rows
        lines = [[column.title for column in self._columns], *kept]
        return "\n".join("\t".join(line) for line in lines)

    def copy(self) -> None:
        """Put the table on the clipboard."""
        QApplication.clipboard().setText(self.as_text())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Copy whole rows, where Qt would copy one cell."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
            event.accept()
        else:
            super().keyPressEvent(event)


def _item(cell: Cell) -> _Item:
    item = _Item(cell.text)
    item.setData(cell.key, _KEY)
    item.setData(cell.data, _DATA)
    item.setToolTip(cell.tip or (cell.text if isinstance(cell.key, str) else ""))
    if cell.icon is not None:
        item.setIcon(cell.icon)
    if not isinstance(cell.key, str):
        item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return item
