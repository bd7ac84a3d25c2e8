"""The data panel: open images and folders, pick a case, save labels."""

from functools import partial
from html import escape
from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from segstudio.compare.demo import sample_dataset
from segstudio.data.datasets import Case, Dataset
from segstudio.learn.run_folder import runs_home
from segstudio.open_case import OpenCase
from segstudio.session import Session
from segstudio.ui.check_dialog import CheckDialog
from segstudio.ui.edge import at_the_edge
from segstudio.ui.file_names import free_name, open_filter, save_filter, with_suffix

MOST_NOTES = 12  # of a tooltip that still fits a screen


class DataPanel(QWidget):
    """Opens data and lists the cases of the open dataset."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.open_file = _button(
            "Open image…",
            "Open one image of any format that is read, with the labels beside it. It may as well "
            "be dropped on segstudio's own window; with Alt held, as a layer only.",
        )
        self.open_folder = _button(
            "Open folder…",
            "Open a dataset: how it is laid out is found out, and said below. A folder may be "
            "dropped on the window, too.",
        )
        self.open_sample = _button(
            "Open sample hearts", "Open generated hearts with labels: no picture of a patient."
        )
        self.cases = QListWidget()
        self.cases.setToolTip("Click a case to show it. A dot means that it has labels.")
        self.dataset = QLabel("Open an image or a folder to begin.")
        self.case = QLabel("")
        for label in (self.dataset, self.case):
            label.setWordWrap(True)
        self.case.setTextFormat(Qt.TextFormat.PlainText)
        self.case.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.check = _button(
            "Check dataset…",
            "Read every case, and tell what is broken or doubtful and what to train with.",
        )
        self._check_dialog: CheckDialog | None = None
        self.new_labels = _button("New labels", "Add empty labels to paint on with napari's brush.")
        self.save_labels = _button(
            "Save labels…", "Save the painted labels as a new file on the image's own grid."
        )
        self._lay_out()
        self._connect()

    def _connect(self) -> None:
        session = self.session
        self.open_file.clicked.connect(self._ask_file)
        self.open_folder.clicked.connect(self._ask_folder)
        self.open_sample.clicked.connect(self._open_sample)
        self.cases.itemSelectionChanged.connect(self._show_selected)
        self.check.clicked.connect(self._check)
        self.new_labels.clicked.connect(self._make_labels)
        self.save_labels.clicked.connect(self._ask_save)
        session.dataset_opened.connect(self._list_cases)
        session.case_opened.connect(self._describe)
        session.labels_made.connect(self._enable)
        session.reading_changed.connect(self._follow_reading)
        if session.dataset is not None:
            self._list_cases(session.dataset)
        if session.open_case is not None:
            self._describe(session.open_case)
        self._follow_reading(session.reading)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        for row in (
            _row(self.open_file, self.open_folder),
            self.open_sample,
            self.dataset,
            self.cases,
            self.check,
            self.case,
            _row(self.new_labels, self.save_labels),
        ):
            if isinstance(row, QWidget):
                column.addWidget(row, 1 if row is self.cases else 0)
            else:
                column.addLayout(row)

    @at_the_edge
    def _ask_file(self, _checked: bool = False) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Open image", "", open_filter())
        if name:
            self.session.ask_open(name)

    @at_the_edge
    def _ask_folder(self, _checked: bool = False) -> None:
        name = QFileDialog.getExistingDirectory(self, "Open folder of images with labels")
        if name:
            self.session.ask_open(name)

    @at_the_edge
    def _open_sample(self, _checked: bool = False) -> None:
        folder = runs_home().parent / "demos" / "sample" / "hearts"
        self.session.ask_reading(partial(sample_dataset, folder), "Making sample hearts …")

    @at_the_edge
    def _show_selected(self) -> None:
        chosen = self.cases.selectedItems()
        opened = self.session.open_case
        name = chosen[0].data(_NAME) if chosen else ""
        if chosen and (opened is None or opened.case.name != name):
            self.session.ask_case(name)

    @at_the_edge
    def _make_labels(self, _checked: bool = False) -> None:
        self.session.new_labels()

    @at_the_edge
    def _ask_save(self, _checked: bool = False) -> None:
        opened = self.session.open_case
        if opened is None:
            return
        chosen, kind = QFileDialog.getSaveFileName(
            self, "Save labels", str(free_name(opened.case)), save_filter()
        )
        if chosen:
            path = with_suffix(Path(chosen), kind)
            # The dialog asks before an existing file is chosen, by the name it knows.
            self.session.save_labels(path, overwrite=str(path) == chosen and path.exists())

    @at_the_edge
    def _check(self, _checked: bool = False) -> None:
        if self._check_dialog is None:
            self._check_dialog = CheckDialog(self.session, self)
        self._check_dialog.begin()

    def _list_cases(self, dataset: Dataset) -> None:
        self.dataset.setText(_dataset_text(dataset))
        self.dataset.setToolTip(_notes_tip(dataset))
        self.cases.blockSignals(True)
        self.cases.clear()
        for case in dataset.cases:
            mark = "●" if case.labels is not None else "○"
            item = QListWidgetItem(f"{mark}  {case.name}")
            item.setData(_NAME, case.name)
            item.setToolTip(_case_tip(case))
            self.cases.addItem(item)
        self.cases.blockSignals(False)
        self._select_case_in_view()

    def _follow_reading(self, text: str) -> None:
        """Say what is being read; afterwards, what is in view."""
        opened = self.session.open_case
        if text:
            self.case.setText(text)
        elif opened is not None:
            self._describe(opened)
        else:
            self.case.setText("")
        self._enable()

    def _describe(self, opened: OpenCase) -> None:
        grid = opened.volume.grid
        planes, rows, columns = grid.shape
        if grid.unit == "mm":
            size = " × ".join(f"{s:.3g}" for s in grid.spacing) + " mm"
        else:
            size = "voxel size unknown: lengths are in voxels"
        channels = len(opened.volume.channels)
        several = f"; {channels} channels, the first is shown" if channels > 1 else ""
        described = f"{planes} plane{'s' * (planes != 1)} of {rows} × {columns}; {size}{several}"
        self.case.setText("\n".join([described, *(f"⚠ {doubt}" for doubt in grid.doubts)]))
        self._select_case_in_view()
        self._enable()

    def _select_case_in_view(self) -> None:
        opened = self.session.open_case
        if self.session.reading:
            return  # the choice of the user is ahead of the view
        self.cases.blockSignals(True)
        for row in range(self.cases.count()):
            if opened is not None and self.cases.item(row).data(_NAME) == opened.case.name:
                self.cases.setCurrentRow(row)
        self.cases.blockSignals(False)

    def _enable(self, *_: object) -> None:
        opened, labels = self.session.open_case, self.session.labels
        is_idle = not self.session.reading
        for button in (self.open_file, self.open_folder, self.open_sample):
            button.setEnabled(is_idle)
        self.check.setEnabled(is_idle and self.session.dataset is not None)
        self.new_labels.setEnabled(is_idle and opened is not None and labels is None)
        self.save_labels.setEnabled(is_idle and labels is not None)


_NAME = Qt.ItemDataRole.UserRole


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    return button


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget)
    return row


def _dataset_text(dataset: Dataset) -> str:
    """Return what a dataset holds, how it is laid out, and how many notes there are."""
    labelled = sum(c.labels is not None for c in dataset.cases)
    patients, count = len({c.patient for c in dataset.cases}), len(dataset.cases)
    words = (
        f"<b>{escape(dataset.name)}</b>: {count} case{'s' * (count != 1)} of {patients} "
        f"patient{'s' * (patients != 1)}, {labelled} with labels"
    )
    if dataset.layout:
        words += f"; layout: {escape(dataset.layout)}"
    notes = len(dataset.notes)
    return words + (f". <b>{notes} note{'s' * (notes != 1)}</b> (hover to read)" if notes else "")


def _notes_tip(dataset: Dataset) -> str:
    notes = [f"<p>{escape(note)}</p>" for note in dataset.notes[:MOST_NOTES]]
    left = len(dataset.notes) - len(notes)
    return "".join(notes) + (f"<p>… and {left} more: check the dataset.</p>" if left else "")


def _case_tip(case: Case) -> str:
    """Return whose a case is, why its labels are its own, and what else is said of it."""
    why = case.pairing or ("it has labels" if case.labels is not None else "it has no labels")
    rows = [("Patient", case.patient), ("Labels", why), *case.facts]
    cells = (f"<tr><td>{escape(k)}:&nbsp;</td><td>{escape(v)}</td></tr>" for k, v in rows)
    return f"<table>{''.join(cells)}</table>"
