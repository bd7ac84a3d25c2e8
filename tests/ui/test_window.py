"""The whole job through the real window: nothing is mocked, a real tiny network is trained."""

import subprocess
import sys

import nibabel as nib
import numba
import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from segstudio.data.datasets import open_dataset
from segstudio.learn.events import StepDone
from segstudio.learn.run_curves import CurveKey
from segstudio.learn.run_folder import RunFolder
from segstudio.losses.registry import card
from segstudio.session import Session
from segstudio.viewer.stage import IMAGE, LABELS, MAP, PREDICTION


def click(window, button) -> None:
    window._qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def start(window, epochs: int) -> None:
    panel = window.panel("Train")
    panel.epochs.setValue(epochs)
    click(window, panel.start)


def test_open_see_paint_save_train_and_look(window, hearts, runs, tmp_path, monkeypatch) -> None:
    data = window.panel("Data")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(hearts))
    click(window, data.open_folder)
    window.wait_for_reading()
    layers = {role: window.studio.stage.layer(role) for role in (IMAGE, LABELS, MAP)}
    volume = window.session.open_case.volume
    assert data.cases.proxy.rowCount() == 8
    for layer in layers.values():
        assert layer.scale == pytest.approx(volume.spacing)
        assert layer.visible
    assert layers[MAP].data.min() < 0 < layers[MAP].data.max()

    labels = layers[LABELS]
    labels.selected_label = 3
    labels.paint((1, 10, 12), 3)
    target = tmp_path / "painted_gt.nii.gz"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    click(window, data.save_labels)
    window.wait_for_saving()
    written, source = nib.load(target), nib.load(window.session.open_case.case.image)
    assert np.array_equal(written.affine, source.affine)
    assert np.asarray(written.dataobj)[12, 10, 1] == 3

    start(window, epochs=2)
    train = window.panel("Train")
    assert train.stop.isEnabled()
    window.wait_for(lambda: window.session.training is None)
    window.wait_for(lambda: train.status.text().startswith("Finished"), 5)

    trained = next(runs.iterdir())
    told = window.session.runs_in_view.curves[trained]
    assert len(told.curves[CurveKey("loss")]) == 2
    assert [k.name for k in told.of("dice")][:3] == [
        c.name for c in window.session.open_case.classes.foreground
    ]
    steps = (trained, CurveKey("loss", each="step"))
    window._qtbot.wait(200)
    drawn = window.panel("Curves").plot.charts[0].lines[steps]
    assert len(drawn.getOriginalDataset()[0]) == len(told.curves[steps[1]]) > 2
    prediction = window.studio.stage.layer(PREDICTION)
    assert prediction.visible
    assert prediction.data.shape == volume.data.shape
    assert prediction.scale == pytest.approx(volume.spacing)
    run = next(runs.iterdir())
    assert RunFolder(run).read_summary()["best_epoch"] in (1, 2)
    window.grab(tmp_path / "window.png")
    assert (tmp_path / "window.png").stat().st_size > 20_000


def test_stop_leaves_no_thread_and_keeps_the_networks(window, hearts, runs) -> None:
    window.session.open(hearts)
    start(window, epochs=1000)
    window.wait_for(lambda: window.session.runs_in_view.last_epoch >= 1)
    thread = window.studio.trainer.thread
    click(window, window.panel("Train").stop)
    window.wait_for(lambda: window.session.training is None)

    assert thread is not None
    assert window.studio.trainer.thread is None
    run = RunFolder(next(runs.iterdir()))
    assert run.best.exists()
    assert run.last.exists()
    assert window.panel("Train").start.isEnabled()


def test_closing_the_window_stops_the_training(window, hearts, runs) -> None:
    window.session.open(hearts)
    start(window, epochs=1000)
    window.wait_for(lambda: any(isinstance(event, StepDone) for event in window.session.told))
    thread = window.studio.trainer.thread
    window.viewer.close()
    window._qtbot.wait(10)

    assert not thread.isRunning()
    assert RunFolder(next(runs.iterdir())).last.exists()


def test_a_finished_run_shows_its_prediction_again(window, hearts, runs) -> None:
    window.session.open(hearts)
    start(window, epochs=1)
    window.wait_for(lambda: window.session.training is None)
    second = open_dataset(hearts).cases[1].name
    window.session.show_case(second)
    assert not window.studio.stage.layer(PREDICTION).visible

    panel = window.panel("Runs")
    assert panel.runs.count() == 1
    assert "Test Dice" in panel.summary.text()
    click(window, panel.show_prediction)
    window.wait_for(lambda: window.studio.stage.layer(PREDICTION).visible)
    click(window, panel.hide_prediction)
    assert not window.studio.stage.layer(PREDICTION).visible


def test_each_mistake_is_told_in_a_sentence(window, hearts, tmp_path, monkeypatch) -> None:
    train = window.panel("Train")
    assert not train.start.isEnabled()
    assert train.status.text().startswith("Open a dataset first")

    (tmp_path / "broken.nii.gz").write_bytes(open_dataset(hearts).cases[0].image.read_bytes()[:400])
    (tmp_path / "empty").mkdir()
    data = window.panel("Data")
    monkeypatch.setattr(
        QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "broken.nii.gz"), "")
    )
    click(window, data.open_file)
    window.wait_for_reading()
    assert "broken.nii.gz" in window.said[-1]
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "empty"))
    click(window, data.open_folder)
    window.wait_for_reading()
    assert "holds no image" in window.said[-1]


