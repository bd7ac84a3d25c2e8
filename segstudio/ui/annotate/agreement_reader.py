"""Compares two versions of labels beside the window."""

from functools import partial

from segstudio.session import Session
from segstudio.session.agreement import AgreementFound, AgreementRequest
from segstudio.ui.edge import at_the_edge
from segstudio.ui.threads.beside import Beside


class AgreementReader:
    """Does what the session's agreement asks for; only the newest wish counts.

    Parameters
    ----------
    session : Session
        It asks, and is told.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._request: AgreementRequest | None = None
        self._beside = Beside()
        self._beside.failed.connect(self._fail)
        session.agreement.asked.connect(self._read)
        session.case_opened.connect(self._forget)
        session.dataset_opened.connect(self._forget_closed)

    def close(self) -> None:
        """Wait for the comparison that is under way."""
        self._beside.close()

    def _read(self, request: AgreementRequest) -> None:
        self._request = request
        self.session.agreement.note_looking(f"Comparing '{request.opened.case.name}' …")
        self._beside.ask("agreement", request.find, partial(self._take, request))

    @at_the_edge
    def _take(self, request: AgreementRequest, found: AgreementFound) -> None:
        self.session.agreement.note_looking("")
        if request is self._request:
            self.session.agreement.note(found)

    def _fail(self, text: str) -> None:
        self.session.agreement.note_looking("")
        self.session.say(text)

    def _forget_closed(self, _dataset: object) -> None:
        if self.session.open_case is None:
            self._forget()

    def _forget(self, *_: object) -> None:
        self._request = None  # of another case, which may have the same name elsewhere
        self.session.agreement.note(None)
