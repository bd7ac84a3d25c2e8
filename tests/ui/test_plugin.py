"""The panels as napari's plugin: each opens by itself from the Plugins menu of a plain viewer."""

import os
import subprocess
import sys

import napari
import numpy as np
import pytest

from segstudio.learn.run_curves import CurveKey

PANELS = ("Data", "Distance", "Train", "Curves", "Timeline", "Runs", "Compare")


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


def test_closing_a_plain_viewer_stops_its_training(hearts, tmp_path) -> None:
    script = (
        "import sys, time, napari\n"
        "from qtpy.QtWidgets import QApplication\n"
        "viewer = napari.Viewer(show=False)\n"
        "train = viewer.window.add_plugin_dock_widget('segstudio', 'Train')[1]\n"
        "session = train.session\n"
        "session.open(sys.argv[1])\n"
        "train.epochs.setValue(1000)\n"
        "train.start.click()\n"
        "while not any(type(e).__name__ == 'StepDone' for e in session.told):\n"
        "    QApplication.processEvents()\n"
        "from segstudio.ui.studio import _studios\n"
        "thread = _studios[viewer].trainer.thread\n"
        "del train\n"
        "viewer.close()\n"
        "end = time.monotonic() + 1\n"
        "while time.monotonic() < end:\n"
        "    QApplication.processEvents()\n"
        "print(thread.isRunning(), len(_studios))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(hearts)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"SEGSTUDIO_RUNS": str(tmp_path)},
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "False 0"
    assert list(tmp_path.glob("*/checkpoints/last.pt"))


def test_panels_opened_during_a_training_show_what_it_has_told(viewer, hearts, qtbot) -> None:
    train = viewer.window.add_plugin_dock_widget("segstudio", "Train")[1]
    session = train.session
    session.open(hearts)
    train.epochs.setValue(1000)
    train.start.click()
    qtbot.waitUntil(lambda: len(session.told) > 30, timeout=60_000)
    curves = viewer.window.add_plugin_dock_widget("segstudio", "Curves")[1]
    qtbot.wait(300)

    loss = curves.plot.charts[0].lines[session.training, CurveKey("loss", each="step")]
    x, _ = loss.getOriginalDataset()
    assert len(x) > 2
    assert x[0] < 1
    session.ask_stop()
    qtbot.waitUntil(lambda: session.training is None, timeout=60_000)
