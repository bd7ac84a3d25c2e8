"""A dialog that shows the case in view as the loss of the next training would see it."""

import numpy as np
from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from segstudio.session import Session
from segstudio.session.messages import ExampleRequest
from segstudio.session.open_case import OpenCase
from segstudio.ui.distance.example_view import ExampleView
from segstudio.ui.edge import at_the_edge

MAKING = "Making an example …"
NO_MAP = "The loss '{loss}' is given no distance map: the picture on the right has none."


class ExampleDialog(QDialog):
    """Shows an example, and others on request.

    Parameters
    ----------
    session : Session
        Asked for examples.
    parent : QWidget
        The panel it was opened from.
    """

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self.session = session
        self.setWindowTitle("As the loss sees it")
        self.title, self.view = QLabel(), ExampleView()
        self._opened: OpenCase | None = None  # whose picture is shown
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words.setToolTip("What the settings under Train do to the case before a loss sees it.")
        self.plane = QSlider(Qt.Orientation.Horizontal)
        self.plane.setToolTip("Which plane of the patch is shown.")
        self.another = QPushButton("Another")
        self.another.setToolTip("The next epoch's, with changes drawn anew; a seed draws the same.")
        self.first = QPushButton("First")
        self.first.setToolTip("Back to the first, of the case and settings as they are now.")
        self._lay_out()
        self.resize(820, 560)
        self.another.clicked.connect(self._ask_another)
        self.first.clicked.connect(self._ask_first)
        self.plane.valueChanged.connect(self._draw)
        session.loss_example.changed.connect(self._show)
        session.settings_changed.connect(self._ask_again)
        session.case_opened.connect(self._ask_again)
        session.map_view.chosen.connect(self._show)

    def _lay_out(self) -> None:
        column, row = QVBoxLayout(self), QHBoxLayout()
        column.addWidget(self.title)
        column.addWidget(self.view, 1)
        column.addWidget(self.plane)
        column.addWidget(self.words)
        row.addWidget(self.another)
        row.addWidget(self.first)
        row.addStretch()
        column.addLayout(row)

    @at_the_edge
    def ask(self, number: int = 0) -> None:
        """Ask for an example."""
        self.session.ask_example(number)

    def _ask_first(self, _checked: bool = False) -> None:
        self.ask()

    def _ask_another(self, _checked: bool = False) -> None:
        request = self.session.loss_example.request
        self.ask(0 if request is None else request.number + 1)

    def _ask_again(self, *_: object) -> None:
        """Ask anew when the case or the settings change, where anybody looks."""
        if self.isVisible() and self.session.labels is not None:
            request = self.session.loss_example.request
            self.ask(0 if request is None else request.number)

    def _show(self, *_: object) -> None:
        example = self.session.loss_example
        request, found = example.request, example.found
        if request is None or found is None:
            self.words.setText(example.failure or MAKING)
            if example.failure or (request is not None and request.opened is not self._opened):
                self.view.clear()  # no picture of one case beside words on another
                self.title.clear()
            return
        self._opened = request.opened
        words = list(found.words)
        if found.maps is None:
            words.append(NO_MAP.format(loss=request.config.loss))
        elif request.config.loss_maps is not None:
            words.append(f"Map: {', '.join(request.config.loss_maps.words())}.")
        self.words.setText("\n".join(words))
        is_patch = found.labels.ndim == 3
        self.plane.setVisible(is_patch)
        if is_patch:
            counts = (found.labels == self._class_index(request)).sum(axis=(1, 2))
            with QSignalBlocker(self.plane):
                self.plane.setRange(0, len(counts) - 1)
                self.plane.setValue(int(counts.argmax()) if counts.any() else len(counts) // 2)
        self._draw()

    def _class_index(self, request: ExampleRequest) -> int:
        """Return which of the classes the map is of: the chosen one, or the first."""
        values, value = request.opened.classes.values, self.session.map_choice.value
        return values.index(value) if value in values else min(1, len(values) - 1)

    @at_the_edge
    def _draw(self, *_: object) -> None:
        example = self.session.loss_example
        if example.request is None or example.found is None:
            return
        found, k = example.found, self._class_index(example.request)
        reach = 1.0
        if found.maps is not None:
            largest = float(np.abs(found.maps[k]).max())
            reach = min(-3.0 * float(found.maps[k].min()), largest) or largest or 1.0
        name = example.request.opened.classes.classes[k].name
        of_case = f"{example.request.opened.case.name}. Left: the image and its labels."
        self.title.setText(f"{of_case} Right: the distance map of {name}.")
        plane = self.plane.value() if found.labels.ndim == 3 else None
        self.view.show_plane(found, example.request.opened.classes, k, plane, reach)
