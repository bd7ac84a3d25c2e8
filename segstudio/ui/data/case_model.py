"""The cases of the open dataset as a table's rows: what is shown, sorted by and searched."""

import re
from collections.abc import Callable, Collection
from functools import partial
from html import escape
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QFont, QIcon
from qtpy.QtWidgets import QApplication

from segstudio.data.datasets import Case, Dataset
from segstudio.session import Session
from segstudio.session.case_facts import Badge
from segstudio.ui.data.check_dialog import LEVELS

PROBLEM, NAME, LABELLED, NEXT, STATE, DICE, SIDE, SIZE, SPACING, CLASSES, PATIENT = range(11)
TITLES = (
    *("", "Case", "Labels", "Next", "State", "Dice", "Split"),
    *("Size", "Spacing", "Classes", "Patient"),
)
TIPS = (
    "What is wrong or doubtful: in a header at once, in the voxels once the dataset was checked.",
    "The case; a pencil marks painting that is not saved.",
    "Whether it has labels: a filled dot, or an empty one.",
    "In which order a network would have the cases annotated that have no labels.",
    "Draft: proposed by a network; edited: painted on; reviewed: found good.",
    "Dice of its prediction, the mean over classes, by the newest run or the one chosen in Runs.",
    "On which side of that run's split it is, or of the dataset's own.",
    "Planes × rows × columns.",
    "Distance between voxels, in that order; in mm, where the header tells.",
    "The classes in its labels: known once it was opened, or the dataset checked.",
    "Cases of one patient stay on one side of a split.",
)
UNSAVED = "✎"
STATES = ("draft", "edited", "reviewed")
Key = tuple[Any, ...] | None  # None where nothing is known: such rows come last


