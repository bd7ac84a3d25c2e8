"""What is open now: the one mutable state of the program. Scriptable, free of Qt and torch."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from segstudio.data.datasets import Dataset
from segstudio.data.project import Project
from segstudio.session.comparison import Comparison
from segstudio.session.messages import Check, MapChoice
from segstudio.session.open_case import OpenCase
from segstudio.session.training_session import TrainingSession


class Session(TrainingSession):
    """The open project, case, runs and selection.

    Panels and layers follow its signals and call its methods; they never call each other. What is
    about data is in `OpenData`, what is about trainings in `TrainingSession`.

    Attributes
    ----------
    map_choice : MapChoice
        Which distance map is shown.
    prediction : ndarray of int32 or None
        Label values laid over the case in view.
    prediction_of : str
        Whose prediction it is.
    previews : bool
        Whether the running training lays its predictions over the case in view.
    run : Path or None
        The run whose prediction is shown for each case that is opened.
    check : Check or None
        How the last examination of a dataset stands.
    comparison : Comparison
        The runs in view, compared on the case in view.
    """

    map_chosen = Signal(MapChoice)
    prediction_shown = Signal(object)
    run_chosen = Signal(object)
    check_asked = Signal(Dataset)
    check_stop_asked = Signal()
    check_changed = Signal(Check)

    def __init__(self) -> None:
        super().__init__()
        self.map_choice = MapChoice()
        self.prediction: NDArray[np.int32] | None = None
        self.prediction_of = ""
        self.previews = True
        self.run: Path | None = None
        self.runs_in_view.timeline_changed.connect(self._follow_timeline)
        self.check: Check | None = None
        self.comparison = Comparison(self.runs_in_view)
        self.case_opened.connect(self.comparison.take_case)
        self.dataset_opened.connect(self._compare_on_case)
        self.training_ended.connect(self.comparison.read_again)

    def list_cases(self, dataset: Dataset, project: Project | None = None) -> None:
        """Take a dataset, and its project, for the open one; its cases are still to be read."""
        self.prediction = None
        super().list_cases(dataset, project)

    def show_read(self, opened: OpenCase) -> None:
        """Show a case of the open dataset that was read."""
        self.prediction = None
        values = self._as_painted(opened).classes.values
        if self.map_choice.value not in values[1:] and len(values) > 1:
            self.map_choice = replace(self.map_choice, value=values[1])
        super().show_read(opened)

    def _compare_on_case(self, _dataset: Dataset) -> None:
        """Forget what was found in a case that is gone, or that has another truth now."""
        self.comparison.take_case(self.open_case)

    def choose_map(self, choice: MapChoice) -> None:
        """Show another distance map."""
        self.map_choice = choice
        self.map_chosen.emit(choice)

    def show_prediction(self, labels: NDArray[np.int32], source: str = "") -> None:
        """Lay label values ``(Z, Y, X)`` over the case in view; `source` says whose they are."""
        self.prediction, self.prediction_of = labels, source
        self.prediction_shown.emit(labels)

    def hide_prediction(self) -> None:
        """Take the prediction away, and lay none over until one is asked for."""
        self.runs_in_view.lay_over(None)
        self.previews, self.prediction, self.prediction_of = False, None, ""
        self.choose_run(None)
        self.prediction_shown.emit(None)

    def choose_run(self, run: Path | None) -> None:
        """Choose the run whose prediction is shown, instead of the running training's."""
        self.runs_in_view.lay_over(None)
        self.run = run
        if run is not None:
            self.previews = False
        self.run_chosen.emit(run)

    def _follow_timeline(self, run: Path | None) -> None:
        """Make room for a run's timeline; without one the running training has it again."""
        self.run, self.previews = None, run is None and self.training is not None
        if run is None:
            self.prediction, self.prediction_of = None, ""
            self.prediction_shown.emit(None)

    def ask_check(self) -> None:
        """Ask for the open dataset to be examined; whoever examines hears it.

        Raises
        ------
        InputError
            No dataset is open.
        """
        self.check_asked.emit(self._open_dataset())

    def ask_check_stop(self) -> None:
        """Ask for the examination to stop after the case it is at."""
        self.check_stop_asked.emit()

    def note_check(self, check: Check) -> None:
        """Note how an examination stands."""
        self.check = check
        here = self.dataset is not None and check.dataset.cases == self.dataset.cases
        if here and check.diagnosis is not None:
            self.facts.note_diagnosis(check.diagnosis)
        self.check_changed.emit(check)
