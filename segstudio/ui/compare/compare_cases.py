"""The test cases of the runs in view by their scores, and jumps to the worst of them."""

from qtpy.QtCore import QModelIndex
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from segstudio.compare.case_rank import MEASURES
from segstudio.core.errors import InputError
from segstudio.session import Session
from segstudio.session.ranked_cases import ELSEWHERE
from segstudio.ui.edge import at_the_edge
from segstudio.ui.widgets.sorted_table import Cell, Column, SortedTable, number

EMPTY = "The scores of the test cases appear here when a ticked run has finished."
DIGITS = {"dice": 3, "hd95": 1, "assd": 2, "nsd": 3}
LENGTHS = ("hd95", "assd")


class CompareCases(QWidget):
    """Lists the test cases; opens the worst one, or that where the runs differ most.

    Parameters
    ----------
    session : Session
        Whose comparison; asked for the cases that are opened.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._comparison = session.comparison
        self.told = QLabel(EMPTY)
        self.told.setWordWrap(True)
        self.measure = QComboBox()
        self.measure.setToolTip("Which score is listed, and says what is worst.")
        for measure, title in MEASURES.items():
            self.measure.addItem(title, measure)
        self.table = SortedTable(
            "The test cases of the ticked runs, as scored when the runs ended. Double click, or "
            "Enter, opens one; Ctrl+C copies the chosen rows, or all."
        )
        self.worst = QPushButton("Worst case")
        self.worst.setToolTip(
            "Open the test case with the worst score in the class above, by the run above or by "
            "any ticked one."
        )
        self.differ = QPushButton("Runs differ most")
        self.differ.setToolTip(
            "Open the test case where the scores of the runs are farthest apart."
        )
        self._lay_out()
        self.measure.currentIndexChanged.connect(self._follow)
        self.table.activated.connect(self._open)
        self.worst.clicked.connect(self._open_worst)
        self.differ.clicked.connect(self._open_most_different)
        self._comparison.ranked.changed.connect(self._follow)
        self._comparison.view_changed.connect(self._follow)
        session.case_opened.connect(self._follow)
        self._follow()

    def _lay_out(self) -> None:
        row, column = QHBoxLayout(), QVBoxLayout(self)
        for widget in (self.measure, self.worst, self.differ):
            row.addWidget(widget)
        column.setContentsMargins(0, 4, 0, 0)
        column.addWidget(self.told)
        column.addWidget(self.table, 1)
        column.addLayout(row)

    @at_the_edge
    def _open(self, index: QModelIndex) -> None:
        name = self.table.data_at(index)
        if name is None:
            raise InputError(ELSEWHERE)  # a case of the same name would be another patient's
        self.session.ask_case(name)

    @at_the_edge
    def _open_worst(self, _checked: bool = False) -> None:
        comparison = self._comparison
        measure, run = self.measure.currentData(), comparison.view.run
        dataset = self.session.dataset
        name = comparison.ranked.worst(comparison.class_name, measure, dataset, run)
        self.session.ask_case(name)

    @at_the_edge
    def _open_most_different(self, _checked: bool = False) -> None:
        comparison, measure = self._comparison, self.measure.currentData()
        dataset = self.session.dataset
        name = comparison.ranked.most_different(comparison.class_name, measure, dataset)
        self.session.ask_case(name)

    def _follow(self, *_: object) -> None:
        comparison, measure = self._comparison, self.measure.currentData()
        ranked, names = comparison.ranked, comparison.names()
        rows = ranked.rows(comparison.class_name, measure)
        runs = list(ranked.scores)
        self.told.setVisible(not rows and bool(comparison.runs))
        self.table.setVisible(bool(rows))
        for button in (self.worst, self.differ):
            button.setEnabled(bool(rows))
        units = {unit for one in ranked.scores.values() for unit in one.units.values()}
        unit = f", in {' or '.join(sorted(units))}" if measure in LENGTHS and units else ""
        of_class = comparison.class_name or "mean of the classes"
        tip = f"{MEASURES[measure]}{unit}: {of_class}."
        columns = [Column("Case", "A test case of one of the ticked runs.")]
        columns += [Column(names[run], f"{names[run]}. {tip}") for run in runs]
        columns += [Column("Apart", "How far the best and the worst run are apart.")] * (
            len(runs) > 1
        )
        here, digits = ranked.here(rows, self.session.dataset), DIGITS[measure]
        self.table.show_rows(
            columns,
            [
                [
                    Cell(
                        row.case,
                        row.case,
                        "" if row in here else "Not in the open dataset.",
                        data=row.case if row in here else None,
                    ),
                    *(number(value, digits) for value in row.values),
                    *([number(row.gap, digits)] if len(runs) > 1 else []),
                ]
                for row in rows
            ],
        )
