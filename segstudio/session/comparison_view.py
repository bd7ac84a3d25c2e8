"""What passes through a comparison: how it is shown, how it stands with a run, what is done."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from segstudio.compare.case_scores import Found

Mode = Literal["off", "grid", "overlays", "regions"]
State = Literal["waiting", "running", "done", "failed", "stopped"]


@dataclass(frozen=True)
class ComparisonView:
    """How runs are shown beside each other.

    Attributes
    ----------
    mode : {'off', 'grid', 'overlays', 'regions'}
        Each run in a cell of its own beside the truth; all outlines over one image; or where each
        is right and wrong.
    run : Path or None
        The run that is looked at; None: each of those in view.
    value : int or None
        Label value of the class that is looked at; None: all of them.
    weighted : bool
        Whether regions are shown by their distance to the contour.
    """

    mode: Mode = "off"
    run: Path | None = None
    value: int | None = None
    weighted: bool = False


@dataclass(frozen=True, eq=False)
class RunOnCase:
    """How it stands with a run's prediction of the case in view.

    Attributes
    ----------
    state : {'waiting', 'running', 'done', 'failed', 'stopped'}
    share : float
        Of the work that is done.
    found : Found or None
        What came of it.
    failure : str
        Why it failed; empty if it did not.
    """

    state: State = "waiting"
    share: float = 0.0
    found: Found | None = None
    failure: str = ""


@dataclass(frozen=True)
class Task:
    """Work on the comparison as a whole: a picture that is written, or a loss that looks.

    Attributes
    ----------
    text : str
        What is done, for the user; empty if nothing is.
    share : float
        How much of it.
    """

    text: str = ""
    share: float = 0.0


@dataclass(frozen=True, eq=False)
class LensPicture:
    """What a loss sees in the predictions of a plane.

    Attributes
    ----------
    title : str
        Which loss, case and plane.
    png : bytes
        The picture.
    text : str
        Its explanation.
    """

    title: str
    png: bytes
    text: str
