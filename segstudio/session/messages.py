"""What passes through the session: choices, requests, how a check stands, sentences."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.loss_maps import MapOptions
from segstudio.data.cases import Case, Dataset
from segstudio.data.doctor import Diagnosis
from segstudio.data.project import Project
from segstudio.learn.config import TrainConfig
from segstudio.session.open_case import OpenCase


@dataclass(frozen=True)
class MapChoice:
    """Which distance map is shown.

    Attributes
    ----------
    value : int
        Label value of the class.
    per_plane : bool
        Measured in each plane, as the loss of a 2-D network sees it, or in the volume.
    visible : bool
        Whether it is shown at all.
    options : MapOptions
        How it is measured and shaped.
    of : {'labels', 'prediction'}
        Whether it is that of the labels, which may be painted, or of the prediction laid over.
    half : {'both', 'inside', 'outside'}
        All of φ_G; or φ_t, the depth inside, or φ_bg, the distance outside, both from 0 up.
    """

    value: int = 1
    per_plane: bool = True
    visible: bool = True
    options: MapOptions = field(default_factory=MapOptions)
    of: Literal["labels", "prediction"] = "labels"
    half: Literal["both", "inside", "outside"] = "both"


@dataclass(frozen=True)
class LineChoice:
    """Which iso-lines of the map are shown.

    Attributes
    ----------
    visible : bool
        Whether any are.
    step : float
        From one to the next, in the map's unit.

    Raises
    ------
    InputError
        The step is not above 0.
    """

    visible: bool = False
    step: float = 5.0

    def __post_init__(self) -> None:
        if not 0 < self.step < math.inf:
            raise InputError(f"Iso-lines every {self.step} cannot be drawn: give more than 0.")


@dataclass(frozen=True, eq=False)
class ReadingRequest:
    """What is to be read beside the window.

    Attributes
    ----------
    find : callable
        Returns the dataset; may take a while.
    case : Case or None
        Which case of it to show; None for the first of a dataset that is opened anew.
    text : str
        What to tell the user meanwhile.
    project : Project or None
        The project the dataset is that of.
    is_wanted : callable, optional
        Tells the case to show first, where it is known by something else than its name.
    """

    find: Callable[[], Dataset]
    case: Case | None
    text: str
    project: Project | None = None
    is_wanted: Callable[[Case], bool] | None = None

    def first_case(self, dataset: Dataset) -> Case:
        """Return which case of the dataset to show: as wished, the project's last, or the first."""
        if self.case is not None:
            return self.case
        last = self.project.last_case if self.project is not None else ""
        is_first = self.is_wanted or (lambda case: case.name == last)
        return next((case for case in dataset.cases if is_first(case)), dataset.cases[0])

    def lists_before(self, dataset: Dataset) -> bool:
        """Return whether the dataset's cases are listed before its first is read.

        So one that is damaged does not keep the others shut. A file by itself has no others: where
        it is damaged, what is open stays.
        """
        return self.project is not None or len(dataset.cases) > 1


@dataclass(frozen=True, eq=False)
class Check:
    """How the examination of a dataset stands.

    Attributes
    ----------
    dataset : Dataset
        What is examined.
    state : {'running', 'done', 'stopped', 'failed'}
    examined : int
        How many of its cases have been.
    diagnosis : Diagnosis or None
        What came of it, when it is done.
    failure : str
        Why it failed; empty if it did not.
    """

    dataset: Dataset
    state: Literal["running", "done", "stopped", "failed"] = "running"
    examined: int = 0
    diagnosis: Diagnosis | None = None
    failure: str = ""

    @property
    def is_running(self) -> bool:
        """Whether cases are still to be examined."""
        return self.state == "running"

    def is_of(self, dataset: Dataset | None) -> bool:
        """Return whether the images are a dataset's, whatever became of their labels since."""
        images = [case.image for case in dataset.cases] if dataset is not None else None
        return images == [case.image for case in self.dataset.cases]


@dataclass(frozen=True, eq=False)
class TrainingRequest:
    """What is to be trained, now or when the trainings before it have ended.

    Attributes
    ----------
    dataset : Dataset
        The cases, whichever dataset is open when its turn comes.
    config : TrainConfig
        The settings; of a run that goes on only what is changed of them.
    resumed : Path or None
        The run folder to go on with; None for a new run.
    home : Path or None
        Where the folder of a new run goes; None: where all go.
    project : Project or None
        Which lists the run, whichever is open when it ends.
    """

    dataset: Dataset
    config: TrainConfig
    resumed: Path | None = None
    home: Path | None = None
    project: Project | None = None

    @property
    def title(self) -> str:
        """What it is, for a list."""
        if self.resumed is not None:
            return f"Go on with {self.resumed.name}"
        epochs = f"{self.config.epochs} epoch{'s' * (self.config.epochs != 1)}"
        return f"{self.config.loss}, {epochs}, on {self.dataset.name}"


@dataclass(frozen=True)
class Note:
    """What went wrong, or is worth knowing, in a training.

    Attributes
    ----------
    run : str
        Name of the run folder.
    epoch : int
        When it was said; 0 before the first.
    kind : str
        Of the guard, 'divergence'; 'note' where nothing went wrong; 'failure' where it ended so.
    text : str
        What happened, and what to try.
    """

    run: str
    epoch: int
    kind: str
    text: str


@dataclass(frozen=True, eq=False)
class Cost:
    """What a training will cost, or how the measuring of it stands.

    Attributes
    ----------
    dataset : Dataset
        What is to be trained on.
    config : TrainConfig
        With which settings.
    state : {'running', 'done', 'stopped', 'failed'}
    seconds : float
        Of an epoch.
    gib, free_gib : float
        Of memory that it will take, and that is free.
    device : str
        It was measured on.
    failure : str
        Why it failed; empty if it did not.
    """

    dataset: Dataset
    config: TrainConfig
    state: Literal["running", "done", "stopped", "failed"] = "running"
    seconds: float = 0.0
    gib: float = 0.0
    free_gib: float = 0.0
    device: str = ""
    failure: str = ""


@dataclass(frozen=True, eq=False)
class ExampleRequest:
    """What is wished to be seen as a loss sees it.

    Attributes
    ----------
    dataset : Dataset
        Whose cases decide the size of what a network sees, where the settings do not.
    opened : OpenCase
        The case.
    labels : ndarray of int32, shape (Z, Y, X)
        Its labels, as they are painted.
    config : TrainConfig
        With which settings.
    plane : int
        Which plane of the case.
    number : int
        Which example, from 0.
    """

    dataset: Dataset
    opened: OpenCase
    labels: NDArray[np.int32]
    config: TrainConfig
    plane: int
    number: int


@dataclass(frozen=True)
class Message:
    """A sentence for the user; `is_error` where something did not happen."""

    text: str
    is_error: bool = True
