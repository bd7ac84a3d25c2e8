"""The annotate panel: classes, tools, where painting is allowed, operations, undo."""

from dataclasses import replace
from pathlib import Path

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from segstudio.data.color_tables import SUFFIXES, Program, read_color_table, write_color_table
from segstudio.session import Session
from segstudio.session.messages import MapChoice
from segstudio.ui.annotate.agreement_dialog import AgreementDialog
from segstudio.ui.annotate.class_rows import ClassRows
from segstudio.ui.annotate.network_help import NetworkHelp
from segstudio.ui.annotate.operations_box import OperationsBox
from segstudio.ui.annotate.painting_limits_form import PaintingLimitsForm
from segstudio.ui.annotate.painting_tools import PaintingTools
from segstudio.ui.edge import at_the_edge
from segstudio.ui.widgets.fold import Fold
from segstudio.ui.widgets.questions import ask_save

NO_CASE, NO_LABELS, LABELS = range(3)


class AnnotatePanel(QWidget):
    """Paints the labels of the case in view."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.rows = ClassRows(session)
        self.tools = PaintingTools(session)
        self.limits = PaintingLimitsForm(session)
        self.operations = OperationsBox(session)
        self.new_labels = QPushButton("New labels")
        self.new_labels.setToolTip("Add empty labels to paint on.")
        self._make_class_buttons()
        self.note = QLabel("")
        self.note.setWordWrap(True)
        self.save = QPushButton("Save labels…")
        self.save.setToolTip("Save the labels as a file on the image's own grid.")
        self.agreement = QPushButton("Agreement…")
        self.agreement.setToolTip(
            "How far these labels agree with those of another reader, or with how they were."
        )
        self._agreement_dialog: AgreementDialog | None = None
        self.map = QCheckBox("Show the distance map")
        self.map.setToolTip(
            "The red and blue over the image: how far each place is from the outline of a class, "
            "chosen under Distance. Untick for the plain image."
        )
        self._lay_out()
        self._connect()
        self._follow()
        self._follow_map(session.map_choice)

    def _make_class_buttons(self) -> None:
        self.add, self.remove = QPushButton("Add class"), QPushButton("Remove")
        self.add.setToolTip("Add a class and choose it. Double-click its name to change it.")
        self.remove.setToolTip("Erase the chosen class and take it out of the table.")
        self.files = QPushButton("Import, export")
        self.files.setToolTip(
            "Names and colours as files of ITK-SNAP (label description) and 3D Slicer (colour "
            "table)."
        )
        menu = QMenu(self.files)
        menu.addAction("Import names and colours…", self._ask_import)
        menu.addAction("Export for ITK-SNAP…", lambda: self._ask_export("ITK-SNAP"))
        menu.addAction("Export for 3D Slicer…", lambda: self._ask_export("3D Slicer"))
        self.files.setMenu(menu)

    def _lay_out(self) -> None:
        self.pages = QStackedWidget()
        self.pages.addWidget(
            _page(_text("No case is open. Open a folder of images in the Data panel, then paint."))
        )
        explained = _text("This case has no labels yet. Make empty ones, and paint on them.")
        self.pages.addWidget(_page(explained, self.new_labels))
        self.pages.addWidget(self._labels_page())
        self.help = Fold(
            "Let a network help",
            "Draft labels to correct, and find the case that a network is least sure of.",
            NetworkHelp(self.session),
        )
        both = QVBoxLayout(self)
        both.addWidget(self.pages, 1)
        both.addWidget(self.help)

    def _labels_page(self) -> QWidget:
        """Return what there is to paint with, and below it what is always seen."""
        self.area = area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self._scrolled_part())
        page, row = QWidget(), QHBoxLayout()
        row.addWidget(self.map)
        row.addWidget(self.agreement)
        row.addWidget(self.save, 1)
        outer = QVBoxLayout(page)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area, 1)
        outer.addLayout(row)
        return page

    def _scrolled_part(self) -> QWidget:
        buttons = QHBoxLayout()
        for button in (self.add, self.remove, self.files):
            buttons.addWidget(button)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(4, 4, 4, 4)
        self.where = Fold(
            "Where painting is allowed",
            "Restrict tools and operations to intensities, classes, or the inside of a mask.",
            self.limits,
        )
        self.more = Fold(
            "Operations",
            "Interpolate, grow, smooth, fill, split and more: on many voxels at one go.",
            self.operations,
        )
        self.more.open()
        column.addWidget(self.rows)
        column.addLayout(buttons)
        for part in (self.note, self.tools, self.where, self.more):
            column.addWidget(part)
        column.addStretch(1)
        return inner

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Be as wide as the widest row, whose width the theme decides: nothing scrolls sideways."""
        super().showEvent(event)
        bar = self.area.verticalScrollBar().sizeHint().width()
        self.area.setMinimumWidth(self.area.widget().minimumSizeHint().width() + bar)

    def _connect(self) -> None:
        annotation = self.session.annotation
        self.new_labels.clicked.connect(self._make_labels)
        self.add.clicked.connect(self._add)
        self.remove.clicked.connect(self._remove)
        self.save.clicked.connect(self._save)
        self.agreement.clicked.connect(self._show_agreement)
        self.map.toggled.connect(self._choose_map)
        self.session.map_view.chosen.connect(self._follow_map)
        self.session.case_opened.connect(self._follow)
        self.session.labels_made.connect(self._follow)
        self.session.dataset_opened.connect(self._follow)
        annotation.classes.shown.connect(self._follow)
        annotation.classes.chosen_changed.connect(self._follow)
        annotation.limits.locked_changed.connect(self._follow)
        annotation.limits.changed.connect(self._follow)

    def _follow(self, *_: object) -> None:
        """Show what there is to paint on, and what keeps one from painting."""
        has_labels = self.session.annotation.ground is not None
        page = LABELS if has_labels else NO_LABELS
        self.pages.setCurrentIndex(page if self.session.open_case is not None else NO_CASE)
        annotation = self.session.annotation
        classes, limits = annotation.classes, annotation.limits
        is_class = classes.chosen in classes.table.values[1:]
        self.remove.setEnabled(is_class)
        note = ""
        if not classes.table.foreground:
            note = "There is no class to paint yet: press “Add class”."
        elif not is_class:
            note = "No class is chosen: the brush erases. Choose a row above."
        elif classes.chosen in limits.locked:
            note = f"“{classes.name(classes.chosen)}” is locked, so it cannot be painted."
        self.note.setText(note)
        self.note.setVisible(bool(note))
        restricted = "" if limits.restriction.is_none else " (restricted)"
        self.where.head.setText(f"Where painting is allowed{restricted}")

    @at_the_edge
    def _choose_map(self, wanted: bool) -> None:
        self.session.choose_map(replace(self.session.map_choice, visible=wanted))

    def _follow_map(self, choice: MapChoice) -> None:
        with QSignalBlocker(self.map):
            self.map.setChecked(choice.visible)

    @at_the_edge
    def _make_labels(self, *_: object) -> None:
        self.session.new_labels()

    @at_the_edge
    def _add(self, *_: object) -> None:
        self.session.annotation.classes.add()

    @at_the_edge
    def _remove(self, *_: object) -> None:
        self.session.annotation.remove_class(self.session.annotation.classes.chosen)

    @at_the_edge
    def _save(self, *_: object) -> None:
        ask_save(self.session, self)

    @at_the_edge
    def _show_agreement(self, *_: object) -> None:
        if self._agreement_dialog is None:
            self._agreement_dialog = AgreementDialog(self.session, self)
        self._agreement_dialog.show()
        self._agreement_dialog.raise_()

    @at_the_edge
    def _ask_import(self, *_: object) -> None:
        suffixes = " ".join(f"*{s}" for kind in SUFFIXES.values() for s in kind)
        chosen, _kind = QFileDialog.getOpenFileName(
            self, "Import names and colours", "", f"Tables of classes ({suffixes});;All files (*)"
        )
        if chosen:
            found = read_color_table(Path(chosen))
            annotation = self.session.annotation
            painted = (v for v, voxels in annotation.counts.items() if voxels)
            # What is painted keeps a name, whether the file has one for it or not.
            before = annotation.classes.table
            table = found.classes.with_values(painted, before)
            if before.ignore is not None:  # which neither program's tables know
                table = table.ignoring(before.ignore)
            annotation.classes.change(table)
            annotation.classes.hide(found.hidden)

    @at_the_edge
    def _ask_export(self, program: Program) -> None:
        suffix = SUFFIXES[program][0]
        chosen, _kind = QFileDialog.getSaveFileName(
            self, f"Export for {program}", f"classes{suffix}", f"{program} (*{suffix})"
        )
        if chosen:
            path, classes = Path(chosen), self.session.annotation.classes
            path = path if path.suffix else path.with_suffix(suffix)
            # The dialog asks before an existing file is chosen, by the name it knows.
            overwrite = str(path) == chosen
            write_color_table(
                path, classes.table, program, hidden=classes.hidden, overwrite=overwrite
            )
            self.session.say(f"Saved {path.name}", is_error=False)


def _text(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    return label


def _page(*widgets: QWidget) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    for widget in widgets:
        column.addWidget(widget)
    column.addStretch(1)
    return page
