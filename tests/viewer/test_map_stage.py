"""The distance map and its iso-lines as layers, without Qt."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel

from segstudio.core.distance import halves, signed_distance
from segstudio.session import Session
from segstudio.session.messages import LineChoice, MapChoice
from segstudio.viewer.line_stage import LINES
from segstudio.viewer.stage import IMAGE, LABELS, MAP, Stage


@pytest.fixture
def shown(hearts: Path) -> tuple[Session, Stage, ViewerModel]:
    session, viewer = Session(), ViewerModel()
    stage = Stage(viewer, session)
    session.open(hearts)
    return session, stage, viewer


def phi_of(session: Session, labels: np.ndarray | None = None) -> np.ndarray:
    labels = session.labels if labels is None else labels
    spacing = session.open_case.volume.spacing
    return signed_distance(labels, spacing, classes=[1], per_plane=True)[0]


def test_halves_are_shown_from_0_up_in_their_own_colours(shown) -> None:
    session, stage, _ = shown
    inside, outside = halves(phi_of(session))
    layer = stage.layer(MAP)
    assert layer.contrast_limits[0] == -layer.contrast_limits[1]
    for half, expected in (("inside", inside), ("outside", outside)):
        session.choose_map(MapChoice(half=half))
        assert np.array_equal(layer.data, expected)
        assert layer.contrast_limits == pytest.approx([0, expected.max()])
        clear, deepest = layer.colormap.map([0.0, 1.0])
        assert clear[3] == 0
        assert (deepest[2] > deepest[0]) == (half == "inside")


def test_the_map_of_the_prediction_is_shown_while_there_is_one(shown) -> None:
    session, stage, _ = shown
    session.choose_map(MapChoice(of="prediction"))
    assert not stage.layer(MAP).visible
    predicted = np.roll(session.labels, 3, axis=2)
    session.show_prediction(predicted)
    assert stage.layer(MAP).visible
    assert np.array_equal(stage.layer(MAP).data, phi_of(session, predicted))
    session.hide_prediction()
    assert not stage.layer(MAP).visible


def test_the_session_knows_the_plane_in_view_and_the_voxel_under_the_mouse(shown) -> None:
    session, stage, viewer = shown
    view, image = session.map_view, stage.layer(IMAGE)
    viewer.dims.set_current_step(0, 3)
    assert (view.axis, view.index) == (0, round(image.world_to_data(viewer.dims.point)[0]))

    viewer.mouse_over_canvas = True
    viewer.cursor.position = tuple(image.data_to_world((1, 20, 30)))
    assert view.pointer == (1, 20, 30)
    viewer.cursor.position = tuple(image.data_to_world((1, -20, 30)))
    assert view.pointer is None
    viewer.cursor.position = tuple(image.data_to_world((1, 20, 30)))
    viewer.mouse_over_canvas = False
    assert view.pointer is None

    viewer.dims.order = (1, 0, 2)
    viewer.dims.set_point(1, image.data_to_world((0, 11, 0))[1])
    assert (view.axis, view.index) == (1, 11)


def test_iso_lines_lie_in_the_plane_in_view_and_follow_slider_and_brush(shown) -> None:
    session, stage, viewer = shown
    assert stage.layer(LINES) is None
    session.map_view.choose_lines(LineChoice(visible=True, step=10.0))
    lines = stage.layer(LINES)
    assert lines.visible
    assert set(lines.data[:, 0, 0]) == {session.map_view.index}
    assert viewer.layers.selection.active is stage.layer(LABELS)

    before = lines.data.copy()
    z = session.map_view.index
    stage.layer(LABELS).paint((z, 40, 40), 1)
    assert not np.array_equal(lines.data, before)
    other = next(i for i in range(4) if i != z and (session.labels[i] == 1).any())
    viewer.dims.set_point(0, stage.layer(IMAGE).data_to_world((other, 0, 0))[0])
    assert set(lines.data[:, 0, 0]) == {other}
    session.labels[other] = 0
    session.map_view.follow_brush()
    assert not lines.visible
    session.labels[other, 5:9, 5:9] = 1
    session.map_view.follow_brush()
    assert lines.visible
    session.map_view.choose_lines(LineChoice(visible=False))
    assert not lines.visible


def test_an_iso_line_of_a_disk_is_a_circle_at_its_distance(shown) -> None:
    session, stage, _ = shown
    row, column = np.mgrid[:48, :48]
    predicted = np.zeros_like(session.labels)
    predicted[:, np.hypot(row - 24, column - 24) < 8] = 1
    session.show_prediction(predicted)
    options = replace(session.map_choice.options, unit="voxels", convention="face")
    session.choose_map(replace(session.map_choice, of="prediction", options=options))
    session.map_view.choose_lines(LineChoice(visible=True, step=5.0))

    lines = stage.layer(LINES)
    radii = np.hypot(*(lines.data[:, 0, 1:] - 24).T)
    outside = lines.edge_color[:, 0] > lines.edge_color[:, 2]
    levels = np.round((radii[outside] - 8) / 5)
    assert np.abs(radii[outside] - 8 - 5 * levels).max() < 1.2
    assert set(levels) >= {1, 2, 3}
