"""Predicts the case in view with the run that was chosen, beside the window."""

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject

from segstudio.session import Session
from segstudio.session.open_case import OpenCase
from segstudio.ui.edge import at_the_edge
from segstudio.ui.threads.beside import Beside


class CasePredictor(QObject):
    """Predicts one case at a time, and of what waits only the newest wish."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._asked: tuple[Path, OpenCase] | None = None
        self._beside = Beside()
        self._beside.failed.connect(self._warn)
        session.case_opened.connect(self._predict)
        session.run_chosen.connect(self._predict)

    def close(self) -> None:
        """Wait for the prediction that is under way."""
        self._beside.close()

    def _predict(self, _changed: object = None) -> None:
        run, opened = self.session.run, self.session.open_case
        if run is not None and opened is not None and (run, opened) != self._asked:
            self._asked = (run, opened)
            call, then = partial(_labels, run, opened), partial(self._show, run, opened)
            self._beside.ask("prediction", call, then)

    @at_the_edge
    def _show(self, run: Path, opened: OpenCase, labels: NDArray[np.int32]) -> None:
        self._asked = None
        if run == self.session.run and opened is self.session.open_case:
            self.session.show_prediction(labels, run.name)

    def _warn(self, text: str) -> None:
        self._asked = None
        self.session.say(text)


def _labels(run: Path, opened: OpenCase) -> NDArray[np.int32]:
    """Return what a run's best network predicts for a case; see `Predictor.labels`."""
    # Deferred: torch loads here, beside the window and not before it.
    from segstudio.learn.predict import load_predictor

    return load_predictor(run).labels(opened.volume)
