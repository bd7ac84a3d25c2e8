"""What passes through the session: choices, requests, how a check stands, sentences."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from segstudio.core.loss_maps import MapOptions
from segstudio.data.cases import Case, Dataset
from segstudio.data.doctor import Diagnosis
from segstudio.data.project import Project


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
    """

    value: int = 1
    per_plane: bool = True
    visible: bool = True
    options: MapOptions = field(default_factory=MapOptions)


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
    """

    find: Callable[[], Dataset]
    case: Case | None
    text: str
    project: Project | None = None

    def first_case(self, dataset: Dataset) -> Case:
        """Return which case of the dataset to show: as wished, the project's last, or the first."""
        if self.case is not None:
            return self.case
        last = self.project.last_case if self.project is not None else ""
        return next((case for case in dataset.cases if case.name == last), dataset.cases[0])


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


@dataclass(frozen=True)
class Message:
    """A sentence for the user; `is_error` where something did not happen."""

    text: str
    is_error: bool = True
