"""The annotate panel in the real window."""

from dataclasses import replace
from pathlib import Path
from threading import Event

import nibabel as nib
import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QColor, QIcon
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QColorDialog, QFileDialog

from segstudio.core.editing.edit import Edit
from segstudio.core.editing.seeds import grow_from_seeds
from segstudio.data.formats import read_labels, read_volume
from segstudio.data.project_file import read_project
from segstudio.session import operations
from segstudio.session.annotation_choices import Brush, Mask, Restriction
from segstudio.ui.annotate.annotate_panel import LABELS, NO_CASE, NO_LABELS, AnnotatePanel
from segstudio.ui.annotate.class_rows import COLOR, LOCK, NAME, PIECES, SHOW, VOLUME
from segstudio.ui.annotate.operation_forms import Corners, Grow
from tests.ui.conftest import Window

SHAPE = (9, 40, 44)


def panel_of(window: Window) -> AnnotatePanel:
    panel = window.panel("Annotate")
    assert isinstance(panel, AnnotatePanel)
    return panel


def oblique() -> np.ndarray:
    """Return an affine that is turned about two axes and has three spacings."""
    a, b = np.deg2rad(20), np.deg2rad(-15)
    about_z = [[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]]
    about_x = [[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]]
    affine = np.eye(4)
    affine[:3, :3] = np.array(about_z) @ np.array(about_x) @ np.diag([0.9, 1.1, 2.5])
    affine[:3, 3] = (-12.0, 30.0, 7.0)
    return affine


AFFINES = {
    "oblique": oblique(),
    "flipped": np.array([[-1.1, 0, 0, 40], [0, 0.8, 0, -3], [0, 0, -3.0, 12], [0, 0, 0, 1.0]]),
}


def write_image(folder: Path, affine: np.ndarray) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(0)
    image = rng.normal(100, 20, SHAPE).astype(np.float32)
    image[:, 10:25, 10:25] += 200
    nib.save(nib.Nifti1Image(image.T, affine), folder / "scan.nii.gz")
    return folder


