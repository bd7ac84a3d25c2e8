"""The distance panel, with a viewer that has no window, and in the program's window."""

from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from napari.components import ViewerModel
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QScrollArea, QWidget

from segstudio.core.distance import signed_distance
from segstudio.core.loss_maps import MapOptions
from segstudio.learn.example import Example
from segstudio.losses.registry import card
from segstudio.session import Session, map_view
from segstudio.session.messages import LineChoice, MapChoice
from segstudio.ui.distance import map_histogram
from segstudio.ui.distance.distance_panel import DistancePanel
from segstudio.ui.distance.example_dialog import ExampleDialog
from segstudio.ui.distance.map_histogram import histogram
from segstudio.viewer.line_stage import LINES
from segstudio.viewer.stage import IMAGE, LABELS, MAP, Stage


@pytest.fixture
def stage(hearts: Path) -> tuple[Session, Stage]:
    session = Session()
    stage = Stage(ViewerModel(), session)
    session.open(hearts)
    return session, stage


def choose(box: QComboBox, data: object) -> None:
    box.setCurrentIndex(next(i for i in range(box.count()) if box.itemData(i) == data))
    box.activated.emit(box.currentIndex())


def test_the_map_is_shown_as_a_loss_is_given_it(qtbot: QtBot, stage: tuple[Session, Stage]) -> None:
    session, shown = stage
    panel = DistancePanel(session)
    qtbot.addWidget(panel)
    layer = shown.layer(MAP)
    assert np.abs(layer.data).max() > 11
    assert panel.choices.unit.currentData() == "mm"

    given = card("modified-boundary-log").maps
    choose(panel.choices.shaped, given)
    assert session.map_choice.options == given
    assert np.abs(layer.data).max() == given.cap
    assert panel.choices.unit.currentData() == "voxels"


def test_a_case_without_a_voxel_size_leaves_the_unit_of_others_as_it_is_chosen(
    qtbot: QtBot, stage: tuple[Session, Stage], tmp_path: Path
) -> None:
    session, _ = stage
    panel = DistancePanel(session)
    qtbot.addWidget(panel)
    for name in ("x.nii", "x_gt.nii"):
        nib.save(nib.Nifti1Image(np.eye(8, dtype=np.uint8)[..., None], np.eye(4)), tmp_path / name)
    session.open(tmp_path)
    sized = panel.choices.unit.isEnabled()
    choose(panel.choices.convention, "face")

    assert not sized
    assert session.map_choice.options.convention == "face"
    assert session.map_choice.options.unit == "mm"


def test_what_is_measured_to_can_be_chosen(qtbot: QtBot, stage: tuple[Session, Stage]) -> None:
    session, shown = stage
    panel = DistancePanel(session)
    qtbot.addWidget(panel)
    on_contour = {}
    for convention in ("voxel", "contour", "face"):
        choose(panel.choices.convention, convention)
        inside = session.labels == session.map_choice.value
        on_contour[convention] = float(shown.layer(MAP).data[inside].max())
    step = session.open_case.volume.spacing[1]
    assert on_contour == {"voxel": -step, "contour": 0, "face": pytest.approx(-step / 2)}


def test_a_choice_made_elsewhere_is_followed(qtbot: QtBot, stage: tuple[Session, Stage]) -> None:
    session, _ = stage
    panel = DistancePanel(session)
    qtbot.addWidget(panel)
    options = replace(session.map_choice.options, convention="face")
    session.choose_map(replace(session.map_choice, options=options, per_plane=False))
    assert panel.choices.convention.currentData() == "face"
    assert panel.choices.measured.currentData() is False


def test_maps_that_a_script_asks_for_stay_when_something_else_is_chosen(
    qtbot: QtBot, stage: tuple[Session, Stage]
) -> None:
    session, _ = stage
    panel = DistancePanel(session)
    qtbot.addWidget(panel)
    own = MapOptions(unit="voxels", cap=5.0, pieces="equal depth", root=True)
    session.choose_map(replace(session.map_choice, options=own))
    assert panel.choices.shaped.currentIndex() == -1
    panel.choices.shown.setChecked(False)
    assert session.map_choice.options == own
    assert not session.map_choice.visible


