"""What a window remembers, and that nothing in its file keeps it from starting."""

import pytest
from qtpy.QtCore import QByteArray, Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow

from segstudio.ui.settings_file import settings_file
from segstudio.ui.window.window_memory import LAYOUT, WindowMemory

KEYS = ("window/geometry", "window/state", "window/theme")


def test_size_layout_and_theme_are_those_of_the_last_window(window) -> None:
    main = window.main
    memory = WindowMemory(window.viewer)
    main.resize(1111, 700)
    main.findChild(QDockWidget, "Runs").hide()
    window.viewer.theme = "light"
    window._qtbot.wait(50)
    memory._note(main)
    main.resize(1280, 800)
    main.findChild(QDockWidget, "Runs").show()
    window.viewer.theme = "dark"
    WindowMemory(window.viewer)
    window._qtbot.wait(50)

    assert (main.width(), main.height()) == (1111, 700)
    assert main.findChild(QDockWidget, "Runs").isHidden()
    assert window.viewer.theme == "light"


def test_closing_the_window_notes_it_while_its_panels_are_there(window) -> None:
    WindowMemory(window.viewer)
    window.main.close()
    window._qtbot.wait(50)

    other = QMainWindow()
    kept = settings_file()
    assert all(kept.contains(key) for key in KEYS)
    assert other.restoreState(kept.value("window/state"), LAYOUT)
    other.deleteLater()


@pytest.mark.parametrize(
    "values",
    [
        ("words", ["a", "list"], "no theme"),
        (QByteArray(b"\x00\x01"), QByteArray(b"\xff" * 400), 7),
        (QByteArray(), QMainWindow, None),
    ],
)
def test_what_is_corrupt_or_another_program_s_is_passed_over(window, values) -> None:
    kept = settings_file()
    foreign = values[1]
    for key, value in zip(KEYS, values, strict=True):
        if value is not QMainWindow:
            kept.setValue(key, value)
    if foreign is QMainWindow:
        kept.setValue(KEYS[1], QMainWindow().saveState(LAYOUT + 1))
    theme = window.viewer.theme
    WindowMemory(window.viewer)
    window._qtbot.wait(50)

    data = window.main.findChild(QDockWidget, "Data")
    assert window.viewer.theme == theme
    assert data.isVisible()
    assert window.main.dockWidgetArea(data) == Qt.DockWidgetArea.RightDockWidgetArea
    assert window.main.width() >= 1000


def test_a_file_that_is_no_settings_file_is_passed_over(window) -> None:
    settings_file().setValue("window/theme", "dark")
    settings_file().sync()
    path = settings_file().fileName()
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(bytes(range(256)) * 40)
    WindowMemory(window.viewer)

    assert window.main.isVisible()
