"""The dialog that shows how the examination of a dataset goes, and what came of it."""

from collections.abc import Sequence
from html import escape

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QGuiApplication, QHideEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QStyle,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from segstudio.core.errors import InputError
from segstudio.data.doctor import Diagnosis, Finding
from segstudio.data.doctor.words import (
    ADVICE_COLUMNS,
    CASE_COLUMNS,
    CLASS_COLUMNS,
    advice_row,
    advised_settings,
    as_text,
    case_row,
    class_row,
    command,
    headline,
)
from segstudio.session import Session
from segstudio.session.messages import Check
from segstudio.ui.edge import at_the_edge

_CASE = Qt.ItemDataRole.UserRole
_PADDING = 12
LEVELS = {
    "error": ("Broken", QStyle.StandardPixmap.SP_MessageBoxCritical),
    "warning": ("Warning", QStyle.StandardPixmap.SP_MessageBoxWarning),
    "note": ("Note", QStyle.StandardPixmap.SP_MessageBoxInformation),
}


class CheckDialog(QDialog):
    """Shows an examination; does not keep the window from being used meanwhile.

    Parameters
    ----------
    session : Session
        It is asked for the examination, and for the cases that are clicked.
    parent : QWidget
        The dialog goes with it.
    """

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self.session = session
        self.setWindowTitle("Check dataset")
        self.setModal(False)
        self.resize(QSize(900, 620))
        self._make_progress()
        self._make_results()
        self._lay_out()
        session.check_changed.connect(self._follow)

    def _make_progress(self) -> None:
        self.title = QLabel("")
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.verdict = QLabel("")
        for label in (self.title, self.verdict):
            label.setWordWrap(True)
            label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.verdict.setStyleSheet("font-weight: bold; font-size: 14pt")
        self.progress = QProgressBar()
        self.progress.setToolTip("How many cases have been read.")
        self.progress.setFormat("%v of %m cases")
        self.cancel = QPushButton("Cancel")
        self.cancel.setToolTip("Stop after the case that is being read.")
        self.cancel.clicked.connect(self._cancel)

    def _make_results(self) -> None:
        self.findings = QListWidget()
        self.findings.setWordWrap(True)
        self.findings.setSpacing(2)
        self.findings.setMinimumHeight(3 * _PADDING)
        self.findings.setToolTip("What was found, the worst first. Double click opens the case.")
        self.findings.itemDoubleClicked.connect(self._open_finding)
        self.cases = _table(CASE_COLUMNS, "Every case. Double click opens it.")
        self.cases.cellDoubleClicked.connect(self._open_row)
        self.classes = _table(CLASS_COLUMNS, "How rare each class is, and in how many pieces.")
        self.cases.setWordWrap(False)  # a case is a row, however long its names
        self.advice = _table(ADVICE_COLUMNS, "What to set in a training, and why.")
        self.command = QLabel("")
        self.command.setWordWrap(True)
        self.command.setTextFormat(Qt.TextFormat.PlainText)
        self.command.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.command.setToolTip("The training that is advised, for a terminal.")
        self.use = QPushButton("Use these settings")
        self.use.setToolTip("Fill the Train panel with them; your other settings stay.")
        self.copy = QPushButton("Copy as text")
        self.copy.setToolTip("Copy all of it, tables and advice, to the clipboard.")
        self.copy.clicked.connect(self._copy)
        self.shut = QPushButton("Close")
        self.shut.setToolTip("Close (Esc); an examination that runs is stopped.")
        self.shut.clicked.connect(self.close)
        self.use.clicked.connect(self._use_advice)
        for button in (self.cancel, self.copy, self.shut, self.use):
            button.setMinimumWidth(110)
            button.setAutoDefault(False)  # Return in a table is no wish to press one

    def _lay_out(self) -> None:
        advice = QWidget()
        column = QVBoxLayout(advice)
        column.addWidget(self.advice, 1)
        column.addWidget(self.command)
        column.addWidget(self.use, 0, Qt.AlignmentFlag.AlignLeft)
        self.tabs = QTabWidget()
        for name, page, tip in (
            ("Cases", self.cases, "Size, spacing, classes and labels of every case"),
            ("Classes", self.classes, "How rare each class is"),
            ("What to train with", advice, "Settings that suit this dataset"),
        ):
            self.tabs.setTabToolTip(self.tabs.addTab(page, name), tip)
        self.results = QSplitter(Qt.Orientation.Vertical)
        self.results.addWidget(self.findings)
        self.results.addWidget(self.tabs)
        self.results.setChildrenCollapsible(False)
        running, buttons = QHBoxLayout(), QHBoxLayout()
        running.addWidget(self.progress, 1)
        running.addWidget(self.cancel)
        buttons.addWidget(self.copy)
        buttons.addStretch(1)
        buttons.addWidget(self.shut)
        column = QVBoxLayout(self)
        column.setContentsMargins(*(_PADDING,) * 4)
        column.addWidget(self.verdict)
        column.addWidget(self.title)
        column.addLayout(running)
        column.addWidget(self.results, 1)
        column.addStretch(0)  # what is free goes here while there are no results
        column.addLayout(buttons)

    def begin(self) -> None:
        """Show the dialog and have the open dataset examined, unless it is being."""
        check, dataset = self.session.check, self.session.dataset
        if check is None or not (check.is_running and check.is_of(dataset)):
            self.session.ask_check()
        self.show()
        self.raise_()
        self.activateWindow()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Stop what runs: nobody would see what comes of it."""
        super().hideEvent(event)
        if not event.spontaneous():
            self._cancel()

    def _cancel(self, _checked: bool = False) -> None:
        check = self.session.check
        if check is not None and check.is_running:
            self.session.ask_check_stop()
            self.cancel.setEnabled(False)

    def _follow(self, check: Check) -> None:
        total = len(check.dataset.cases)
        self.title.setText(headline(check.dataset))
        self.progress.setMaximum(total)
        self.progress.setValue(check.examined)
        for widget in (self.progress, self.cancel):
            widget.setVisible(check.is_running)
        self.cancel.setEnabled(check.is_running and (self.cancel.isEnabled() or not check.examined))
        self.results.setVisible(check.diagnosis is not None)
        self.copy.setEnabled(check.diagnosis is not None)
        self.verdict.setText(_verdict(check))
        if check.diagnosis is not None:
            self._show(check.diagnosis)

    def _show(self, diagnosis: Diagnosis) -> None:
        self.findings.clear()
        for found in diagnosis.findings:
            self.findings.addItem(self._finding_item(found))
        if not diagnosis.findings:
            self.findings.addItem("Nothing is wrong, and nothing is doubtful.")
        bad = {found.about for found in diagnosis.findings if found.level == "error"}
        _fill(self.cases, [case_row(report) for report in diagnosis.reports], bad)
        _fill(self.classes, [class_row(balance) for balance in diagnosis.balances])
        _fill(self.advice, [advice_row(each) for each in diagnosis.advice])
        side = CASE_COLUMNS.index("side")
        self.cases.setColumnHidden(side, not any(c.official_split for c in diagnosis.dataset.cases))
        self.command.setText(command(diagnosis) if diagnosis.advice else "")
        self.use.setEnabled(bool(diagnosis.advice))
        # As much room as the findings need, up to half: the tables have the rest.
        high = self.findings.sizeHintForRow(0) * self.findings.count() + 2 * _PADDING
        whole = sum(self.results.sizes()) or self.results.height()
        self.results.setSizes([min(high, whole // 2), whole - min(high, whole // 2)])

    def _finding_item(self, found: Finding) -> QListWidgetItem:
        word, picture = LEVELS[found.level]
        about = f"{found.about}: " if found.about else ""
        item = QListWidgetItem(self.style().standardIcon(picture), f"{about}{found.text}")
        item.setData(_CASE, found.about)
        # For who hears the list: the level is a picture to who sees it.
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{word}: {item.text()}")
        item.setToolTip(f"{word}. " + ("Double click opens the case." if found.about else ""))
        return item

    @at_the_edge
    def _open_finding(self, item: QListWidgetItem) -> None:
        self._open_case(item.data(_CASE))

    @at_the_edge
    def _open_row(self, row: int, _column: int) -> None:
        self._open_case(self.cases.item(row, 0).text())

    def _open_case(self, name: str | None) -> None:
        check, dataset = self.session.check, self.session.dataset
        if not name or check is None or dataset is None:
            return
        case = check.dataset.case(name)
        here = {(c.name, c.image, c.frames) for c in dataset.cases}
        if (case.name, case.image, case.frames) not in here:
            raise InputError(f"'{name}' is of '{check.dataset.name}', which is not open any more.")
        self.session.ask_case(name)

    def _copy(self, _checked: bool = False) -> None:
        check = self.session.check
        if check is not None and check.diagnosis is not None:
            QGuiApplication.clipboard().setText(as_text(check.diagnosis))

    @at_the_edge
    def _use_advice(self, _checked: bool = False) -> None:
        check = self.session.check
        if check is not None and check.diagnosis is not None:
            # Maps and strides would belong to another loss and another network.
            others: dict[str, object] = {"maps": None, "strides": None}
            self.session.change_settings(others | advised_settings(check.diagnosis))
            self.session.say("The Train panel has them now.", is_error=False)


def _verdict(check: Check) -> str:
    """Return where an examination stands, or what came of it."""
    if check.state == "stopped":
        return f"Stopped after {check.examined} of {len(check.dataset.cases)} cases."
    if check.state == "failed":
        return check.failure
    if check.diagnosis is None:
        return "Reading every case …"
    levels = [found.level for found in check.diagnosis.findings]
    counts = [
        f"{levels.count(level)} {words[levels.count(level) != 1]}"
        for level, words in _COUNTED.items()
        if level in levels
    ]
    found = f" ({', '.join(counts)})" if counts else ""
    broken = check.diagnosis.is_broken
    return ("Something is broken" if broken else "All of it can be read") + found


_COUNTED = {
    "error": ("broken",) * 2,
    "warning": ("warning", "warnings"),
    "note": ("note", "notes"),
}


def _table(columns: Sequence[str], tip: str) -> QTableWidget:
    table = QTableWidget(0, len(columns))
    table.setHorizontalHeaderLabels(columns)
    table.setToolTip(tip)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.verticalHeader().hide()
    table.horizontalHeader().setStretchLastSection(True)
    return table


def _fill(table: QTableWidget, rows: Sequence[Sequence[str]], bad: set[str] | None = None) -> None:
    table.setRowCount(len(rows))
    for i, row in enumerate(rows):
        for k, text in enumerate(row):
            item = QTableWidgetItem(text)
            item.setToolTip(f"<p>{escape(text)}</p>")
            if bad and row[0] in bad:
                item.setForeground(Qt.GlobalColor.red)
            table.setItem(i, k, item)
    table.resizeColumnsToContents()
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    table.resizeRowsToContents()
