"""The session's annotation and the viewer's labels layer, kept in step. No Qt."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from segstudio.core.labels import ClassTable
from segstudio.session import Session
from segstudio.session.annotation_choices import Brush, Plane, Restriction, Tool
from segstudio.viewer.annotated_labels import AnnotatedLabels
from segstudio.viewer.annotation_previews import AnnotationPreviews
from segstudio.viewer.stage import PREDICTION, Stage, label_colors

if TYPE_CHECKING:
    from napari.components import ViewerModel

MODES: dict[Tool, str] = {
    "move": "pan_zoom",
    "brush": "paint",
    "eraser": "erase",
    "fill": "fill",
    "polygon": "polygon",
    "pick": "pick",
}
_TOOLS = {mode: tool for tool, mode in MODES.items()}
ROWS = 9  # classes that a key chooses


class AnnotationStage:
    """Follows what napari's tools and controls choose, and shows what the annotation does.

    Parameters
    ----------
    viewer : ViewerModel
    session : Session
    stage : Stage
        Whose layer of labels is painted.
    """

    def __init__(self, viewer: "ViewerModel", session: Session, stage: Stage) -> None:
        self._viewer, self._session, self._stage = viewer, session, stage
        self._layer: AnnotatedLabels | None = None
        self._follows = False
        self.previews = AnnotationPreviews(viewer, session)
        annotation = session.annotation
        annotation.tool_changed.connect(self._show_tool)
        annotation.brush_changed.connect(self._show_brush)
        annotation.limits.changed.connect(self._show_restriction)
        annotation.classes.chosen_changed.connect(self._show_chosen)
        annotation.classes.hidden_changed.connect(self._show_colors)
        annotation.classes.changed.connect(self._show_colors)
        viewer.layers.events.inserted.connect(self._take)
        viewer.layers.events.removed.connect(self._forget)
        viewer.dims.events.connect(self._follow_plane)
        self._bind_keys()

    def _bind_keys(self) -> None:
        """Bind what works whichever layer is chosen; napari's digits are its label tools."""
        annotation = self._session.annotation
        for row in range(ROWS):
            choose = partial(annotation.classes.choose_row, row)
            self._viewer.bind_key(f"Alt-{row + 1}", _ignoring_viewer(choose), overwrite=True)
        self._viewer.bind_key("Control-Z", _ignoring_viewer(annotation.undo), overwrite=True)
        self._viewer.bind_key("Control-Shift-Z", _ignoring_viewer(annotation.redo), overwrite=True)

    def _take(self, event: Any) -> None:
        """Follow the layer of labels, when it is added."""
        layer = event.value
        if not isinstance(layer, AnnotatedLabels):
            return
        self._layer, annotation = layer, self._session.annotation
        self._show_chosen(annotation.classes.chosen)
        self._show_brush(annotation.brush)
        self._show_restriction(annotation.limits.restriction)
        self._show_colors()
        self._show_tool(annotation.tool)
        layer.events.selected_label.connect(self._follow_chosen)
        layer.events.mode.connect(self._follow_tool)
        layer.events.brush_size.connect(self._follow_brush_size)
        layer.events.n_edit_dimensions.connect(self._follow_dimensions)
        layer.events.preserve_labels.connect(self._follow_preserving)
        self._follow_plane()

    def _forget(self, event: Any) -> None:
        if event.value is self._layer:
            self._layer = None

    @contextmanager
    def _following(self) -> Iterator[AnnotatedLabels | None]:
        """Give the layer to be changed, and take what it tells meanwhile for an echo."""
        before, self._follows = self._follows, True
        try:
            yield self._layer
        finally:
            self._follows = before

    def _show_chosen(self, value: int) -> None:
        with self._following() as layer:
            if layer is not None and layer.selected_label != value:
                layer.selected_label = value

    def _follow_chosen(self) -> None:
        if self._layer is not None and not self._follows:
            value = int(self._layer.selected_label)
            # Any value may be chosen in napari's box; 0 erases.
            self._session.annotation.classes.choose(value)

    def _show_tool(self, tool: Tool) -> None:
        with self._following() as layer:
            if layer is None:
                return
            if tool == "polygon" and layer.n_edit_dimensions != 2:
                layer.n_edit_dimensions = 2  # napari draws no polygon else
            layer.mode = MODES[tool]
            if tool != "move":
                self._viewer.layers.selection.active = layer
        self._follow_dimensions()

    def _follow_tool(self) -> None:
        if self._layer is not None and not self._follows:
            tool = _TOOLS.get(str(self._layer.mode), "move")
            self._session.annotation.choose_tool(tool)

    def _show_brush(self, brush: Brush) -> None:
        with self._following() as layer:
            if layer is not None:
                layer.brush_size = max(1, round(brush.diameter_mm / _finest(layer)))
                # napari counts in whole voxels; the circle is as wide as what is painted.
                layer.cursor_size = brush.diameter_mm
                layer.n_edit_dimensions = 3 if brush.is_sphere else 2

    def _follow_brush_size(self) -> None:
        layer, brush = self._layer, self._session.annotation.brush
        if layer is not None and not self._follows:
            diameter = layer.brush_size * _finest(layer)
            self._session.annotation.choose_brush(Brush(diameter, brush.is_sphere))

    def _follow_dimensions(self) -> None:
        layer, brush = self._layer, self._session.annotation.brush
        if layer is not None and not self._follows:
            is_sphere = layer.n_edit_dimensions > 2
            self._session.annotation.choose_brush(Brush(brush.diameter_mm, is_sphere))

    def _show_restriction(self, restriction: Restriction) -> None:
        with self._following() as layer:
            if layer is not None and layer.preserve_labels != (restriction.over == (0,)):
                layer.preserve_labels = restriction.over == (0,)

    def _follow_preserving(self) -> None:
        limits = self._session.annotation.limits
        if self._layer is not None and not self._follows:
            over = (0,) if self._layer.preserve_labels else None
            chosen = limits.restriction
            limits.restrict(replace(chosen, over=over))

    def _show_colors(self, *_: object) -> None:
        """Draw every class in its colour, and not those that are hidden."""
        classes = self._session.annotation.classes
        with self._following() as layer:
            if layer is not None:
                layer.colormap = _colors(classes.table, classes.hidden)
        prediction = self._stage.layer(PREDICTION)
        if isinstance(prediction, Labels):
            prediction.colormap = label_colors(classes.table)

    def _follow_plane(self, *_: object) -> None:
        """Note which plane is in view."""
        layer = self._layer
        axis = layer.plane_axis if layer is not None else None
        if layer is None or axis is None:
            return
        place = layer.world_to_data(self._viewer.dims.point)
        index = min(max(round(float(place[axis])), 0), layer.data.shape[axis] - 1)
        self._session.annotation.note_plane(Plane(axis, index))


def _finest(layer: Labels) -> float:
    """Return the finest spacing of the axes in view, in mm."""
    return float(min(abs(layer.scale[axis]) for axis in layer._slice_input.displayed))


def _colors(classes: ClassTable, hidden: frozenset[int]) -> DirectLabelColormap:
    shown = label_colors(classes)
    clear = dict.fromkeys(hidden, "transparent")
    return DirectLabelColormap(color_dict={**shown.color_dict, **clear}) if hidden else shown


def _ignoring_viewer(act: Callable[[], object]) -> Callable[[Any], None]:
    def pressed(_viewer: Any) -> None:
        act()

    return pressed
