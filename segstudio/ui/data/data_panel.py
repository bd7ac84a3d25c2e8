"""The data panel: open images and folders, pick a case, save labels."""

from qtpy.QtCore import Qt
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from segstudio.data.datasets import Dataset
from segstudio.session import Session
from segstudio.session.open_case import OpenCase
from segstudio.ui.data.case_table import CaseTable
from segstudio.ui.data.check_dialog import CheckDialog
from segstudio.ui.data.dataset_words import (
    case_text,
    classes_text,
    classes_tip,
    dataset_text,
    dataset_tip,
)
from segstudio.ui.data.last_error import LastError
from segstudio.ui.data.project_menu import ProjectMenu
from segstudio.ui.edge import at_the_edge
from segstudio.ui.widgets.button import push_button
from segstudio.ui.widgets.file_names import open_filter
from segstudio.ui.widgets.questions import ask_folder, ask_save, open_sample


class DataPanel(QWidget):
    """Opens data and projects, and shows the cases of what is open."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.setAcceptDrops(True)
        self.project = ProjectMenu(session)
        self.open_file = push_button(
            "Image…",
            "Open one image of any format that is read, with the labels beside it. It may as well "
            "be dropped on segstudio's own window; with Alt held, as a layer only.",
        )
        self.open_folder = push_button(
            "Folder…",
            "Open a dataset: how it is laid out is found out, and said below. A folder may be "
            "dropped on the window, too.",
        )
        self.open_sample = push_button(
            "Sample hearts", "Open generated hearts with labels: no picture of a patient."
        )
        self.error = LastError(session)
        self.cases = CaseTable(session)
        self.dataset = QLabel("Open an image, a folder or a project to begin.")
        self.classes, self.case = QLabel(""), QLabel("")
        for label in (self.dataset, self.classes, self.case):
            label.setWordWrap(True)
        self.case.setTextFormat(Qt.TextFormat.PlainText)
        self.case.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.check = push_button(
            "Check dataset…",
            "Read every case, and tell what is broken or doubtful and what to train with.",
        )
        self._check_dialog: CheckDialog | None = None
        self.new_labels = push_button(
            "New labels", "Add empty labels to paint on with napari's brush."
        )
        self.save_labels = push_button(
            "Save labels…", "Save the painted labels as a new file on the image's own grid."
        )
        self.reviewed = push_button(
            "Reviewed",
            "Mark the case as looked through and found good; painting takes it back. A project "
            "remembers the mark.",
        )
        self.reviewed.setCheckable(True)
        self._lay_out()
        self._connect()

    def _connect(self) -> None:
        session = self.session
        self.open_file.clicked.connect(self._ask_file)
        self.open_folder.clicked.connect(self._ask_folder)
        self.open_sample.clicked.connect(self._open_sample)
        self.check.clicked.connect(self._check)
        self.new_labels.clicked.connect(self._make_labels)
        self.save_labels.clicked.connect(self._ask_save)
        self.reviewed.clicked.connect(self._mark_reviewed)
        session.progress.changed.connect(self._enable)
        session.dataset_opened.connect(self._describe_dataset)
        session.case_opened.connect(self._describe)
        session.labels_made.connect(self._enable)
        session.reading_changed.connect(self._follow_reading)
        session.saving_changed.connect(self._follow_saving)
        if session.dataset is not None:
            self._describe_dataset(session.dataset)
        if session.open_case is not None:
            self._describe(session.open_case)
        self._follow_reading(session.reading)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        for row in (
            _row(self.project, self.open_folder, self.open_file),
            _row(self.open_sample, self.check),
            self.error,
            self.dataset,
            self.cases,
            self.classes,
            self.case,
            _row(self.new_labels, self.save_labels, self.reviewed),
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
        ask_folder(self.session, self)

    @at_the_edge
    def _open_sample(self, _checked: bool = False) -> None:
        open_sample(self.session)

    @at_the_edge
    def _make_labels(self, _checked: bool = False) -> None:
        self.session.new_labels()

    @at_the_edge
    def _ask_save(self, _checked: bool = False) -> None:
        ask_save(self.session, self)

    @at_the_edge
    def _mark_reviewed(self, _checked: bool = False) -> None:
        self.session.mark_reviewed(self.reviewed.isChecked())

    @at_the_edge
    def _check(self, _checked: bool = False) -> None:
        if self._check_dialog is None:
            self._check_dialog = CheckDialog(self.session, self)
        self._check_dialog.begin()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Take files and folders that are dragged over the panel."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    @at_the_edge
    def _open_dropped(self, paths: list[str]) -> None:
        self.session.ask_open(*paths)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Open what is dropped on the panel, as on the window."""
        urls = [url for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        self._open_dropped([url.toLocalFile() for url in urls])

    def _describe_dataset(self, dataset: Dataset) -> None:
        self.dataset.setText(dataset_text(dataset, self.session.project))
        self.dataset.setToolTip(dataset_tip(dataset, self.session.project))
        opened = self.session.open_case
        classes = opened.classes if opened is not None else dataset.classes
        self.classes.setText(classes_text(classes))
        self.classes.setToolTip(classes_tip(classes))
        self.classes.setVisible(bool(self.classes.text()))

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

    def _follow_saving(self, text: str) -> None:
        """Say what is being saved, or is still to be."""
        self._follow_reading(text or self.session.reading)

    def _describe(self, opened: OpenCase) -> None:
        self.case.setText(case_text(opened))
        if self.session.dataset is not None:
            self._describe_dataset(self.session.dataset)
        self._enable()

    def _enable(self, *_: object) -> None:
        opened, labels = self.session.open_case, self.session.labels
        is_idle = not self.session.reading
        for button in (self.project, self.open_file, self.open_folder, self.open_sample):
            button.setEnabled(is_idle)
        self.check.setEnabled(is_idle and self.session.dataset is not None)
        self.new_labels.setEnabled(is_idle and opened is not None and labels is None)
        self.save_labels.setEnabled(is_idle and labels is not None)
        self.reviewed.setEnabled(is_idle and labels is not None)
        state = self.session.progress.of(opened.case).state if opened is not None else ""
        self.reviewed.setChecked(state == "reviewed")


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget)
    return row
