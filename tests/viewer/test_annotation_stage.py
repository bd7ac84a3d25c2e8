"""The annotation and napari's labels layer, without Qt."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels, Points
from napari.utils.key_bindings import coerce_keybinding

from segstudio.core.errors import InputError
from segstudio.session import Session
from segstudio.session import operations as op
from segstudio.session.annotation_choices import Brush, Mask, Plane, Restriction
from segstudio.viewer.annotated_labels import AnnotatedLabels
from segstudio.viewer.annotation_previews import CORNERS, PREVIEW, RANGE
from segstudio.viewer.annotation_stage import AnnotationStage
from segstudio.viewer.stage import LABELS, PREDICTION, Stage


class Shown:
    """A viewer with a case in it."""

    def __init__(self, folder: Path) -> None:
        self.viewer, self.session = ViewerModel(), Session()
        self.stage = Stage(self.viewer, self.session)
        self.annotation_stage = AnnotationStage(self.viewer, self.session, self.stage)
        self.session.open(folder)
        self.annotation = self.session.annotation

    @property
    def layer(self) -> AnnotatedLabels:
        layer = self.stage.layer(LABELS)
        assert isinstance(layer, AnnotatedLabels)
        return layer

    @property
    def drawn(self) -> np.ndarray:
        """The values of the plane in view, as the texture has them."""
        return np.asarray(self.layer._slice.image.view)

    def press(self, key: str) -> None:
        self.viewer.keymap[coerce_keybinding(key)](self.viewer)


@pytest.fixture
def shown(hearts: Path) -> Shown:
    return Shown(hearts)


def test_a_dab_of_the_layers_brush_is_a_step_of_the_session(shown: Shown) -> None:
    before = shown.session.labels.copy()
    z = shown.annotation.plane.index
    shown.annotation.choose_brush(Brush(40.0))
    shown.layer.paint((z, 6, 6), 3)
    assert shown.annotation.undoable == 1
    assert shown.session.labels[z, 6, 6] == 3
    painted = (shown.session.labels != before).sum()
    spacing = shown.session.open_case.volume.spacing
    assert painted == pytest.approx(np.pi * 20**2 / (spacing[1] * spacing[2]), rel=0.2)

    shown.layer.undo()
    np.testing.assert_array_equal(shown.session.labels, before)
    shown.layer.redo()
    assert shown.session.labels[z, 6, 6] == 3


def test_what_is_drawn_follows_the_brush_an_undo_and_an_operation(shown: Shown) -> None:
    z = shown.annotation.plane.index

    def is_true() -> bool:
        expected = shown.layer.colormap._data_to_texture(shown.session.labels[z])
        return np.array_equal(shown.drawn, expected)

    with shown.layer.block_history():
        shown.layer.paint((z, 6, 6), 3, refresh=False)
        shown.layer.paint((z, 7, 9), 1, refresh=False)
        shown.layer._partial_labels_refresh()
        assert is_true()
    assert shown.annotation.undoable == 1
    shown.annotation.operations.run(op.margin(2, 8.0))
    assert is_true()
    shown.annotation.undo()
    shown.annotation.undo()
    assert is_true()
    assert not shown.annotation.undoable


@pytest.mark.parametrize(("order", "ndisplay"), [((1, 2, 0), 2), ((2, 1, 0), 2), ((0, 1, 2), 3)])
def test_an_undo_is_drawn_in_every_view_and_where_nobody_looked(
    shown: Shown, order: tuple[int, ...], ndisplay: int
) -> None:
    shown.viewer.dims.order, shown.viewer.dims.ndisplay = order, ndisplay
    shape = shown.session.labels.shape

    def is_true() -> bool:
        hidden = order[: 3 - ndisplay]
        planes = tuple(
            shown.viewer.dims.current_step[a] if a in hidden else slice(None) for a in range(3)
        )
        plane = shown.session.labels[planes]
        left = [a for a in range(3) if a not in hidden]
        plane = plane.transpose([left.index(a) for a in order[3 - ndisplay :]])
        return np.array_equal(shown.drawn, shown.layer.colormap._data_to_texture(plane))

    assert is_true()
    before = shown.drawn.copy()
    shown.annotation.choose_brush(Brush(30.0, is_sphere=True))
    middle = [n / 2 for n in shape]
    shown.annotation.paint(middle, middle, 3, None)
    shown.annotation.paint([0, 0, 0], [0, 0, 0], 2, None)
    shown.viewer.dims.current_step = tuple(n // 2 for n in shape)
    assert is_true()
    assert not np.array_equal(shown.drawn, before)
    shown.layer.visible = False
    shown.annotation.undo()
    shown.annotation.undo()
    shown.layer.visible = True
    assert is_true()
    shown.annotation.redo()
    assert is_true()
    assert (shown.drawn > 0).any()


def test_bucket_polygon_and_indices_are_steps_too_and_keep_to_the_limits(shown: Shown) -> None:
    before = shown.session.labels.copy()
    z = shown.annotation.plane.index
    shown.annotation.limits.lock([2])
    shown.layer.fill((z, 0, 0), 3)
    shown.layer.paint_polygon([[z, 2, 2], [z, 2, 40], [z, 40, 40], [z, 40, 2]], 1)
    shown.layer.data_setitem((np.array([z, z]), np.array([5, 6]), np.array([5, 6])), [3, 3])
    assert shown.annotation.undoable == 3
    assert shown.session.labels[z, 5, 5] == 3
    np.testing.assert_array_equal(shown.session.labels == 2, before == 2)
    for _ in range(3):
        shown.layer.undo()
    np.testing.assert_array_equal(shown.session.labels, before)


def test_a_stroke_that_napari_aborts_leaves_nothing(shown: Shown) -> None:
    before = shown.session.labels.copy()
    z = shown.annotation.plane.index
    shown.layer._begin_stroke()
    shown.layer.paint((z, 6, 6), 3)
    shown.layer._abort_stroke()
    np.testing.assert_array_equal(shown.session.labels, before)
    assert not shown.annotation.undoable


def test_the_chosen_class_and_tool_are_the_layers_both_ways(shown: Shown) -> None:
    shown.annotation.classes.choose(3)
    assert shown.layer.selected_label == 3
    shown.layer.selected_label = 2
    assert shown.annotation.classes.chosen == 2

    shown.annotation.choose_tool("eraser")
    assert shown.layer.mode == "erase"
    shown.layer.mode = "fill"
    assert shown.annotation.tool == "fill"


def test_the_brush_is_in_mm_and_napari_counts_it_in_voxels(shown: Shown) -> None:
    finest = min(shown.session.open_case.volume.spacing[1:])
    shown.annotation.choose_brush(Brush(11.3, is_sphere=True))
    assert shown.layer.brush_size == round(11.3 / finest)
    assert shown.layer.cursor_size == 11.3
    assert shown.layer.n_edit_dimensions == 3

    shown.layer.brush_size += 1  # as napari's key ]
    assert shown.annotation.brush.diameter_mm == pytest.approx(shown.layer.brush_size * finest)
    shown.layer.n_edit_dimensions = 2
    assert not shown.annotation.brush.is_sphere
    shown.layer.preserve_labels = True
    assert shown.annotation.limits.restriction.over == (0,)


def test_a_polygon_is_drawn_with_a_disc_and_not_with_a_ball(shown: Shown) -> None:
    shown.annotation.choose_brush(Brush(5.0, is_sphere=True))
    shown.annotation.choose_tool("polygon")
    assert shown.layer.mode == "polygon"
    assert not shown.annotation.brush.is_sphere


def test_the_plane_in_view_is_known(shown: Shown) -> None:
    layer = shown.layer
    shown.viewer.dims.set_point(0, layer.data_to_world((1, 0, 0))[0])
    assert shown.annotation.plane == Plane(0, 1)
    shown.layer.paint((1, 6, 6), 3)
    assert shown.session.labels[1, 6, 6] == 3


def test_keys_choose_classes_and_take_steps_back_whichever_layer_is_chosen(shown: Shown) -> None:
    shown.press("Alt+3")
    assert shown.annotation.classes.chosen == 3
    shown.press("Alt+9")
    assert shown.annotation.classes.chosen == 3
    shown.layer.paint((1, 6, 6), 3)
    shown.press("Ctrl+Z")
    assert not shown.annotation.undoable
    shown.press("Ctrl+Shift+Z")
    assert shown.annotation.undoable == 1


def test_colours_and_hidden_classes_are_those_of_the_one_table(shown: Shown) -> None:
    shown.annotation.classes.recolor(2, "#ff0000")
    shown.annotation.classes.hide([3])
    colors = shown.layer.colormap.color_dict
    assert colors[2][:3] == pytest.approx((1, 0, 0))
    assert colors[3][3] == 0
    prediction = shown.stage.layer(PREDICTION)
    assert prediction.colormap.color_dict[2][:3] == pytest.approx((1, 0, 0))
    assert prediction.colormap.color_dict[3][3] == 1


def test_an_intensity_range_is_drawn_over_the_image_and_goes_with_it(shown: Shown) -> None:
    previews = shown.annotation_stage.previews
    shown.annotation.limits.restrict(Restriction(intensity=(50.0, 200.0)))
    layer = previews.layer(RANGE)
    assert isinstance(layer, Image)
    assert tuple(layer.contrast_limits) == (50.0, 200.0)
    assert shown.viewer.layers.selection.active is shown.layer

    shown.annotation.limits.restrict(Restriction(intensity=(60.0, 60.0)))
    assert layer.contrast_limits[0] == 60.0
    shown.annotation.limits.restrict(Restriction())
    assert previews.layer(RANGE) is None
    assert RANGE not in shown.viewer.layers


def test_a_preview_is_drawn_until_it_is_accepted(shown: Shown) -> None:
    previews = shown.annotation_stage.previews
    shown.annotation.operations.run(op.growing())
    layer = previews.layer(PREVIEW)
    edit = shown.annotation.operations.preview
    assert isinstance(layer, Labels)
    assert (layer.data > 0).sum() == (edit.new > 0).sum()

    shown.annotation.operations.accept_preview()
    assert previews.layer(PREVIEW) is None
    assert shown.annotation.undoable == 1


def test_every_fourth_corner_fills_a_quadrilateral_of_the_next_class(shown: Shown) -> None:
    before = shown.session.labels.copy()
    z = shown.annotation.plane.index
    shown.annotation.classes.choose(1)
    shown.annotation.corners_go_on = True
    shown.annotation.take_corners(True)
    points = shown.annotation_stage.previews.layer(CORNERS)
    assert isinstance(points, Points)
    for corner in ((z, 1, 1), (z, 4, 8), (z, 1, 8), (z, 4, 1)):
        points.add(corner)
    assert (shown.session.labels[z, 1:5, 1:9] == 1).all()
    assert (shown.session.labels != before).sum() == 32
    assert shown.annotation.classes.chosen == 2
    assert not len(points.data)

    shown.annotation.take_corners(False)
    assert isinstance(shown.viewer.layers.selection.active, AnnotatedLabels)
    shown.annotation.take_corners(True)
    shown.viewer.layers.remove(shown.annotation_stage.previews.layer(CORNERS))
    assert not shown.annotation.takes_corners


def test_a_tool_that_gives_the_layer_another_array_is_followed(shown: Shown) -> None:
    other = np.full_like(shown.session.labels, 2)
    shown.layer.data = other
    assert shown.annotation.ground.labels is shown.session.labels
    shown.layer.paint((1, 6, 6), 3)
    assert shown.session.labels[1, 6, 6] == 3
    shown.annotation.undo()
    assert (shown.session.labels == 2).all()
    shown.annotation.undo()
    assert (shown.session.labels != 2).any(), "what the tool made is a step, too"
    assert shown.layer.data is shown.session.labels


@pytest.mark.parametrize("values", [np.ones((2, 3, 4), np.int32), -1])
def test_labels_of_another_size_or_below_0_are_told_of_and_not_taken(shown: Shown, values) -> None:
    before, said = shown.session.labels.copy(), []
    shown.session.said.connect(lambda message: said.append(message.text))
    shown.layer.data = np.full_like(before, -1) if isinstance(values, int) else values

    assert "not taken" in said[0]
    assert np.array_equal(shown.session.labels, before)
    assert shown.layer.data is shown.session.labels
    assert shown.session.annotation.ground.labels is shown.session.labels


def test_another_case_begins_with_a_history_of_its_own(shown: Shown) -> None:
    shown.layer.paint((1, 6, 6), 3)
    first, second = (case.name for case in shown.session.dataset.cases[:2])
    shown.session.show_case(second)
    assert not shown.annotation.undoable
    shown.layer.paint((1, 6, 6), 3)
    shown.session.show_case(first)
    assert shown.session.labels[1, 6, 6] == 3
    shown.annotation.undo()
    assert shown.session.labels[1, 6, 6] == 3


def test_a_drag_that_outlasts_its_case_paints_nothing_on_the_next(shown: Shown) -> None:
    layer, session = shown.layer, shown.session
    session.show_case(session.dataset.cases[1].name)
    before = session.labels.copy()
    layer.paint((1, 5, 5), 3)
    layer.fill((1, 5, 5), 3)
    layer.data_setitem(([1], [5], [5]), 3)
    layer.paint_polygon([(1, 2, 2), (1, 2, 9), (1, 9, 9)], 3)
    np.testing.assert_array_equal(session.labels, before)
    assert session.annotation.undoable == 0


def test_corners_of_two_slices_make_no_quadrilateral(shown: Shown) -> None:
    annotation, labels = shown.annotation, shown.session.labels
    labels[:] = 0
    annotation.take_corners(True)
    layer = shown.viewer.layers[CORNERS]
    for corner in [(1, 2, 2), (1, 2, 9), (2, 3, 3), (2, 3, 8), (2, 8, 3)]:
        layer.add(corner)
    assert not labels.any()
    layer.add((2, 8, 8))
    assert labels[2, 5, 5]
    assert not labels[1].any()
    layer.add((1, 9, 2))
    layer.add((1, 9, 9))
    assert labels[1, 5, 5]
    assert len(layer.data) == 0


@pytest.mark.parametrize(("mode", "value"), [("paint", 3), ("erase", 0)])
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 0, 1)])
def test_a_stroke_has_no_gaps_in_any_view_of_thick_planes(
    tmp_path: Path, order: tuple[int, ...], mode: str, value: int
) -> None:
    image = np.ones((40, 44, 9), np.int16)
    nib.save(nib.Nifti1Image(image, np.diag([1.25, 1.25, 10.0, 1.0])), tmp_path / "thick.nii")
    shown = Shown(tmp_path)
    shown.session.new_labels()
    labels, layer = shown.session.labels, shown.layer
    across, first, second = order
    labels[:] = 1
    shown.viewer.dims.order = order
    layer.mode = mode
    shown.annotation.choose_brush(Brush(10.0))  # of which napari would paint dabs two planes apart
    start = [n // 2 for n in labels.shape]
    start[first] = 0
    end = list(start)
    end[first] = labels.shape[first] - 1
    with layer.block_history():
        layer._draw(value, start, start)
        layer._draw(value, start, end)

    crossed = np.moveaxis(labels, order, (0, 1, 2))[start[across], :, start[second]]
    assert (crossed == value).all()
    planes = np.flatnonzero((np.moveaxis(labels, across, 0) != 1).any(axis=(1, 2)))
    assert planes.tolist() == [start[across]]
    assert shown.annotation.undoable == 1


def test_a_stroke_stays_in_the_planes_that_are_in_view(shown: Shown) -> None:
    labels, layer = shown.session.labels, shown.layer
    before = labels.copy()
    layer.mode = "paint"
    shown.annotation.choose_brush(Brush(0.1))
    layer._draw(9, (0, 1, 1), (1, 8, 8))
    assert np.argwhere(labels != before).tolist() == [[1, 8, 8]]
    layer._draw(9, (1, 8, 8), None)
    assert np.argwhere(labels != before).tolist() == [[1, 8, 8]]
    layer._draw(9, None, (0, 3, 3))
    assert np.argwhere(labels != before).tolist() == [[0, 3, 3], [1, 8, 8]]


def test_indices_with_values_that_no_label_has_change_nothing(shown: Shown) -> None:
    before = shown.session.labels.copy()
    for value in (-1, 70000):
        with pytest.raises(InputError, match=f"not {value}"):
            shown.layer.data_setitem((np.array([0]), np.array([1]), np.array([2])), value)
    np.testing.assert_array_equal(shown.session.labels, before)
    assert not shown.annotation.undoable


def test_corners_erase_nothing_where_the_picker_left_no_class(shown: Shown) -> None:
    annotation, before, said = shown.annotation, shown.session.labels.copy(), []
    shown.session.said.connect(lambda message: said.append(message.text))
    z = annotation.plane.index
    annotation.take_corners(True)
    layer = shown.viewer.layers[CORNERS]
    annotation.classes.choose(0)
    for corner in ((z, 1, 1), (z, 20, 20), (z, 1, 20), (z, 20, 1)):
        layer.add(corner)
    np.testing.assert_array_equal(shown.session.labels, before)
    assert said[-1].startswith("No class is chosen")
    annotation.classes.choose(3)
    layer.add((z, 20, 1))
    assert (shown.session.labels[z, 1:21, 1:21] == 3).all()
    assert not len(layer.data)


def test_a_refused_array_of_a_tool_leaves_the_layer_with_what_is_painted(shown: Shown) -> None:
    shown.session.show_prediction(shown.session.labels.copy(), "somebody")
    shown.annotation.limits.restrict(Restriction(inside=Mask("prediction")))
    shown.annotation.limits.note_mask("prediction", None)
    with pytest.raises(InputError):
        shown.layer.data = np.zeros_like(shown.session.labels)
    assert shown.layer.data is shown.session.labels


def test_a_case_is_reviewed_again_when_all_is_undone_operations_and_other_arrays_too(
    shown: Shown,
) -> None:
    progress, annotation = shown.session.progress, shown.annotation
    case, z = shown.session.open_case.case, shown.annotation.plane.index
    shown.session.mark_reviewed()

    def redraw() -> None:
        shown.layer.data = np.where(shown.session.labels == 1, 3, shown.session.labels)

    for act in (
        lambda: annotation.operations.run(op.margin(2, 8.0)),
        lambda: shown.layer.fill((z, 0, 0), 3),
        redraw,
    ):
        act()
        assert annotation.undoable == 1
        assert progress.of(case).state == "edited"
        for _ in range(2):
            annotation.undo()
            assert progress.of(case).state == "reviewed"
            annotation.redo()
            assert progress.of(case).state == "edited"
        annotation.undo()
        assert progress.of(case).state == "reviewed"


def test_a_tool_that_is_refused_leaves_a_case_reviewed(shown: Shown) -> None:
    progress, case = shown.session.progress, shown.session.open_case.case
    shown.layer.paint((shown.annotation.plane.index, 6, 6), 3)
    shown.session.mark_reviewed()
    for refused in (np.zeros((1, 2, 3), np.int32), shown.session.labels - 1):
        shown.layer.data = refused
        assert shown.layer.data is shown.session.labels
        assert progress.of(case).state == "reviewed"


@pytest.mark.parametrize("value", [2.7, float("nan"), float("inf"), [1, 1.5]])
def test_indices_with_fractions_change_nothing(shown: Shown, value: object) -> None:
    before = shown.session.labels.copy()
    with pytest.raises(InputError, match="whole numbers"):
        shown.layer.data_setitem((np.array([0, 0]), np.array([1, 2]), np.array([2, 2])), value)
    np.testing.assert_array_equal(shown.session.labels, before)
    shown.layer.data_setitem((np.array([0, 0]), np.array([1, 2]), np.array([2, 2])), 2.0)
    assert shown.session.labels[0, 1, 2] == 2
