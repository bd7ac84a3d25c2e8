"""The panels as napari's plugin: each opens by itself from the Plugins menu of a plain viewer."""

import napari
import numpy as np
import pytest

PANELS = ("Data", "Distance", "Train", "Curves", "Runs")


@pytest.fixture
def viewer(qtbot, runs):
    made = napari.Viewer(show=False)
    yield made
    made.close()
    qtbot.wait(50)


@pytest.mark.parametrize("name", PANELS)
def test_each_panel_opens_by_itself(viewer, name) -> None:
    _, panel = viewer.window.add_plugin_dock_widget("segstudio", name)

    assert name in {c.__name__.removesuffix("Panel") for c in type(panel).__mro__[1:]}


def test_panels_opened_one_by_one_share_a_session(viewer, hearts) -> None:
    panels = [viewer.window.add_plugin_dock_widget("segstudio", n)[1] for n in ("Data", "Distance")]
    panels[0].session.open(hearts)

    assert panels[0].session is panels[1].session
    assert panels[1].classes.count() == 3
    assert len(viewer.layers) == 4


def test_two_viewers_have_two_sessions(viewer, qtbot) -> None:
    other = napari.Viewer(show=False)
    sessions = [
        v.window.add_plugin_dock_widget("segstudio", "Data")[1].session for v in (viewer, other)
    ]
    other.close()
    qtbot.wait(50)

    assert sessions[0] is not sessions[1]


def test_the_sample_opens_from_the_file_menu_s_command(viewer) -> None:
    image, labels = viewer.open_sample("segstudio", "heart")

    assert image.data.shape == labels.data.shape
    assert np.unique(labels.data).size == 4


def test_napari_opens_nifti_with_our_reader(viewer, hearts) -> None:
    path = hearts / "patient001" / "patient001_frame01_gt.nii.gz"
    (layer,) = viewer.open(str(path), plugin="segstudio")

    assert layer.scale == pytest.approx((80 / 3, 6, 6))
