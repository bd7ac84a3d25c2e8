"""The curves written to files, and read back."""

import csv
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtGui import QImage
from qtpy.QtWidgets import QFileDialog

from segstudio.learn.run_curves import RunCurves
from segstudio.session import Session
from segstudio.ui.curves.curves_export import PAGE
from segstudio.ui.curves.curves_panel import CurvesPanel
from segstudio.ui.widgets.file_names import export_path


@pytest.fixture
def panel(qtbot: QtBot) -> CurvesPanel:
    session, run = Session(), RunCurves("dice")
    for epoch in range(1, 9):
        run.take(
            {"event": "EpochDone", "epoch": epoch, "loss": 1 / epoch, "validation_loss": 0.5}
            | {"dice": {"ventricle": epoch / 10}, "mean_dice": epoch / 10}
        )
    session.runs_in_view.take(Path("run"), run)
    made = CurvesPanel(session)
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def said(panel: CurvesPanel) -> list[str]:
    found: list[str] = []
    panel.session.said.connect(lambda message: found.append(message.text))
    return found


def export(panel: CurvesPanel, path: Path, chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), chosen))
    panel.export.click()


def test_a_picture_shows_the_curves_on_white(
    panel: CurvesPanel, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(panel, tmp_path / "curves.png", "Picture (*.png)", monkeypatch)
    image = QImage(str(tmp_path / "curves.png")).convertToFormat(QImage.Format.Format_RGB32)
    assert (image.width(), image.height()) == (2 * PAGE[0], 2 * PAGE[1])
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    assert (pixels[:3, :3] == 255).all()
    colored = (np.ptp(pixels[..., :3].astype(int), axis=-1) > 60).any(axis=0)
    half = image.width() // 2
    assert colored[:half].sum() > 300
    assert colored[half:].sum() > 300
    assert said == ["Saved curves.png"]


def test_a_drawing_holds_lines_and_the_names_of_the_curves(
    panel: CurvesPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(panel, tmp_path / "curves.svg", "Drawing (*.svg)", monkeypatch)
    root = ElementTree.parse(tmp_path / "curves.svg").getroot()  # noqa: S314
    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    text = "".join(root.itertext())
    assert root.tag.endswith("svg")
    assert sum(tag in ("path", "polyline") for tag in tags) > 5
    assert "Loss, validation" in text
    assert "image" not in tags
    assert "ventricle" in text


def test_a_table_holds_the_values(
    panel: CurvesPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(panel, tmp_path / "curves", "Table of all values (*.csv)", monkeypatch)
    with (tmp_path / "curves.csv").open(newline="") as file:
        rows = [r for r in csv.DictReader(file) if (r["figure"], r["side"]) == ("loss", "train")]
    assert [float(r["value"]) for r in rows] == pytest.approx([1 / n for n in range(1, 9)])
    assert {r["run"] for r in rows} == {"dice"}


@pytest.mark.parametrize("suffix", [".png", ".svg", ".csv"])
def test_a_file_whose_name_the_dialog_did_not_ask_about_is_not_replaced(
    panel: CurvesPanel,
    said: list[str],
    suffix: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = tmp_path / f"curves{suffix}"
    there.write_text("mine")
    chosen = {".png": "Picture (*.png)", ".svg": "Drawing (*.svg)"}.get(suffix)
    export(panel, tmp_path / "curves", chosen or "Table of all values (*.csv)", monkeypatch)
    assert there.read_text() == "mine"
    assert "exists already" in said[-1]


def test_a_file_that_the_dialog_asked_about_is_replaced(
    panel: CurvesPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "curves.csv").write_text("mine")
    export(panel, tmp_path / "curves.csv", "", monkeypatch)
    assert (tmp_path / "curves.csv").read_text().startswith("run,figure")
    assert [p.name for p in tmp_path.iterdir()] == ["curves.csv"]


def test_the_window_looks_as_before_after_an_export(
    panel: CurvesPanel, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    qtbot.wait(100)  # until it is laid out
    before = panel.plot.grab().toImage()
    export(panel, tmp_path / "curves.png", "", monkeypatch)
    assert panel.plot.grab().toImage() == before


def test_a_name_with_another_suffix_is_a_picture_beside_it() -> None:
    path, asked = export_path("run.2026", "Picture (*.png)")
    assert (path.name, asked) == ("run.2026.png", False)


def test_without_curves_nothing_is_written_and_that_is_said(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = CurvesPanel(Session())
    qtbot.addWidget(panel)
    said: list[str] = []
    panel.session.said.connect(lambda message: said.append(message.text))
    export(panel, tmp_path / "curves.png", "", monkeypatch)
    assert said[0].startswith("No curves are drawn yet")
    assert list(tmp_path.iterdir()) == []
