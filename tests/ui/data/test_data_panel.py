"""The data panel says what is open, how it was paired, and what is doubtful."""

from dataclasses import replace

import nibabel as nib
import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from segstudio.data.datasets import open_dataset
from segstudio.data.project import PROJECT_FILE, new_project
from segstudio.data.project_file import write_project
from segstudio.ui.data.case_model import NAME
from segstudio.ui.data.dataset_words import MOST_NOTES
from segstudio.viewer.stage import IMAGE, LABELS


def doubtful(path) -> None:
    """Write an image whose header contradicts itself about its place."""
    image = nib.Nifti1Image(np.ones((6, 5, 4), np.int16), np.diag([-2.0, -2.0, 8.0, 1.0]))
    image.set_sform(np.diag([-2.0, -2.0, 8.0, 1.0]), 1)
    moved = np.diag([-2.0, -2.0, 8.0, 1.0])
    moved[:3, 3] = 100
    image.set_qform(moved, 1)
    nib.save(image, path)


def test_the_dataset_line_says_the_layout_and_how_many_notes_there_are(window, hearts) -> None:
    data, dataset = window.panel("Data"), open_dataset(hearts)
    window.session.list_cases(dataset)
    assert "8 cases of 4 patients, 8 with labels; layout: ACDC" in data.dataset.text()
    assert "note" not in data.dataset.text()
    notes = tuple(f"<{k}> looks wrong." for k in range(MOST_NOTES + 2))
    window.session.list_cases(replace(dataset, notes=notes))

    assert f"{len(notes)} notes" in data.dataset.text()
    assert "&lt;0&gt; looks wrong." in data.dataset.toolTip()
    assert "and 2 more" in data.dataset.toolTip()


def test_a_case_s_tooltip_says_whose_it_is_and_why_its_labels_are(window, hearts) -> None:
    dataset = open_dataset(hearts)
    case = replace(dataset.cases[0], facts=(("Phase", "ED & <rest>"),))
    window.session.list_cases(replace(dataset, cases=(case, *dataset.cases[1:])))
    model = window.panel("Data").cases.model
    tip = model.data(model.index(0, NAME), Qt.ItemDataRole.ToolTipRole)

    assert case.patient in tip
    assert case.pairing in tip
    assert "Phase:&nbsp;</td><td>ED &amp; &lt;rest&gt;" in tip


def test_doubts_about_a_header_are_told_once_and_stay_in_the_description(window, tmp_path) -> None:
    for name in ("a", "b"):
        doubtful(tmp_path / f"{name}.nii.gz")
    messages = []
    window.session.said.connect(messages.append)
    window.session.open(tmp_path)
    window.session.show_case("b")
    window.session.show_case("a")
    (doubt,) = window.session.open_case.volume.grid.doubts

    assert [m.text for m in messages] == [f"a: {doubt}", f"b: {doubt}"]
    assert not any(m.is_error for m in messages)
    assert f"⚠ {doubt}" in window.panel("Data").case.text()


def test_painting_on_a_time_point_is_not_shown_on_another(window, tmp_path) -> None:
    nib.save(nib.Nifti1Image(np.ones((6, 5, 4, 3), np.int16), np.eye(4)), tmp_path / "a.nii.gz")
    window.session.open(tmp_path)
    assert [case.name for case in window.session.dataset.cases] == ["a_t00", "a_t01", "a_t02"]
    window.session.new_labels()
    window.session.labels[0] = 1
    window.session.show_case("a_t01")
    assert window.session.labels is None
    window.session.show_case("a_t00")

    assert window.session.labels[0].all()


def test_a_picture_s_labels_are_saved_as_nifti_beside_it(window, tmp_path, monkeypatch) -> None:
    from PIL import Image

    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(tmp_path / "a.png")
    window.session.open(tmp_path / "a.png")
    window.session.new_labels()
    offered = []

    def choose(_parent, _title, name, kinds):
        offered.append(name)
        return name.removesuffix(".nii.gz"), kinds.split(";;")[0]

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    data = window.panel("Data")
    window._qtbot.mouseClick(data.save_labels, Qt.MouseButton.LeftButton)
    window.wait_for_saving()

    assert offered == [str(tmp_path / "a_gt.nii.gz")]
    assert window.session.open_case.case.labels == tmp_path / "a_gt.nii.gz"
    assert window.said[-1] == "Saved a_gt.nii.gz"


