"""The data panel says what is open, how it was paired, and what is doubtful."""

from dataclasses import replace

import nibabel as nib
import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from segstudio.data.datasets import open_dataset
from segstudio.ui.case_model import NAME
from segstudio.ui.dataset_words import MOST_NOTES


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

    assert offered == [str(tmp_path / "a_gt.nii.gz")]
    assert window.session.open_case.case.labels == tmp_path / "a_gt.nii.gz"
    assert window.said[-1] == "Saved a_gt.nii.gz"
