"""The compare panel: runs beside each other and the truth, their scores, and where they fail."""

from pathlib import Path

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from segstudio.session import Session
from segstudio.session.comparison_view import Task
from segstudio.ui.compare.compare_cases import CompareCases
from segstudio.ui.compare.compare_choices import CompareChoices
from segstudio.ui.compare.compare_lens import CompareLens
from segstudio.ui.compare.compare_scores import CompareScores
from segstudio.ui.edge import at_the_edge
from segstudio.ui.widgets.file_names import FIGURE_FILTERS, export_path

HUNDRED = 100
REDRAW_MS = 200  # a bar is drawn at once when it moves, and shares come faster than that


class ComparePanel(QWidget):
    """Compares the ticked runs on the case in view.

    Parameters
    ----------
    session : Session
        Whose comparison.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._comparison = session.comparison
        self._make_controls()
        self._lay_out()
        self.cancel.clicked.connect(self._cancel)
        self.again.clicked.connect(self._ask_again)
        self.export.clicked.connect(self._export)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REDRAW_MS)
        self._timer.timeout.connect(self._follow)
        self._comparison.changed.connect(self._follow)
        self._comparison.progressed.connect(self._wait_to_follow)
        self._comparison.task_changed.connect(self._follow)
        self._follow()

    def _make_controls(self) -> None:
        self.choices = CompareChoices(self.session)
        self.scores = CompareScores(self.session)
        self.cases = CompareCases(self.session)
        self.lens = CompareLens(self.session)
        self.parts = QTabWidget()
        for widget, title, tip in (
            (self.scores, "This case", "The scores of the case in view."),
            (self.cases, "Test cases", "All test cases of the ticked runs by their scores."),
            (self.lens, "Loss lens", "What a loss says about each prediction."),
        ):
            self.parts.setTabToolTip(self.parts.addTab(widget, title), tip)
        self.status = QLabel("")
        self.status.setWordWrap(True)
        self.status.setTextFormat(Qt.TextFormat.PlainText)
        self.progress = QProgressBar()
        self.progress.setRange(0, HUNDRED)
        self.progress.setToolTip("How far the predictions, or the picture, are.")
        self.cancel = QPushButton("Cancel")
        self.cancel.setToolTip("Stop; what was predicted already stays.")
        self.again = QPushButton("Try again")
        self.again.setToolTip("Predict with the runs that failed, or were stopped, once more.")
        self.export = QPushButton("Export…")
        self.export.setToolTip(
            "Save the plane in view with the truth and each run side by side as a picture or a "
            "drawing, with the regions below where they are shown; or the scores as a table."
        )

    def _lay_out(self) -> None:
        column, row, below = QVBoxLayout(self), QHBoxLayout(), QHBoxLayout()
        row.addWidget(self.progress, 1)
        row.addWidget(self.cancel)
        below.addWidget(self.again)
        below.addStretch(1)
        below.addWidget(self.export)
        column.addWidget(self.choices)
        column.addWidget(self.status)
        column.addLayout(row)
        column.addWidget(self.parts, 1)
        column.addLayout(below)

    @at_the_edge
    def _cancel(self, _checked: bool = False) -> None:
        self._comparison.ask_stop()

    @at_the_edge
    def _ask_again(self, _checked: bool = False) -> None:
        self._comparison.ask_again()

    @at_the_edge
    def _export(self, _checked: bool = False) -> None:
        case = self._comparison.case
        name = f"{case.case.name}_plane{self._comparison.plane + 1}" if case is not None else "runs"
        typed, chosen = QFileDialog.getSaveFileName(
            self,
            "Export the comparison",
            str(Path.home() / f"{name}.png"),
            ";;".join(FIGURE_FILTERS),
        )
        if typed:
            path, asked = export_path(typed, chosen)
            self._comparison.export_asked.emit(path, asked)

    def _wait_to_follow(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _follow(self, *_: object) -> None:
        comparison, task = self._comparison, self._comparison.task
        is_at_work = comparison.is_busy or task != Task()
        self.status.setText(comparison.lack or task.text or self._state())
        self.status.setVisible(bool(self.status.text()))
        for widget in (self.progress, self.cancel):
            widget.setVisible(is_at_work)
        self.progress.setValue(round(HUNDRED * (task.share if task != Task() else self._share())))
        self.again.setVisible(
            any(r.state in ("failed", "stopped") for r in comparison.results.values())
        )
        self.export.setEnabled(bool(comparison.found) and task == Task())

    def _share(self) -> float:
        """Return how much of the predictions is done."""
        results = self._comparison.results.values()
        done = [1.0 if r.state not in ("waiting", "running") else r.share for r in results]
        return sum(done) / len(done) if done else 0.0

    def _state(self) -> str:
        """Return how the predictions stand, and why some failed."""
        comparison, names = self._comparison, self._comparison.names()
        lines = []
        for place, (run, result) in enumerate(comparison.results.items(), 1):
            if result.state == "running" and comparison.is_on:
                of_all = f" ({place} of {len(comparison.results)})"
                lines.append(f"Predicting with {names[run]}{of_all} …")
            elif result.state == "failed":
                lines.append(f"{names[run]}: {result.failure}")
            elif result.state == "stopped":
                lines.append(f"{names[run]}: stopped.")
        return "\n".join(lines)
