"""What a trained network can do for whoever annotates: draft labels, say which case is next."""

from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from segstudio.learn.doubt import Doubt
from segstudio.session import Session
from segstudio.ui.edge import at_the_edge
from segstudio.ui.widgets.button import push_button

IDLE = (
    "A trained network can draft labels for you to correct, and say which case it is least sure of."
)
ALL_LABELLED = "Every case that is open has labels already, so there is nothing to draft."


class NetworkHelp(QWidget):
    """Asks the session for drafts and for the case to annotate next.

    Parameters
    ----------
    session : Session
        Its runs help; its cases are helped with.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.draft_one = push_button(
            "Draft this case",
            "Let the newest network, or the one chosen under Runs, propose labels for the case in "
            "view. A draft is no truth: nothing trains on it until you save it as labels.",
        )
        self.draft_all = push_button(
            "Draft all unlabelled",
            "The same for every case that has neither labels nor a draft; where each has a draft, "
            "all are drafted anew but those that you painted on or reviewed.",
        )
        self.look = push_button(
            "What next?",
            "Let the network predict every case without labels that you have neither painted on "
            "nor reviewed, and name those it doubts most: unsure outlines, other outlines in the "
            "mirror, classes it did not find.",
        )
        self.go = push_button("Open it", "Open the case that it would have annotated next.")
        self.stop = push_button("Stop", "Stop after the case that is at hand.")
        self.told = QLabel(IDLE)
        self.told.setWordWrap(True)
        self._lay_out()
        self.draft_one.clicked.connect(self._draft_one)
        self.draft_all.clicked.connect(self._draft_all)
        self.look.clicked.connect(self._look)
        self.go.clicked.connect(self._go)
        self.stop.clicked.connect(self._stop)
        session.drafting_changed.connect(self._show)
        session.next_cases.looking_changed.connect(self._show)
        session.next_cases.changed.connect(self._show)
        session.case_opened.connect(self._show)
        session.dataset_opened.connect(self._show)
        self._show()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widgets in ((self.draft_one, self.draft_all), (self.look, self.go, self.stop)):
            row = QHBoxLayout()
            for widget in widgets:
                row.addWidget(widget)
            column.addLayout(row)
        column.addWidget(self.told)

    def _show(self, *_: object) -> None:
        session = self.session
        working = session.drafting or session.next_cases.looking
        first = session.next_cases.doubts[0] if session.next_cases.doubts else None
        unlabelled = session.dataset is not None and any(
            case.labels is None for case in session.dataset.cases
        )
        opened = session.open_case
        self.draft_one.setEnabled(not working and opened is not None and opened.truth is None)
        self.draft_all.setEnabled(not working and unlabelled)
        self.look.setEnabled(not working and unlabelled)
        self.go.setEnabled(first is not None)
        self.stop.setEnabled(bool(working))
        idle = IDLE if unlabelled or session.dataset is None else f"{IDLE} {ALL_LABELLED}"
        run = session.next_cases.run
        by = f" So says '{run.name}'." if run is not None else ""
        self.told.setText(working or (f"{_words(first)}{by}" if first is not None else idle))
        self._fit_words()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Keep room for what is told, which takes more lines where there is less width."""
        super().resizeEvent(event)
        self._fit_words()

    def _fit_words(self) -> None:
        self.told.setMinimumHeight(max(0, self.told.heightForWidth(self.told.width())))

    @at_the_edge
    def _draft_one(self, _checked: bool = False) -> None:
        opened = self.session.open_case
        if opened is not None:
            self.session.ask_drafts(self.session.helping_run, opened.case.name)

    @at_the_edge
    def _draft_all(self, _checked: bool = False) -> None:
        self.session.ask_drafts(self.session.helping_run)

    @at_the_edge
    def _look(self, _checked: bool = False) -> None:
        self.session.ask_next_cases()

    @at_the_edge
    def _go(self, _checked: bool = False) -> None:
        doubts = self.session.next_cases.doubts
        if doubts:
            self.session.ask_case(doubts[0].case)

    @at_the_edge
    def _stop(self, _checked: bool = False) -> None:
        self.session.ask_drafts_stop()
        self.session.next_cases.ask_stop()


def _words(doubt: Doubt) -> str:
    return f"Next: {doubt.case}. {doubt.reason}"
