"""Runs compared on the case in view: how they are shown, and what each found. No Qt, no torch."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from segstudio.compare.case_scores import Found, worst_of
from segstudio.core.errors import InputError
from segstudio.session.comparison_view import ComparisonView, LensPicture, RunOnCase, Task
from segstudio.session.open_case import OpenCase
from segstudio.session.ranked_cases import RankedCases
from segstudio.session.runs_in_view import RunsInView

NO_RUNS = "Tick the runs to compare in the Runs panel."
NO_CASE = "Open a case: the runs are compared on it."
NO_TRUTH = "This case has no labels of its own, so nothing can be scored."


class Comparison:
    """The runs in view, compared on the case in view. Whoever predicts hears `changed`.

    Parameters
    ----------
    runs_in_view : RunsInView
        Which runs.

    Attributes
    ----------
    view : ComparisonView
        How they are shown.
    case : OpenCase or None
        The case in view.
    results : dict of RunOnCase
        By run folder, in the order of the runs in view.
    regions : dict of ndarray
        Of those runs whose regions are known for the class and weighting in view.
    ranked : RankedCases
        The runs' test cases by their scores.
    plane : int
        In view.
    task : Task
        What is being done beside.
    """

    changed = Signal()
    progressed = Signal()
    view_changed = Signal(ComparisonView)
    task_changed = Signal(Task)
    plane_asked = Signal(int)
    export_asked = Signal(Path, bool)
    lens_asked = Signal(str)
    lens_shown = Signal(LensPicture)
    stop_asked = Signal()

    def __init__(self, runs_in_view: RunsInView) -> None:
        self.in_view = runs_in_view
        self.view = ComparisonView()
        self.case: OpenCase | None = None
        self.results: dict[Path, RunOnCase] = {}
        self.regions: dict[Path, NDArray[np.uint8] | NDArray[np.float32]] = {}
        self._reaches: dict[Path, tuple[float, float]] = {}  # most missed, farthest false alarm
        self.ranked = RankedCases(runs_in_view)
        self.plane = 0
        self.task = Task()
        runs_in_view.runs_changed.connect(self._take_runs)

    @property
    def is_on(self) -> bool:
        """Whether anything is compared."""
        return self.view.mode != "off"

    @property
    def runs(self) -> list[Path]:
        """The runs that are compared."""
        return list(self.in_view.colors)

    @property
    def shown_runs(self) -> list[Path]:
        """The runs that are looked at: the chosen one, or all."""
        return [run for run in self.runs if self.view.run in (None, run)]

    @property
    def lack(self) -> str:
        """Why nothing can be compared; empty where something can."""
        return NO_RUNS if not self.runs else NO_CASE if self.case is None else ""

    @property
    def truth(self) -> NDArray[np.int32] | None:
        """The labels of the case in view as they were read."""
        return None if self.case is None else self.case.truth

    @property
    def found(self) -> dict[Path, Found]:
        """What the runs that are looked at have found."""
        results = {run: self.results[run].found for run in self.shown_runs if run in self.results}
        return {run: found for run, found in results.items() if found is not None}

    @property
    def reach(self) -> float:
        """How far from the contour errors by distance have their full colour, for all runs alike.

        That of the deepest voxel that a run missed, or, where none did, of the farthest false
        alarm: far false alarms would dim all else.
        """
        known = [self._reaches[run] for run in self.regions if run in self._reaches]
        deepest = max((missed for missed, _ in known), default=0.0)
        return deepest or max((alarm for _, alarm in known), default=0.0) or 1.0

    @property
    def next_run(self) -> Path | None:
        """The run whose prediction is wanted next; None: no more is wanted."""
        if not self.is_on or self.case is None:
            return None
        return next((run for run, one in self.results.items() if one.state == "waiting"), None)

    @property
    def is_busy(self) -> bool:
        """Whether predictions are wanted or under way."""
        return self.is_on and any(r.state in ("waiting", "running") for r in self.results.values())

    def is_on_case(self, opened: OpenCase) -> bool:
        """Return whether what was found in a case holds for the one in view."""
        return _is_same(opened, self.case)

    def names(self) -> dict[Path, str]:
        """Return what to call each run."""
        return self.in_view.names()

    def choose(self, **changes: Any) -> None:
        """Show the comparison otherwise; the changes are attributes of `ComparisonView`.

        Raises
        ------
        InputError
            Nothing can be compared.
        """
        view = replace(self.view, **changes)
        if view.mode != "off" and self.lack:
            raise InputError(self.lack)
        if view.mode == "regions" and self.truth is None:
            raise InputError(f"{NO_TRUTH} Regions need the truth; look at the grid or overlays.")
        if view == self.view:
            return
        if (view.value, view.weighted) != (self.view.value, self.view.weighted):
            self.regions = {}
        self.view = view
        self.view_changed.emit(view)
        self.changed.emit()

    def take_case(self, opened: OpenCase | None) -> None:
        """Compare on another case: what was found in the one before is forgotten."""
        before, self.case = self.case, opened
        if opened is before:
            return
        if _is_same(before, opened):
            self.changed.emit()  # its classes may have other colours
            return
        self.results, self.regions = {run: RunOnCase() for run in self.runs}, {}
        view = self.view
        if opened is not None and opened.truth is None and view.mode == "regions":
            view = replace(view, mode="grid")
        if opened is not None and view.value not in (None, *opened.classes.values[1:]):
            view = replace(view, value=None)
        self._set_view(view)
        self.changed.emit()

    def _take_runs(self) -> None:
        """Follow the runs in view; what is known of those that stay is kept."""
        runs, before = self.runs, list(self.results)
        self.results = {run: self.results.get(run, RunOnCase()) for run in runs}
        self.regions = {run: one for run, one in self.regions.items() if run in self.results}
        view = self.view if self.view.run in (None, *runs) else replace(self.view, run=None)
        self._set_view(view if runs else replace(view, mode="off"))
        self.changed.emit()  # or the same runs have other names
        if before != runs:
            self.ranked.follow()

    def _set_view(self, view: ComparisonView) -> None:
        if view != self.view:
            self.view = view
            self.view_changed.emit(view)

    def note(self, run: Path, opened: OpenCase, result: RunOnCase) -> None:
        """Note how it stands with a run; what is of another case is left out."""
        if not self.is_on_case(opened) or run not in self.results:
            return
        before, self.results[run] = self.results[run], result
        # Every share that is told would be drawn.
        (self.progressed if before.state == result.state else self.changed).emit()

    def note_regions(
        self, view: ComparisonView, run: Path, opened: OpenCase, regions: NDArray[Any] | None
    ) -> None:
        """Note the regions of a run, where they are still those that are looked at."""
        wanted = (view.value, view.weighted) == (self.view.value, self.view.weighted)
        if wanted and self.is_on_case(opened) and run in self.results and regions is not None:
            self.regions[run] = regions
            self._reaches.pop(run, None)
            if regions.dtype == np.float32:  # once, and not for whoever draws
                self._reaches[run] = (float(regions.max()), float(-regions.min()))
            self.changed.emit()

    def read_again(self, run: Path) -> None:
        """Forget what a run found and scored: its training has ended, with another network."""
        if run in self.results:
            self.results[run] = RunOnCase()
            self.regions.pop(run, None)
            self.ranked.asked.emit(run)
            self.changed.emit()

    def ask_stop(self) -> None:
        """Ask for the predictions, and for what is done beside, to stop."""
        for run, result in self.results.items():
            if result.state in ("waiting", "running"):
                self.results[run] = RunOnCase("stopped")
        self.stop_asked.emit()
        self.changed.emit()

    def ask_again(self) -> None:
        """Ask anew for the predictions that failed or were stopped."""
        for run, result in self.results.items():
            if result.state in ("failed", "stopped"):
                self.results[run] = RunOnCase()
        self.changed.emit()

    def ask_worst_plane(self, by: str = "dice") -> tuple[Path, int]:
        """Ask for the plane where the runs that are looked at are worst; return whose it is.

        Parameters
        ----------
        by : {'dice', 'voxels'}
            The lowest Dice, or most wrong voxels.

        Raises
        ------
        InputError
            There is no truth, no prediction yet, or nothing is labelled.
        """
        if self.case is None or self.case.truth is None:
            raise InputError(NO_CASE if self.case is None else NO_TRUTH)
        if not self.found:
            raise InputError("There is no prediction yet. Choose Grid, Overlays or Regions first.")
        classes = self.case.classes
        worst = worst_of(self.found, self.case.truth, classes, value=self.view.value, by=by)
        if worst is None:
            raise InputError("Neither the truth nor a prediction holds this class.")
        self.plane_asked.emit(worst[1])
        return worst

    @property
    def class_name(self) -> str | None:
        """The name of the class that is looked at; None: all of them."""
        rows = self.case.classes.foreground if self.case is not None else ()
        return next((row.name for row in rows if row.value == self.view.value), None)

    def set_task(self, task: Task) -> None:
        """Note what is being done beside."""
        self.task = task
        self.task_changed.emit(task)


def _is_same(one: OpenCase | None, other: OpenCase | None) -> bool:
    """Return whether two are one case, with the same truth and classes but for their colours."""
    if one is None or other is None:
        return False
    is_read_once = one.volume is other.volume and one.truth is other.truth
    return is_read_once and _meanings(one) == _meanings(other)


def _meanings(opened: OpenCase) -> tuple[list[tuple[int, str]], int | None]:
    """Return what the values of a case's labels mean."""
    table = opened.classes
    return [(row.value, row.name) for row in table.classes], table.ignore
