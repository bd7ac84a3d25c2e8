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


def at_the_edge(slot: Slot) -> Slot:
    """Return a slot that tells the user, through the session, what went wrong in it."""

    @wraps(slot)
    def guarded(self: _KnowsSession, *args: Any) -> None:
        try:
            slot(self, *args)
        except Exception as caught:
            # What goes wrong in a slot of a signal comes wrapped in the signal's own error.
            error = caught.__cause__ or caught if isinstance(caught, EmitLoopError) else caught
            if not isinstance(error, InputError):
                logger.exception("In %s", slot.__qualname__)
            self.session.say(sentence(error))

    return cast(Slot, guarded)
