"""What a loss says about the predictions of the plane in view: its choice, and its picture."""

from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from segstudio.data.atomic import written
from segstudio.losses.expression import parse_loss
from segstudio.losses.registry import cards
from segstudio.session import Session
from segstudio.session.comparison_view import LensPicture, Task
from segstudio.ui.edge import at_the_edge

EXPLAINED = (
    "Where the loss wants more of a class (blue) and where less (red), in the plane in view, for "
    "the class above or the largest there. A row for each run."
)
SIZE = (1080, 760)


class CompareLens(QWidget):
    """Chooses the loss that looks.

    Parameters
    ----------
    session : Session
        Whose comparison.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._comparison = session.comparison
        self.shown: LensDialog | None = None
        self.losses = QComboBox()
        self.losses.setEditable(True)
        self.losses.setToolTip(
            "The loss that looks, whichever the runs were trained with. A sum may be typed, such "
            "as dice + 0.01*boundary."
        )
        self.losses.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.losses.setMinimumContentsLength(16)
        for one in cards():
            self.losses.addItem(one.name)
            place = self.losses.count() - 1
            self.losses.setItemData(place, one.title, Qt.ItemDataRole.ToolTipRole)
        self.look = QPushButton("Look")
        self.look.setToolTip(
            "Draw what the loss sees in each run's prediction of the plane in view."
        )
        self._lay_out()
        self.look.clicked.connect(self._look)
        self._comparison.lens_shown.connect(self._show)
        self._comparison.changed.connect(self._follow)
        self._comparison.task_changed.connect(self._follow)
        self._follow()

    def _lay_out(self) -> None:
        explained, row, column = QLabel(EXPLAINED), QHBoxLayout(), QVBoxLayout(self)
        explained.setWordWrap(True)
        row.addWidget(self.losses, 1)
        row.addWidget(self.look)
        column.setContentsMargins(0, 4, 0, 0)
        column.addWidget(explained)
        column.addLayout(row)
        column.addStretch(1)

    @at_the_edge
    def _look(self, _checked: bool = False) -> None:
        loss = self.losses.currentText().strip()
        parse_loss(loss)  # a mistake is told at once
        self._comparison.lens_asked.emit(loss)

    def _follow(self, *_: object) -> None:
        comparison = self._comparison
        is_possible = not comparison.lack and comparison.truth is not None
        self.look.setEnabled(is_possible and comparison.task == Task())

    @at_the_edge
    def _show(self, picture: LensPicture) -> None:
        if self.shown is None:
            self.shown = LensDialog(self.session, self)
        self.shown.show_picture(picture)


class LensDialog(QDialog):
    """Shows what a loss sees, with its explanation.

    Parameters
    ----------
    session : Session
        Told of what was saved.
    parent : QWidget
        The dialog goes with it.
    """

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self.session = session
        self.resize(*SIZE)
        self._png = b""
        self.picture = QLabel()
        self.picture.setToolTip("Blue: the loss wants more of the class there. Red: less.")
        self.picture.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        area = QScrollArea()
        area.setWidget(self.picture)
        area.setWidgetResizable(True)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setToolTip("The loss of each run in this plane, and what the picture says.")
        self.save, self.shut = QPushButton("Save picture…"), QPushButton("Close")
        self.save.setToolTip("Save the picture as a PNG file.")
        self.shut.setToolTip("Close (Esc).")
        parts, row, column = QSplitter(Qt.Orientation.Vertical), QHBoxLayout(), QVBoxLayout(self)
        parts.addWidget(area)
        parts.addWidget(self.text)
        parts.setSizes([SIZE[1] * 3 // 4, SIZE[1] // 4])
        row.addStretch(1)
        row.addWidget(self.save)
        row.addWidget(self.shut)
        column.addWidget(parts, 1)
        column.addLayout(row)
        self.save.clicked.connect(self._save)
        self.shut.clicked.connect(self.close)

    def show_picture(self, picture: LensPicture) -> None:
        """Show what was looked at last."""
        self._png = picture.png
        self.setWindowTitle(f"Loss lens: {picture.title}")
        drawn = QPixmap()
        drawn.loadFromData(picture.png)
        room = SIZE[0] - 80
        if drawn.width() > room:
            drawn = drawn.scaledToWidth(room, Qt.TransformationMode.SmoothTransformation)
        self.picture.setPixmap(drawn)
        self.text.setPlainText(picture.text)
        self.show()
        self.raise_()

    @at_the_edge
    def _save(self, _checked: bool = False) -> None:
        typed, _ = QFileDialog.getSaveFileName(
            self, "Save the picture", str(Path.home() / "lens.png"), "Picture (*.png)"
        )
        if not typed:
            return
        path = Path(typed)
        asked = path.suffix.lower() == ".png"
        path = path if asked else path.with_name(f"{path.name}.png")
        with written(path, overwrite=asked) as temporary:
            temporary.write_bytes(self._png)
        self.session.say(f"Saved {path.name}", is_error=False)
