"""The editor of a sum of losses: which, with what weights, and how these go with the epochs."""

from typing import get_args

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from segstudio.core.errors import InputError
from segstudio.losses.expression import LossExpression, Part, Schedule, options_of, parse_loss
from segstudio.ui.train.loss_choice import fill_with_losses
from segstudio.ui.train.setting_editors import Choice
from segstudio.ui.train.weights_plot import WeightsPlot
from segstudio.ui.widgets.number_boxes import Number

MOST_WEIGHT = 99_999  # what is written without an exponent
SCHEDULES: dict[Schedule, str] = {
    "constant": "constant: they stay as they are",
    "growing": "growing: the later ones times the epoch",
    "rebalancing": "rebalancing: the first one shrinks",
}


class PartRow(QWidget):
    """One loss of a sum: its weight, which, and its options.

    Parameters
    ----------
    part : Part
        What is shown first.
    """

    edited = Signal()

    def __init__(self, part: Part) -> None:
        super().__init__()
        self.weight = Number(0, MOST_WEIGHT)
        self.weight.setToolTip("What this loss is multiplied with.")
        self.weight.setFixedWidth(110)
        self.names = QComboBox()
        fill_with_losses(self.names)
        self.names.setMaxVisibleItems(self.names.count())
        self.names.setToolTip("The loss.")
        self.options = QLineEdit()
        self.options.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.remove = QPushButton("Remove")
        self.remove.setToolTip("Take this loss out of the sum.")
        self.remove.setAutoDefault(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (self.weight, QLabel("×"), self.names, self.options, self.remove):
            row.addWidget(widget)
        self.weight.show_setting(part.weight)
        self.names.setCurrentIndex(self.names.findData(part.name))
        self._offer_options()
        self.options.setText(part.label[len(part.name) :].strip("()"))
        self.weight.edited.connect(self.edited)
        self.options.textEdited.connect(self._tell)
        self.names.currentIndexChanged.connect(self._take_loss)

    def _take_loss(self, _index: int) -> None:
        self.options.clear()  # another loss has others
        self._offer_options()
        self.edited.emit()

    def _offer_options(self) -> None:
        known = options_of(str(self.names.currentData()))
        shown = ", ".join(f"{o.name}={o.default}" for o in known.values())
        self.options.setPlaceholderText(shown or "no options")
        self.options.setEnabled(bool(known))
        self.options.setToolTip(f"Options, as they are now: {shown}" if known else "It has none.")

    def _tell(self, _text: str) -> None:
        self.edited.emit()

    def text(self) -> str:
        """Return the part as it is typed in a sum."""
        options, weight = self.options.text().strip(), self.weight.value()
        times = "" if weight == 1 else f"{self.weight.textFromValue(weight)}*"
        return f"{times}{self.names.currentData()}{f'({options})' if options else ''}"


class LossEditor(QDialog):
    """Puts a sum of losses together; `chosen` is sent with it, as `parse_loss` takes it.

    Parameters
    ----------
    expression : LossExpression
        What is shown first.
    epochs : int
        Of the training, over which the weights are drawn.
    parent : QWidget
        The dialog goes with it.
    """

    chosen = Signal(str)

    def __init__(self, expression: LossExpression, epochs: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("A sum of losses")
        self.resize(680, 480)
        self._epochs = epochs
        self.rows: list[PartRow] = []
        self._column = QVBoxLayout()
        self.add = QPushButton("Add a loss")
        self.add.setToolTip("Add one more loss to the sum.")
        self.add.setAutoDefault(False)
        self.schedule = Choice({name: SCHEDULES[name] for name in get_args(Schedule)})
        self.schedule.setMinimumWidth(300)
        self.schedule.setToolTip("How the weights go with the epochs.")
        self.plot = WeightsPlot()
        self.sum = QLabel("")
        self.sum.setWordWrap(True)
        self._lay_out()
        for part in expression.parts:
            self._add_row(part)
        self.schedule.show_setting(expression.schedule)
        self.schedule.edited.connect(self._show)
        self.add.clicked.connect(self._add_another)
        self._show()

    def _lay_out(self) -> None:
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.use = self.buttons.addButton("Use this loss", QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.accepted.connect(self._choose)
        self.buttons.rejected.connect(self.reject)
        schedule = QHBoxLayout()
        schedule.addWidget(self.add)
        schedule.addStretch(1)
        schedule.addWidget(QLabel("Weights"))
        schedule.addWidget(self.schedule)
        column = QVBoxLayout(self)
        column.addLayout(self._column)
        column.addLayout(schedule)
        column.addWidget(self.plot, 1)
        column.addWidget(self.sum)
        column.addWidget(self.buttons)

    def _add_row(self, part: Part) -> None:
        row = PartRow(part)
        row.edited.connect(self._show)
        row.remove.clicked.connect(lambda: self._remove(row))
        self.rows.append(row)
        self._column.addWidget(row)

    def _add_another(self, _checked: bool = False) -> None:
        there = {row.names.currentData() for row in self.rows}
        offered = ("dice", "cross-entropy", "modified-boundary-log", "boundary")
        self._add_row(Part(next((name for name in offered if name not in there), "focal")))
        self._show()

    def _remove(self, row: PartRow) -> None:
        self.rows.remove(row)
        self._column.removeWidget(row)
        row.hide()
        row.deleteLater()
        self._show()

    def text(self) -> str:
        """Return the sum as it is typed."""
        schedule = self.schedule.setting()
        end = "" if schedule == "constant" or len(self.rows) < 2 else f", {schedule}"
        return " + ".join(row.text() for row in self.rows) + end

    def _show(self) -> None:
        for row in self.rows:
            row.remove.setEnabled(len(self.rows) > 1)
        self.schedule.setEnabled(len(self.rows) > 1)
        try:
            expression = parse_loss(self.text())
        except InputError as error:
            self.sum.setText(str(error))
            self.use.setEnabled(False)
            return
        self.sum.setText(self.text())
        self.use.setEnabled(True)
        self.plot.show_weights(expression, self._epochs)

    def _choose(self) -> None:
        self.chosen.emit(self.text())
        self.accept()
