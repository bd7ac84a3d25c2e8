"""Saving beside the window: onto a disk that is full, and into a folder that is read-only."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from segstudio.data.formats import read_labels, write_labels
from segstudio.session import Session, saving
from segstudio.ui.saving.saver import Saver


@pytest.fixture
def painted(window, hearts):
    """A window in which a case was painted on."""
    window.session.open(hearts)
    window.paint((1, 20, 20))
    window.studio.saver.timer.setInterval(100)
    return window


def names_of_unsaved(window) -> list[str]:
    return [painting.case.name for painting in window.session.unsaved]


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
    told = painted.panel("Data").case
    painted.wait_for(lambda: "is not saved yet" in told.text(), 30)  # between two attempts
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


class Disk:
    """Writes labels, or fails as a full disk does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failures: list[bool] = []
        self.is_full = False
        monkeypatch.setattr(saving, "write_labels", self.write)

    def write(self, path: Path, *args, **options) -> Path:
        if self.failures.pop(0) if self.failures else self.is_full:
            raise OSError(28, "No space left on device", str(path))
        return write_labels(path, *args, **options)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """What labels are written on."""
    return Disk(monkeypatch)


@pytest.fixture
def saver(qtbot, hearts: Path):
    """A saver of a session whose first case was painted on."""
    made = Saver(Session())
    made.session.open(hearts)
    made.session.labels[0] = 1
    made.session.note_painting()
    yield made
    made.close()


def test_older_labels_that_failed_do_not_come_to_replace_newer_ones(
    saver, disk: Disk, tmp_path: Path
) -> None:
    disk.failures = [True, False]
    saver.session.ask_save(tmp_path / "x_gt.nii")
    saver.session.labels[0] = 2
    saver.session.note_painting()
    saver.session.ask_save(tmp_path / "x_gt.nii")
    saver.finish()
    saver.session.show_case(saver.session.dataset.cases[1].name)
    saver._try_again()
    saver.finish()
    assert (read_labels(tmp_path / "x_gt.nii")[0] == 2).all()
    assert not saver.timer.isActive()


def test_every_case_that_could_not_be_saved_is_tried_again(
    saver, disk: Disk, tmp_path: Path
) -> None:
    session = saver.session
    disk.is_full = True
    for case in session.dataset.cases[:2]:
        session.show_case(case.name)
        session.labels[0] = 1
        session.note_painting()
        session.ask_save(tmp_path / f"{case.name}_gt.nii")
        saver.finish()
    assert "are not saved yet" in session.saving
    disk.is_full = False
    saver._try_again()
    saver.finish()
    assert len(list(tmp_path.glob("*_gt.nii"))) == 2
    assert session.saving == ""
    assert not session.unsaved


def test_what_waits_to_be_saved_is_written_before_the_window_closes(saver, tmp_path: Path) -> None:
    saver.session.ask_save(tmp_path / "one_gt.nii")
    saver.session.ask_save(tmp_path / "two_gt.nii")
    saver.close()
    assert (tmp_path / "one_gt.nii").exists()
    assert (tmp_path / "two_gt.nii").exists()


@pytest.mark.parametrize("suffix", [".nrrd", ".mha", ".nii.gz"])
def test_whatever_the_format_a_disk_without_room_for_the_last_bytes_is_no_saved_file(
    painted, small_disk: Path, suffix: str
) -> None:
    target, other = small_disk / f"mine_gt{suffix}", small_disk / "other"
    other.write_bytes(b"x" * 256 * 1024)
    name = painted.session.open_case.case.name
    painted.session.ask_save(target)
    painted.wait_for(lambda: bool(painted.said), 30)
    assert painted.said[0].startswith(f"The disk is full: '{target}' could not be written.")
    assert list(small_disk.iterdir()) == [other]
    assert names_of_unsaved(painted) == [name]
    other.unlink()
    painted.wait_for(lambda: len(painted.said) == 2, 30)

    assert np.array_equal(read_labels(target), painted.session.labels)
    assert names_of_unsaved(painted) == []


