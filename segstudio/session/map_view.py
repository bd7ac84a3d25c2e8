"""The distance map of the case in view: which is chosen, and what it measures. No Qt, no torch."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from segstudio.core.distance import halves
from segstudio.core.loss_maps import loss_maps
from segstudio.session.messages import LineChoice, MapChoice
from segstudio.session.open_case import OpenCase

AT_ONCE = 4_000_000  # voxels whose map follows the brush without a pause

Mask = NDArray[np.bool_]
Map = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class MapTask:
    """A map of a whole volume that is to be measured beside the window.

    Attributes
    ----------
    labels : ndarray of int32, shape (Z, Y, X)
        What it is of; a brush may change them meanwhile.
    spacing : (float, float, float)
        In mm.
    choice : MapChoice
        Which map.
    """

    labels: NDArray[np.int32]
    spacing: tuple[float, float, float]
    choice: MapChoice

    def measure(self) -> tuple[Mask, Map]:
        """Return the voxels that were measured from, and their map."""
        mask = self.labels == self.choice.value
        return mask, _map_of(mask, self.spacing, self.choice)


class MapView:
    """Measures the chosen map of what is in view, and keeps it in step with a brush.

    The map of a large volume is measured beside the window; until it is there, and when a brush
    changes it, plane by plane as they are looked at.

    Attributes
    ----------
    choice : MapChoice
        Which map.
    phi : ndarray of float32, shape (Z, Y, X), or None
        It, changed in place; None where none is shown.
    mask : ndarray of bool, shape (Z, Y, X)
        The voxels of the class as it was measured from them.
    span : (float, float)
        The least and largest value it had since it was chosen.
    lines : LineChoice
        Which iso-lines are drawn.
    axis, index : int
        The plane that is looked at: which of (Z, Y, X) it is across, and its place there.
    pointer : (int, int, int) or None
        The voxel under the mouse.
    """

    chosen = Signal(MapChoice)
    lines_chosen = Signal(LineChoice)
    changed = Signal(object)
    moved = Signal()
    pointed = Signal(object)
    asked = Signal(MapTask)

    def __init__(self) -> None:
        self.choice, self.lines = MapChoice(), LineChoice()
        self.phi: Map | None = None
        self.mask: Mask = np.zeros((0, 0, 0), np.bool_)
        self.span = (0.0, 0.0)
        self.axis = self.index = 0
        self.pointer: tuple[int, int, int] | None = None
        self._opened: OpenCase | None = None
        self._painted: NDArray[np.int32] | None = None
        self._predicted: NDArray[np.int32] | None = None
        self._known: NDArray[np.bool_] = np.zeros(0, np.bool_)  # the planes that were measured
        self._task: MapTask | None = None

    @property
    def _labels(self) -> NDArray[np.int32] | None:
        """What the map is of."""
        return self._painted if self.choice.of == "labels" else self._predicted

    @property
    def unit(self) -> str:
        """What a value of the map is in."""
        options, opened = self.choice.options, self._opened
        if options.pieces == "equal depth":
            return "depths"
        sized = opened is None or opened.volume.grid.unit == "mm"
        return ("√" if options.root else "") + (options.unit if sized else "voxels")

    @property
    def lack(self) -> str:
        """Why there is no map though one is wished for; empty where there is."""
        if self._opened is None:
            return "Open a case to see its distance map."
        if self._labels is not None or not self.choice.visible:
            return ""
        if self.choice.of == "labels":
            return "This case has no labels to measure. Make new labels under Data, and paint."
        return (
            "No prediction is laid over this case. Train, choose a run under Runs, or go through "
            "its timeline."
        )

    @property
    def is_measuring(self) -> bool:
        """Whether the map of the volume is still being measured."""
        return self._task is not None

    def plane(self) -> tuple[Mask, Map] | None:
        """Return the class and its map in the plane that is looked at, two axes each."""
        if self.phi is None:
            return None
        index = min(self.index, self.phi.shape[self.axis] - 1)
        box = (slice(None),) * self.axis + (index,)
        return self.mask[box], self.phi[box]

    def open(
        self,
        opened: OpenCase | None,
        painted: NDArray[np.int32] | None = None,
        predicted: NDArray[np.int32] | None = None,
    ) -> None:
        """Measure another case, or none; its first class, where it has not the chosen one."""
        self._opened, self._painted, self._predicted = opened, painted, predicted
        self.pointer = None
        values = opened.classes.values[1:] if opened is not None else ()
        if values and self.choice.value not in values:
            self.choice = replace(self.choice, value=values[0])
            self.chosen.emit(self.choice)
        self._measure_anew()

    def follow_prediction(self, predicted: NDArray[np.int32] | None) -> None:
        """Measure another prediction, or none, where the map is that of the prediction."""
        self._predicted = predicted
        if self.choice.of == "prediction":
            self._measure_anew()

    def choose_lines(self, lines: LineChoice) -> None:
        """Draw other iso-lines."""
        self.lines = lines
        self.lines_chosen.emit(lines)

    def point_at(self, voxel: tuple[int, int, int] | None) -> None:
        """Take note of the voxel under the mouse; None where it is on none."""
        if voxel != self.pointer:
            self.pointer = voxel
            self.pointed.emit(voxel)

    def value_at_pointer(self) -> float | None:
        """Return the map under the mouse, in its unit; None where there is none."""
        if self.phi is None or self.pointer is None:
            return None
        return float(self.phi[self.pointer])

    def choose(self, choice: MapChoice) -> None:
        """Measure another map; it is there when the choice is told."""
        self.choice = choice
        self._measure_anew()
        self.chosen.emit(choice)

    def look_at(self, axis: int, index: int) -> None:
        """Take note of the plane that is looked at."""
        if (axis, index) != (self.axis, self.index):
            self.axis, self.index = axis, index
            self.follow_brush()
            self.moved.emit()

    def follow_brush(self) -> None:
        """Measure the planes that a brush, or an undo, has changed, where each is for itself."""
        labels = self._labels
        if self.phi is None or labels is None or not self.choice.per_plane:
            return
        changed = self._changed_planes(labels)
        self._measure_planes(labels, changed)
        if len(changed):
            self.changed.emit(changed)

    def follow_stroke(self) -> None:
        """Measure a volume anew after a stroke, where it is measured as a whole."""
        is_of_labels = self.choice.of == "labels"  # no brush changes a prediction
        if self.phi is not None and is_of_labels and not self.choice.per_plane:
            self._measure_whole()

    def take(self, task: MapTask, measured: tuple[Mask, Map]) -> None:
        """Take what came of a task, if it is still wanted."""
        if task is self._task:
            self._task = None
            self._take(measured)
            self.follow_brush()

    def give_up(self, task: MapTask) -> None:
        """Wait no more for what could not be measured; planes that were, stay."""
        if task is self._task:
            self._task = None
            self.changed.emit(None)

    def _measure_anew(self) -> None:
        self._task = None
        if self._opened is None or self._labels is None or not self.choice.visible:
            self.phi = None
            self.changed.emit(None)
        elif self._labels.size <= AT_ONCE:
            self._measure_whole()
        else:
            shape = self._labels.shape
            self.phi, self.mask = np.zeros(shape, np.float32), np.zeros(shape, np.bool_)
            self._known, self.span = np.zeros(len(self.mask), np.bool_), (0.0, 0.0)
            if self.choice.per_plane:
                self._measure_planes(self._labels, self._changed_planes(self._labels))
            self.changed.emit(None)
            self._measure_whole()

    def _measure_whole(self) -> None:
        """Measure the volume: at once where that takes no pause, else have it done."""
        if self._opened is None or self._labels is None:
            return
        task = MapTask(self._labels, self._opened.volume.spacing, self.choice)
        if self._labels.size <= AT_ONCE:
            self._take(task.measure())
        else:
            self._task = task
            self.asked.emit(task)

    def _take(self, measured: tuple[Mask, Map]) -> None:
        self.mask, self.phi = measured
        self._known = np.ones(len(self.mask), np.bool_)
        self.span = (float(self.phi.min()), float(self.phi.max()))
        self.changed.emit(None)

    def _changed_planes(self, labels: NDArray[np.int32]) -> NDArray[np.intp]:
        """Return the planes whose map is old; of a large volume what is in view is looked at."""
        if labels.size <= AT_ONCE:
            differ = (labels == self.choice.value) != self.mask
            return np.flatnonzero(differ.any(axis=(1, 2)))
        index = min(self.index, labels.shape[self.axis] - 1)
        box = (slice(None),) * self.axis + (slice(index, index + 1),)
        old = ((labels[box] == self.choice.value) != self.mask[box]).any(axis=(1, 2))
        if self.axis:
            return np.flatnonzero(old & self._known)
        return np.array([index] if old[0] or not self._known[index] else [], np.intp)

    def _measure_planes(self, labels: NDArray[np.int32], planes: NDArray[np.intp]) -> None:
        if self.phi is None or self._opened is None or not len(planes):
            return
        mask = labels[planes] == self.choice.value
        phi = _map_of(mask, self._opened.volume.spacing, self.choice)
        self.mask[planes], self.phi[planes], self._known[planes] = mask, phi, True
        low, high = self.span
        self.span = (min(low, float(phi.min())), max(high, float(phi.max())))


def _map_of(mask: Mask, spacing: Sequence[float], choice: MapChoice) -> Map:
    """Return the chosen map of a class's voxels."""
    one = mask.view(np.uint8)
    phi: Map = loss_maps(one, spacing, [1], choice.options, per_plane=choice.per_plane)[0]
    if choice.half == "both":
        return phi
    inside, outside = halves(phi)
    return (inside if choice.half == "inside" else outside).astype(np.float32, copy=False)