def test_every_choice_reaches_the_session_and_shows_what_the_session_has(
    qtbot: QtBot, stage: tuple[Session, Stage]
) -> None:
    session, _ = stage
    panel = DistancePanel(session)
    qtbot.addWidget(panel)
    choices = panel.choices
    choose(choices.kind, ("outside", "as they are"))
    choose(choices.unit, "voxels")
    choices.cap.setValue(7.5)
    made = session.map_choice
    assert (made.half, made.options.unit, made.options.cap) == ("outside", "voxels", 7.5)
    assert choices.shaped.currentIndex() == -1  # no loss is given these
    assert choices.shaped.placeholderText() == "custom"
    choose(choices.kind, ("both", "equal depth"))
    assert session.map_choice.options.pieces == "equal depth"
    assert panel.lines.unit.text() == "depths"
    choose(choices.of, "prediction")
    assert session.map_choice.of == "prediction"
    assert "No prediction" in panel.state.text()

    session.choose_map(MapChoice(value=2, half="inside"))
    assert choices.kind.currentData() == ("inside", "as they are")
    assert choices.of.currentData() == "labels"
    assert choices.cap.text() == "none"
    assert choices.shaped.currentText() == "plain distances"
    session.choose_map(MapChoice(half="inside", options=MapOptions(pieces="equal weight")))
    assert choices.kind.currentIndex() == -1
    choices.cap.setValue(2.0)
    assert session.map_choice.options.pieces == "equal weight"  # stays, though no kind has it

    panel.lines.step.setValue(2.5)
    panel.lines.shown.click()
    assert session.map_view.lines == LineChoice(visible=True, step=2.5)
    session.map_view.choose_lines(LineChoice(step=4.0))
    assert (panel.lines.shown.isChecked(), panel.lines.step.value()) == (False, 4.0)


def test_classes_are_listed_as_the_user_names_and_adds_them(
    qtbot: QtBot, stage: tuple[Session, Stage]
) -> None:
    session, _ = stage
    panel = DistancePanel(session)
    qtbot.addWidget(panel)
    classes, box = session.annotation.classes, panel.choices.classes
    value = session.map_choice.value
    classes.rename(value, "renamed")
    assert box.currentText() == "renamed"
    added = classes.add("scar")
    assert (box.itemText(box.count() - 1), box.itemData(box.count() - 1)) == ("scar", added.value)
    assert box.currentData() == session.map_choice.value == value


def test_an_example_of_another_case_leaves_no_picture_of_the_one_before(
    qtbot: QtBot, stage: tuple[Session, Stage]
) -> None:
    session, _ = stage
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog = ExampleDialog(session, parent)
    image, labels = np.zeros((1, 4, 4), np.float32), np.zeros((4, 4), np.int64)
    made = Example(image, labels, None, (1.0, 1.0), ("Words.",))
    session.ask_example()
    session.loss_example.take(session.loss_example.request, made)
    assert dialog.title.text().startswith(session.open_case.case.name)
    session.ask_example(1)
    assert dialog.title.text()  # the same case: its picture stays until the next is there
    session.show_case(session.dataset.cases[1].name)
    session.ask_example()
    assert not dialog.title.text()
    assert not dialog.view._boxes[0].addedItems


def test_a_cap_is_typed_over_none(qtbot: QtBot, stage: tuple[Session, Stage]) -> None:
    session, _ = stage
    panel = DistancePanel(session)
    qtbot.addWidget(panel)
    panel.show()
    panel.activateWindow()
    cap = panel.choices.cap
    qtbot.mouseClick(cap.lineEdit(), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: cap.lineEdit().selectedText() == "none")
    qtbot.keyClicks(cap, "12")
    qtbot.keyClick(cap, Qt.Key.Key_Return)
    assert session.map_choice.options.cap == 12


def test_what_the_map_is_without_a_contour_is_said(
    qtbot: QtBot, stage: tuple[Session, Stage]
) -> None:
    session, _ = stage
    panel = DistancePanel(session)
    qtbot.addWidget(panel)
    assert not panel.state.text()
    session.labels[1] = 0
    session.map_view.look_at(0, 1)
    session.map_view.follow_brush()
    name = session.open_case.classes.foreground[0].name
    without = "Without a contour φ_G is"
    assert panel.state.text() == f"{name}: none here. {without} 0.00 mm everywhere."
    options = MapOptions(absent="constant", absent_distance=20.0)
    session.choose_map(replace(session.map_choice, options=options))
    assert f"{without} 20.0 mm" in panel.state.text()
    session.choose_map(replace(session.map_choice, per_plane=False))
    assert "contour in other planes" in panel.state.text()
    session.labels[1] = 1
    session.choose_map(MapChoice())
    assert panel.state.text().startswith(f"This plane is all {name}.")


