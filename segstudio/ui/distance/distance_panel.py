"""The distance panel: which signed distance map is shown, its lines, values and histogram."""

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from segstudio.session import Session
from segstudio.ui.distance.map_choices import MapChoices
from segstudio.ui.distance.map_histogram import MapHistogram
from segstudio.ui.distance.map_lines import MapLines
from segstudio.ui.distance.map_words import place_words, state_words, value_words
from segstudio.ui.edge import at_the_edge
from segstudio.ui.widgets.fold import Fold

if TYPE_CHECKING:
    from segstudio.ui.distance.example_dialog import ExampleDialog

NARROWEST = 270  # pixels that the choices need
NO_POINTER = "Move the mouse over the image to read the distance there."
EXPLAINED = (
    "φ_G is the distance of every voxel to the contour of the class G: negative (blue) inside, "
    "positive (red) outside. φ_t and φ_bg are its two halves, without the sign. A class that a "
    "plane does not hold has no contour there, and φ is the same everywhere: 0, unless a loss is "
    "given something else."
)


class DistancePanel(QWidget):
    """Chooses the distance map over the case in view, and tells what it measures."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.choices, self.lines = MapChoices(session), MapLines(session)
        self.value, self.state = QLabel(), QLabel()
        self.value.setToolTip("The map at the voxel under the mouse, and which voxel that is.")
        self.state.setToolTip("What the map is where the plane in view has no contour.")
        for label in (self.value, self.state):
            label.setWordWrap(True)
        self.histogram = MapHistogram(session)
        self.as_seen = QPushButton("As the loss sees it…")
        self.as_seen.setToolTip(
            "Show the plane in view after the resampling, cutting and augmentation that are set "
            "under Train, with the map that the loss would be given."
        )
        self.example: ExampleDialog | None = None
        self._lay_out()
        self.as_seen.clicked.connect(self._show_example)
        view = session.map_view
        for signal in (view.changed, view.moved, view.chosen):
            signal.connect(self._tell)
        view.pointed.connect(self._tell_value)
        self._tell()

    def _lay_out(self) -> None:
        explained = QLabel(EXPLAINED)
        explained.setWordWrap(True)
        counted = Fold("Histogram", "How many voxels have which distance.", self.histogram)
        counted.open()
        content = QWidget()
        column = QVBoxLayout(content)
        for part in (
            self.choices,
            self.lines,
            self.value,
            self.state,
            counted,
            self.as_seen,
            Fold("What φ is", "The words of this panel explained.", explained),
        ):
            column.addWidget(part)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(content)
        scroll.setMinimumWidth(NARROWEST)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scroll)

    @at_the_edge
    def _show_example(self, _checked: bool = False) -> None:
        self.session.ask_example()
        if self.example is None:
            # Deferred: a window need not wait for what it draws with.
            from segstudio.ui.distance.example_dialog import ExampleDialog

            self.example = ExampleDialog(self.session, self)
        self.example.show()
        self.example.raise_()

    def _tell(self, *_: object) -> None:
        """Tell the value under the mouse, and why there is no map or no contour."""
        text = state_words(self.session.map_view, self.choices.classes.currentText())
        if text != self.state.text():
            self.state.setText(text)
            self.state.setVisible(bool(text))
        self._tell_value()

    def _tell_value(self, *_: object) -> None:
        view = self.session.map_view
        value = value_words(view)
        self.value.setText(f"<b>{value}</b> at {place_words(view)}" if value else NO_POINTER)
