"""The dialog that lets a run go on: a stopped one from where it was, a finished one for longer."""

from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from segstudio.core.errors import InputError
from segstudio.learn.run_folder import RunFolder
from segstudio.session import Session
from segstudio.ui.edge import at_the_edge
from segstudio.ui.widgets.button import push_button
from segstudio.ui.widgets.number_boxes import Whole

_PATH = Qt.ItemDataRole.UserRole
MORE = 10  # epochs, to begin with


class ResumeDialog(QDialog):
    """Lists runs, the newest first, and asks the session for one of them to go on."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self.session = session
        self.setWindowTitle("Go on with a run")
        self.resize(520, 380)
        self.runs = QListWidget()
        self.runs.setToolTip("Runs, the newest first.")
        self.other = push_button("Other folder…", "List a run that lies elsewhere.")
        self.state = QLabel("")
        self.state.setWordWrap(True)
        self.more = Whole(1, 10_000)
        self.more.setValue(MORE)
        self.more.setToolTip("Epochs beyond those that the run was started with.")
        self.resume = push_button("Resume", "Go on from the step where the run was stopped.")
        self.extend = push_button("Extend", "Train for more epochs than the run was started with.")
        self.cancel = push_button("Cancel", "Let no run go on.")
        self._lay_out()
        self.runs.currentItemChanged.connect(self._describe)
        self.other.clicked.connect(self._ask_folder)
        self.resume.clicked.connect(self._resume)
        self.extend.clicked.connect(self._extend)
        self.cancel.clicked.connect(self.reject)
        self._list()

    def _lay_out(self) -> None:
        column, folder, buttons = QVBoxLayout(self), QHBoxLayout(), QHBoxLayout()
        folder.addWidget(self.state, 1)
        folder.addWidget(self.other)
        more = QLabel("More epochs")
        more.setBuddy(self.more)
        for widget in (more, self.more, self.extend):
            buttons.addWidget(widget)
        buttons.addStretch(1)
        for widget in (self.resume, self.cancel):
            buttons.addWidget(widget)
        column.addWidget(self.runs, 1)
        column.addLayout(folder)
        column.addLayout(buttons)

    def _list(self) -> None:
        for path in filter(_can_go_on, self.session.list_runs()):
            self._add(path)
        self.runs.setCurrentRow(0)
        self._describe()

    def _add(self, path: Path) -> QListWidgetItem:
        item = QListWidgetItem(path.name)
        item.setData(_PATH, path)
        item.setToolTip(str(path))
        self.runs.addItem(item)
        return item

    def chosen(self) -> Path | None:
        """Return the chosen run."""
        item = self.runs.currentItem()
        return None if item is None else Path(item.data(_PATH))

    @at_the_edge
    def _describe(self, *_items: object) -> None:
        path = self.chosen()
        self.resume.setEnabled(False)
        self.extend.setEnabled(False)
        if path is None:
            self.state.setText("No run here can go on. Choose another folder.")
            return
        run = RunFolder.opened(path)
        config, _ = run.read_config()
        is_finished, is_busy = run.read_summary() is not None, path == self.session.training
        share = f"stopped at {run.share_done():.0%}; {config.epochs} epochs were planned"
        state = "is being trained" if is_busy else "finished" if is_finished else share
        self.state.setText(f"{config.loss}: {state}")
        self.resume.setEnabled(not is_busy and not is_finished)
        self.extend.setEnabled(not is_busy)
        (self.extend if is_finished else self.resume).setDefault(True)

    @at_the_edge
    def _ask_folder(self, _checked: bool = False) -> None:
        name = QFileDialog.getExistingDirectory(self, "Choose a run folder")
        if not name:
            return
        path = RunFolder.opened(Path(name)).path
        if not _can_go_on(path):
            raise InputError(f"The run '{path.name}' keeps no state to go on from.")
        self.runs.setCurrentItem(self._add(path))

    @at_the_edge
    def _resume(self, _checked: bool = False) -> None:
        self._go_on(0)

    @at_the_edge
    def _extend(self, _checked: bool = False) -> None:
        self._go_on(self.more.value())

    def _go_on(self, more: int) -> None:
        path = self.chosen()
        if path is not None:
            self.session.ask_resume(path, more)
            self.accept()


def _can_go_on(path: Path) -> bool:
    run = RunFolder(path)
    return (path / "config.toml").is_file() and run.last.is_file()
