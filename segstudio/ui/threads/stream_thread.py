"""The thread that goes through what is computed piece by piece."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

from qtpy.QtCore import QThread, Signal

from segstudio.core.errors import InputError, sentence

logger = logging.getLogger(__name__)


class StreamThread(QThread):
    """Sends each piece of an iterator, until it ends or is stopped.

    Parameters
    ----------
    begin : callable
        Returns the iterator; both work in the thread.
    """

    came = Signal(object)
    failed = Signal(str)

    def __init__(self, begin: Callable[[], Iterator[Any]]) -> None:
        super().__init__()
        self._begin = begin
        self._stopped = False

    def stop(self) -> None:
        """Stop after the piece that is at hand."""
        self._stopped = True

    def run(self) -> None:
        """Go through it; what goes wrong is told as a sentence."""
        try:
            for piece in self._begin():
                self.came.emit(piece)
                if self._stopped:
                    return
        except Exception as error:
            if not isinstance(error, InputError):
                logger.exception("What was computed piece by piece failed")
            self.failed.emit(sentence(error))
