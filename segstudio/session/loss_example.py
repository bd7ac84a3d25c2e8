"""An example of the case in view as a loss sees it: asked for, made beside, kept. No torch."""

from typing import TYPE_CHECKING

from psygnal import Signal

from segstudio.session.messages import ExampleRequest

if TYPE_CHECKING:
    from segstudio.learn.example import Example


class LossExample:
    """The newest example.

    Attributes
    ----------
    request : ExampleRequest or None
        What was asked for last.
    found : Example or None
        What came of it; None while it is being made.
    failure : str
        Why it could not be made; empty if it could.
    """

    asked = Signal(ExampleRequest)
    changed = Signal()

    def __init__(self) -> None:
        self.request: ExampleRequest | None = None
        self.found: Example | None = None
        self.failure = ""

    def ask(self, request: ExampleRequest) -> None:
        """Ask for an example; whoever makes it hears it."""
        self.request, self.found, self.failure = request, None, ""
        self.changed.emit()
        self.asked.emit(request)

    def take(self, request: ExampleRequest, found: "Example | None", failure: str = "") -> None:
        """Take what came of a request, if it is still the newest."""
        if request is self.request:
            self.found, self.failure = found, failure
            self.changed.emit()
