"""The thread that trains beside the window."""

import logging
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from typing import NoReturn

from qtpy.QtCore import QThread, Signal

from segstudio.core.errors import InputError, sentence
from segstudio.core.volume import Volume
from segstudio.learn.control import Control
from segstudio.learn.events import EpochDone, Event
from segstudio.session.open_case import OpenCase

logger = logging.getLogger(__name__)


class TrainingThread(QThread):
    """Runs a training and tells its events to the thread that made this object.

    Parameters
    ----------
    start : callable
        Returns the generator of events, given a `Control`; called in the thread, so that torch
        loads there.

    Attributes
    ----------
    control : Control
        What the training is told meanwhile.
    view : OpenCase or None
        The case to predict after each epoch; set by the window at any time.
    failure : str
        Why the training failed; empty if it did not.
    """

    told = Signal(object)
    previewed = Signal(object, object, str)
    warned = Signal(str)

    def __init__(self, start: Callable[[Control], Generator[Event]]) -> None:
        super().__init__()
        self._start = start
        self.control = Control()
        self.view: OpenCase | None = None
        self.failure = ""

    def run(self) -> None:
        """Train; what goes wrong is kept as a sentence."""
        try:
            with closing(self._start(self.control)) as events:
                for event in events:
                    self.told.emit(self._previewed(event))
        except Exception as error:
            if not isinstance(error, InputError):
                logger.exception("The training failed")
            self.failure = sentence(error)

    def _previewed(self, event: Event) -> Event:
        """Return the event without the network it lends, which may be used here only."""
        if not isinstance(event, EpochDone):
            return event
        view = self.view
        try:
            if view is not None and self.control.wish != "stop":
                labels = event.predict(view.volume)
                self.previewed.emit(view, labels, f"epoch {event.epoch}")
        except Exception as error:
            logger.exception("The preview failed")
            self.view = None
            self.warned.emit(f"No preview of this case: {sentence(error)}")
        return replace(event, predict=_was_lent)


def _was_lent(_volume: Volume) -> NoReturn:
    raise RuntimeError("the network of an epoch is lent until the next event only")
