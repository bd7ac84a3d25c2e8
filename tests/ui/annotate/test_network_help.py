"""Drafts and the next case with a real tiny network, beside the real window."""

from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import Qt

from segstudio.data.datasets import open_dataset
from segstudio.learn.predict import load_predictor
from segstudio.ui.annotate.network_help import IDLE, NetworkHelp
from segstudio.ui.data.case_model import NEXT, STATE


@pytest.fixture
def bare(hearts: Path, tmp_path: Path) -> Path:
    """A folder of three hearts without labels."""
    (tmp_path / "images").mkdir()
    for name, case in zip("abc", open_dataset(hearts).cases, strict=False):
        (tmp_path / "images" / f"{name}.nii.gz").write_bytes(case.image.read_bytes())
    return tmp_path / "images"


def click(window, button) -> None:
    window._qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def column(window, which: int) -> list[str]:
    table = window.panel("Data").cases
    return [table.model.text(case, which) for case in window.session.dataset.cases]


def test_drafts_are_made_corrected_saved_and_reviewed(
    window, bare: Path, finished_run, tmp_path: Path
) -> None:
    session = window.session
    session.open(bare)
    help_, data = NetworkHelp(session), window.panel("Data")
    window._qtbot.addWidget(help_)
    click(window, help_.draft_all)
    assert "no network for these images yet" in window.said[-1]
    session.choose_run(finished_run[0])
    click(window, help_.draft_all)
    assert help_.told.text() == f"Drafting case 1 of 3 with '{finished_run[0].name}' …"
    assert help_.stop.isEnabled()
    window.wait_for(lambda: not session.drafting)
    assert column(window, STATE) == ["draft"] * 3
    assert window.said[-1].startswith(f"3 of 3 drafted by '{finished_run[0].name}'")
    window.wait_for_reading()
    expected = load_predictor(finished_run[0]).labels(session.open_case.volume)
    assert np.array_equal(session.labels, expected)
    assert not session.unsaved

    window.paint((2, 20, 20))
    assert column(window, STATE) == ["edited", "draft", "draft"]
    session.ask_save(bare / "a_gt.nii.gz")
    window.wait_for_saving()
    click(window, data.reviewed)
    assert column(window, STATE) == ["reviewed", "draft", "draft"]
    assert session.dataset.case("a").labels == bare / "a_gt.nii.gz"
    window.paint((2, 30, 30))
    assert not data.reviewed.isChecked()


def test_the_next_case_is_named_with_its_reason_and_opened(
    window, bare: Path, finished_run
) -> None:
    session = window.session
    session.open(bare)
    session.choose_run(finished_run[0])
    help_ = NetworkHelp(session)
    window._qtbot.addWidget(help_)
    assert help_.told.text() == IDLE
    click(window, help_.look)
    window.wait_for(lambda: not session.next_cases.looking)
    places = column(window, NEXT)
    assert sorted(places) == ["1", "2", "3"]
    first = session.dataset.cases[places.index("1")].name
    assert help_.told.text().startswith(f"Next: {first}. ")
    assert help_.told.text().endswith(f"So says '{finished_run[0].name}'.")
    click(window, help_.go)
    window.wait_for_reading()
    assert session.open_case.case.name == first


def test_looking_stops_when_it_is_told_to(window, bare: Path, finished_run) -> None:
    session = window.session
    session.open(bare)
    session.choose_run(finished_run[0])
    help_ = NetworkHelp(session)
    window._qtbot.addWidget(help_)
    click(window, help_.look)
    click(window, help_.draft_all)
    click(window, help_.stop)
    assert help_.told.text() == "Stopping after the case that is at hand …"
    window.wait_for(lambda: not session.next_cases.looking)
    assert len(session.next_cases.doubts) == 1
    assert not help_.stop.isEnabled()
