"""A panel that is made when it is first seen, so that the window need not wait for it."""

from importlib import import_module

from qtpy.QtCore import QTimer
from qtpy.QtGui import QPaintEvent
from qtpy.QtWidgets import QVBoxLayout, QWidget

from segstudio.session import Session


class LatePanel(QWidget):
    """Holds the place of a panel, which reads from the session what happened before it was made.

    Parameters
    ----------
    name : str
        Where the panel's class is, from `segstudio.ui` on: 'train.train_panel:TrainPanel'.
    session : Session
        The panel is given it.
    """

    def __init__(self, name: str, session: Session) -> None:
        super().__init__()
        self._name = name
        self._session = session
        self._panel: QWidget | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)

    @property
    def panel(self) -> QWidget:
        """The panel; made when it is first asked for."""
        if self._panel is None:
            module, kind = self._name.split(":")
            self._panel = getattr(import_module(f"segstudio.ui.{module}"), kind)(self._session)
            self._column.addWidget(self._panel)
            self._panel.show()
        return self._panel

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Make the panel: only what is in sight is painted, while all tabs count as visible."""
        super().paintEvent(event)
        if self._panel is None:
            QTimer.singleShot(0, self, self._make)  # and not once the window is gone

    def _make(self) -> None:
        _ = self.panel
