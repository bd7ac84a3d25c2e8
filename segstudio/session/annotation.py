"""Painting: tool, brush, and every edit undone and done again. Scriptable, free of Qt."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import ArrayLike, NDArray
from psygnal import Signal

from segstudio.core.editing.box import full_box
from segstudio.core.editing.brush import stroke_voxels
from segstudio.core.editing.edit import Edit, apply, edit_to, edit_where, joined, revert
from segstudio.core.editing.flood import flood_fill
from segstudio.core.editing.history import History
from segstudio.core.editing.polygon import fill_polygon
from segstudio.core.errors import InputError
from segstudio.session.annotation_choices import Brush, Ground, Plane, Tool
from segstudio.session.class_choice import ClassChoice
from segstudio.session.class_counts import count_voxels, follow_edit
from segstudio.session.operations_asked import OperationsAsked
from segstudio.session.painting_limits import PaintingLimits


class Annotation:
    """Paints the labels of the case in view, in place; all that is done is one history.

    Attributes
    ----------
    ground : Ground or None
        The labels that are painted, with their volume.
    limits : PaintingLimits
        Where painting is allowed.
    classes : ClassChoice
        The class table, and which of it is painted.
    operations : OperationsAsked
        What is done at one go.
    tool : Tool
        Which of the viewer's tools is in hand.
    brush : Brush
    plane : Plane
        The plane in view.
    takes_corners, corners_go_on : bool
        Whether the user is clicking the corners of quadrilaterals; whether each is of the class
        after the one before.
    pieces : dict of int to int
        How many pieces each class has, as far as they have been counted.
    revision : int
        Goes up whenever a voxel changes.
    """

    ground_changed = Signal(object)
    edited = Signal(object)  # the box; several in a stroke
    stepped = Signal()  # a step was done, undone or done again
    stroke_changed = Signal(bool)  # whether one is being drawn
    tool_changed = Signal(str)
    brush_changed = Signal(Brush)
    corners_changed = Signal(bool)
    plane_changed = Signal(Plane)
    pieces_changed = Signal(dict)

    def __init__(self) -> None:
        self.ground: Ground | None = None
        self.limits = PaintingLimits()
        self.classes = ClassChoice()
        self.tool: Tool = "move"
        self.brush = Brush()
        self.plane = Plane()
        self.takes_corners = self.corners_go_on = False
        self.pieces: dict[int, int] = {}
        self.revision = 0
        self._history: History | None = None
        self._stroke: list[Edit] | None = None
        self._counts: Counter[int] | None = None
        self.operations = OperationsAsked(self)

    def take(self, ground: Ground | None, saved: NDArray[np.integer] | None = None) -> None:
        """Paint on other labels from now on, or on none; `saved` are those read from the disk."""
        self.ground = ground
        self._history = None if ground is None else History(ground.labels)
        self._counts, self.pieces = None, {}
        if self._stroke is not None:
            self._stroke = None
            self.stroke_changed.emit(False)
        self.revision += 1
        self.limits.forget(saved)
        self.classes.keep_brought()
        self._count_ahead()
        self.ground_changed.emit(ground)

    def expect_ground(self) -> Ground:
        """Return the labels that are painted; `InputError` where there are none."""
        if self.ground is None:
            raise InputError("There are no labels to paint. Open a case, or make new labels.")
        return self.ground

    @property
    def counts(self) -> Counter[int]:
        """How many voxels each value has now; not to be changed."""
        if self._counts is None:
            self._counts = Counter() if self.ground is None else count_voxels(self.ground.labels)
        return self._counts

    @property
    def undoable(self) -> int:
        """How many steps can be undone."""
        return 0 if self._history is None else self._history.undoable

    @property
    def redoable(self) -> int:
        """How many steps can be done again."""
        return 0 if self._history is None else self._history.redoable

    def _count_ahead(self) -> None:
        """Count before the first stroke, which would be held up: a large volume takes a moment."""
        if self.tool != "move":
            _ = self.counts

    def choose_tool(self, tool: Tool) -> None:
        """Take another of the viewer's tools in hand."""
        if tool != self.tool:
            self.tool = tool
            self._count_ahead()
            self.tool_changed.emit(tool)

    def choose_brush(self, brush: Brush) -> None:
        """Take another brush."""
        if brush != self.brush:
            self.brush = brush
            self.brush_changed.emit(brush)

    def take_corners(self, wanted: bool) -> None:
        """Let the user click corners of quadrilaterals, or no longer."""
        if wanted != self.takes_corners:
            self.takes_corners = wanted
            self.corners_changed.emit(wanted)

    def note_plane(self, plane: Plane) -> None:
        """Note which plane is in view."""
        if plane != self.plane:
            self.plane = plane
            self.plane_changed.emit(plane)

    def note_pieces(self, pieces: dict[int, int]) -> None:
        """Note how many pieces each class has."""
        self.pieces = pieces
        self.pieces_changed.emit(pieces)

    def paint(
        self, start: Sequence[float], end: Sequence[float], value: int, plane_axis: int | None
    ) -> Edit:
        """Draw the brush from one place to another, both ``(z, y, x)`` in voxels.

        It paints in the plane across `plane_axis`, unless it is a sphere.
        """
        ground, brush = self.expect_ground(), self.brush
        axis = None if brush.is_sphere else plane_axis
        box, mask = stroke_voxels(
            start, end, brush.diameter_mm, ground.spacing, ground.labels.shape, plane_axis=axis
        )
        return self.do(edit_where(ground.labels, box, mask, value))

    def fill(
        self,
        voxel: Sequence[int],
        value: int,
        plane_axis: int | None = None,
        *,
        contiguous: bool = True,
    ) -> Edit:
        """Give the piece around a voxel another class; see `flood_fill`."""
        labels = self.expect_ground().labels
        edit = flood_fill(labels, voxel, value, plane_axis=plane_axis, contiguous=contiguous)
        return self.do(edit)

    def fill_polygon(self, corners: ArrayLike, value: int, plane_axis: int = 0) -> Edit:
        """Fill a polygon whose corners are voxels ``(z, y, x)`` of one plane, in order."""
        points = np.asarray(corners, np.float64)
        plane = round(float(points[0, plane_axis]))
        flat = np.delete(points, plane_axis, axis=1)
        labels = self.expect_ground().labels
        return self.do(fill_polygon(labels, flat, value, plane=plane, axis=plane_axis))

    def fill_corners(self, corners: ArrayLike, value: int, plane_axis: int = 0) -> Edit:
        """Fill the quadrilateral of four corners, clicked in any order."""
        points = np.asarray(corners, np.float64)
        flat = np.delete(points, plane_axis, axis=1)
        away = (flat - flat.mean(axis=0)).T
        return self.fill_polygon(points[np.argsort(np.arctan2(*away))], value, plane_axis)

    def do(self, edit: Edit) -> Edit:
        """Do an edit as far as it is allowed, as one step or in the stroke; return what was."""
        return self._do(self.limits.on(self.expect_ground()).of(edit))

    def replace(self, labels: NDArray[np.integer]) -> Edit:
        """Make the labels what others ``(Z, Y, X)`` are, wherever painting is allowed else."""
        ground = self.expect_ground()
        return self._do(edit_to(ground.labels, (slice(None),) * ground.labels.ndim, labels))

    def _do(self, edit: Edit) -> Edit:
        ground, history = self.expect_ground(), self._history
        if edit.count and history is not None:
            apply(edit, ground.labels)
            if self._stroke is None:
                history.remember(edit)
            else:
                self._stroke.append(edit)
            self._follow(edit)
            if self._stroke is None:
                self._end_step()
        return edit

    @contextmanager
    def stroke(self) -> Iterator[None]:
        """Make one step of all that is done inside; a stroke within a stroke is a part of it."""
        if self._stroke is not None:
            yield
            return
        self.begin_stroke()
        try:
            yield
        finally:
            self.end_stroke()

    def begin_stroke(self) -> None:
        """Make one step of all that is done until `end_stroke`."""
        self.end_stroke()
        self._stroke = []
        self.stroke_changed.emit(True)

    def end_stroke(self) -> None:
        """End a stroke, if one was begun."""
        pieces, self._stroke = self._stroke, None
        if pieces and self._history is not None:
            self._history.remember(joined(pieces) if len(pieces) > 1 else pieces[0])
            self._end_step()
        if pieces is not None:
            self.stroke_changed.emit(False)

    def drop_stroke(self) -> None:
        """Take back what the stroke has done so far, and end it."""
        pieces, self._stroke = self._stroke, None
        for edit in reversed(pieces or []):
            revert(edit, self.expect_ground().labels)
            self._follow(edit, undone=True)
        if pieces is not None:
            self.stroke_changed.emit(False)

    def undo(self) -> Edit | None:
        """Take the last step back; return it, or None where there is none."""
        return self._step(History.undo, undone=True)

    def redo(self) -> Edit | None:
        """Do the step again that was taken back last; return it, or None where there is none."""
        return self._step(History.redo, undone=False)

    def _step(self, act: Callable[[History], Edit | None], *, undone: bool) -> Edit | None:
        if self._history is None or self._stroke is not None:
            return None
        edit = act(self._history)
        if edit is not None:
            self._follow(edit, undone=undone)
            if undone:
                painted = {value for value, voxels in self.counts.items() if voxels}
                self.classes.drop_brought(painted)
            self._end_step()
        return edit

    def _end_step(self) -> None:
        self.classes.name_values(value for value, voxels in self.counts.items() if voxels)
        self.stepped.emit()

    def remove_class(self, value: int) -> None:
        """Erase a class, which can be undone, and take it out of the table."""
        labels = self.expect_ground().labels
        box = full_box((slice(None),) * labels.ndim, labels.shape)
        if self.counts[value]:
            edit = self.do(edit_where(labels, box, labels == value, 0))
            if self.counts[value]:
                raise InputError(
                    f"'{self.classes.name(value)}' is painted where nothing may change now, so it "
                    f"stays. {edit.count} of its voxels were erased. Lift the locks and limits."
                )
        # The next class may get the value: it is to be seen, and painted.
        self.limits.lock(self.limits.locked - {value})
        self.classes.remove(value)

    def _follow(self, edit: Edit, *, undone: bool = False) -> None:
        """Bring up to date what is known of the labels after a change."""
        if self._counts is not None:
            follow_edit(self._counts, edit, undone=undone)
        self.revision += 1
        self.edited.emit(edit.box)
