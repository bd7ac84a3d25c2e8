"""The table of cases: find one, open one, go through them."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from qtpy.QtCore import QItemSelectionModel, QModelIndex, Qt
from qtpy.QtGui import QKeySequence, QShortcut, QShowEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from segstudio.data.datasets import Case, Dataset
from segstudio.session import Session
from segstudio.session.open_case import OpenCase
from segstudio.ui.data.case_filter import CaseFilter
from segstudio.ui.data.case_model import NAME, PROBLEM, TITLES, CaseModel
from segstudio.ui.edge import at_the_edge

PREVIOUS_KEYS, NEXT_KEYS = "Ctrl+PgUp", "Ctrl+PgDown"
_NARROW, _WIDEST, _MARGINS = 26, 240, 14  # pixels, of a column


class CaseTable(QWidget):
    """Shows the cases of the open dataset; the chosen row and the case in view are one.

    Parameters
    ----------
    session : Session
        It is asked for the cases that are chosen.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.model = CaseModel(session)
        self.proxy = CaseFilter(self.model)
        self._is_unheard = False
        self._asked = ""
        self._direction = 1
        self._widths: dict[int, int] = {}
        self._shortcuts: list[QShortcut] = []
        self._make_controls()
        self._make_view()
        self._lay_out()
        self._connect()

    def _make_controls(self) -> None:
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Find cases")
        self.filter.setClearButtonEnabled(True)
        self.filter.setToolTip(
            "Show the cases whose row holds every word: a name, a patient, a class, a side of the "
            "split. These words find by state: labelled, unlabelled, unsaved, problem."
        )
        self.count = QLabel("")
        self.count.setToolTip("How many cases are shown, of how many.")
        self.previous = _arrow("▲", "Open the case above", PREVIOUS_KEYS)
        self.next = _arrow("▼", "Open the case below", NEXT_KEYS)

    def _make_view(self) -> None:
        self.view = QTableView()
        self.view.setModel(self.proxy)
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.view.setTabKeyNavigation(False)
        self.view.setWordWrap(False)
        self.view.setShowGrid(False)
        self.view.setMinimumHeight(120)
        self.view.setToolTip("Choose a case to open it; click a title to sort.")
        rows, titles = self.view.verticalHeader(), self.view.horizontalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(self.fontMetrics().height() + 8)
        titles.setMinimumSectionSize(_NARROW)
        titles.setHighlightSections(False)
        titles.setResizeContentsPrecision(0)  # the rows in view, not a thousand of them
        titles.setSortIndicatorClearable(True)
        titles.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.view.setSortingEnabled(True)

    def _lay_out(self) -> None:
        above, column = QHBoxLayout(), QVBoxLayout(self)
        above.addWidget(self.filter, 1)
        for widget in (self.count, self.previous, self.next):
            above.addWidget(widget)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(above)
        column.addWidget(self.view, 1)

    def _connect(self) -> None:
        session = self.session
        self.filter.textChanged.connect(self._look_for)
        self.previous.clicked.connect(self.go_back)
        self.next.clicked.connect(self.go_on)
        self.view.selectionModel().selectionChanged.connect(self._open_selected)
        self.view.activated.connect(self._open_activated)
        self.view.horizontalHeader().sortIndicatorChanged.connect(self._follow_order)
        session.dataset_opened.connect(self._list)
        session.case_opened.connect(self._follow_case)
        session.reading_changed.connect(self._follow_reading)
        session.unsaved_changed.connect(self._mark)
        session.facts.changed.connect(self._refresh)
        session.progress.changed.connect(self._follow_progress)
        session.next_cases.changed.connect(self._follow_ranking)
        self._fit_columns()
        if session.dataset is not None:
            self._list(session.dataset)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Make the keys the window's: they work while the panel lies under another."""
        super().showEvent(event)
        if not self._shortcuts:
            self._shortcuts = [
                self._shortcut(PREVIOUS_KEYS, self.go_back),
                self._shortcut(NEXT_KEYS, self.go_on),
            ]

    def _shortcut(self, keys: str, slot: Callable[[], None]) -> QShortcut:
        shortcut = QShortcut(QKeySequence(keys), self.window())
        shortcut.activated.connect(slot)
        # Of two shortcuts with the same keys Qt does neither: the next table brings its own.
        self.destroyed.connect(shortcut.deleteLater)
        return shortcut

    def names(self) -> list[str]:
        """Return the cases that are shown, in their order."""
        return [self._name(row) for row in range(self.proxy.rowCount())]

    def chosen(self) -> str:
        """Return the case that is chosen; empty where none is."""
        rows = self.view.selectionModel().selectedRows()
        return self._name(rows[0].row()) if rows else ""

    def choose(self, name: str) -> None:
        """Choose a case as a click does; one that is not shown is not found."""
        row = self._row(name)
        if row is not None:
            self.view.selectRow(row)

    def go_back(self, _checked: bool = False) -> None:
        """Open the case above."""
        self._step(-1)

    def go_on(self, _checked: bool = False) -> None:
        """Open the case below."""
        self._step(1)

    def _step(self, by: int) -> None:
        self._direction = by
        name = self._beside(self.chosen(), by)
        if name:
            self.choose(name)

    def _beside(self, name: str, by: int) -> str:
        """Return the case that many rows below; empty where there is none."""
        row, rows = self._row(name), self.proxy.rowCount()
        wanted = row + by if row is not None else (0 if by > 0 else rows - 1)
        return self._name(wanted) if 0 <= wanted < rows else ""

    def _name(self, row: int) -> str:
        return self.model.case(self.proxy.mapToSource(self.proxy.index(row, NAME)).row()).name

    def _row(self, name: str) -> int | None:
        """Return where a case is shown; None where it is not."""
        row = self.model.row(name)
        if row is None:
            return None
        shown = self.proxy.mapFromSource(self.model.index(row, NAME))
        return shown.row() if shown.isValid() else None

    @at_the_edge
    def _open_selected(self, *_: object) -> None:
        if not self._is_unheard:
            self._open(self.chosen())

    @at_the_edge
    def _open_activated(self, index: QModelIndex) -> None:
        self._open(self._name(index.row()))

    def _open(self, name: str) -> None:
        opened = self.session.open_case
        is_in_view = not self.session.reading and opened is not None and opened.case.name == name
        if name and name != self._asked and not is_in_view:
            self._asked = name
            self.session.ask_case(name)
        self._enable()

    @contextmanager
    def _unheard(self) -> Iterator[None]:
        """Let rows come, go and move without that being taken for a choice."""
        before, self._is_unheard = self._is_unheard, True
        try:
            yield
        finally:
            self._is_unheard = before

    def _list(self, dataset: Dataset) -> None:
        with self._unheard():
            self.model.show(dataset)
            self.proxy.refresh()
        self._fit_columns()
        self._follow_view()

    def _refresh(self, names: Collection[str]) -> None:
        with self._unheard():
            self.model.refresh(names)
            if self.proxy.sortColumn() > NAME or self.proxy.sortColumn() == PROBLEM:
                self.proxy.refresh()
        self._fit_columns()
        self._follow_view()

    def _mark(self, name: str) -> None:
        with self._unheard():
            self.model.refresh((name,))

    def _follow_progress(self, case: Case) -> None:
        self._refresh((case.name,))

    def _follow_ranking(self, _doubts: object) -> None:
        self._refresh(())

    def _look_for(self, text: str) -> None:
        with self._unheard():
            self.proxy.look_for(text)
        self._follow_order()

    def _follow_order(self, *_: object) -> None:
        """Keep the chosen case in sight where rows have moved."""
        self._follow_view()
        row = self._row(self.chosen())
        if row is not None:
            self.view.scrollTo(self.proxy.index(row, NAME))

    @at_the_edge
    def _follow_case(self, opened: OpenCase) -> None:
        self._asked = ""
        with self._unheard():
            self.model.refresh(())
        self._follow_view()
        following = self._beside(opened.case.name, self._direction)
        if following and self._row(opened.case.name) is not None:
            self.session.ask_ahead(following)

    def _follow_reading(self, text: str) -> None:
        if not text:
            self._asked = ""
        self._follow_view()

    def _follow_view(self) -> None:
        """Choose the case in view; while one is read, the user's choice is ahead of the view."""
        opened = self.session.open_case
        name = self._asked or (opened.case.name if opened is not None else "")
        if not self._asked and self.session.reading:
            name = self.chosen()
        row = self._row(name)
        with self._unheard():
            if row is None:
                self.view.clearSelection()
                nothing = QItemSelectionModel.SelectionFlag.NoUpdate
                self.view.selectionModel().setCurrentIndex(QModelIndex(), nothing)
            elif name != self.chosen():
                self.view.selectRow(row)
        self._enable()

    def _enable(self) -> None:
        chosen, shown = self.chosen(), self.proxy.rowCount()
        self.previous.setEnabled(bool(self._beside(chosen, -1)))
        self.next.setEnabled(bool(self._beside(chosen, 1)))
        whole = self.model.rowCount()
        self.count.setText(f"{shown} of {whole}" if shown < whole else "")

    def _fit_columns(self) -> None:
        """Hide columns that tell nothing, and widen those whose width the user has not set."""
        for column in range(len(TITLES)):
            self.view.setColumnHidden(column, not self.model.has(column))
            width = self.view.columnWidth(column)
            if self._widths.get(column, width) == width:
                wanted = self.view.sizeHintForColumn(column)
                title = self.fontMetrics().horizontalAdvance(TITLES[column]) + _MARGINS
                self._widths[column] = min(_WIDEST, max(wanted, title, _NARROW))
                self.view.setColumnWidth(column, self._widths[column])


def _arrow(way: str, tip: str, keys: str) -> QPushButton:
    button = QPushButton(way)
    button.setFixedWidth(2 * button.fontMetrics().height())
    button.setToolTip(f"{tip} ({keys.replace('Pg', 'Page ')}).")
    button.setAccessibleName(tip)
    return button
