"""Saving beside the window: onto a disk that is full, and into a folder that is read-only."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from segstudio.data.formats import read_labels


@pytest.fixture
def painted(window, hearts):
    """A window in which a case was painted on."""
    window.session.open(hearts)
    window.paint((1, 20, 20))
    window.studio.saver.timer.setInterval(100)
    return window


def names_of_unsaved(window) -> list[str]:
    return [case.name for case in window.session.unsaved]


def test_a_full_disk_is_told_of_once_and_saving_goes_on_when_there_is_room(
    painted, small_disk: Path
) -> None:
    session, target = painted.session, small_disk / "mine_gt.nii"
    name, other = session.open_case.case.name, small_disk / "other"
    other.write_bytes(b"x" * (256 * 1024 - 4096))
    session.ask_save(target)
    painted.wait_for(lambda: bool(painted.said), 30)
    assert painted.said == [
        f"The disk is full: '{target}' could not be written. Free some space and try again. The "
        "labels are still in this window; it is tried again every 10 seconds."
    ]
    painted._qtbot.wait(400)
    assert len(painted.said) == 1
    assert not target.exists()
    assert names_of_unsaved(painted) == [name]
    assert "is not saved yet" in painted.panel("Data").case.text()
    painted.paint((1, 2, 2))
    other.unlink()
    painted.wait_for(lambda: len(painted.said) == 2, 30)

    assert painted.said[-1].startswith("Saved a copy, mine_gt.nii")
    assert np.array_equal(read_labels(target), session.labels)
    assert read_labels(target)[1, 2, 2] == 1
    assert names_of_unsaved(painted) == []


def test_a_folder_that_is_read_only_is_told_of_and_another_place_takes_the_labels(
    painted, small_disk: Path, tmp_path: Path
) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    painted.session.ask_save(small_disk / "mine_gt.nii")
    painted.wait_for(lambda: bool(painted.said), 30)
    assert "mine_gt.nii" in painted.said[0]
    assert "still in this window" in painted.said[0]
    painted.session.ask_save(tmp_path / "here_gt.nii")
    painted.wait_for(lambda: (tmp_path / "here_gt.nii").exists(), 30)
    painted.wait_for_saving()
    painted._qtbot.wait(300)

    assert not painted.studio.saver.timer.isActive(), "it is in another file by now"
    assert names_of_unsaved(painted) == []


def test_a_mistake_is_not_tried_again(painted, tmp_path: Path) -> None:
    (tmp_path / "taken.nii").write_text("mine")
    painted.session.ask_save(tmp_path / "taken.nii")
    painted.wait_for(lambda: bool(painted.said), 30)
    assert "exists already" in painted.said[0]
    assert not painted.studio.saver.timer.isActive()
    assert (tmp_path / "taken.nii").read_text() == "mine"
