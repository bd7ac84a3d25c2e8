"""The table of classes: which is painted, shown, locked; name, colour, and how much there is."""

from functools import partial

from qtpy.QtCore import QItemSelectionModel, QSignalBlocker, Qt, QTimer
from qtpy.QtGui import QColor, QIcon, QPixmap, QShowEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QColorDialog,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
)

from segstudio.core.labels import LabelClass
from segstudio.session import Session
from segstudio.ui.edge import at_the_edge

SHOW, LOCK, COLOR, NAME, VOLUME, PIECES = range(6)
KEYS = 9  # rows that have a key
PAUSE_MS = 100  # between two countings of voxels while a brush moves
SHOWN_ROWS = 6
PATCH = 16  # pixels of a colour
_HEADS = {
    SHOW: ("Show", "Whether the class is drawn. What is hidden can still be painted over."),
    LOCK: ("Lock", "A locked class neither loses nor gains a voxel, whatever is done but undo."),
    COLOR: ("", "The class's colour. Double-click to choose another."),
    NAME: ("Class", "Double-click to rename. The row that is chosen is what the brush paints."),
    VOLUME: ("Volume", "How much of the class there is now."),
    PIECES: ("Pieces", "How many pieces there are; voxels that touch at a corner are of one."),
}


class ClassRows(QTableWidget):
    """A row for each class of the case in view."""

    def __init__(self, session: Session) -> None:
        super().__init__(0, len(_HEADS))
        self.session = session
        self._classes, self._limits = session.annotation.classes, session.annotation.limits
        self._counting = QTimer(self)
        self._counting.setSingleShot(True)
        self._counting.setInterval(PAUSE_MS)
        self._counting.timeout.connect(self._show_counts)
        self._set_up()
        self._connect()
        self._list()

    def _set_up(self) -> None:
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setToolTip("The classes of this case. Alt+1 to Alt+9 choose the first nine rows.")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        self.setWordWrap(False)
        for column, (head, tip) in _HEADS.items():
            item = QTableWidgetItem(head)
            item.setToolTip(tip)
            self.setHorizontalHeaderItem(column, item)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(24)
        header.setHighlightSections(False)

    def _connect(self) -> None:
        annotation = self.session.annotation
        self.itemChanged.connect(self._change)
        self.itemSelectionChanged.connect(self._choose)
        self.cellDoubleClicked.connect(self._ask_color)
        self._classes.shown.connect(self._list)
        self._classes.chosen_changed.connect(self._show_chosen)
        self._classes.hidden_changed.connect(self._show_checks)
        self._limits.locked_changed.connect(self._show_checks)
        annotation.ground_changed.connect(self._show_counts)
        annotation.edited.connect(self._count_soon)
        annotation.pieces_changed.connect(self._show_counts)

    @property
    def _rows(self) -> tuple[LabelClass, ...]:
        return self._classes.table.foreground

    def _list(self, *_: object) -> None:
        """List the classes anew."""
        with QSignalBlocker(self):
            self.setRowCount(len(self._rows))
            for row, known in enumerate(self._rows):
                self._fill(row, known)
        self._show_checks()
        self._show_chosen(self._classes.chosen)
        self._show_counts()
        self._fit_height()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Be as high as the rows, whose title's height the theme decides: none is cut off."""
        super().showEvent(event)
        self._fit_height()

    def _fit_height(self) -> None:
        height = self.verticalHeader().defaultSectionSize()
        rows = min(max(3, len(self._rows)), SHOWN_ROWS)
        title = self.horizontalHeader().sizeHint().height()
        self.setFixedHeight(title + rows * height + 2 * self.frameWidth())

    def _fill(self, row: int, known: LabelClass) -> None:
        fixed = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        key = f" Alt+{row + 1} chooses it." if row < KEYS else ""
        for column in range(len(_HEADS)):
            item = QTableWidgetItem()
            item.setFlags(fixed)
            item.setToolTip(f"{known.name}, value {known.value} in label files.{key}")
            self.setItem(row, column, item)
        for column in (SHOW, LOCK):
            self.item(row, column).setFlags(fixed | Qt.ItemFlag.ItemIsUserCheckable)
            self.item(row, column).setToolTip(_HEADS[column][1])
        self.item(row, COLOR).setIcon(_patch(known.color))
        self.item(row, COLOR).setToolTip(f"{known.color}. {_HEADS[COLOR][1]}")
        self.item(row, NAME).setFlags(fixed | Qt.ItemFlag.ItemIsEditable)
        self.item(row, NAME).setText(known.name)
        for column in (VOLUME, PIECES):
            self.item(row, column).setTextAlignment(
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            )

    def _show_checks(self, *_: object) -> None:
        with QSignalBlocker(self):
            for row, known in enumerate(self._rows):
                for column, is_on in (
                    (SHOW, known.value not in self._classes.hidden),
                    (LOCK, known.value in self._limits.locked),
                ):
                    state = Qt.CheckState.Checked if is_on else Qt.CheckState.Unchecked
                    self.item(row, column).setCheckState(state)

    def _show_chosen(self, value: int) -> None:
        with QSignalBlocker(self):
            values = [known.value for known in self._rows]
            if value not in values:
                self.clearSelection()
                return
            index = self.model().index(values.index(value), NAME)
            flags = QItemSelectionModel.SelectionFlag
            self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.viewport().update()

    @at_the_edge
    def _choose(self) -> None:
        chosen = self.selectionModel().selectedRows()
        if chosen and chosen[0].row() < len(self._rows):
            self._classes.choose(self._rows[chosen[0].row()].value)

    @at_the_edge
    def _change(self, item: QTableWidgetItem) -> None:
        value = self._rows[item.row()].value
        is_on = item.checkState() == Qt.CheckState.Checked
        if item.column() == SHOW:
            self._classes.hide(self._classes.hidden ^ {value})
        elif item.column() == LOCK:
            locked = self._limits.locked
            self._limits.lock(locked | {value} if is_on else locked - {value})
        elif item.column() == NAME:
            # The cell is still being edited: what lists the rows anew has to come after.
            QTimer.singleShot(0, partial(self._rename, value, item.text()))

    @at_the_edge
    def _rename(self, value: int, name: str) -> None:
        try:
            self._classes.rename(value, name)
        finally:
            self._list()

    @at_the_edge
    def _ask_color(self, row: int, column: int) -> None:
        if column == COLOR:
            known = self._rows[row]
            chosen = QColorDialog.getColor(QColor(known.color), self, f"Colour of {known.name}")
            if chosen.isValid():
                self._classes.recolor(known.value, chosen.name())

    def _count_soon(self, *_: object) -> None:
        if not self._counting.isActive():
            self._counting.start()

    def _show_counts(self, *_: object) -> None:
        annotation = self.session.annotation
        ground, counts, pieces = annotation.ground, annotation.counts, annotation.pieces
        with QSignalBlocker(self):
            for row, known in enumerate(self._rows):
                voxels, grid = counts[known.value], None if ground is None else ground.volume.grid
                text, tip = "", ""
                if grid is not None:
                    is_sized = grid.unit == "mm"
                    text = f"{voxels * grid.voxel_ml:.4g} ml" if is_sized else f"{voxels:,}"
                    tip = f"{voxels:,} voxels" + ("" if is_sized else "; their size is unknown")
                self.item(row, VOLUME).setText(text)
                self.item(row, VOLUME).setToolTip(tip)
                number = pieces.get(known.value)
                self.item(row, PIECES).setText("…" if number is None else f"{number:,}")
        self.viewport().update()


def _patch(color: str) -> QIcon:
    """Return a picture of a colour, which the chosen row's own background leaves to be seen."""
    patch = QPixmap(PATCH, PATCH)
    patch.fill(QColor(color))
    icon = QIcon(patch)
    # Else Qt tints it in the chosen row, and it is not the colour in the image any more.
    icon.addPixmap(patch, QIcon.Mode.Selected)
    return icon
