"""The scores of the case in view: a row for each class and run."""

from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from segstudio.core.metrics import TOGETHER, TOLERANCE, Score
from segstudio.core.volume import Grid
from segstudio.session import Session
from segstudio.session.comparison import NO_TRUTH
from segstudio.ui.compare.compare_choices import swatch
from segstudio.ui.edge import at_the_edge
from segstudio.ui.widgets.sorted_table import Cell, Column, SortedTable, number

COLLAPSED = "none found"
WIDEST = (150, 96, 150)  # pixels of class, run and score: names, and scores in sight beside them
EMPTY = "Choose Grid, Overlays or Regions above: the ticked runs are then scored on this case."
WAYS = {"dice": "lowest Dice", "voxels": "most wrong voxels"}


class CompareScores(QWidget):
    """Shows how well each run found each class of the case in view, and goes to its worst plane.

    Parameters
    ----------
    session : Session
        Whose comparison.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._comparison = session.comparison
        self.told = QLabel("")
        self.told.setWordWrap(True)
        self.table = SortedTable(
            "How well each run found each class of this case, by its labels as they are saved: "
            "painting that is not saved does not count. Click a title to sort; Ctrl+C copies the "
            "chosen rows, or all.",
            widest=WIDEST,
        )
        self.worst = QPushButton("Worst plane")
        self.worst.setToolTip(
            "Go to the plane where the run above, or the worst of all ticked ones, agrees least "
            "with the truth in the class above."
        )
        self.by = QComboBox()
        self.by.setToolTip("Which plane is called the worst.")
        for way, text in WAYS.items():
            self.by.addItem(text, way)
        self.copy = QPushButton("Copy table")
        self.copy.setToolTip("Copy the table with tabs between its cells, for a spreadsheet.")
        row, column = QHBoxLayout(), QVBoxLayout(self)
        for widget in (self.worst, self.by, self.copy):
            row.addWidget(widget)
        row.setStretchFactor(self.by, 1)
        column.setContentsMargins(0, 4, 0, 0)
        column.addWidget(self.told)
        column.addWidget(self.table, 1)
        column.addLayout(row)
        self.worst.clicked.connect(self._go_to_worst)
        self.copy.clicked.connect(self._copy)
        self._comparison.changed.connect(self._follow)
        self._follow()

    @at_the_edge
    def _go_to_worst(self, _checked: bool = False) -> None:
        run, plane = self._comparison.ask_worst_plane(self.by.currentData())
        name = self._comparison.names()[run]
        told = f"Plane {plane + 1}: worst of {name}. On the slider, which counts from 0: {plane}."
        self.session.say(told, is_error=False)

    @at_the_edge
    def _copy(self, _checked: bool = False) -> None:
        self.table.copy()

    def _follow(self) -> None:
        comparison, case = self._comparison, self._comparison.case
        results = comparison.results
        scored = {run: r.found.scores for run, r in results.items() if r.found is not None}
        has_rows = case is not None and any(scored.values())
        self.table.setVisible(has_rows)
        self.copy.setEnabled(has_rows)
        self.worst.setEnabled(has_rows)
        lack = NO_TRUTH if case is not None and case.truth is None else ""
        waits = has_rows or comparison.is_busy or comparison.lack  # which the panel tells
        self.told.setText(lack or ("" if waits else EMPTY))
        self.told.setVisible(bool(self.told.text()))
        if case is None:
            self.table.show_rows((), [])
            return
        grid, names = case.volume.grid, comparison.names()
        order = [*(c.name for c in case.classes.foreground)]
        colors = {c.name: c.color for c in case.classes.foreground}
        rows = [(run, score) for run, scores in scored.items() for score in scores]
        rows.sort(key=lambda row: _place(row[1].class_name, order))
        self.table.show_rows(
            columns(grid),
            [
                _cells(score, names[run], comparison.in_view.colors[run], colors, grid)
                for run, score in rows
            ],
        )


def _place(name: str, order: list[str]) -> tuple[int, str]:
    return (order.index(name) if name in order else len(order) + (name == TOGETHER), name)


def columns(grid: Grid) -> tuple[Column, ...]:
    """Return the columns of scores on a grid, with their definitions and units."""
    length, volume = grid.unit, "ml" if grid.unit == "mm" else "voxels"
    size = "" if grid.unit == "mm" else " The header tells no voxel size: measured in each plane."
    within = f"{TOLERANCE[grid.unit]:g} {'mm' if grid.unit == 'mm' else 'voxel'}"
    return (
        Column("Class", "The class; all of them taken as one come last."),
        Column("Run", "Whose prediction."),
        Column("Dice", "2 |P∩T| / (|P| + |T|) over the whole volume: 1 is perfect, 0 no overlap."),
        Column(
            f"HD95 {length}",
            f"95th percentile of the distances between the contours, in {length}; the image's "
            f"diagonal where only one of them is there.{size}",
        ),
        Column(
            f"ASSD {length}",
            f"Mean distance between the contours, in {length}; the image's diagonal where only "
            f"one of them is there.{size}",
        ),
        Column("NSD", f"Share of both contours that lies within {within} of the other, 0 to 1."),
        Column(f"Found {volume}", f"The predicted volume, in {volume}."),
        Column(f"True {volume}", f"The volume in the truth, in {volume}."),
        Column(
            "Missed planes",
            "In how many of the planes that hold the class nothing of it was found.",
        ),
    )


def _cells(score: Score, name: str, color: str, colors: dict[str, str], grid: Grid) -> list[Cell]:
    digits = 1 if grid.unit == "mm" else 0
    shade = colors.get(score.class_name)
    tip = (
        "Collapsed: the class is there, and the network predicts no voxel of it."
        if score.missed
        else ""
    )
    found = number(score.volume_ml, digits, tip)
    if score.missed:
        found = Cell(COLLAPSED, 0.0, tip)
    return [
        Cell(score.class_name, score.class_name, tip, swatch(shade) if shade else None),
        Cell(name, name, tip, swatch(color)),
        number(score.dice, 3, tip or _why_unknown(score)),
        number(score.hd95, 1, tip),
        number(score.assd, 2, tip),
        number(score.nsd, 3, tip),
        found,
        number(score.true * grid.voxel_ml, digits, tip),
        Cell(f"{score.missed_planes} of {score.planes}", float(score.missed_planes), tip),
    ]


def _why_unknown(score: Score) -> str:
    return "" if score.true or score.predicted else "Neither the truth nor the run has this class."
