"""Reading beside the window: the window works meanwhile, says so, and waits when it is closed."""

import threading
import time

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from segstudio.compare import demo
from segstudio.data.datasets import open_dataset
from segstudio.viewer.stage import IMAGE


class Gate:
    """A dataset that is found when a test lets it be."""

    def __init__(self, folder) -> None:
        self._folder, self._open = folder, threading.Event()

    def __call__(self):
        assert self._open.wait(30)
        return open_dataset(self._folder)

    def open(self) -> None:
        self._open.set()


def cases(folder):
    return open_dataset(folder).cases


def test_the_sample_hearts_are_made_beside_the_window(window, runs, monkeypatch) -> None:
    monkeypatch.setattr(demo, "PATIENTS", 2)
    monkeypatch.setattr(demo, "SHAPE", (4, 48, 48))
    data = window.panel("Data")
    window._qtbot.mouseClick(data.open_sample, Qt.MouseButton.LeftButton)
    assert data.case.text() == "Making sample hearts …"
    assert window.session.dataset is None
    window.wait_for_reading()

    assert data.cases.proxy.rowCount() == 4
    assert window.studio.stage.layer(IMAGE).data.shape == (4, 48, 48)
    assert (runs.parent / "demos" / "sample" / "hearts" / "phantom.txt").exists()


def test_what_opens_or_changes_a_case_waits_while_another_is_read(window, hearts) -> None:
    data, gate = window.panel("Data"), Gate(hearts)
    buttons = (data.open_file, data.open_folder, data.open_sample, data.save_labels)
    window.session.open(hearts)
    assert all(button.isEnabled() for button in buttons)
    window.session.ask_reading(gate, "Reading …")
    assert data.case.text() == "Reading …"
    assert not any(button.isEnabled() for button in (*buttons, data.new_labels))
    gate.open()
    window.wait_for_reading()

    assert all(button.isEnabled() for button in buttons)
    assert data.case.text().startswith("4 planes of 48 × 48")


def test_of_the_cases_clicked_while_one_is_read_the_last_is_shown(window, hearts) -> None:
    data, gate, shown = window.panel("Data"), Gate(hearts), []
    window.session.open(hearts)
    window.session.case_opened.connect(lambda opened: shown.append(opened.case.name))
    window.session.ask_reading(gate, "Reading …")
    for row in (1, 3, 5):
        data.cases.view.selectRow(row)
    gate.open()
    window.wait_for_reading()

    names = [case.name for case in window.session.dataset.cases]
    assert shown == [names[0], names[5]]
    assert data.cases.chosen() == names[5]


def test_a_case_that_cannot_be_read_leaves_the_one_in_view_chosen(window, hearts, tmp_path) -> None:
    for name, size in (("a", None), ("b", 900)):
        content = cases(hearts)[0].image.read_bytes()
        (tmp_path / f"{name}.nii.gz").write_bytes(content[:size])
    window.session.open(tmp_path)
    data = window.panel("Data")
    data.cases.view.selectRow(1)
    window.wait_for_reading()

    assert "b.nii.gz" in window.said[-1]
    assert window.session.open_case.case.name == "a"
    assert data.cases.chosen() == "a"
    assert data.open_folder.isEnabled()


def test_a_first_case_that_cannot_be_read_leaves_the_list_of_the_others(
    window, hearts, tmp_path
) -> None:
    content = cases(hearts)[0].image.read_bytes()
    (tmp_path / "a.nii.gz").write_bytes(content[:900])
    (tmp_path / "b.nii.gz").write_bytes(content)
    window.session.ask_open(tmp_path)
    window.wait_for_reading()
    assert "a.nii.gz" in window.said[-1]
    window.panel("Data").cases.view.selectRow(1)
    window.wait_for_reading()

    assert window.session.open_case.case.name == "b"


def test_a_reading_that_a_script_has_overtaken_is_not_shown(window, hearts, tmp_path) -> None:
    case = cases(hearts)[0]
    (tmp_path / "mine.nii.gz").write_bytes(case.image.read_bytes())
    window.session.open(hearts)
    window.session.ask_case(window.session.dataset.cases[1].name)
    window.session.open(tmp_path)
    window.wait_for_reading()

    assert window.session.open_case.case.name == "mine"


def test_what_is_dropped_on_the_window_is_opened_as_cases(window, hearts) -> None:
    qt_viewer, images = window.viewer.window._qt_viewer, [c.image for c in cases(hearts)[:2]]
    window.drop(hearts, on=qt_viewer._welcome_widget)
    assert len(window.session.dataset.cases) == 8
    window.drop(*images)

    assert [c.image for c in window.session.dataset.cases] == images
    assert [layer for layer in window.viewer.layers if layer.source.path] == []


def test_the_file_menu_opens_cases(window, hearts, monkeypatch) -> None:
    image = cases(hearts)[2].image
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_, **__: ([str(image)], ""))
    window.viewer.window._qt_viewer._open_files_dialog()
    window.wait_for_reading()

    assert window.session.open_case.case.image == image


def test_what_is_no_image_is_a_layer_of_napari(window, hearts, tmp_path) -> None:
    window.session.open(hearts)
    (tmp_path / "a.csv").write_text("index,axis-0,axis-1\n0,1,2\n1,3,4\n")
    window.drop(tmp_path / "a.csv")

    assert window.viewer.layers["a"].data.shape == (2, 2)
    assert len(window.session.dataset.cases) == 8


@pytest.mark.parametrize("wishes", [1, 2])
def test_closing_the_window_waits_for_what_is_read(window, hearts, wishes) -> None:
    gate, studio = Gate(hearts), window.studio
    for _ in range(wishes):
        window.session.ask_reading(gate, "Reading …")
    thread, ran = studio.reader._reading, []

    def open_when_closing() -> None:
        while not studio.reader._closed:
            time.sleep(0.01)
        ran.append(thread.isRunning())
        gate.open()

    threading.Thread(target=open_when_closing, daemon=True).start()
    window.viewer.close()
    window._qtbot.waitUntil(lambda: bool(ran) and studio.reader._reading is None, timeout=30_000)

    assert ran == [True]
    assert window.session.open_case is None
