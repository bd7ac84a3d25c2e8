"""The choice of a loss: by its title, or a sum typed by its names, with formula and reading."""

from qtpy.QtCore import QEvent, Qt, QTimer, Signal
from qtpy.QtGui import QPalette, QResizeEvent
from qtpy.QtWidgets import QComboBox, QFormLayout, QLabel, QSizePolicy, QWidget

from segstudio.core.errors import InputError
from segstudio.losses.expression import LossExpression, Part, parse_loss
from segstudio.losses.registry import card, cards
from segstudio.ui.formula import formula_pixmap

TIP = (
    "What the network is trained to make small. Choose one, or type a sum such as "
    "'dice + 0.01*boundary', with ', growing' or ', rebalancing' at its end if the later weights "
    "are to go with the epochs."
)
WIDEST = 290  # pixels a formula may take: the panel beside it is no wider


class LossChoice(QWidget):
    """Lets a user choose a loss and tells what it is.

    `changed` is sent with the loss as `parse_loss` takes it, whenever it is one.
    """

    changed = Signal(str)

    def __init__(self, loss: str) -> None:
        super().__init__()
        self.names = QComboBox()
        for c in cards():
            self.names.addItem(c.title, c.name)
        self.names.setEditable(True)
        self.names.setMaxVisibleItems(self.names.count())
        self.names.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        # Completing titles would turn a name typed in full, "focal", into another loss.
        self.names.setCompleter(None)
        self.names.setToolTip(TIP)
        self.formula = QLabel()
        self.formula.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.reading = QLabel()
        self.reading.setWordWrap(True)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Loss", self.names)
        form.addRow(self.formula)
        form.addRow(self.reading)
        self.set_text(loss)
        self.names.currentTextChanged.connect(self._show)
        self._show()

    def text(self) -> str:
        """Return the loss as chosen or typed."""
        shown: str = self.names.currentText().strip()
        index = self.names.findText(shown)
        return shown if index < 0 else str(self.names.itemData(index))

    def set_text(self, loss: str) -> None:
        """Show a loss."""
        index = self.names.findData(loss)
        if index >= 0:
            self.names.setCurrentIndex(index)
        else:
            self.names.setEditText(loss)

    def expression(self) -> LossExpression | None:
        """Return the loss, read; None while it is not one."""
        try:
            return parse_loss(self.text())
        except InputError:
            return None

    def _show(self, *_: object) -> None:
        try:
            expression = parse_loss(self.text())
        except InputError as error:
            self.reading.setText(str(error))
            self._fit_reading()
            self.formula.clear()
            return
        self.reading.setText(describe(expression))
        self.reading.setToolTip(" ".join(c.note for c in expression.cards))
        self._fit_reading()
        self.changed.emit(self.text())
        # After the panel is drawn, since the first formula loads matplotlib.
        QTimer.singleShot(0, self._draw_formula)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Give the text the height that it needs at a new width."""
        super().resizeEvent(event)
        self._fit_reading()

    def _fit_reading(self) -> None:
        # A form in a form does not ask how high a wrapped text is.
        self.reading.setFixedHeight(self.reading.heightForWidth(self.width()))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Draw the formula again in the colours of a new theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            QTimer.singleShot(0, self._draw_formula)

    def _draw_formula(self) -> None:
        expression = self.expression()
        if expression is None:
            return
        color = self.reading.palette().color(QPalette.ColorRole.WindowText).name()
        lines = [_formula(part, i) for i, part in enumerate(expression.parts)]
        self.formula.setPixmap(formula_pixmap(lines, color, self.devicePixelRatioF(), WIDEST))


def _formula(part: Part, place: int) -> str:
    sign, weight = "" if place == 0 else "+", "" if part.weight == 1 else f"{part.weight:g}\\,"
    return f"{sign}{weight}{card(part.name).formula}"


def describe(expression: LossExpression) -> str:
    """Return what to know of a loss beside its curve."""
    if len(expression.parts) == 1:
        one = expression.cards[0]
        return f"{one.reading} Range: {one.bounds}."
    weights = {
        "constant": "Their weights stay as they are.",
        "growing": "The later weights are multiplied with the number of the epoch.",
        "rebalancing": "The later weights grow with the epochs, and the first one shrinks.",
    }
    titles = ", ".join(c.title for c in expression.cards)
    given = [c for c in expression.cards if c.maps is not None]
    differ = any(c.maps != given[0].maps for c in given)
    shared = f" All are given the distance maps of: {given[0].title}." if differ else ""
    return f"A sum: {titles}. {weights[expression.schedule]}{shared}"