def test_a_histogram_counts_every_value_and_has_an_edge_at_0() -> None:
    values = np.random.default_rng(0).normal(1, 4, 100_001).astype(np.float32)
    edges, counts = histogram(values)
    assert 0 in edges
    assert counts.sum() == pytest.approx(values.size)
    assert counts[edges[1:] <= 0].sum() == pytest.approx((values < 0).sum(), rel=0.01)
    edges, counts = histogram(np.zeros(7, np.float32))
    assert counts.sum() == 7
    assert histogram(np.zeros(0, np.float32))[1].sum() == 0


def test_the_panel_in_the_window_reads_draws_and_shows_examples(
    window, hearts, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, stage, viewer = window.session, window.studio.stage, window.viewer
    session.open(hearts)
    panel = window.panel("Distance")
    window.main.resize(1280, 800)
    window.wait_for(panel.isVisible)
    assert panel.findChild(QScrollArea).widget().minimumSizeHint().width() <= 380
    panel.lines.shown.click()
    assert stage.layer(LINES).visible

    viewer.mouse_over_canvas = True
    z = session.map_view.index
    viewer.cursor.position = tuple(stage.layer(IMAGE).data_to_world((z, 5, 6)))
    value = f"{session.map_view.phi[z, 5, 6]:.1f} mm"
    assert f"φ_G = {value}</b> at plane {z}, row 5, column 6" in panel.value.text()
    assert window.studio.status.text() == f"φ_G = {value}"

    def inside() -> float:
        return panel.histogram._bars[0].getData()[1].sum()

    panel.histogram.draw()
    assert inside() == (session.map_view.mask[z]).sum()
    stage.layer(LABELS).paint((z, 5, 6), 1)
    assert panel.value.text().startswith("<b>φ_G = −")
    window.wait_for(lambda: inside() == session.map_view.mask[z].sum(), 5)
    choose(panel.histogram.scope, "volume")
    assert inside() == session.map_view.mask.sum()
    monkeypatch.setattr(map_histogram, "MOST_COUNTED", 1000)
    panel.histogram.draw()
    assert inside() == pytest.approx(session.map_view.mask.sum(), rel=0.2)
    monkeypatch.undo()
    session.choose_map(MapChoice(half="inside"))
    panel.histogram.draw()
    assert inside() == session.map_view.mask.sum()
    panel.histogram.log.click()
    assert 0 < inside() < session.map_view.mask.sum()

    def ground() -> int:
        return panel.histogram.plot.grab().toImage().pixelColor(2, 2).lightness()

    assert ground() < 128
    viewer.theme = "light"
    window.wait_for(lambda: ground() > 128, 5)

    panel.as_seen.click()
    window.wait_for(lambda: session.loss_example.found is not None, 60)
    assert "Epoch 1, plane" in panel.example.words.text()
    panel.example.another.click()
    window.wait_for(lambda: session.loss_example.found is not None, 60)
    assert "Epoch 2, plane" in panel.example.words.text()
    session.change_settings({"loss": "dice", "patch_size": (32, 32)})
    window.wait_for(lambda: session.loss_example.found is not None, 60)
    assert session.loss_example.found.image.shape == (1, 32, 32)
    assert "The loss 'dice' is given no distance map" in panel.example.words.text()
    panel.example.close()


def test_a_large_volume_is_measured_beside_the_window(
    window, hearts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_view, "AT_ONCE", 10)
    session: Session = window.session
    session.open(hearts)
    session.choose_map(MapChoice(per_plane=False))
    assert session.map_view.is_measuring
    window.wait_for(lambda: not session.map_view.is_measuring, 20)
    spacing = session.open_case.volume.spacing
    expected = signed_distance(session.labels, spacing, classes=[1])[0]
    assert np.array_equal(window.studio.stage.layer(MAP).data, expected)
