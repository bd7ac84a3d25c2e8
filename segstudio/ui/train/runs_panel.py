"""The runs panel: finished and stopped runs, their scores, and their predictions again."""

from pathlib import Path

from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QColor, QDesktopServices, QIcon, QPixmap
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

from segstudio.compare.study import is_study, read_study, report_of
from segstudio.core.errors import InputError
from segstudio.data.project import Project
from segstudio.learn.run_folder import RunFolder
from segstudio.session import Session
from segstudio.ui.edge import at_the_edge
from segstudio.ui.train.training_words import dice_word, scored_side

_PATH = Qt.ItemDataRole.UserRole
EMPTY = "No run yet. Each training is listed here when it ends."


class RunsPanel(QWidget):
    """Lists runs; shows the chosen one's prediction over the case in view."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._make_controls()
        self._lay_out()
        self.runs.currentItemChanged.connect(self._summarise)
        self.runs.itemChanged.connect(self._tick)
        self.show_prediction.clicked.connect(self._show)
        self.hide_prediction.clicked.connect(self._hide)
        self.add_run.clicked.connect(self._ask_run)
        self.open_report.clicked.connect(self._open_report)
        session.training_ended.connect(self._select)
        session.runs_in_view.runs_changed.connect(self._show_ticks)
        session.project_opened.connect(self._list)
        self._home: Path | None = None
        self._list(session.project)
        # What was trained before there was a list.
        if session.runs_in_view.live is not None and session.training is None:
            self._select(session.runs_in_view.live)

    def _make_controls(self) -> None:
        self.runs = QListWidget()
        self.runs.setToolTip(
            "Trainings, newest first. Tick those whose curves are to be drawn together; the space "
            "bar ticks the chosen one."
        )
        self.summary = QLabel("")
        self.summary.setWordWrap(True)
        self.show_prediction = QPushButton("Show prediction")
        self.show_prediction.setToolTip(
            "Predict the case in view, and each one opened after it, with this run's best network."
        )
        self.hide_prediction = QPushButton("Hide")
        self.hide_prediction.setToolTip("Take the prediction away.")
        self.add_run = QPushButton("Add a run or comparison…")
        self.add_run.setToolTip(
            "List a run that lies elsewhere, or all runs of a comparison: choose its folder."
        )
        self.open_report = QPushButton("Open report")
        self.open_report.setToolTip(
            "Open the report of the comparison that the chosen run is a part of, in the browser."
        )
        self.open_report.setEnabled(False)

    def _lay_out(self) -> None:
        column, row = QVBoxLayout(self), QHBoxLayout()
        row.addWidget(self.show_prediction)
        row.addWidget(self.hide_prediction)
        column.addWidget(self.runs, 1)
        column.addWidget(self.summary)
        column.addLayout(row)
        column.addWidget(self.open_report)
        column.addWidget(self.add_run)

    @at_the_edge
    def _list(self, project: Project | None = None) -> None:
        """List the runs of the open project, or all that belong to none; and those that are drawn.

        What is drawn has its tick here, which takes it away.
        """
        home = self.session.runs_folder
        if home == self._home and project is None:
            return  # runs that were added by hand stay
        self._home = home
        runs = dict.fromkeys((*self.session.list_runs(), *self.session.runs_in_view.curves))
        self.runs.clear()
        self.summary.setText("" if runs else EMPTY)
        for path in runs:
            self._add(path)

    def _add(self, path: Path, row: int | None = None) -> QListWidgetItem:
        for i in range(self.runs.count()):
            if self.runs.item(i).data(_PATH) == path:
                return self.runs.item(i)
        item = QListWidgetItem(path.name)
        item.setData(_PATH, path)
        item.setToolTip(str(path))
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        self._show_tick(item)
        if self.summary.text() == EMPTY:
            self.summary.setText("")
        self.runs.insertItem(self.runs.count() if row is None else row, item)
        return item

    @at_the_edge
    def _tick(self, item: QListWidgetItem) -> None:
        """Draw the curves of a run that is ticked, and of no other."""
        in_view, path = self.session.runs_in_view, item.data(_PATH)
        if item.checkState() == Qt.CheckState.Checked:
            in_view.ask(path)
        else:
            in_view.hide(path)

    def _show_ticks(self) -> None:
        for i in range(self.runs.count()):
            self._show_tick(self.runs.item(i))

    def _show_tick(self, item: QListWidgetItem) -> None:
        """Show whether the curves of a run are drawn, and in which colour."""
        color = self.session.runs_in_view.colors.get(item.data(_PATH))
        square = QPixmap(12, 12)
        square.fill(QColor(color) if color else Qt.GlobalColor.transparent)
        self.runs.blockSignals(True)
        item.setCheckState(Qt.CheckState.Checked if color else Qt.CheckState.Unchecked)
        item.setIcon(QIcon(square))
        self.runs.blockSignals(False)

    def _select(self, path: Path) -> None:
        """List a run that has just ended, and choose it; a failed start has left none."""
        if (path / "config.toml").is_file():
            self.runs.setCurrentRow(-1)  # what is said of it was of an earlier state
            self.runs.setCurrentItem(self._add(path, 0))

    @at_the_edge
    def _summarise(self, item: QListWidgetItem | None, _before: object = None) -> None:
        self.open_report.setEnabled(item is not None and report_of(item.data(_PATH)) is not None)
        if item is None:
            return
        self.summary.setText("")  # and not what another run scored, where this one cannot be read
        run = RunFolder.opened(item.data(_PATH))
        config, _ = run.read_config()
        summary = run.read_summary()
        if summary is None:
            self.summary.setText(
                f"{config.loss}: not finished. “Go on with a run…” under Train lets it go on."
            )
            return
        side, scores = scored_side(summary)
        of_class = scores.get("per_class", {})
        rows = [f"{name}: {dice_word(row['dice'])}" for name, row in of_class.items()]
        self.summary.setText(
            f"<b>{config.loss}</b>, best epoch {summary['best_epoch']}. "
            f"{side.capitalize()} Dice {dice_word(scores.get('mean_dice'))}<br>" + "<br>".join(rows)
        )

    @at_the_edge
    def _show(self, _checked: bool = False) -> None:
        item = self.runs.currentItem()
        if item is None:
            self.session.say("Choose a run in the list first.")
            return
        if self.session.open_case is None:
            self.session.say("Open a case first: the prediction is laid over it.")
            return
        self.session.choose_run(item.data(_PATH))

    @at_the_edge
    def _hide(self, _checked: bool = False) -> None:
        self.session.hide_prediction()

    @at_the_edge
    def _ask_run(self, _checked: bool = False) -> None:
        name = QFileDialog.getExistingDirectory(self, "Choose the folder of a run or comparison")
        if name:
            self.add(Path(name))

    def add(self, path: Path) -> None:
        """List a run, or the runs of a comparison, and choose the first of them.

        Raises
        ------
        InputError
            The folder is neither, or the comparison has no run yet.
        """
        runs = [RunFolder.opened(path)] if not is_study(path) else read_study(path).begun
        if not runs:
            raise InputError(f"The comparison '{path.name}' has no run yet.")
        for run in reversed(runs):
            self._add(run.path, 0)
        self.runs.setCurrentItem(self._add(runs[0].path))

    @at_the_edge
    def _open_report(self, _checked: bool = False) -> None:
        item = self.runs.currentItem()
        report = None if item is None else report_of(item.data(_PATH))
        if report is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(report)))
