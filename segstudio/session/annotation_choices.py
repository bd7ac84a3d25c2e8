"""What is chosen and asked for when labels are painted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from segstudio.core.editing.box import Box, full_box, plane_box
from segstudio.core.editing.edit import Edit, Labels
from segstudio.core.volume import Volume

Tool = Literal["move", "brush", "eraser", "fill", "polygon", "pick"]
MaskSource = Literal["saved", "prediction"]
Scope = Literal["plane", "planes", "volume"]


@dataclass(frozen=True, eq=False)
class Ground:
    """What is painted on: labels, and the volume whose voxels they are of."""

    labels: NDArray[np.int32]
    volume: Volume

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Spacing along ``(Z, Y, X)``."""
        return self.volume.spacing


@dataclass(frozen=True)
class Brush:
    """The brush: its diameter in mm, and whether it paints a ball or a disc in one plane."""

    diameter_mm: float = 6.0
    is_sphere: bool = False


@dataclass(frozen=True)
class Mask:
    """Other labels that painting stays inside of.

    Attributes
    ----------
    source : {'saved', 'prediction'}
        The labels as they were read or saved last, or the prediction laid over the case.
    value : int or None
        Inside of this class of theirs; None: of any but background.
    """

    source: MaskSource
    value: int | None = None


@dataclass(frozen=True)
class Restriction:
    """Where painting is allowed, besides that locked classes never change.

    Attributes
    ----------
    intensity : (float, float) or None
        Only where the image lies in this range, both ends counted.
    over : tuple of int or None
        Only voxels that are of one of these classes; 0 is background.
    inside : Mask or None
        Only inside of other labels.
    shows_intensity : bool
        Whether what lies in the range is drawn.
    """

    intensity: tuple[float, float] | None = None
    over: tuple[int, ...] | None = None
    inside: Mask | None = None
    shows_intensity: bool = True

    @property
    def is_none(self) -> bool:
        """Whether it restricts nothing."""
        return self.intensity is None and self.over is None and self.inside is None


@dataclass(frozen=True)
class Plane:
    """The plane in view: the axis it lies across, and which it is."""

    axis: int = 0
    index: int = 0


@dataclass(frozen=True, eq=False)
class Part:
    """The part of a case that an operation works on.

    Attributes
    ----------
    labels : ndarray of int, shape (Z, Y, X)
        Not to be written to.
    image : ndarray, shape (Z, Y, X)
    spacing : tuple of float
    plane_axis : int or None
        Across which each plane is worked on for itself; None: the part as a whole.
    allowed : callable
        Returns where painting is allowed in a box of the part.
    """

    labels: Labels
    image: NDArray[Any]
    spacing: tuple[float, float, float]
    plane_axis: int | None
    allowed: Callable[[Box], NDArray[np.bool_]]


@dataclass(frozen=True, eq=False)
class Operation:
    """Something that is done to labels at one go.

    Attributes
    ----------
    title : str
        What is being done, for the user: 'Smoothing'.
    act : callable
        From a part to the edit of its labels.
    scope : {'plane', 'planes', 'volume'}
        The plane in view; every plane for itself; or the volume as a whole.
    has_preview : bool
        Whether it is shown first, and done when the user agrees.
    needs : str
        What it needs, for the user; told where it changes nothing.
    """

    title: str
    act: Callable[[Part], Edit]
    scope: Scope = "volume"
    has_preview: bool = False
    needs: str = ""

    def box(self, shape: tuple[int, ...], plane: Plane) -> Box:
        """Return which part of the labels it works on."""
        if self.scope == "plane":
            return plane_box(shape, plane.axis, plane.index)
        return full_box((slice(None),) * len(shape), shape)


@dataclass(frozen=True, eq=False)
class Task:
    """An operation on labels as they are, to be computed beside the window or at once.

    Attributes
    ----------
    operation : Operation
    ground : Ground
        What it was asked for.
    revision : int
        Of the labels, when it was.
    compute : callable
        Returns the edit; reads the labels and changes nothing.
    """

    operation: Operation
    ground: Ground
    revision: int
    compute: Callable[[], Edit]
