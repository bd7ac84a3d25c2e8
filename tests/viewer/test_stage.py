"""The session in a viewer's layers, without Qt."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from napari.components import ViewerModel

from segstudio.core.distance import signed_distance
from segstudio.core.labels import ClassTable
from segstudio.data.datasets import ACDC_CLASSES, open_dataset
from segstudio.session import Session
from segstudio.session.messages import MapChoice
from segstudio.viewer.stage import IMAGE, LABELS, MAP, PREDICTION, Stage, label_colors


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.fixture
def stage(session: Session, hearts: Path) -> Stage:
    stage = Stage(ViewerModel(), session)
    session.open(hearts)
    return stage


def test_a_case_shows_image_labels_and_map_in_one_place(stage: Stage, session: Session) -> None:
    volume, layers = session.open_case.volume, [stage.layer(r) for r in (IMAGE, LABELS, MAP)]

    for layer in layers:
        assert layer.data.shape == volume.data.shape
        assert layer.scale == pytest.approx(volume.spacing)
        assert np.allclose(layer.extent.world, layers[0].extent.world)
    assert np.array_equal(layers[1].data, session.open_case.truth)


@pytest.mark.parametrize("columns_run", ["RAS", "ARS"])
def test_along_each_axis_the_slice_that_is_asked_for_is_shown(
    columns_run: str, session: Session, tmp_path: Path
) -> None:
    data = np.random.default_rng(0).integers(0, 3, (4, 5, 6)).astype(np.uint8)
    ras = nib.Nifti1Image(data, np.diag([1.0, 2.0, 3.0, 1.0]))
    to = nib.orientations.axcodes2ornt(tuple(columns_run))
    turned = ras.as_reoriented(nib.orientations.ornt_transform(nib.io_orientation(ras.affine), to))
    for name in ("a.nii.gz", "a_gt.nii.gz"):
        nib.save(turned, tmp_path / name)
    viewer = ViewerModel()
    stage = Stage(viewer, session)
    session.open(tmp_path)
    labels, seen = stage.layer(LABELS), set()
    for _ in range(3):
        axis = viewer.dims.order[0]
        seen.add(axis)
        viewer.dims.set_point(axis, labels.data_to_world([2, 2, 2])[axis])
        shown = np.asarray(labels._slice.image.raw)
        expected = labels.data.take(2, axis)
        down, across = viewer.dims.displayed
        assert np.array_equal(shown, expected if down < across else expected.T)
        viewer.dims.roll()

    assert seen == {0, 1, 2}


def test_rows_that_run_along_the_body_are_turned_upright_and_the_next_case_back(
    session: Session, hearts: Path, tmp_path: Path
) -> None:
    affine = np.eye(4)[[1, 0, 2, 3]]  # x to the front
    nib.save(nib.Nifti1Image(np.zeros((4, 5, 6), np.int16), affine), tmp_path / "a.nii.gz")
    viewer = ViewerModel()
    stage = Stage(viewer, session)
    session.open(tmp_path)
    assert viewer.dims.order == (0, 2, 1)
    session.open(hearts)
    assert stage.layer(LABELS) is not None
    assert viewer.dims.order == (0, 1, 2)


def test_a_case_that_is_read_again_keeps_its_name(stage: Stage, session: Session) -> None:
    name = session.open_case.case.name
    session.case_opened.emit(session.open_case)

    assert stage.layer(IMAGE).name == name


def test_beside_a_layer_of_more_axes_the_labelled_plane_is_shown_and_that_layer_left_alone(
    session: Session, hearts: Path
) -> None:
    viewer = ViewerModel()
    viewer.add_image(np.zeros((9, 3, 8, 8)))
    viewer.dims.set_point(0, 7)
    stage = Stage(viewer, session)
    session.open(hearts)
    labelled = np.flatnonzero(session.open_case.truth.any(axis=(1, 2)))
    plane = stage.layer(IMAGE).world_to_data(viewer.dims.point[-3:])[0]

    assert viewer.dims.point[0] == 7
    assert round(plane) == labelled[len(labelled) // 2]


def test_the_session_knows_which_plane_of_a_case_is_shown_first(
    session: Session, tmp_path: Path
) -> None:
    viewer = ViewerModel()
    stage, found = Stage(viewer, session), []
    for planes, apart in ((9, 2.0), (5, 4.0)):  # whose middle planes lie at one place
        affine, labels = np.diag([1, 1, apart, 1]), np.zeros((8, 8, planes), np.uint8)
        labels[2:5, 2:5, planes // 2] = 1
        for name in ("x.nii", "x_gt.nii"):
            (tmp_path / str(planes)).mkdir(exist_ok=True)
            nib.save(nib.Nifti1Image(labels, affine), tmp_path / str(planes) / name)
        session.open(tmp_path / str(planes))
        shown = round(stage.layer(IMAGE).world_to_data(viewer.dims.point)[0])
        found.append((shown, session.map_view.index))

    assert found == [(4, 4), (2, 2)]


def test_the_map_is_that_of_the_chosen_class_in_each_plane(stage: Stage, session: Session) -> None:
    truth, spacing = session.open_case.truth, session.open_case.volume.spacing
    session.choose_map(MapChoice(value=3, per_plane=True))

    expected = signed_distance(truth, spacing, classes=[3], per_plane=True)[0]
    assert np.allclose(stage.layer(MAP).data, expected)


def test_the_map_can_be_measured_in_the_volume_and_hidden(stage: Stage, session: Session) -> None:
    truth, spacing = session.open_case.truth, session.open_case.volume.spacing
    session.choose_map(MapChoice(value=2, per_plane=False))
    assert np.allclose(stage.layer(MAP).data, signed_distance(truth, spacing, classes=[2])[0])

    session.choose_map(MapChoice(value=2, visible=False))
    assert not stage.layer(MAP).visible


def test_the_brush_paints_into_the_session_and_the_map_follows(
    stage: Stage, session: Session
) -> None:
    session.choose_map(MapChoice(value=2))
    labels = stage.layer(LABELS)
    z = stage._viewer.dims.current_step[0]
    labels.selected_label, labels.brush_size = 2, 6
    labels.paint((z, 5, 5), 2)

    assert session.labels[z, 5, 5] == 2  # the layer paints into the session's array
    assert session.open_case.truth[z, 5, 5] == 0
    expected = signed_distance(
        session.labels, session.open_case.volume.spacing, classes=[2], per_plane=True
    )[0]
    assert np.allclose(stage.layer(MAP).data, expected)


def test_undo_takes_back_what_was_painted(stage: Stage, session: Session) -> None:
    before = session.labels.copy()
    labels = stage.layer(LABELS)
    labels.selected_label = 1
    labels.paint((stage._viewer.dims.current_step[0], 5, 5), 1)
    assert not np.array_equal(session.labels, before)
    labels.undo()

    assert np.array_equal(session.labels, before)
    expected = signed_distance(
        before, session.open_case.volume.spacing, classes=[1], per_plane=True
    )[0]
    z = stage._viewer.dims.current_step[0]
    assert np.allclose(stage.layer(MAP).data[z], expected[z])


def test_a_prediction_is_laid_over_changed_and_taken_away(stage: Stage, session: Session) -> None:
    shape = session.open_case.volume.data.shape
    session.show_prediction(np.ones(shape, np.int32))
    layer = stage.layer(PREDICTION)
    session.show_prediction(np.full(shape, 2, np.int32))

    assert stage.layer(PREDICTION) is layer
    assert layer.visible
    assert (layer.data == 2).all()
    assert layer.scale == pytest.approx(session.open_case.volume.spacing)
    session.hide_prediction()
    assert not layer.visible


def test_labels_have_the_colours_of_the_class_table(stage: Stage) -> None:
    colors = stage.layer(LABELS).colormap.color_dict

    for row in ACDC_CLASSES.foreground:
        expected = [int(row.color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        assert colors[row.value][:3] == pytest.approx(expected, abs=0.01)


def test_another_case_replaces_the_layers(stage: Stage, session: Session, hearts: Path) -> None:
    session.show_prediction(np.ones(session.open_case.volume.data.shape, np.int32))
    second = open_dataset(hearts).cases[1]
    session.show_case(second.name)

    names = [layer.name for layer in stage._viewer.layers]
    assert names == [second.name, MAP, LABELS, PREDICTION]
    assert not stage.layer(PREDICTION).visible


def test_between_two_cases_the_viewer_is_never_empty(session: Session, hearts: Path) -> None:
    viewer, left = ViewerModel(), []
    stage = Stage(viewer, session)
    session.open(hearts)
    viewer.layers.events.removed.connect(lambda: left.append(len(viewer.layers)))
    session.show_case(session.dataset.cases[1].name)

    assert stage.layer(LABELS) is not None
    assert left
    assert min(left) > 0


def test_a_layer_the_user_removed_comes_back_when_it_is_asked_for(
    stage: Stage, session: Session
) -> None:
    stage._viewer.layers.remove(stage.layer(MAP))
    assert stage.layer(MAP) is None
    session.choose_map(MapChoice(value=1))

    assert stage.layer(MAP) in stage._viewer.layers


def test_new_labels_can_be_painted_where_there_were_none(
    session: Session, hearts: Path, tmp_path: Path
) -> None:
    source = open_dataset(hearts).cases[0].image
    (tmp_path / source.name).write_bytes(source.read_bytes())
    stage = Stage(ViewerModel(), session)
    session.open(tmp_path / source.name)
    assert stage.layer(LABELS) is None
    session.new_labels()
    stage.layer(LABELS).paint((2, 20, 20), 1)

    assert session.labels.any()
    assert stage.layer(MAP) is not None


def test_planes_that_run_downwards_are_found_and_painted_at_their_own_place(
    session: Session, tmp_path: Path
) -> None:
    image = np.random.default_rng(0).normal(size=(20, 24, 6)).astype(np.float32)
    truth = np.zeros((20, 24, 6), np.uint8)
    truth[5:9, 6:12, 1] = 1
    affine = np.diag([1.5, 1.5, -8, 1])
    nib.save(nib.Nifti1Image(image, affine), tmp_path / "a.nii.gz")
    nib.save(nib.Nifti1Image(truth, affine), tmp_path / "a_gt.nii.gz")
    stage = Stage(ViewerModel(), session)
    session.open(tmp_path / "a.nii.gz")

    labels = stage.layer(LABELS)
    assert labels.world_to_data(stage._viewer.dims.point)[0] == pytest.approx(1)
    labels.paint((1, 15, 10), 1)
    expected = signed_distance(session.labels, (8, 1.5, 1.5), classes=[1], per_plane=True)[0]
    assert np.allclose(stage.layer(MAP).data, expected)


def test_a_change_in_another_plane_reaches_the_map(stage: Stage, session: Session) -> None:
    session.choose_map(MapChoice(value=2))
    labels = stage.layer(LABELS)
    labels.n_edit_dimensions = 3
    labels.brush_size = 30
    labels.paint((1, 20, 20), 2)

    expected = signed_distance(
        session.labels, session.open_case.volume.spacing, classes=[2], per_plane=True
    )[0]
    assert np.allclose(stage.layer(MAP).data, expected)


def test_map_and_labels_lie_above_the_image_among_layers_of_others(
    session: Session, hearts: Path
) -> None:
    viewer = ViewerModel()
    viewer.add_image(np.zeros((4, 4, 4)), name="other")
    viewer.add_image(np.zeros((4, 4, 4)), name="another")
    stage = Stage(viewer, session)
    session.open(hearts)

    assert stage.layer(MAP) is not None
    names = [layer.name for layer in viewer.layers]
    assert names == ["other", "another", session.open_case.case.name, MAP, LABELS, PREDICTION]


def test_a_label_value_has_the_same_colour_with_and_without_a_class_of_its_own() -> None:
    named = label_colors(ClassTable.found_in([3])).color_dict
    bare = label_colors(ClassTable.found_in([])).color_dict

    assert named[3] == pytest.approx(bare[3])


def test_a_truth_that_ignores_voxels_is_shown_with_them_in_grey(
    session: Session, hearts: Path, tmp_path: Path
) -> None:
    folders = tmp_path / "imagesTr", tmp_path / "labelsTr"
    source = hearts / "patient001" / "patient001_frame01.nii.gz"
    for folder, ending, name in zip(folders, ("", "_gt"), ("a_0000", "a"), strict=True):
        folder.mkdir()
        file = source.with_name(f"patient001_frame01{ending}.nii.gz")
        (folder / f"{name}.nii.gz").write_bytes(file.read_bytes())
    labels = {"background": 0, "rv": 1, "lv": 2, "ignore": 3}
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": labels}))
    stage = Stage(ViewerModel(), session)
    session.open(tmp_path)

    truth = session.open_case.truth
    assert (truth == 3).any()
    assert np.array_equal(stage.layer(LABELS).data, truth)
    assert np.allclose(stage.layer(LABELS).get_color(3)[:3], 128 / 255)
    # The map is that of a class, measured from its own voxels.
    expected = signed_distance(
        truth, session.open_case.volume.spacing, classes=[1], per_plane=True
    )[0]
    assert np.allclose(stage.layer(MAP).data, expected)
    assert [c.name for c in session.open_case.classes.foreground] == ["rv", "lv"]


def test_labels_can_be_made_after_all_layers_were_taken_away(
    stage: Stage, session: Session
) -> None:
    stage._viewer.layers.clear()
    session.labels = None
    session.new_labels()
    assert LABELS in [layer.name for layer in stage._viewer.layers]
