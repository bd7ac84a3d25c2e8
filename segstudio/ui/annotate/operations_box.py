"""The list of operations with the form of each, what is computed, and what it would do."""

from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from segstudio.core.editing.edit import Edit
from segstudio.session import Session
from segstudio.ui.annotate.operation_forms import FORMS, Corners
from segstudio.ui.edge import at_the_edge


class OperationsBox(QWidget):
    """Asks for operations on the labels, and accepts or drops what is shown of them."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._asked = session.annotation.operations
        self.forms = [make(session) for make in FORMS]
        self.choice = QComboBox()
        self.choice.setToolTip("What is done to the labels at one go; one step of undo.")
        for form in self.forms:
            self.choice.addItem(form.title)
        self.apply = QPushButton("Apply")
        self.apply.setToolTip("Do it. Ctrl+Z takes it back.")
        self.progress = QProgressBar()
        self.progress.setRange(0, 0)
        self.progress.setToolTip("It is being computed. Do not paint meanwhile: it would be lost.")
        self.cancel = QPushButton("Cancel")
        self.cancel.setToolTip("Drop what is being computed.")
        self.status = QLabel("")
        self.status.setWordWrap(True)
        self.accept, self.drop = QPushButton("Accept"), QPushButton("Discard")
        self.accept.setToolTip("Take what is shown into the labels; one step of undo.")
        self.drop.setToolTip("Leave the labels as they are.")
        self._lay_out()
        self._connect()
        self._choose_form(0)
        self._follow_busy(self._asked.busy)
        self._follow_preview(self._asked.preview)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.choice)
        # Not a stack of pages, which is as high as the highest of them.
        for form in self.forms:
            column.addWidget(form)
        column.addWidget(self.apply)
        for widgets in ((self.progress, self.cancel), (self.accept, self.drop)):
            row = QHBoxLayout()
            for widget in widgets:
                row.addWidget(widget)
            column.addLayout(row)
        column.addWidget(self.status)

    def _connect(self) -> None:
        self.choice.currentIndexChanged.connect(self._choose_form)
        self.apply.clicked.connect(self._apply)
        self.cancel.clicked.connect(self._cancel)
        self.accept.clicked.connect(self._accept)
        self.drop.clicked.connect(self._drop)
        self._asked.busy_changed.connect(self._follow_busy)
        self._asked.preview_changed.connect(self._follow_preview)
        self._asked.refused.connect(self._follow_refusal)
        self._asked.done.connect(self._follow_done)
        annotation = self.session.annotation
        annotation.stepped.connect(self._follow_step)
        annotation.corners_changed.connect(self._follow_corners)

    def _choose_form(self, place: int) -> None:
        for k, form in enumerate(self.forms):
            form.setVisible(k == place)
        if self.session.annotation.takes_corners:
            self.session.annotation.take_corners(False)
        self._follow_corners(self.session.annotation.takes_corners)
        self.status.clear()

    @at_the_edge
    def _apply(self, *_: object) -> None:
        form, annotation = self.forms[self.choice.currentIndex()], self.session.annotation
        self.status.clear()
        if isinstance(form, Corners):
            annotation.expect_ground()
            if not annotation.takes_corners:
                form.expect_chosen()
            annotation.take_corners(not annotation.takes_corners)
        else:
            self._asked.ask(form.operation())

    @at_the_edge
    def _cancel(self, *_: object) -> None:
        self._asked.ask_cancel()
        self.status.setText("Cancelled: the labels are as they were.")

    @at_the_edge
    def _accept(self, *_: object) -> None:
        self._asked.accept_preview()

    @at_the_edge
    def _drop(self, *_: object) -> None:
        self._asked.drop_preview()

    def _follow_busy(self, text: str) -> None:
        is_busy = bool(text)
        self.apply.setEnabled(not is_busy)
        self.choice.setEnabled(not is_busy)
        self.progress.setVisible(is_busy)
        self.cancel.setVisible(is_busy)
        if is_busy:
            self.status.setText(text)
        elif self.status.text().endswith("…"):
            self.status.clear()

    def _follow_preview(self, edit: Edit | None) -> None:
        for button in (self.accept, self.drop):
            button.setVisible(edit is not None)
        if edit is not None:
            self.status.setText(f"This would change {edit.count:,} voxels, as drawn in the image.")
        elif self.status.text().startswith("This would"):
            self.status.clear()

    def _follow_refusal(self, text: str) -> None:
        self.status.setText(text)

    def _follow_done(self, voxels: int) -> None:
        # Which may be in slices that are not in view.
        self.status.setText(f"Done: {voxels:,} voxels changed. Undo takes it back.")

    def _follow_step(self) -> None:
        self.status.clear()

    def _follow_corners(self, takes: bool) -> None:
        is_corners = isinstance(self.forms[self.choice.currentIndex()], Corners)
        text = "Stop clicking corners" if takes else "Start clicking corners"
        self.apply.setText(text if is_corners else "Apply")
