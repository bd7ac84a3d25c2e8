"""The start page of the program's window."""

import napari
import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QFileDialog

from segstudio.data.project import new_project
from segstudio.data.project_file import write_project
from segstudio.ui.data.recent_projects import remember_project
from segstudio.ui.window.start_page import StartPage


def test_it_is_there_until_something_opens_and_asks_nothing_for_the_sample(
    window, monkeypatch
) -> None:
    page = window.main.findChild(StartPage)
    covered = page.parent()
    monkeypatch.setattr(QFileDialog, "exec", lambda *_: 1 / 0)
    shown = page.isVisible()
    buttons = [*page.buttons, page.guide]
    before = page.geometry()
    window.main.resize(1000, 700)
    QApplication.processEvents()
    sample = page.buttons[-1]
    sample.setFocus()
    window._qtbot.keyClick(sample, Qt.Key.Key_Space)
    window.wait_for(lambda: window.session.open_case is not None, 60)

    assert shown
    assert before.size() != covered.size()
    assert page.geometry() == covered.rect()
    assert all(b.toolTip() and b.focusPolicy() & Qt.FocusPolicy.TabFocus for b in buttons)
    assert not page.isVisible()
    assert "hearts" in window.session.dataset.name


def test_a_recent_project_opens_by_one_click(window, hearts, tmp_path) -> None:
    for name in ("mine", "gone"):
        folder = tmp_path / name
        folder.mkdir()
        write_project(new_project(folder, [hearts]))
        remember_project(folder)
    (tmp_path / "gone" / "project.toml").unlink()
    (tmp_path / "gone").rmdir()
    page = window.main.findChild(StartPage)
    page._list_projects()
    (button,) = page.projects
    text = button.text()
    window._qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    window.wait_for(lambda: window.session.open_case is not None, 30)

    assert text == "mine"
    assert window.session.project.root == tmp_path / "mine"
    assert not page.isVisible()


def test_a_layer_of_napari_s_takes_its_place_and_files_may_be_dropped_on_it(window, hearts) -> None:
    page = window.main.findChild(StartPage)
    takes_drops = page.acceptDrops()
    window.viewer.add_image(np.zeros((4, 4)))

    assert not takes_drops  # so that Qt hands them to the canvas around it, which opens them
    assert window.viewer.window._qt_viewer.isAncestorOf(page)
    assert not page.isVisible()


def test_a_plain_viewer_has_none(qtbot, runs) -> None:
    viewer = napari.Viewer(show=False)
    viewer.window.add_plugin_dock_widget("segstudio", "Data")
    found = viewer.window._qt_window.findChildren(StartPage)
    viewer.close()
    qtbot.wait(50)

    assert found == []