class CaseModel(QAbstractTableModel):
    """Shows what the session knows of each case.

    Parameters
    ----------
    session : Session
        Its dataset, and its facts.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._cases: tuple[Case, ...] = ()
        self._dataset: Dataset | None = None
        self._rows: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._badges: dict[str, Badge | None] = {}
        self._icons: dict[str, QIcon] = {}

    def show(self, dataset: Dataset) -> None:
        """Take a dataset's cases for the rows; the same cases keep their rows."""
        names = [case.name for case in dataset.cases]
        is_same = names == [case.name for case in self._cases]
        if not is_same:
            self.beginResetModel()
        self._dataset, self._cases = dataset, dataset.cases
        self._rows = {name: row for row, name in enumerate(names)}
        table = dataset.classes
        self._names = {row.value: row.name for row in table.classes} if table is not None else {}
        self._badges = {}
        if is_same:
            self.refresh(())
        else:
            self.endResetModel()

    def refresh(self, names: Collection[str]) -> None:
        """Show anew what is known of some cases; of all, where none is named."""
        for name in names or tuple(self._badges):
            self._badges.pop(name, None)
        rows = sorted(self._rows[name] for name in names if name in self._rows)
        if self._cases and (rows or not names):
            first, last = (rows[0], rows[-1]) if rows else (0, len(self._cases) - 1)
            self.dataChanged.emit(self.index(first, 0), self.index(last, PATIENT))

    def case(self, row: int) -> Case:
        """Return the case in a row."""
        return self._cases[row]

    def row(self, name: str) -> int | None:
        """Return the row of a case; None where there is no such case."""
        return self._rows.get(name)

    def badge(self, case: Case) -> Badge | None:
        """Return what is wrong with a case."""
        if case.name not in self._badges and self._dataset is not None:
            self._badges[case.name] = self._session.facts.badge(case, self._dataset)
        return self._badges.get(case.name)

    def has(self, column: int) -> bool:
        """Return whether a column tells anything of any case."""
        if column in (SIDE, DICE, NEXT, STATE):
            return any(self.text(case, column) for case in self._cases)
        if column == PATIENT:
            return any(case.patient != case.name for case in self._cases)
        return True

    def is_true(self, case: Case, word: str) -> bool | None:
        """Return whether a word for a state is true of a case; None where it is no such word."""
        states: dict[str, Callable[[], bool]] = {
            "labelled": lambda: case.labels is not None,
            "unlabelled": lambda: case.labels is None,
            "unsaved": lambda: self._session.is_unsaved(case),
            "problem": lambda: self.badge(case) is not None,
            **{state: partial(self._is_in, case, state) for state in STATES},
        }
        return states[word]() if word in states else None

    def _is_in(self, case: Case, state: str) -> bool:
        return self._session.progress.of(case).state == state

    def words(self, case: Case) -> str:
        """Return what a case is found by: all that its row says, in small letters."""
        columns = (NAME, PATIENT, SIDE, SIZE, SPACING, CLASSES)
        return "\n".join(self.text(case, column) for column in columns).lower()

    def text(self, case: Case, column: int) -> str:
        """Return what a cell says; empty where nothing is known, or a picture says it."""
        facts = self._session.facts
        header = facts.headers.get(case.name)
        if column == NAME:
            return case.name
        if column == PATIENT:
            return case.patient
        if column == STATE:
            return self._session.progress.of(case).state
        if column == NEXT:
            return str(self._session.next_cases.place(case.name) or "")
        if column == SIDE:
            return (
                (facts.run.sides if facts.run else {}).get(case.name) or case.official_split or ""
            )
        if column == DICE:
            dice = facts.run.dice.get(case.name) if facts.run else None
            return "" if dice is None else f"{dice:.3f}"
        if column == SIZE and header is not None and header.shape is not None:
            return " × ".join(str(n) for n in header.shape)
        if column == SPACING and header is not None and header.spacing is not None:
            known = " × ".join(f"{n:.3g}" for n in header.spacing)
            return f"{known} mm" if header.unit == "mm" else "unknown"
        if column == CLASSES:
            return self._classes(case)
        return ""

    def _classes(self, case: Case) -> str:
        values = self._session.facts.present.get(case.name)
        if values is None:
            return ""
        return ", ".join(self._names.get(v, str(v)) for v in values) or "none"

    def keys(self, column: int) -> list[Key]:
        """Return what each row is sorted by in a column."""
        return [self._key(case, column) for case in self._cases]

    def _key(self, case: Case, column: int) -> Key:
        facts = self._session.facts
        header = facts.headers.get(case.name)
        if column == PROBLEM:
            badge = self.badge(case)
            return None if badge is None else (list(LEVELS).index(badge.level), natural(case.name))
        if column == LABELLED:
            return (case.labels is None,)
        if column == SIZE:
            shape = header.shape if header else None
            return None if shape is None else (shape[0] * shape[1] * shape[2], shape)
        if column == SPACING:
            return header.spacing if header else None
        text = self.text(case, column)
        return natural(text) if text else None

    def rowCount(self, parent: QModelIndex | None = None) -> int:  # noqa: N802
        """Return how many cases there are."""
        return 0 if parent is not None and parent.isValid() else len(self._cases)

    def columnCount(self, parent: QModelIndex | None = None) -> int:  # noqa: N802
        """Return how many columns there are, hidden ones included."""
        return 0 if parent is not None and parent.isValid() else len(TITLES)

    def headerData(self, section: int, way: Qt.Orientation, role: int = 0) -> Any:  # noqa: N802
        """Return a column's title, or what it means."""
        if way == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return TITLES[section]
        if way == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.ToolTipRole:
            return TIPS[section] + " Click to sort; a third click brings back the first order."
        return None

    def data(self, index: QModelIndex, role: int = 0) -> Any:
        """Return what a cell shows in a role."""
        case, column = self._cases[index.row()], index.column()
        shown: dict[int, Callable[[], Any]] = {
            Qt.ItemDataRole.DisplayRole: partial(self._shown, case, column),
            Qt.ItemDataRole.ToolTipRole: partial(self._tip, case, column),
            Qt.ItemDataRole.DecorationRole: partial(self._icon, case, column),
            Qt.ItemDataRole.FontRole: partial(self._font, case, column),
            Qt.ItemDataRole.TextAlignmentRole: partial(_alignment, column),
            Qt.ItemDataRole.AccessibleTextRole: partial(self._spoken, case, column),
        }
        return shown[role]() if role in shown else None

    def _shown(self, case: Case, column: int) -> str:
        if column == LABELLED:
            return "●" if case.labels is not None else "○"
        mark = f"{UNSAVED} " if column == NAME and self._session.is_unsaved(case) else ""
        return mark + self.text(case, column)

    def _spoken(self, case: Case, column: int) -> str:
        badge = self.badge(case)
        if column == PROBLEM:
            return LEVELS[badge.level][0] if badge is not None else ""
        if column == LABELLED:
            return "labelled" if case.labels is not None else "unlabelled"
        return self._shown(case, column)

    def _icon(self, case: Case, column: int) -> QIcon | None:
        badge = self.badge(case) if column == PROBLEM else None
        if badge is None:
            return None
        if badge.level not in self._icons:
            icon = QApplication.style().standardIcon(LEVELS[badge.level][1])
            # As it is in a chosen row too, where Qt would wash it out.
            icon.addPixmap(icon.pixmap(16, 16), QIcon.Mode.Selected)
            self._icons[badge.level] = icon
        return self._icons[badge.level]

    def _font(self, case: Case, column: int) -> QFont | None:
        if column != NAME or not self._session.is_unsaved(case):
            return None
        font = QFont()
        font.setBold(True)
        return font

    def _tip(self, case: Case, column: int) -> str:
        badge = self.badge(case)
        if column == PROBLEM:
            return "".join(f"<p>{escape(text)}</p>" for text in badge.texts) if badge else ""
        if column in (NAME, LABELLED):
            minutes = self._session.progress.of(case).seconds / 60
            return case_tip(case, is_unsaved=self._session.is_unsaved(case), minutes=minutes)
        if column == NEXT:
            doubts = {d.case: d for d in self._session.next_cases.doubts}
            return doubts[case.name].reason if case.name in doubts else ""
        if column == DICE and self._session.facts.run is not None:
            return f"By the run {self._session.facts.run.run.name}."
        return self.text(case, column)


def natural(text: str) -> tuple[Any, ...]:
    """Return what sorts a text by its numbers: case 2 before case 10."""
    parts = re.split(r"([0-9]+)", text.lower())
    return tuple(int(part) if k % 2 else part for k, part in enumerate(parts))


def case_tip(case: Case, *, is_unsaved: bool, minutes: float = 0.0) -> str:
    """Return whose a case is, why its labels are its own, and what else is said of it."""
    why = case.pairing or ("it has labels" if case.labels is not None else "it has no labels")
    rows = [("Patient", case.patient), ("Labels", why), *case.facts]
    if is_unsaved:
        rows.append(("Painting", "not saved"))
    if minutes:
        rows.append(("Time spent", f"{minutes:.0f} min" if minutes >= 1 else "less than a minute"))
    cells = (f"<tr><td>{escape(k)}:&nbsp;</td><td>{escape(v)}</td></tr>" for k, v in rows)
    return f"<table>{''.join(cells)}</table>"


def _alignment(column: int) -> Qt.AlignmentFlag:
    if column == LABELLED:
        return Qt.AlignmentFlag.AlignCenter
    across = Qt.AlignmentFlag.AlignRight if column == DICE else Qt.AlignmentFlag.AlignLeft
    return across | Qt.AlignmentFlag.AlignVCenter
