"""Predicts the case in view with the run that was chosen, beside the window."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject

from segstudio.session import Session
from segstudio.session.open_case import OpenCase
from segstudio.ui.edge import at_the_edge
from segstudio.ui.threads.beside import Beside

Wish = tuple[Path, OpenCase]


class CasePredictor(QObject):
    """Predicts one case at a time; what is no longer wished for is given up."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._asked: Wish | None = None
        self._beside = Beside()
        session.case_opened.connect(self._predict)
        session.run_chosen.connect(self._predict)

    def close(self) -> None:
        """Give up the prediction that is under way, and wait for it."""
        self._asked = None
        self._beside.close()

    def _predict(self, _changed: object = None) -> None:
        run, opened = self.session.run, self.session.open_case
        wish = (run, opened) if run is not None and opened is not None else None
        if wish == self._asked:
            return
        self._asked = wish
        if wish is not None:
            call = partial(_labels, *wish, lambda: self._asked is wish)
            then, otherwise = partial(self._show, wish), partial(self._warn, wish)
            self._beside.ask("prediction", call, then, otherwise)

    @at_the_edge
    def _show(self, wish: Wish, labels: NDArray[np.int32] | None) -> None:
        if labels is not None and self._asked is wish:
            self._asked = None
            self.session.show_prediction(labels, wish[0].name)

    def _warn(self, wish: Wish, text: str) -> None:
        if self._asked is wish:
            self._asked = None
        self.session.say(text)


class _UnwantedError(Exception):
    """Nobody wishes for the prediction any more."""


def _labels(run: Path, opened: OpenCase, is_wanted: Callable[[], bool]) -> NDArray[np.int32] | None:
    """Return what a run's best network predicts for a case; None where it was given up."""
    # Deferred: torch loads here, beside the window and not before it.
    from segstudio.learn.predict import load_predictor

    def expect_wanted(_share: float) -> None:
        if not is_wanted():
            raise _UnwantedError

    try:
        return load_predictor(run).labels(opened.volume, progress=expect_wanted)
    except _UnwantedError:
        return None