def test_a_failed_training_says_why_and_leaves_the_window_usable(
    window, hearts, runs, tmp_path
) -> None:
    one = tmp_path / "one" / "patient001"
    one.mkdir(parents=True)
    for source in (hearts / "patient001").iterdir():
        (one / source.name).write_bytes(source.read_bytes())
    window.session.open(one.parent)
    start(window, epochs=1)
    window.wait_for(lambda: window.session.training is None)

    assert "1 patient" in window.said[-1]
    assert "1 patient" in window.panel("Train").status.text()
    assert window.panel("Train").start.isEnabled()
    assert not runs.exists()


def test_labels_painted_on_bare_images_can_be_trained_on(
    window, hearts, runs, tmp_path, monkeypatch
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for case in open_dataset(hearts).cases[::2]:
        (folder / case.image.name).write_bytes(case.image.read_bytes())
    window.session.open(folder)
    data = window.panel("Data")
    for row in range(data.cases.proxy.rowCount()):
        data.cases.view.selectRow(row)
        window.wait_for_reading()
        click(window, data.new_labels)
        window.studio.stage.layer(LABELS).paint((1, 20, 20), 1)
        chosen = {}
        monkeypatch.setattr(
            QFileDialog,
            "getSaveFileName",
            lambda *a, chosen=chosen: (chosen.setdefault("path", a[2]), ""),
        )
        click(window, data.save_labels)
        window.wait_for_saving()
    assert all(c.labels is not None for c in window.session.dataset.cases)
    start(window, epochs=1)
    window.wait_for(lambda: window.session.training is None)

    assert RunFolder(next(runs.iterdir())).read_summary() is not None


def test_the_panels_follow_the_session_and_the_session_the_panels(window, hearts) -> None:
    session: Session = window.session
    session.open(hearts)
    distance, data = window.panel("Distance"), window.panel("Data")
    distance.choices.classes.setCurrentIndex(distance.choices.classes.findText("left ventricle"))
    distance.choices.classes.activated.emit(distance.choices.classes.currentIndex())
    assert session.map_choice.value == 3
    distance.choices.shown.click()
    assert not session.map_choice.visible

    second = session.dataset.cases[1].name
    session.show_case(second)
    assert data.cases.chosen() == second
    data.cases.view.selectRow(2)
    window.wait_for_reading()
    assert session.open_case.case.name == session.dataset.cases[2].name


def test_the_chosen_loss_brings_its_formula_and_learning_rate(window) -> None:
    train = window.panel("Train")
    formula, names = train.loss.formula, train.loss.names
    window.wait_for(lambda: not formula.pixmap().isNull(), 20)
    before = formula.pixmap().toImage()
    names.setCurrentIndex(names.findData("dice"))
    window._qtbot.wait(100)

    assert train.learning_rate.value() == card("dice").learning_rate
    assert train.config().loss == "dice"
    assert formula.pixmap().toImage() != before


def test_labels_are_coloured_in_the_window_s_thread_alone(window, hearts) -> None:
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    window.session.open(hearts)

    assert numba.get_num_threads() == 1


def test_the_window_shows_before_torch_is_loaded() -> None:
    script = (
        "import sys, time\n"
        "from segstudio.app import make_window\n"
        "from qtpy.QtWidgets import QApplication\n"
        "viewer, studio = make_window()\n"
        "viewer.window.show()\n"
        "end = time.monotonic() + 1\n"
        "while time.monotonic() < end:\n"
        "    QApplication.processEvents()\n"
        "assert viewer.window._qt_window.isVisible()\n"
        "viewer.close()\n"
        "print('torch' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "False"


def test_a_script_that_closes_only_the_viewer_ends_without_complaint(hearts) -> None:
    script = f"""
from pathlib import Path
from segstudio.app import make_window
viewer, studio = make_window()
viewer.window.show()
studio.session.open(Path({str(hearts)!r}))
viewer.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_the_timeline_shows_how_a_real_training_grew(window, hearts, runs) -> None:
    session = window.session
    session.open(hearts)
    start(window, epochs=2)
    window.wait_for(lambda: session.training is None)
    run = RunFolder(next(runs.iterdir()))
    kept = run.read_timeline(1)
    session.show_case(next(iter(kept)))
    timeline = window.panel("Timeline")
    timeline.slider.setValue(0)
    layer = window.studio.stage.layer(PREDICTION)
    window.wait_for(lambda: layer.visible, 10)

    assert np.array_equal(layer.data, kept[session.open_case.case.name])
    assert [chart.cursor_line.value() for chart in window.panel("Curves").plot.charts] == [1, 1]
    window.panel("Curves").plot.stepped.emit(None)
    after = run.read_timeline(2)[session.open_case.case.name]
    window.wait_for(lambda: np.array_equal(layer.data, after), 10)
    assert timeline.told.text() == "epoch 2 of 2"