def test_an_own_file_that_another_program_wrote_while_it_was_away_is_left(
    saver, disk: Disk, tmp_path: Path
) -> None:
    session, said, folder = saver.session, [], tmp_path / "share"
    session.ask_save(folder / "x_gt.nii")
    saver.finish()
    session.labels[0] = 2
    session.note_painting()
    session.said.connect(lambda message: said.append(message.text))
    disk.is_full = True
    session.ask_save(folder / "x_gt.nii", overwrite=True)
    saver.finish()
    folder.rename(tmp_path / "away")
    for _ in range(2):
        saver._try_again()
        saver.finish()
        assert saver.timer.isActive(), "nobody wrote it: it is tried again"
    (tmp_path / "away").rename(folder)
    saver._try_again()
    saver.finish()
    assert saver.timer.isActive(), "it is as it was"
    grid = session.open_case.volume.grid
    write_labels(folder / "x_gt.nii", np.full_like(session.labels, 7), grid, overwrite=True)
    disk.is_full = False
    saver._try_again()
    saver.finish()
    assert (read_labels(folder / "x_gt.nii") == 7).all()
    assert "written by another program" in said[-1]
    assert [painting.case for painting in session.unsaved] == [session.open_case.case]
    assert not saver._failed
    saver._try_again()
    assert not saver.is_busy
    session.ask_save(tmp_path / "y_gt.nii")
    saver.finish()
    assert np.array_equal(read_labels(tmp_path / "y_gt.nii"), session.labels)


@pytest.mark.parametrize("failures", [[], [True, False], [True, True], [False], [True]])
def test_of_all_that_was_asked_for_the_session_hears_once(
    saver, disk: Disk, tmp_path: Path, failures: list[bool]
) -> None:
    session, case = saver.session, saver.session.open_case.case
    disk.failures = failures
    for path in ("a_gt.nii", "a_gt.nii", "b_gt.nii"):
        session.ask_save(tmp_path / path, overwrite=True)
    assert session._paintings.is_being_saved(session.place_of(case))
    saver.finish()
    saver._try_again()
    session.ask_save(tmp_path / "a_gt.nii", overwrite=True)
    saver.finish()
    (tmp_path / "taken.nii").write_text("mine")
    session.ask_save(tmp_path / "taken.nii")
    saver.finish()
    assert not saver._failed
    assert not session._paintings.is_being_saved(session.place_of(case))
    assert session._paintings._being_saved == {}


def test_what_is_painted_in_another_project_does_not_come_with_a_second_try(
    saver, disk: Disk, hearts: Path, tmp_path: Path
) -> None:
    session = saver.session
    wrote = session.labels.copy()
    disk.is_full = True
    session.ask_save(tmp_path / "x_gt.nii")
    saver.finish()
    session.reading_asked.connect(lambda wish: session.list_found(wish.find(), wish.project))
    session.ask_new_project(tmp_path / "mine")
    session.show_case(session.dataset.cases[0].name)
    session.labels[0] = 2
    session.note_painting()
    disk.is_full = False
    saver._try_again()
    saver.finish()
    assert np.array_equal(read_labels(tmp_path / "x_gt.nii"), wrote)


def test_a_second_save_that_fails_is_tried_again_after_the_first_was_written(
    saver, disk: Disk, tmp_path: Path
) -> None:
    session, path = saver.session, tmp_path / "x_gt.nii"
    session.ask_save(path)
    saver.finish()
    disk.failures = [False, True]
    for value in (2, 3):
        session.labels[0] = value
        session.note_painting()
        session.ask_save(path, overwrite=True)
    saver.finish()
    assert (read_labels(path)[0] == 2).all()
    saver._try_again()
    saver.finish()
    assert (read_labels(path)[0] == 3).all()
    assert session.unsaved == []


def test_what_failed_in_one_project_is_tried_again_though_another_saves_the_image(
    saver, disk: Disk, tmp_path: Path
) -> None:
    session = saver.session
    session.reading_asked.connect(lambda wish: session.list_found(wish.find(), wish.project))
    name = session.open_case.case.name
    for root in ("first", "second"):
        if root == "second":
            session.open(session.dataset.root)
        session.ask_new_project(tmp_path / root)
        session.show_case(name)
        session.labels[0] = 2 + (root == "second")
        session.note_painting()
        disk.is_full = root == "first"
        session.ask_save(tmp_path / root / "x_gt.nii")
        saver.finish()
    assert (read_labels(tmp_path / "second" / "x_gt.nii")[0] == 3).all()
    saver._try_again()
    saver.finish()
    assert (read_labels(tmp_path / "first" / "x_gt.nii")[0] == 2).all()


