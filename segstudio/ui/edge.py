"""The window's edge: where a mistake becomes a sentence instead of a traceback."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol, TypeVar, cast

from psygnal import EmitLoopError

from segstudio.core.errors import InputError, sentence
from segstudio.session import Session

logger = logging.getLogger(__name__)


class _KnowsSession(Protocol):
    session: Session


Slot = TypeVar("Slot", bound=Callable[..., None])


def _cause(error: BaseException) -> BaseException:
    """Return what went wrong in the slot of a signal, which comes in the signal's own error."""
    while isinstance(error, EmitLoopError) and error.__cause__ is not None:
        error = error.__cause__
    return error


def at_the_edge(slot: Slot) -> Slot:
    """Return a slot that tells the user, through the session, what went wrong in it."""

    @wraps(slot)
    def guarded(self: _KnowsSession, *args: Any) -> None:
        try:
            slot(self, *args)
        except Exception as error:
            if not isinstance(_cause(error), InputError):
                logger.exception("In %s", slot.__qualname__)
            self.session.say(sentence(_cause(error)))

    return cast(Slot, guarded)
