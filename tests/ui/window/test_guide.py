"""The guide: its pictures are those of the script, which takes them of the running program."""

import importlib.util
import re
from pathlib import Path

import pytest
from qtpy.QtCore import QUrl
from qtpy.QtGui import QAction, QImage
from qtpy.QtWidgets import QAbstractButton, QWidget

from segstudio.app import LATE_PANELS
from segstudio.core.errors import InputError
from segstudio.ui.window import guide
from segstudio.ui.window.guide import WIDEST, GuideDialog, guide_file

FOLDER = Path(__file__).parents[3] / "resources" / "guide"
SCRIPT = FOLDER.parent / "guide_pictures.py"
TEXT = (FOLDER / "guide.md").read_text(encoding="utf-8")
PICTURES = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", TEXT)


def test_the_script_s_steps_are_those_of_the_guide() -> None:
    spec = importlib.util.spec_from_file_location("guide_pictures", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    assert [f"{step}.png" for step in script.STEPS] == PICTURES
    assert all(callable(getattr(script.Steps, step)) for step in script.STEPS)
    titles = re.findall(r"^## (\d+)\. \w", TEXT, re.MULTILINE)
    assert titles == [str(i + 1) for i in range(len(script.STEPS))]


@pytest.mark.parametrize("name", PICTURES)
def test_each_picture_is_there_and_small(name) -> None:
    path = FOLDER / name
    picture = QImage(str(path))

    assert path.stat().st_size < 150_000
    assert picture.width() > 250
    assert picture.height() > 150


def test_what_the_guide_tells_to_press_is_in_the_program(window) -> None:
    for name in LATE_PANELS:
        window.panel(name)
    texts = {a.text().replace("&", "") for a in window.main.findChildren(QAction)}
    buttons = {b.text().replace("&", "") for b in window.main.findChildren(QAbstractButton)}
    words = re.findall(r"\*\*([^*]+)\*\*", TEXT)
    # The row "Loss" is no button; docks are told apart by their names.
    panels = set(window.viewer.window.dock_widgets) | {"Loss", "Stop"}

    assert set(words) - texts - buttons - panels == set()


def test_the_dialog_shows_text_and_pictures_without_a_network(qtbot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog = GuideDialog(parent)
    shown = dialog.text.toPlainText()
    base = Path(dialog.text.source().toLocalFile()).parent
    dialog.close()

    assert "8. Correct and save" in shown
    assert all((base / name).is_file() for name in PICTURES)


def test_an_installation_without_the_guide_says_so(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(guide, "_PLACES", (tmp_path,))
    with pytest.raises(InputError, match="Install it again"):
        guide_file()


def test_the_wheel_holds_the_guide() -> None:
    project = (FOLDER.parents[1] / "pyproject.toml").read_text(encoding="utf-8")

    assert '"resources/guide" = "segstudio/guide"' in project
    assert {file.suffix for file in FOLDER.iterdir()} == {".md", ".png"}  # and no scripts


def test_its_pictures_are_seen_whole(window) -> None:
    dialog = GuideDialog(window.main)
    dialog.show()
    window._qtbot.wait(100)
    bar = dialog.text.horizontalScrollBar()
    pictures = [dialog.text.loadResource(2, QUrl(name)) for name in PICTURES]
    widths = [p.width() for p in pictures if isinstance(p, QImage)]
    dialog.close()

    assert bar.maximum() == 0
    assert widths
    assert max(widths) == WIDEST