def drag(window: Window, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag with the left button between two places of the canvas, each a share of its size."""
    canvas = window.viewer.window._qt_viewer.canvas.native
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    places = np.linspace(start, end, 6) * (canvas.width(), canvas.height())
    points = [QPoint(int(x), int(y)) for x, y in places]
    QTest.mouseMove(canvas, points[0])
    QTest.mousePress(canvas, left, none, points[0])
    for point in points[1:]:
        QTest.mouseMove(canvas, point)
        QTest.qWait(20)
    QTest.mouseRelease(canvas, left, none, points[-1])
    QTest.qWait(50)


@pytest.mark.parametrize("kind", AFFINES)
def test_what_is_painted_interpolated_and_saved_comes_back_in_its_place(
    window: Window, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel, session = panel_of(window), window.session
    assert panel.pages.currentIndex() == NO_CASE
    folder = write_image(tmp_path / kind, AFFINES[kind])
    session.open(folder)
    assert panel.pages.currentIndex() == NO_LABELS
    panel.new_labels.click()
    assert panel.pages.currentIndex() == LABELS

    annotation = session.annotation
    panel.tools.buttons["brush"].click()
    panel.tools.size.setValue(6.0)
    annotation.classes.choose(2)
    drag(window, (0.4, 0.5), (0.6, 0.5))
    z = annotation.plane.index
    assert set(np.unique(session.labels)) == {0, 2}
    assert np.flatnonzero(session.labels.any(axis=(1, 2))).tolist() == [z]
    assert annotation.undoable == 1
    assert panel.tools.undo.isEnabled()

    # The same in another plane, and the planes between by their shape.
    panel.operations.choice.setCurrentIndex(0)
    window.viewer.dims.set_point(0, _world_of(window, 1))
    drag(window, (0.4, 0.5), (0.6, 0.5))
    painted = session.labels.copy()
    panel.operations.apply.click()
    window.wait_for(lambda: annotation.undoable == 3)
    assert np.flatnonzero(session.labels.any(axis=(1, 2))).tolist() == list(range(1, z + 1))
    panel.tools.undo.click()
    np.testing.assert_array_equal(session.labels, painted)
    panel.tools.redo.click()

    saved = session.labels.copy()
    path = folder / "scan_gt.nii.gz"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    panel.save.click()
    session.open(folder)
    np.testing.assert_array_equal(session.labels, saved)
    np.testing.assert_array_equal(read_labels(path), saved)
    np.testing.assert_allclose(
        read_volume(path).affine, read_volume(folder / "scan.nii.gz").affine, atol=1e-5
    )
    np.testing.assert_allclose(nib.load(path).affine, AFFINES[kind], atol=1e-5)


@pytest.mark.parametrize(("kind", "axis"), [("oblique", 1), ("flipped", 2)])
def test_what_is_painted_across_thick_planes_has_no_gaps_and_comes_back_in_its_place(
    window: Window, tmp_path: Path, kind: str, axis: int
) -> None:
    panel, session = panel_of(window), window.session
    folder = write_image(tmp_path / kind, AFFINES[kind] @ np.diag([1, 1, 4, 1]))
    source = nib.load(folder / "scan.nii.gz")
    source.header.set_qform(source.affine, code=1)
    source.header.set_sform(source.affine, code=2)
    nib.save(nib.Nifti1Image(source.get_fdata(), None, source.header), folder / "scan.nii.gz")
    session.open(folder)
    panel.new_labels.click()
    window.viewer.dims.order = (axis, 0, 3 - axis)  # the thick planes from top to bottom
    window.viewer.reset_view()
    panel.tools.buttons["brush"].click()
    annotation = session.annotation
    for plane, size in ((4, 1.0), (8, 1.0), (4, 6.0), (8, 6.0)):
        panel.tools.size.setValue(size)
        window.viewer.dims.set_point(axis, _world_of(window, plane, axis))
        drag(window, (0.5, 0.3), (0.5, 0.7))
        crossed = np.flatnonzero(session.labels.take(plane, axis).any(axis=1))
        assert len(crossed) > 3
        assert crossed.tolist() == list(range(crossed[0], crossed[-1] + 1))
    others = tuple(a for a in range(3) if a != axis)
    assert np.flatnonzero(session.labels.any(axis=others)).tolist() == [4, 8]
    assert annotation.undoable == 4

    panel.operations.choice.setCurrentIndex(0)  # along the axis in view, without being told
    panel.operations.apply.click()
    window.wait_for(lambda: not annotation.operations.busy, 30)
    assert annotation.undoable == 5, panel.operations.status.text()
    assert np.flatnonzero(session.labels.any(axis=others)).tolist() == [4, 5, 6, 7, 8]
    saved, path = session.labels.copy(), folder / "scan_gt.nii.gz"
    session.save_labels(path)
    session.open(folder)
    np.testing.assert_array_equal(session.labels, saved)
    written = nib.load(path)
    for which in ("sform", "qform"):
        own, of_image = (getattr(x.header, f"get_{which}")(coded=True) for x in (written, source))
        assert own[1] == of_image[1]
        np.testing.assert_allclose(own[0], of_image[0], atol=1e-4)


def _world_of(window: Window, plane: int, axis: int = 0) -> float:
    layer, place = window.studio.stage.layer("labels"), [0, 0, 0]
    place[axis] = plane
    return float(layer.data_to_world(place)[axis])


def test_the_table_of_classes_shows_and_changes_the_case(
    window: Window, hearts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel, session = panel_of(window), window.session
    session.open(hearts)
    rows, annotation = panel.rows, session.annotation
    assert [rows.item(k, NAME).text() for k in range(3)] == [
        c.name for c in session.open_case.classes.foreground
    ]
    voxels = int((session.labels == 1).sum())
    ml = voxels * session.open_case.volume.grid.voxel_ml
    assert rows.item(0, VOLUME).text() == f"{ml:.4g} ml"
    window.wait_for(lambda: rows.item(0, PIECES).text().isdigit(), 20)

    rows.item(1, LOCK).setCheckState(Qt.CheckState.Checked)
    rows.item(2, SHOW).setCheckState(Qt.CheckState.Unchecked)
    assert annotation.limits.locked == {2}
    assert annotation.classes.hidden == {3}
    rows.selectRow(1)
    assert annotation.classes.chosen == 2
    assert "locked" in panel.note.text()
    annotation.classes.choose(3)
    assert rows.currentRow() == 2

    monkeypatch.setattr(QColorDialog, "getColor", lambda *_: QColor("#112233"))
    rows.cellDoubleClicked.emit(0, COLOR)
    rows.item(0, NAME).setText("RV")
    window.wait_for(lambda: session.open_case.classes.classes[1].name == "RV", 5)
    assert session.open_case.classes.classes[1].color == "#112233"
    assert session.dataset.classes.classes[1].name == "RV"
    rows.item(0, NAME).setText("left ventricle")
    window.wait_for(lambda: any("Another class" in text for text in window.said), 5)
    assert rows.item(0, NAME).text() == "RV"

    panel.add.click()
    assert annotation.classes.chosen == 4
    assert rows.rowCount() == 4
    panel.remove.click()
    assert rows.rowCount() == 3
    annotation.paint((1, 6, 6), (1, 6, 6), 1, 0)
    window.wait_for(lambda: rows.item(0, VOLUME).toolTip() != f"{voxels:,} voxels", 5)
    assert rows.item(0, VOLUME).toolTip() == f"{(session.labels == 1).sum():,} voxels"


def test_each_row_of_the_table_is_seen_whole_in_its_own_colour(
    window: Window, hearts: Path
) -> None:
    rows = panel_of(window).rows
    window.session.open(hearts)
    window._qtbot.wait(50)
    color = window.session.annotation.classes.table.foreground[1].color
    chosen = rows.item(1, COLOR).icon().pixmap(16, 16, QIcon.Mode.Selected).toImage()

    assert rows.verticalScrollBar().maximum() == 0
    assert chosen.pixelColor(8, 8) == QColor(color)


def test_the_distance_map_is_put_away_and_shown_again(window: Window, hearts: Path) -> None:
    panel, session = panel_of(window), window.session
    session.open(hearts)
    panel.map.setChecked(False)
    assert not window.studio.stage.layer("distance map").visible
    session.choose_map(replace(session.map_choice, visible=True))
    assert panel.map.isChecked()


@pytest.mark.parametrize("focus", ["canvas", "table", "button"])
def test_keys_choose_classes_and_undo_wherever_the_focus_is(
    window: Window, hearts: Path, focus: str
) -> None:
    panel, session = panel_of(window), window.session
    session.open(hearts)
    canvas = window.viewer.window._qt_viewer.canvas.native
    widget = {"canvas": canvas, "table": panel.rows, "button": panel.tools.undo}[focus]
    alt, control = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier
    session.annotation.paint((1, 6, 6), (1, 6, 6), 1, 0)
    widget.setFocus()
    QTest.keyClick(widget, Qt.Key.Key_3, alt)
    assert session.annotation.classes.chosen == 3
    QTest.keyClick(widget, Qt.Key.Key_Z, control)
    assert session.annotation.redoable == 1
    QTest.keyClick(widget, Qt.Key.Key_Z, control | Qt.KeyboardModifier.ShiftModifier)
    assert session.annotation.undoable == 1


def test_the_tools_name_the_keys_they_have(window: Window, hearts: Path) -> None:
    panel, session = panel_of(window), window.session
    session.open(hearts)
    canvas = window.viewer.window._qt_viewer.canvas.native
    for tool, button in panel.tools.buttons.items():
        key = button.toolTip().partition("Key: ")[2][0]
        QTest.keyClick(canvas, key)
        assert session.annotation.tool == tool


def test_limits_are_chosen_in_the_form_and_shown_there(window: Window, hearts: Path) -> None:
    panel, session = panel_of(window), window.session
    session.open(hearts)
    form, limits = panel.limits, session.annotation.limits
    panel.where.open()
    form.has_range.setChecked(True)
    low, high = limits.restriction.intensity
    assert low < high
    assert "intensity range" in window.viewer.layers
    form.slider.setValue((low + 1, high - 1))
    assert limits.restriction.intensity == pytest.approx((low + 1, high - 1), rel=1e-2)
    form.shows.setChecked(False)
    assert "intensity range" not in window.viewer.layers
    form.over.setCurrentIndex(1)
    form.over.activated.emit(1)
    assert limits.restriction.over == (0,)
    assert "restricted" in panel.where.head.text()

    limits.restrict(Restriction(inside=Mask("saved", 2)))
    assert form.inside.currentData() == Mask("saved", 2)
    assert form.over.currentData() is None
    assert not form.has_range.isChecked()
    session.show_prediction(session.labels.copy(), "somebody")
    assert form.inside.findText("the prediction, any class") > 0
    limits.restrict(Restriction())
    assert panel.where.head.text() == "Where painting is allowed"


def test_the_range_of_a_large_image_goes_to_its_brightest_voxel(
    window: Window, tmp_path: Path
) -> None:
    rng, path = np.random.default_rng(0), tmp_path / "a.nii"
    data = rng.uniform(1.00001, 2.12345, (300, 300, 60)).astype(np.float32)
    data[101:104, 7, 31], data[0, 0, 0] = 20454.32, np.nan
    nib.save(nib.Nifti1Image(data, np.eye(4)), path)
    window.session.open(tmp_path)
    window.session.new_labels()
    panel = panel_of(window)
    form, limits = panel.limits, window.session.annotation.limits
    panel.where.open()
    form.has_range.setChecked(True)
    brightest = float(data[101, 7, 31])
    assert limits.restriction.intensity[1] == brightest
    assert form.slider.minimum() == pytest.approx(1.00001)
    for low in (3.0, 50.0):
        form.slider.setValue((low, form.slider.value()[1]))
        assert limits.restriction.intensity[1] == brightest
    window.session.annotation.paint((31, 7, 99), (31, 7, 105), 1, 0)
    assert np.flatnonzero(window.session.labels[31, 7]).tolist() == [101, 102, 103]


def test_growing_is_computed_beside_the_window_looked_at_and_accepted_or_cancelled(
    window: Window, hearts: Path
) -> None:
    panel, session = panel_of(window), window.session
    session.open(hearts)
    before, asked = session.labels.copy(), session.annotation.operations
    box = panel.operations
    box.choice.setCurrentIndex(1)
    box.apply.click()
    assert asked.busy
    assert not box.apply.isEnabled()
    box.cancel.click()
    assert not asked.busy
    box.apply.click()
    window.wait_for(lambda: asked.preview is not None, 30)
    assert "preview" in window.viewer.layers
    assert "would change" in box.status.text()
    box.drop.click()
    assert "preview" not in window.viewer.layers
    np.testing.assert_array_equal(session.labels, before)

    box.apply.click()
    window.wait_for(lambda: asked.preview is not None, 30)
    box.accept.click()
    assert session.annotation.undoable == 1
    assert not np.array_equal(session.labels, before)


def test_what_is_asked_for_after_a_cancel_does_not_wait_for_what_was_cancelled(
    window: Window, hearts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel, session = panel_of(window), window.session
    session.open(hearts)
    box, begun, may_end, ended = panel.operations, Event(), Event(), []

    def grow_late(*arguments: object, **options: object) -> Edit:
        if not begun.is_set():
            begun.set()
            may_end.wait(30)
            ended.append("the cancelled one")
        return grow_from_seeds(*arguments, **options)

    monkeypatch.setattr(operations, "grow_from_seeds", grow_late)
    box.choice.setCurrentIndex(1)
    box.apply.click()
    window.wait_for(begun.is_set, 30)
    box.cancel.click()
    box.apply.click()
    window.wait_for(lambda: session.annotation.operations.preview is not None, 30)
    shown = session.annotation.operations.preview
    assert not ended
    may_end.set()
    window.wait_for(lambda: bool(ended), 30)
    window.wait_for(lambda: window.studio.operations._cancelled.is_busy is False, 30)
    assert session.annotation.operations.preview is shown
    box.drop.click()


def test_what_is_cancelled_again_and_again_is_computed_by_two_at_most(
    window: Window, hearts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel, session = panel_of(window), window.session
    session.open(hearts)
    box, may_end, begun = panel.operations, Event(), []

    def grow_late(*arguments: object, **options: object) -> Edit:
        begun.append(len(begun))
        may_end.wait(30)
        return grow_from_seeds(*arguments, **options)

    monkeypatch.setattr(operations, "grow_from_seeds", grow_late)
    box.choice.setCurrentIndex(1)
    for _ in range(5):
        box.apply.click()
        window._qtbot.wait(50)
        box.cancel.click()
    assert begun == [0, 1]
    box.apply.click()
    assert session.annotation.operations.busy
    may_end.set()
    window.wait_for(lambda: session.annotation.operations.preview is not None, 30)
    assert begun == [0, 1, 2]
    box.drop.click()


def test_interpolation_begins_along_the_axis_in_view(window: Window, hearts: Path) -> None:
    window.session.open(hearts)
    window.viewer.dims.order = (1, 0, 2)
    panel = panel_of(window)
    assert panel.operations.forms[0].axis.currentData() == 1


def test_what_is_computed_for_labels_that_changed_meanwhile_is_refused(
    window: Window, hearts: Path
) -> None:
    panel, session = panel_of(window), window.session
    session.open(hearts)
    panel.operations.choice.setCurrentIndex(5)
    panel.operations.apply.click()
    session.annotation.choose_brush(Brush(20.0))
    session.annotation.paint((1, 6, 6), (1, 6, 6), 3, 0)
    window.wait_for(lambda: not session.annotation.operations.busy, 30)
    assert session.annotation.undoable == 1
    assert "changed while it was computed" in panel.operations.status.text()


@pytest.mark.parametrize("place", range(2, 8))
def test_each_form_asks_for_an_operation_that_is_done_or_told(
    window: Window, hearts: Path, place: int
) -> None:
    panel, session = panel_of(window), window.session
    session.open(hearts)
    session.annotation.classes.choose(2)
    panel.operations.choice.setCurrentIndex(place)
    assert [form.isVisibleTo(panel) for form in panel.operations.forms].count(True) == 1
    panel.operations.apply.click()
    window.wait_for(lambda: not session.annotation.operations.busy, 30)
    told = [text for text in window.said if "nothing changes" in text]
    assert (session.annotation.undoable == 1) != bool(told)
    said = panel.operations.status.text()
    assert said == told[0] if told else "voxels changed" in said


def test_without_a_chosen_class_no_operation_takes_background_for_one(
    window: Window, hearts: Path
) -> None:
    panel, session = panel_of(window), window.session
    session.open(hearts)
    before = session.labels.copy()
    session.annotation.classes.choose(0)
    for place, form in enumerate(panel.operations.forms):
        if hasattr(form, "of"):
            form.of.setCurrentIndex(1)
        if not isinstance(form, Grow | Corners):
            panel.operations.choice.setCurrentIndex(place)
            panel.operations.apply.click()
            assert "No class is chosen" in window.said.pop(), form.title
    np.testing.assert_array_equal(session.labels, before)


def test_sizes_are_named_in_the_unit_of_the_case(window: Window, hearts: Path) -> None:
    panel, session = panel_of(window), window.session
    session.open(hearts)
    islands = panel.operations.forms[4]
    sized = islands.form.labelForField(islands.size).text()
    ground = session.annotation.ground
    unsized = replace(ground.volume, grid=replace(ground.volume.grid, unit="voxels"))
    session.annotation.take(replace(ground, volume=unsized))

    assert sized == "Smallest (ml)"
    assert islands.form.labelForField(islands.size).text() == "Smallest (voxels)"


def test_names_and_colours_go_out_to_a_file_and_come_back(
    window: Window, hearts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel, session = panel_of(window), window.session
    session.open(hearts)
    classes, path = session.annotation.classes, tmp_path / "heart.label"
    classes.rename(1, "RV")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    panel._ask_export("ITK-SNAP")
    assert '"RV"' in path.read_text()

    path.write_text('1 1 2 3 1 1 1 "right"\n9 9 9 9 1 0 0 "ninth"\n')
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    panel._ask_import()
    names = {c.value: c.name for c in session.open_case.classes.foreground}
    # What the file does not name, but is painted, keeps its name.
    assert names == {1: "right", 2: "myocardium", 3: "left ventricle", 9: "ninth"}
    assert classes.hidden == {9}
    classes.change(classes.table.ignoring(9))
    panel._ask_import()
    assert classes.table.ignore == 9, "which no such file knows of"
    path.write_text("nothing of the kind")
    panel._ask_import()
    assert "neither a label description" in window.said[-1]


def test_classes_are_saved_with_the_project(window: Window, hearts: Path, tmp_path: Path) -> None:
    session = window.session
    session.open(hearts)
    session.ask_new_project(tmp_path / "project")
    window.wait_for_reading()
    window.wait_for(lambda: session.project is not None and session.open_case is not None, 30)
    session.annotation.classes.add("scar", "#ff00ff")
    session.annotation.classes.rename(1, "RV")
    kept = read_project(tmp_path / "project").classes
    assert [c.name for c in kept.foreground] == ["RV", "myocardium", "left ventricle", "scar"]
    session.open(tmp_path / "project")
    assert session.annotation.classes.table.foreground[3].color == "#ff00ff"


def test_everything_in_the_panel_says_what_it_does(window: Window, hearts: Path) -> None:
    from qtpy.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox

    window.session.open(hearts)
    panel = panel_of(window)
    kinds = (QAbstractButton, QAbstractSpinBox, QComboBox)
    controls = [w for kind in kinds for w in panel.findChildren(kind)]
    assert len(controls) > 30
    own = [w for w in controls if not w.objectName().startswith("qt_")]
    assert not [w for w in own if not w.toolTip() and w.parent().toolTip() == ""]
