"""Measures beside the window the distance maps that take long."""

from functools import partial

from segstudio.session import Session
from segstudio.session.map_view import MapTask
from segstudio.ui.beside import Beside
from segstudio.ui.edge import at_the_edge


class MapReader:
    """Brings the maps of large volumes into a session.

    Parameters
    ----------
    session : Session
        Asked for them.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._beside = Beside()
        self._beside.failed.connect(session.say)
        session.map_view.asked.connect(self._measure)

    def close(self) -> None:
        """Wait for what is being measured, and measure nothing more."""
        self._beside.close()

    def _measure(self, task: MapTask) -> None:
        self._beside.ask("map", task.measure, partial(self._take, task))

    @at_the_edge
    def _take(self, task: MapTask, measured: object) -> None:
        self.session.map_view.take(task, measured)  # type: ignore[arg-type]
