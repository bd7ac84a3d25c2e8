"""The thread that calls a function which tells how far it is, and can be stopped."""

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import Signal

from segstudio.core.errors import InputError
from segstudio.ui.threads.beside import CallThread

Tell = Callable[[float], None]


class StoppedError(InputError):
    """The user wants no more of it."""


class ProgressThread(CallThread):
    """Calls one function, which is given what to tell its progress to.

    Parameters
    ----------
    call : callable
        Takes a function of the share that is done; what that raises, once the thread is to stop,
        ends the call.
    """

    told = Signal(float)

    def __init__(self, call: Callable[[Tell], Any]) -> None:
        super().__init__(lambda: call(self._tell))
        self.is_stopped = False

    def stop(self) -> None:
        """Stop when the function next tells how far it is."""
        self.is_stopped = True

    def _tell(self, share: float) -> None:
        if self.is_stopped:
            raise StoppedError("Stopped.")
        self.told.emit(share)
