"""The test cases of the runs in view, by their scores: which to look at. Free of Qt and torch."""

from collections.abc import Callable, Collection
from pathlib import Path

from psygnal import Signal

from segstudio.compare.case_rank import (
    MEASURES,
    CaseRow,
    TestScores,
    case_rows,
    most_different,
    worst_case,
)
from segstudio.core.errors import InputError
from segstudio.data.cases import Dataset
from segstudio.session.runs_in_view import RunsInView

NO_SCORES = "No test case has a known {}: none of the runs in view has finished."
ELSEWHERE = "The runs' test cases are not in the open dataset. Open the dataset of the runs."
NO_PAIR = "No two of these runs have scored the same test case."


class RankedCases:
    """What the runs in view scored on their test cases. Whoever reads scores hears `asked`.

    Parameters
    ----------
    runs_in_view : RunsInView
        Which runs.

    Attributes
    ----------
    scores : dict of TestScores
        By run folder, in the order of the runs in view.
    """

    asked = Signal(Path)
    changed = Signal()

    def __init__(self, runs_in_view: RunsInView) -> None:
        self._in_view = runs_in_view
        self.scores: dict[Path, TestScores] = {}

    def follow(self) -> None:
        """Ask for the scores of runs that came into view, and forget those of others."""
        runs = list(self._in_view.colors)
        self.scores = {run: one for run, one in self.scores.items() if run in runs}
        for run in runs:
            if run not in self.scores:
                self.asked.emit(run)
        self.changed.emit()

    def note(self, run: Path, scores: TestScores) -> None:
        """Note the scores of a run's test cases."""
        known = self.scores | {run: scores}
        self.scores = {run: known[run] for run in self._in_view.colors if run in known}
        self.changed.emit()

    def rows(self, class_name: str | None, measure: str) -> list[CaseRow]:
        """Return the test cases with their scores; see `case_rows`."""
        return case_rows(self.scores, class_name, measure)

    @staticmethod
    def here(rows: Collection[CaseRow], dataset: Dataset | None) -> list[CaseRow]:
        """Return those whose case is one of a dataset: by its name, and by that of the dataset."""
        if dataset is None:
            return []
        names = frozenset(case.name for case in dataset.cases)
        return [row for row in rows if row.case in names and row.scores.is_of(dataset)]

    def worst(
        self,
        class_name: str | None,
        measure: str,
        dataset: Dataset | None,
        run: Path | None = None,
    ) -> str:
        """Return the worst of some test cases.

        Parameters
        ----------
        class_name : str or None
            Of the class that counts; None: their mean.
        measure : str
            Of `MEASURES`.
        dataset : Dataset or None
            Whose cases there are.
        run : Path or None
            The run that counts; None: any.

        Raises
        ------
        InputError
            None of them was scored.
        """
        runs = list(self.scores)
        place = runs.index(run) if run in runs else None
        lack = NO_SCORES.format(MEASURES[measure])
        return self._chosen(
            self.rows(class_name, measure), dataset, lambda r: worst_case(r, measure, place), lack
        )

    def most_different(self, class_name: str | None, measure: str, dataset: Dataset | None) -> str:
        """Return the test case of a dataset where the runs are farthest apart.

        Raises
        ------
        InputError
            No two runs have scored one of them.
        """
        return self._chosen(self.rows(class_name, measure), dataset, most_different, NO_PAIR)

    def _chosen(
        self,
        rows: list[CaseRow],
        dataset: Dataset | None,
        choose: Callable[[list[CaseRow]], str | None],
        lack: str,
    ) -> str:
        here = self.here(rows, dataset)
        name = choose(here)
        if name is None:
            raise InputError(ELSEWHERE if rows and not here else lack)
        return name