def test_a_project_is_made_in_the_window_and_found_again(
    window, hearts, tmp_path, monkeypatch
) -> None:
    data = window.panel("Data")
    window.session.open(hearts)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "mine"))
    next(a for a in data.project.list.actions() if a.text() == "New project…").trigger()
    window.wait_for_reading()
    assert "Project <b>mine</b>: 8 cases" in data.dataset.text()
    data.cases.choose(data.cases.names()[3])
    window.wait_for_reading()
    window.session.open(hearts)
    assert "Project" not in data.dataset.text()
    window.drop(tmp_path / "mine", on=data)

    assert "Project <b>mine</b>" in data.dataset.text()
    assert data.cases.chosen() == data.cases.names()[3]


def test_a_brush_marks_its_case_and_the_next_one_is_there_at_once(window, hearts) -> None:
    window.session.open(hearts)
    data, labels = window.panel("Data"), window.studio.stage.layer(LABELS)
    labels.selected_label = 1
    labels.paint((1, 2, 2), 1)
    assert window.session.is_unsaved(window.session.open_case.case)
    labels.undo()
    assert not window.session.is_unsaved(window.session.open_case.case)
    labels.paint((1, 2, 2), 1)
    window.wait_for(lambda: window.studio.reader._ahead is not None, 30)
    first, second, *_ = data.cases.names()
    data.cases.go_on()

    assert window.session.open_case.case.name == second
    assert window.session.is_unsaved(window.session.dataset.case(first))
    assert not window.session.is_unsaved(window.session.dataset.case(second))


def test_an_image_whose_labels_do_not_fit_is_shown_with_the_reason(window, tmp_path) -> None:
    nib.save(nib.Nifti1Image(np.ones((6, 5, 4), np.int16), np.eye(4)), tmp_path / "a.nii")
    nib.save(nib.Nifti1Image(np.ones((6, 5, 3), np.uint8), np.eye(4)), tmp_path / "a_gt.nii")
    window.drop(tmp_path)
    data = window.panel("Data")

    assert window.studio.stage.layer(IMAGE).data.shape == (4, 5, 6)
    assert window.studio.stage.layer(LABELS) is None
    assert "Its labels are not shown. 'a_gt.nii' has shape (3, 5, 6)" in data.case.text()
    assert data.error.sentence.text() == "The labels of 'a' are not shown."
    assert "(3, 5, 6)" in data.error.rest.text()
    assert data.new_labels.isEnabled()


def test_the_classes_are_named_with_their_values(window, hearts) -> None:
    window.session.open(hearts)
    text = window.panel("Data").classes.text()

    assert all(f"{value}&nbsp;" in text for value in (1, 2, 3))
    assert "right&nbsp;ventricle" in text


def test_a_mistake_in_a_dropped_project_s_file_is_told(window, tmp_path) -> None:
    (tmp_path / PROJECT_FILE).write_text('program = "segstudio"\nfolders = ["lost"]\n')
    window.drop(tmp_path)
    window.drop(tmp_path / PROJECT_FILE, on=window.panel("Data"))

    assert len(window.said) == 2
    assert all("lost', which is no folder here" in text for text in window.said)


def test_the_runs_of_a_project_are_listed_while_it_is_open(window, hearts, tmp_path, runs) -> None:
    project = new_project(tmp_path / "mine", [hearts])
    for folder in (project.runs_folder / "inside", runs / "outside"):
        folder.mkdir(parents=True)
        (folder / "config.toml").write_text("")
    write_project(project)
    listed = window.panel("Runs").runs

    def names():
        return [listed.item(row).text() for row in range(listed.count())]

    window.session.open(tmp_path / "mine")
    assert names() == ["inside"]
    window.session.open(hearts)

    assert names() == ["outside"]


def test_a_run_that_was_added_by_hand_stays_when_a_folder_is_opened(
    window, hearts, tmp_path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.toml").write_text("")
    panel = window.panel("Runs")
    panel._add(tmp_path / "mine")
    window.session.open(hearts)

    assert panel.runs.count() == 1


def test_the_keys_go_from_case_to_case_while_the_image_has_them(window, hearts) -> None:
    window.session.open(hearts)
    canvas, data = window.viewer.window._qt_viewer.canvas.native, window.panel("Data")
    window.panel("Runs")
    with window._qtbot.waitActive(window.main):
        window.main.activateWindow()
    canvas.setFocus()
    window._qtbot.keyClick(canvas, Qt.Key.Key_PageDown, Qt.KeyboardModifier.ControlModifier)
    window.wait_for_reading()

    assert window.session.open_case.case.name == data.cases.names()[1]
