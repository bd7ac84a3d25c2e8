"""The curves and the timeline under them, as they share a dock of the program's window."""

import sys
from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QVBoxLayout, QWidget

from segstudio.session import Session
from segstudio.ui.curves.curves_hint import CurvesHint, limit_height
from segstudio.ui.curves.timeline_panel import TimelinePanel

if TYPE_CHECKING:
    from segstudio.ui.curves.curves_panel import CurvesPanel


AHEAD_MS = 1500  # after data were opened, and again until it is quiet


class CurvesDock(QWidget):
    """Takes little of the window's height until there is a run to draw.

    Attributes
    ----------
    curves : CurvesPanel or None
        Made a moment after the first data were opened, or with the first curves.
    timeline : TimelinePanel
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.curves: CurvesPanel | None = None
        self.hint = CurvesHint()
        self.timeline = TimelinePanel(session)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self.hint)
        self._column.addWidget(self.timeline)
        session.runs_in_view.runs_changed.connect(self._prepare_room)
        self._ahead = QTimer(self)
        self._ahead.setSingleShot(True)
        self._ahead.setInterval(AHEAD_MS)
        self._ahead.timeout.connect(self._make_curves_if_quiet)
        session.dataset_opened.connect(self._make_curves_soon)
        if session.runs_in_view.curves:
            self._make_curves()
        self._make_room()

    def _make_curves_soon(self) -> None:
        """Make the curves in a quiet moment: beside the first steps it would be felt."""
        if self.curves is None:
            self._ahead.start()

    def _make_curves_if_quiet(self) -> None:
        # What they draw with takes a second to load, which goes on beside the window.
        is_loaded = hasattr(sys.modules.get("segstudio.ui.curves.curves_panel"), "CurvesPanel")
        if is_loaded and not self.session.reading and not QApplication.mouseButtons().value:
            self._make_curves()
        else:
            self._make_curves_soon()

    def _make_curves(self) -> None:
        if self.curves is not None:
            return
        # Deferred: pyqtgraph loads for a while, which a window need not wait for.
        from segstudio.ui.curves.curves_panel import LEAST_HEIGHT, CurvesPanel

        self.curves = CurvesPanel(self.session)
        self.curves.hide()  # until there is room
        self._column.insertWidget(0, self.curves, 1)
        self.curves.resize(self.width(), LEAST_HEIGHT)
        self.curves.grab()  # drawn once, unseen: the first time takes the longest

    def _prepare_room(self) -> None:
        """Make what is shown now, and lay out the window after it: both at once would be felt."""
        if self.session.runs_in_view.curves:
            self._make_curves()
        QTimer.singleShot(0, self, self._make_room)

    def _make_room(self) -> None:
        is_needed = bool(self.session.runs_in_view.curves)
        self._column.setEnabled(False)  # the window is laid out once, when all is in its place
        if self.curves is not None:
            self.curves.make_room()
            self.curves.setVisible(is_needed)
        self.hint.setVisible(not is_needed)
        self.timeline.setVisible(is_needed)
        limit_height(self, is_needed=is_needed)
        self._column.setEnabled(True)
        self._column.invalidate()
