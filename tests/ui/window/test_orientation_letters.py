"""The letters at the canvas's edges follow the case, the axes and the camera."""

import nibabel as nib
import numpy as np
import pytest
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import QApplication

from segstudio.ui.window.orientation_letters import MARGIN
from segstudio.viewer.stage import IMAGE

AXIAL = np.diag([-2.0, -2.0, 8.0, 1.0])


@pytest.fixture
def scan(tmp_path):
    """A placed image."""
    image = nib.Nifti1Image(np.ones((30, 20, 6), np.int16), AXIAL)
    image.header.set_xyzt_units("mm")
    nib.save(image, tmp_path / "a.nii.gz")
    return tmp_path / "a.nii.gz"


def shown(window) -> str:
    """Return the letters on the left, right, top and bottom that can be seen."""
    letters = window.studio.letters.letters
    return " ".join(
        letters[edge].text if letters[edge].isVisible() else "-"
        for edge in ("left", "right", "top", "bottom")
    )


def test_the_letters_follow_case_axes_camera_and_display(window, scan, tmp_path) -> None:
    viewer, session = window.viewer, window.session
    assert shown(window) == "- - - -"
    session.open(scan)
    assert shown(window) == "R L A P"
    viewer.dims.order = (1, 0, 2)
    assert shown(window) == "R L I S"
    viewer.dims.transpose()
    assert shown(window) == "I S R L"
    viewer.dims.order = (0, 1, 2)
    viewer.scene.camera.orientation2d = ("up", "left")
    assert shown(window) == "L R P A"
    viewer.scene.camera.orientation2d = ("down", "right")
    viewer.dims.ndisplay = 3
    assert shown(window) == "- - - -"
    viewer.dims.ndisplay = 2
    assert shown(window) == "R L A P"
    window.studio.stage.layer(IMAGE).rotate = (0, 0, 90)
    assert shown(window) != "R L A P"
    viewer.layers.clear()
    assert shown(window) == "- - - -"

    np.save(tmp_path / "b.npy", np.ones((20, 30)))
    session.open(tmp_path / "b.npy")
    assert shown(window) == "- - - -"


def test_a_layer_with_time_beside_the_case_does_not_shift_the_letters(window, scan) -> None:
    window.session.open(scan)
    window.viewer.add_image(np.ones((3, 6, 20, 30)))
    assert shown(window) == "R L A P"
    window.viewer.dims.order = (1, 2, 0, 3)

    assert shown(window) == "R L - -"


def test_the_letters_stay_at_the_edges_and_off_the_scale_bar(window, scan) -> None:
    window.session.open(scan)
    canvas, letters = window.viewer.window._qt_viewer.canvas.native, window.studio.letters.letters
    window.main.resize(1000, 700)
    window.wait_for(lambda: abs(letters["right"].geometry().right() - canvas.width()) < 20, 10)

    assert letters["left"].x() == letters["top"].y() == MARGIN
    assert abs(letters["bottom"].geometry().center().x() - canvas.rect().center().x()) <= 1
    assert abs(letters["left"].geometry().center().y() - canvas.rect().center().y()) <= 1
    assert window.viewer.canvas.overlays.scale_bar.position == "bottom_right"
    middle = letters["left"].geometry().center()
    assert canvas.childAt(middle) is not letters["left"]  # the mouse is the canvas's


def test_letters_are_drawn_once_and_anew_where_they_are_others(window, scan, monkeypatch) -> None:
    window.session.open(scan)
    letters, drawn = window.studio.letters.letters["left"], []
    draw = letters._drawn
    monkeypatch.setattr(letters, "_drawn", lambda ratio: drawn.append(letters.text) or draw(ratio))
    QApplication.processEvents()
    drawn.clear()
    letters._picture = QPixmap()
    pictures = [letters.grab().toImage() for _ in range(3)]
    assert drawn == ["R"]
    assert pictures[0] == pictures[1] == pictures[2]
    window.viewer.dims.transpose()
    assert letters.grab().toImage() != pictures[0]
    assert drawn == ["R", letters.text] == ["R", "A"]


def test_a_grid_has_no_letters(window, hearts) -> None:
    window.session.open(hearts)
    letters = window.studio.letters.letters
    assert letters["top"].text
    window.viewer.canvas.grid.enabled = True
    assert not any(each.text for each in letters.values())
    window.viewer.canvas.grid.enabled = False
    assert letters["top"].text
