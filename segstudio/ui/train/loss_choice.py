"""The choice of a loss: by its title, or a sum typed by its names, with formula and reading."""

from qtpy.QtCore import QEvent, QSignalBlocker, Qt, QTimer, Signal
from qtpy.QtGui import QFont, QPaintEvent, QPalette
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from segstudio.core.errors import InputError
from segstudio.losses.expression import LossExpression, Part, parse_loss
from segstudio.losses.registry import card, cards
from segstudio.ui.train.formula import formula_pixmap
from segstudio.ui.widgets.fold import Fold

TIP = (
    "What the network is trained to make small. Choose one, or type a sum such as "
    "'dice + 0.01*boundary', with ', growing' or ', rebalancing' at its end if the later weights "
    "are to go with the epochs."
)
WIDEST = 270  # pixels a formula may take: the panel beside it is no wider
BAR = 24  # pixels beside the longest title, for a scroll bar


class LossChoice(QWidget):
    """Lets a user choose a loss and tells what it is.

    `changed` is sent with the loss as `parse_loss` takes it, whenever it is one; `edited` whatever
    it is.

    Parameters
    ----------
    loss : str
        The one that is shown first.
    """

    changed = Signal(str)
    edited = Signal()

    def __init__(self, loss: str) -> None:
        super().__init__()
        self.names = QComboBox()
        fill_with_losses(self.names)
        self.names.setEditable(True)
        self.names.setMaxVisibleItems(self.names.count())
        self.names.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        # Completing titles would turn a name typed in full, "focal", into another loss.
        self.names.setCompleter(None)
        self.names.setToolTip(TIP)
        self.names.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        view = self.names.view()
        view.setMinimumWidth(view.sizeHintForColumn(0) + BAR)
        self.sum = QPushButton("Σ…")
        self.sum.setAccessibleName("Sum of losses")
        self.sum.setToolTip("Put a sum of losses together, with weights that go with the epochs.")
        self.formula = QLabel()
        self.formula.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.reading, self.note = QLabel(), QLabel()
        for label in (self.reading, self.note):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.note_fold = Fold("Before choosing it", "What to know of this loss.", self.note)
        self._lay_out()
        # Its own, so that it ends with the widget, and one drawing serves many changes.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._is_formula_old = True
        self._soon.timeout.connect(self._draw_formula)
        self.set_text(loss)
        self.names.currentTextChanged.connect(self._show)
        self._show()

    def _lay_out(self) -> None:
        title = QLabel("Loss")
        title.setBuddy(self.names)
        column, row = QVBoxLayout(self), QHBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        row.addWidget(title)
        row.addWidget(self.names, 1)
        row.addWidget(self.sum)
        column.addLayout(row)
        for widget in (self.formula, self.reading, self.note_fold):
            column.addWidget(widget)

    def text(self) -> str:
        """Return the loss as chosen or typed."""
        shown: str = self.names.currentText().strip()
        name = self.names.itemData(self.names.findText(shown))
        return shown if name is None else str(name)

    def set_text(self, loss: str) -> None:
        """Show a loss."""
        index = self.names.findData(loss)
        if index >= 0:
            self.names.setCurrentIndex(index)
        else:
            self.names.setEditText(loss)
        self.names.lineEdit().home(False)  # a long sum is read from its beginning

    def setting(self) -> str:
        """Return the loss as chosen or typed."""
        return self.text()

    def show_setting(self, loss: str) -> None:
        """Show a loss, as if it had always been there."""
        with QSignalBlocker(self):
            self.set_text(loss)

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
            self.note_fold.hide()
            self.formula.clear()
            self.formula.setMinimumHeight(0)
            self.edited.emit()
            return
        self.reading.setText(describe(expression))
        note = notes_of(expression)
        self.note.setText(note)
        self.note_fold.setVisible(bool(note))
        self.changed.emit(self.text())
        self.edited.emit()
        self._renew_formula()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Draw the formula again in the colours of a new theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._renew_formula()

    def _renew_formula(self) -> None:
        self._is_formula_old = True
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw the formula soon, where it is not that of the loss."""
        super().paintEvent(event)
        # Only here: the first formula loads matplotlib, for which a window should not wait, and a
        # tab that lies behind another one counts as visible.
        if self._is_formula_old:
            self._soon.start()

    def _draw_formula(self) -> None:
        self._is_formula_old = False
        expression = self.expression()
        if expression is None:
            return
        color = self.reading.palette().color(QPalette.ColorRole.WindowText).name()
        lines = [_formula(part, i) for i, part in enumerate(expression.parts)]
        self.formula.setPixmap(formula_pixmap(lines, color, self.devicePixelRatioF(), WIDEST))
        self.formula.setMinimumHeight(self.formula.sizeHint().height())  # never cut: it scrolls


def fill_with_losses(names: QComboBox) -> None:
    """Add the titles of all losses to a box, by family; the name of each is its data."""
    families = dict.fromkeys(c.family for c in cards())
    for family in families:
        names.addItem(f"{family.capitalize()} losses")
        head = names.model().item(names.count() - 1)
        head.setFlags(Qt.ItemFlag.NoItemFlags)
        head.setData(bold(names.font()), Qt.ItemDataRole.FontRole)
        for c in cards():
            if c.family == family:
                names.addItem(c.title, c.name)
                names.setItemData(names.count() - 1, c.reading, Qt.ItemDataRole.ToolTipRole)


def bold(font: QFont) -> QFont:
    """Return a font, bold."""
    made = QFont(font)
    made.setBold(True)
    return made


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


def notes_of(expression: LossExpression) -> str:
    """Return what to know of a loss before choosing it; of a sum, the range of each part too."""
    if len(expression.parts) == 1:
        return expression.cards[0].note
    lines = [f"{c.title}: range {c.bounds}. {c.note}".rstrip() for c in expression.cards]
    return "\n".join(lines)
