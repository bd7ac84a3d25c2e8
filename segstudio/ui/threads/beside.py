"""Functions called beside the window, one at a time."""

import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QObject, QThread, Signal

from segstudio.core.errors import InputError, sentence

logger = logging.getLogger(__name__)


class CallThread(QThread):
    """Calls one function and keeps what it returned, or why it failed.

    Parameters
    ----------
    call : callable
        Takes nothing.
    """

    def __init__(self, call: Callable[[], Any]) -> None:
        super().__init__()
        self._call = call
        self.result: Any = None
        self.failure = ""
        self.error: Exception | None = None

    def run(self) -> None:
        """Call; what goes wrong is kept as a sentence."""
        try:
            self.result = self._call()
        except Exception as error:
            if not isinstance(error, InputError):
                logger.exception("A call beside the window failed")
            self.failure, self.error = sentence(error), error


@dataclass(frozen=True)
class _Wish:
    call: Callable[[], Any]
    then: Callable[[Any], None]
    otherwise: Callable[[str], None] | None


class Beside(QObject):
    """Calls functions in a thread; of those that wait under one key only the newest.

    `failed` is sent with a sentence where a call did not work and nothing else was to be done.
    """

    failed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._waiting: dict[Hashable, _Wish] = {}
        self._thread: CallThread | None = None
        self._wish: _Wish | None = None
        self._closed = False

    @property
    def is_busy(self) -> bool:
        """Whether a call is under way."""
        return self._thread is not None

    def ask(
        self,
        key: Hashable,
        call: Callable[[], Any],
        then: Callable[[Any], None],
        otherwise: Callable[[str], None] | None = None,
    ) -> None:
        """Have a function called; what it returns is given to `then`, in the window's thread.

        Where it fails, why is given to `otherwise`.
        """
        self._waiting[key] = _Wish(call, then, otherwise)
        self._start_next()

    def forget(self) -> None:
        """Forget what waits; what is under way goes on."""
        self._waiting.clear()

    def wait(self) -> None:
        """Wait for the call that is under way; what it returned is told of later."""
        if self._thread is not None:
            self._thread.wait()

    def close(self) -> None:
        """Forget what waits, and wait for the call that is under way."""
        self._closed = True
        self.forget()
        self.wait()

    def _start_next(self) -> None:
        if self._thread is not None or not self._waiting or self._closed:
            return
        self._wish = self._waiting.pop(next(iter(self._waiting)))
        self._thread = CallThread(self._wish.call)
        self._thread.finished.connect(self._end)
        self._thread.start()

    def _end(self) -> None:
        thread, self._thread = self._thread, None
        wish, self._wish = self._wish, None
        if thread is None or wish is None:
            return
        thread.wait()
        thread.deleteLater()
        if self._closed:
            return
        if thread.failure and wish.otherwise is not None:
            wish.otherwise(thread.failure)
        elif thread.failure:
            self.failed.emit(thread.failure)
        else:
            wish.then(thread.result)
        self._start_next()
