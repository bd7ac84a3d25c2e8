"""napari's labels layer, whose tools paint through the session's annotation."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from napari.layers import Labels
from napari.layers.labels._labels_constants import Mode
from numpy.typing import ArrayLike, NDArray

from segstudio.core.editing.box import Box
from segstudio.core.editing.edit import Edit, check_value, edit_to
from segstudio.core.errors import InputError
from segstudio.session.annotation import Annotation


class AnnotatedLabels(Labels):  # type: ignore[misc]
    """Labels whose brush, eraser, bucket and polygon keep to the annotation's limits.

    All they do is a step of the annotation's history, which napari's keys undo and redo; napari's
    own history, which takes 5 bytes for each voxel of a stroke's box and more for an edit by
    index, stays empty.

    Parameters
    ----------
    annotation : Annotation
        Its ground are these labels.
    data : ndarray of int, shape (Z, Y, X)
    **arguments
        As for napari's layer.
    """

    def __init__(self, annotation: Annotation, data: NDArray[np.int32], **arguments: Any) -> None:
        self.annotation = annotation
        self.is_drawing = False
        super().__init__(data, **arguments)
        annotation.edited.connect(self._follow_edit)
        annotation.stepped.connect(self._follow_step)

    @property
    def _is_painted(self) -> bool:
        """Whether the annotation still paints these labels."""
        ground = self.annotation.ground
        return ground is not None and ground.labels is self.data

    @property
    def _is_left(self) -> bool:
        """Whether the annotation paints another case by now: a drag may outlast its own."""
        return self.annotation.ground is not None and not self._is_painted

    def _follow_edit(self, box: Box) -> None:
        """Draw what was done by others than this layer's tools: an undo, an operation."""
        if self._is_painted and not self.is_drawing:
            self._accumulate_updated_slice(box)
            self._partial_labels_refresh()
            self._update_thumbnail()

    def _follow_step(self) -> None:
        if self._is_painted:
            self.events.paint(value=[])

    @property
    def _type_string(self) -> str:
        # What writers and menus go by.
        return "labels"

    def _calculate_cursor_size(self) -> float:
        return self.annotation.brush.diameter_mm

    @property
    def plane_axis(self) -> int | None:
        """The axis that the plane in view lies across; None where the volume is in view."""
        hidden = self._slice_input.not_displayed
        return int(hidden[-1]) if len(hidden) == 1 else None

    @property
    def _edited_axis(self) -> int | None:
        """The axis across which a plane is edited; None where the volume is."""
        return None if self.n_edit_dimensions > 2 else self.plane_axis

    def paint(self, coord: Sequence[float], new_label: int, refresh: bool = True) -> None:
        """Paint with the brush at a place."""
        if self._is_left:
            return
        place = [float(c) for c in coord]
        with self._drawing(refresh):
            self._show(self.annotation.paint(place, place, new_label, self.plane_axis))

    def _draw(
        self,
        new_label: int,
        last_cursor_coord: Sequence[float] | None,
        coordinates: Sequence[float] | None,
    ) -> None:
        """Draw from where the pointer was to where it is, as one stroke of the brush.

        napari would paint dabs a quarter of the brush apart, in voxels of the finest axis: with
        gaps along another.
        """
        is_brush = self._mode in (Mode.PAINT, Mode.ERASE) and self._slice_input.ndisplay == 2
        if not is_brush or coordinates is None:
            super()._draw(new_label, last_cursor_coord, coordinates)
        elif not self._is_left:
            start = coordinates if last_cursor_coord is None else last_cursor_coord
            axis = self.plane_axis
            if axis is not None and round(float(start[axis])) != round(float(coordinates[axis])):
                start = coordinates  # another plane came into view meanwhile
            with self._drawing(refresh=True):
                ends = [float(c) for c in start], [float(c) for c in coordinates]
                self._show(self.annotation.paint(*ends, new_label, axis))

    def fill(self, coord: Sequence[float], new_label: int, refresh: bool = True) -> None:
        """Fill what hangs together with a voxel, or all of its class."""
        place = [round(float(c)) for c in coord]
        is_inside = all(0 <= c < n for c, n in zip(place, self.data.shape, strict=True))
        if self._is_left or not is_inside:
            return
        with self._drawing(refresh):
            edit = self.annotation.fill(
                place, new_label, self._edited_axis, contiguous=self.contiguous
            )
            self._show(edit)

    def paint_polygon(self, points: ArrayLike, new_label: int) -> None:
        """Fill a polygon in the plane in view."""
        axis = self.plane_axis
        if axis is not None and len(np.asarray(points)) > 2 and not self._is_left:
            with self._drawing(refresh=True):
                self._show(self.annotation.fill_polygon(points, new_label, axis))

    def data_setitem(
        self, indices: tuple[NDArray[np.intp], ...], value: ArrayLike, refresh: bool = True
    ) -> None:
        """Set voxels by their indices, as plugins do; `InputError` for what no label can be."""
        if self._is_left or not indices or not np.size(indices[0]):
            return
        _check_values(self.data, np.asarray(value))
        places = [np.asarray(index) for index in indices]
        box = tuple(slice(int(p.min()), int(p.max()) + 1) for p in places)
        new = self.data[box].copy()
        new[tuple(p - part.start for p, part in zip(places, box, strict=True))] = value
        with self._drawing(refresh):
            self._show(self.annotation.do(edit_to(self.data, box, new)))

    def undo(self) -> None:
        """Take the last step back, whichever tool did it."""
        self.annotation.undo()

    def redo(self) -> None:
        """Do the step again that was taken back last."""
        self.annotation.redo()

    @contextmanager
    def block_history(self) -> Iterator[None]:
        """Make one step of all that is painted inside."""
        self._begin_stroke()
        try:
            yield
        finally:
            self._commit_stroke()

    def _begin_stroke(self) -> None:
        self.annotation.begin_stroke()

    def _commit_stroke(self) -> None:
        self.annotation.end_stroke()

    def _abort_stroke(self) -> None:
        self.annotation.drop_stroke()

    @contextmanager
    def _drawing(self, refresh: bool) -> Iterator[None]:
        """Draw what is done inside by itself, and not when the annotation tells of it."""
        self.is_drawing = True
        try:
            yield
        finally:
            self.is_drawing = False
        if refresh:
            self._partial_labels_refresh()

    def _show(self, edit: Edit) -> None:
        """Note that an edit is to be drawn, in view or not: who follows the labels hears of it."""
        if edit.count:
            self._accumulate_updated_slice(edit.box)

    def _partial_labels_refresh(self) -> None:
        """Draw what was edited since the last time, at one go."""
        box = self._updated_slice
        if box is not None and self._slicing_state.loaded and not self._slice.empty:
            found = self._get_update_slices(box)
            if found is not None and self.contour == 0:
                here = tuple(found[1])
                raw = self._slice.image.raw
                self._slice.image.view[here] = self.colormap._data_to_texture(raw[here])
        super()._partial_labels_refresh()


def _check_values(labels: NDArray[np.integer], values: NDArray[np.generic]) -> None:
    """Raise `InputError` for values that are no classes, or that the labels cannot hold."""
    if not np.isfinite(values).all() or not np.array_equal(values, np.trunc(values)):
        raise InputError("Labels are whole numbers, and a tool gave others. Nothing was changed.")
    for most in (np.min(values), np.max(values)):
        check_value(labels, int(most))
