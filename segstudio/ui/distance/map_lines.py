"""Whether iso-lines of the distance map are drawn, and how far apart."""

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QWidget

from segstudio.core.iso_lines import MOST_LEVELS
from segstudio.session import Session
from segstudio.session.messages import LineChoice, MapChoice
from segstudio.ui.edge import at_the_edge
from segstudio.ui.widgets.number_boxes import Number

LEAST_STEP = 0.01


class MapLines(QWidget):
    """Shows and changes which iso-lines are drawn.

    Parameters
    ----------
    session : Session
        Whose map the lines are of.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.shown = QCheckBox("Iso-lines every")
        self.shown.setToolTip(
            "Draw lines of equal distance in the plane in view; the bold one is the contour. "
            f"The {MOST_LEVELS} nearest to it are drawn."
        )
        self.step = Number(LEAST_STEP)
        self.step.setKeyboardTracking(False)
        self.step.setToolTip("The distance from one line to the next.")
        self.unit = QLabel()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.shown)
        row.addWidget(self.step)
        row.addWidget(self.unit)
        row.addStretch()
        self._follow(session.map_view.lines)
        self._follow_unit(session.map_choice)
        self.shown.toggled.connect(self._choose)
        self.step.edited.connect(self._choose)
        session.map_view.lines_chosen.connect(self._follow)
        session.map_view.chosen.connect(self._follow_unit)
        session.case_opened.connect(self._follow_unit)

    @at_the_edge
    def _choose(self, *_: object) -> None:
        self.session.map_view.choose_lines(LineChoice(self.shown.isChecked(), self.step.setting()))

    def _follow(self, lines: LineChoice) -> None:
        with QSignalBlocker(self.shown):
            self.shown.setChecked(lines.visible)
        self.step.show_setting(lines.step)

    def _follow_unit(self, _: MapChoice | object) -> None:
        self.unit.setText(self.session.map_view.unit)
