"""Reads of runs, beside the window, what the session is asked to show."""

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.learn.events import EpochDone, Event
from segstudio.learn.run_curves import RunCurves, read_curves
from segstudio.learn.timeline import labels_after
from segstudio.session import Session
from segstudio.session.open_case import OpenCase
from segstudio.ui.edge import at_the_edge
from segstudio.ui.threads.beside import Beside

TIMELINE = "timeline"


class RunReader:
    """Brings the curves of runs, and the predictions of a timeline, into a session.

    Parameters
    ----------
    session : Session
        Asked for them.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._beside = Beside()
        self._beside.failed.connect(self._tell_failure)
        in_view = session.runs_in_view
        in_view.asked.connect(self._read_curves)
        in_view.epoch_changed.connect(self._read_labels)
        in_view.timeline_changed.connect(self._read_labels)
        session.case_opened.connect(self._read_labels)
        session.training_told.connect(self._follow)

    def close(self) -> None:
        """Wait for what is being read, and read nothing more."""
        self._beside.close()

    def _tell_failure(self, text: str) -> None:
        self.session.say(text)
        # Whoever showed a wish as granted sees that it was not.
        self.session.runs_in_view.runs_changed.emit()

    def _read_curves(self, run: Path) -> None:
        self._beside.ask(run, partial(read_curves, run), partial(self._show_curves, run))

    @at_the_edge
    def _show_curves(self, run: Path, curves: RunCurves) -> None:
        self.session.runs_in_view.take_asked(run, curves)

    def _follow(self, event: Event) -> None:
        """Show the newest epoch of the running training, where it is what is looked at."""
        in_view = self.session.runs_in_view
        if isinstance(event, EpochDone) and in_view.timeline == self.session.training:
            self._read_labels()

    def _read_labels(self, *_: object) -> None:
        in_view, opened = self.session.runs_in_view, self.session.open_case
        run = in_view.timeline
        if run is None or opened is None:
            return
        shape = opened.volume.data.shape
        read = partial(labels_after, run, opened.case.name, in_view.epoch, shape)
        self._beside.ask(TIMELINE, read, partial(self._show_labels, run, opened))

    @at_the_edge
    def _show_labels(
        self, run: Path, opened: OpenCase, found: tuple[int, NDArray[np.int32]]
    ) -> None:
        in_view = self.session.runs_in_view
        if in_view.timeline == run and self.session.open_case is opened:
            epoch, labels = found
            name = in_view.names().get(run, run.name)
            self.session.show_prediction(labels, f"epoch {epoch} of {name}")
