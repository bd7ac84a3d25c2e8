"""The dialog that tells how far two versions of a case's labels agree."""

from pathlib import Path

from qtpy.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from segstudio.core.metrics import TOLERANCE, Score
from segstudio.core.volume import Grid
from segstudio.session import Session
from segstudio.session.agreement import Difference
from segstudio.ui.edge import at_the_edge
from segstudio.ui.widgets.button import push_button
from segstudio.ui.widgets.file_names import open_filter
from segstudio.ui.widgets.sorted_table import Cell, Column, SortedTable, number
from segstudio.viewer.agreement_stage import DIFFERENCE_COLORS

EMPTY = (
    "Compare the labels of the case in view with those of another reader, or with how they were "
    "when the case was opened."
)
WORDS = {
    Difference.ONLY_HERE: "only in these labels",
    Difference.ONLY_THERE: "only in the others",
    Difference.OTHER_CLASS: "another class in the others",
}


class AgreementDialog(QDialog):
    """Asks for the other version, and shows the scores of both; the layer shows where they differ.

    Parameters
    ----------
    session : Session
        Its case in view.
    parent : QWidget
        The window.
    """

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self.session = session
        self.setWindowTitle("Agreement of two versions of labels")
        self.resize(620, 360)
        self.told = QLabel(EMPTY)
        self.told.setWordWrap(True)
        self.table = SortedTable(
            "How far both versions agree, class by class. Click a title to sort; Ctrl+C copies "
            "the chosen rows, or all."
        )
        self.legend = QLabel(_legend())
        self.legend.setWordWrap(True)
        self.file = push_button(
            "Other labels…", "Choose a file of labels on the same image's grid."
        )
        self.before = push_button(
            "Since it was opened", "Compare with the labels as they were read."
        )
        self.copy = push_button("Copy table", "Copy the table for a spreadsheet.")
        self.leave = push_button("Close", "Close this, and take the layer of differences away.")
        buttons = QHBoxLayout()
        for button in (self.file, self.before, self.copy, self.leave):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.addWidget(self.told)
        column.addWidget(self.table, 1)
        column.addWidget(self.legend)
        column.addLayout(buttons)
        self.file.clicked.connect(self._ask_file)
        self.before.clicked.connect(self._ask_before)
        self.copy.clicked.connect(self.table.copy)
        self.leave.clicked.connect(self.close)
        self.finished.connect(self._forget)
        session.agreement.changed.connect(self._show)
        session.agreement.looking_changed.connect(self._show)
        self._show()

    @at_the_edge
    def _forget(self, *_: object) -> None:
        """Forget the comparison: its layer goes, too."""
        self.session.agreement.note(None)

    @at_the_edge
    def _ask_file(self, _checked: bool = False) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Other labels", "", open_filter())
        if name:
            self._ask(Path(name))

    @at_the_edge
    def _ask_before(self, _checked: bool = False) -> None:
        self._ask(None)

    def _ask(self, other: Path | None) -> None:
        self.session.agreement.ask(self.session.open_case, self.session.labels, other)

    def _show(self, *_: object) -> None:
        agreement, opened = self.session.agreement, self.session.open_case
        found = agreement.found
        has_found = found is not None and opened is not None
        for widget in (self.table, self.legend):
            widget.setVisible(has_found)
        self.copy.setEnabled(has_found)
        if found is None or opened is None:
            self.told.setText(agreement.looking or EMPTY)
            return
        differ = int((found.differences > 0).sum())
        told = f"'{found.case}' against {found.other}: {differ} voxels differ."
        if found.worst_plane is not None:
            plane = found.worst_plane
            told += (
                f" Most of them are in plane {plane + 1}, which is shown ({plane} on the slider)."
            )
        self.told.setText(agreement.looking or told)
        grid = opened.volume.grid
        self.table.show_rows(_columns(grid), [_cells(score, grid) for score in found.scores])


def _columns(grid: Grid) -> tuple[Column, ...]:
    volume = "ml" if grid.unit == "mm" else "voxels"
    within = f"{TOLERANCE[grid.unit]:g} {grid.unit}"
    return (
        Column("Class", "The class; all of them taken as one come last."),
        Column("Dice", "2 |A∩B| / (|A| + |B|): 1 where both are the same, 0 where nothing is."),
        Column(f"HD95 {grid.unit}", "95th percentile of the distances between both outlines."),
        Column(f"ASSD {grid.unit}", "Mean distance between both outlines."),
        Column("NSD", f"Share of both outlines that lies within {within} of the other."),
        Column(f"Here, {volume}", "The volume in these labels."),
        Column(f"There, {volume}", "The volume in the others."),
    )


def _cells(score: Score, grid: Grid) -> list[Cell]:
    volumes = (count * grid.voxel_ml for count in (score.predicted, score.true))
    return [
        Cell(score.class_name, score.class_name),
        number(score.dice),
        number(score.hd95, 1),
        number(score.assd, 2),
        number(score.nsd),
        *(number(volume, 2 if grid.unit == "mm" else 0) for volume in volumes),
    ]


def _legend() -> str:
    parts = [
        f'<span style="color:{DIFFERENCE_COLORS[each]}">■</span> {words}'
        for each, words in WORDS.items()
    ]
    return "&nbsp;&nbsp;".join(parts)