def test_labels_that_another_case_s_replace_before_they_are_written_are_told_of(
    saver, tmp_path: Path
) -> None:
    session, said = saver.session, []
    session.said.connect(lambda message: said.append(message.text))
    first, second = session.dataset.cases[:2]
    session.ask_save(tmp_path / "busy_gt.nii")
    session.ask_save(tmp_path / "x_gt.nii")
    session.show_case(second.name)
    session.labels[0] = 2
    session.note_painting()
    session.ask_save(tmp_path / "x_gt.nii")
    saver.finish()
    assert any(f"'{first.name}' were not saved" in text for text in said)
    assert (read_labels(tmp_path / "x_gt.nii")[0] == 2).all()
    assert session._paintings._being_saved == {}


def test_saving_again_at_once_writes_the_newest_labels_to_the_new_file(
    saver, tmp_path: Path
) -> None:
    session, said = saver.session, []
    session.said.connect(lambda message: said.append(message.text))
    session.ask_save(tmp_path / "x_gt.nii")
    session.labels[0] = 2
    session.note_painting()
    session.ask_save(session.own_file, overwrite=True)
    saver.finish()
    assert (read_labels(tmp_path / "x_gt.nii")[0] == 2).all()
    assert session.unsaved == []
    assert all(text.startswith("Saved") for text in said)


def test_after_a_save_that_failed_the_user_is_asked_where_to(
    saver, disk: Disk, tmp_path: Path
) -> None:
    disk.is_full = True
    saver.session.ask_save(tmp_path / "x_gt.nii")
    assert saver.session.own_file == tmp_path / "x_gt.nii"
    saver.finish()
    assert saver.session.own_file is None


def test_a_file_that_could_not_be_written_is_told_of_though_another_is_written_instead(
    saver, disk: Disk, tmp_path: Path
) -> None:
    session, said = saver.session, []
    session.said.connect(lambda message: said.append(message.text))
    disk.failures = [True]
    for name in ("x_gt.nii", "y_gt.nii"):
        session.ask_save(tmp_path / name)
    saver.finish()
    assert "x_gt.nii' could not be written" in said[0]
    assert said[0].endswith("'y_gt.nii' is written instead.")
    assert (tmp_path / "y_gt.nii").exists()
    assert not saver._failed


def test_what_another_case_has_waiting_for_the_file_that_failed_stays(
    saver, disk: Disk, tmp_path: Path
) -> None:
    session = saver.session
    first, second = session.dataset.cases[:2]
    disk.failures = [True]
    session.ask_save(tmp_path / "x_gt.nii")
    saver.finish()
    session.ask_save(tmp_path / "busy_gt.nii")
    session.show_case(second.name)
    session.labels[0] = 2
    session.note_painting()
    session.ask_save(tmp_path / "x_gt.nii")
    session.show_case(first.name)
    session.ask_save(tmp_path / "z_gt.nii")
    saver.finish()
    assert (read_labels(tmp_path / "x_gt.nii")[0] == 2).all()
    assert session._paintings._being_saved == {}


@pytest.mark.parametrize("is_own", [True, False])
def test_of_three_saves_the_last_is_written_though_the_second_failed(
    saver, disk: Disk, tmp_path: Path, is_own: bool
) -> None:
    session, path = saver.session, tmp_path / "x_gt.nii"
    if is_own:
        session.ask_save(path)
        saver.finish()
    disk.failures = [False, True]
    for value in (2, 3):
        session.labels[0] = value
        session.note_painting()
        session.ask_save(path, overwrite=is_own)
    saver._thread.wait()
    saver._end()  # the first is written, and the second begun
    session.labels[0] = 4
    session.note_painting()
    session.ask_save(session.own_file, overwrite=True)
    saver.finish()
    assert (read_labels(path)[0] == 4).all()
    assert session.unsaved == []
