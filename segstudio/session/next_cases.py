"""Which cases to annotate next, by what a network doubts of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from psygnal import Signal

from segstudio.core.errors import InputError
from segstudio.data.cases import Case, Dataset
from segstudio.data.datasets import read_image
from segstudio.learn.doubt import Doubt, doubt_of, ranked


@dataclass(frozen=True, eq=False)
class DoubtRequest:
    """Cases of which a run is to say how much it doubts its prediction.

    Attributes
    ----------
    run : Path
        Its folder.
    cases : tuple of Case
        Without labels.
    expected : frozenset of int
        Label values that nearly all labelled cases have.
    """

    run: Path
    cases: tuple[Case, ...]
    expected: frozenset[int]

    def doubts(self) -> Iterator[Doubt]:
        """Yield the doubt of each case.

        Raises
        ------
        InputError
            The run cannot predict, or an image cannot be read.
        """
        # Deferred: torch is not loaded before it is needed.
        from segstudio.learn.predict import load_predictor

        predictor = load_predictor(self.run)
        for case in self.cases:
            yield doubt_of(predictor, read_image(case), case.name, self.expected)


class NextCases:
    """The cases that a network would have annotated next, the first first.

    Attributes
    ----------
    doubts : tuple of Doubt
        Of those that were looked at, ranked.
    run : Path or None
        The network.
    looking : str
        How far the looking is, for the user; empty if none is under way.
    """

    asked = Signal(DoubtRequest)
    stop_asked = Signal()
    changed = Signal(tuple)
    looking_changed = Signal(str)

    def __init__(self) -> None:
        self.doubts: tuple[Doubt, ...] = ()
        self.run: Path | None = None
        self.looking = ""
        self._patients: dict[str, str] = {}

    def ask(
        self,
        run: Path,
        dataset: Dataset | None,
        expected: frozenset[int],
        done: frozenset[str] = frozenset(),
    ) -> None:
        """Ask for the cases without labels, but those done, to be ranked; who predicts hears it.

        Raises
        ------
        InputError
            Nothing is open, or all cases have labels or are done.
        """
        if dataset is None:
            raise InputError("No dataset is open. Open a folder of images first.")
        cases = tuple(case for case in dataset.cases if case.labels is None)
        if not cases:
            raise InputError("Every case has labels already: none is left to annotate.")
        cases = tuple(case for case in cases if case.name not in done)
        if not cases:
            raise InputError(
                "Every case without labels was painted on or reviewed already: save those."
            )
        self.run = run
        self._patients = {case.name: case.patient for case in cases}
        self._set(())
        self.asked.emit(DoubtRequest(run, cases, expected))

    def ask_stop(self) -> None:
        """Ask for the looking to stop after the case that is at hand."""
        self.stop_asked.emit()

    def note_looking(self, text: str) -> None:
        """Note how far the looking is; nothing, if empty."""
        self.looking = text
        self.looking_changed.emit(text)

    def note(self, doubt: Doubt) -> None:
        """Take the doubt of one more case."""
        if doubt.case in self._patients:
            self._set(tuple(ranked([*self.doubts, doubt], self._patients)))

    def forget(self, *names: str) -> None:
        """Forget cases, as they have labels by now; all, if none is named."""
        # What is being looked at for an earlier question does not come in again.
        self._patients = {
            case: patient for case, patient in self._patients.items() if names and case not in names
        }
        kept = tuple(d for d in self.doubts if d.case in self._patients)
        if kept != self.doubts:
            self._set(kept)

    def place(self, name: str) -> int | None:
        """Return the place of a case, from 1; None where it was not looked at."""
        names = [doubt.case for doubt in self.doubts]
        return names.index(name) + 1 if name in names else None

    def _set(self, doubts: tuple[Doubt, ...]) -> None:
        self.doubts = doubts
        self.changed.emit(doubts)
