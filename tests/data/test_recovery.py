import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.data.project import Place
from segstudio.data.recovery import (
    COPIES,
    LeftBehind,
    Recovery,
    RecoveryFolder,
    read_recovery,
    recovery_home,
)

TIME = datetime(2026, 11, 26, 10, tzinfo=UTC)


def painted(value: int = 3, minutes: int = 0, image: str = "heart.nii.gz") -> Recovery:
    """Return two painted planes of five."""
    values = np.zeros((2, 4, 6), np.uint8)
    values[:, 1:3, 2:5] = value
    picture = np.full((8, 9, 3), 77, np.uint8)
    return Recovery(
        *("heart", Path("/data") / image, (1,), None, (Path("/data"),)),
        Path("/data/heart_gt.nii.gz"),
        *("12 34", (5, 4, 6), np.array([1, 4]), values, picture, TIME + timedelta(minutes=minutes)),
    )


def die_after_writing(home: Path) -> None:
    """Let another program write a copy and be killed."""
    code = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_recovery import painted
from segstudio.data.recovery import RecoveryFolder
RecoveryFolder(Path(sys.argv[2])).write(painted())
os.kill(os.getpid(), signal.SIGKILL)
"""
    told = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).parent), str(home)], check=False
    )
    assert told.returncode == -signal.SIGKILL


@pytest.mark.parametrize("project", [None, Path("/projects/mine")])
def test_a_copy_comes_back_as_it_was(tmp_path: Path, project: Path | None) -> None:
    wrote = replace(painted(), project=project)
    read = read_recovery(RecoveryFolder(tmp_path).write(wrote))
    for name in ("case", "image", "frames", "project", "opens", "labels", "stamp", "shape", "time"):
        assert getattr(read, name) == getattr(wrote, name), name
    for name in ("planes", "values", "picture"):
        assert np.array_equal(getattr(read, name), getattr(wrote, name)), name
        assert getattr(read, name).dtype == getattr(wrote, name).dtype


def test_painted_planes_are_put_back_onto_the_labels_and_onto_none() -> None:
    labels = np.arange(5 * 4 * 6, dtype=np.int32).reshape(5, 4, 6)
    whole = painted().onto(labels)
    assert np.array_equal(whole[[1, 4]], painted().values)
    assert np.array_equal(whole[[0, 2, 3]], labels[[0, 2, 3]])
    assert not painted().onto(None)[[0, 2, 3]].any()


def test_labels_of_another_shape_are_refused() -> None:
    with pytest.raises(InputError, match=r"cannot be put back. Its copy is kept"):
        painted().onto(np.zeros((5, 4, 7), np.int32))


def test_the_older_of_two_copies_is_replaced(tmp_path: Path) -> None:
    folder = RecoveryFolder(tmp_path)
    first, second, third = (folder.write(painted(value)) for value in (1, 2, 3))
    assert first != second
    assert third == first
    assert {first.name, second.name} == set(COPIES)
    assert read_recovery(second).values.max() == 2


def test_what_a_killed_program_left_is_found_once(tmp_path: Path) -> None:
    die_after_writing(tmp_path)
    left = LeftBehind(tmp_path)
    assert [found.case for found in left.recoveries] == ["heart"]
    assert not LeftBehind(tmp_path).recoveries, "another program must not offer the same"
    left.close()
    assert LeftBehind(tmp_path).recoveries


def test_copies_of_a_running_program_are_not_found(tmp_path: Path) -> None:
    folder = RecoveryFolder(tmp_path)
    folder.write(painted())
    assert not LeftBehind(tmp_path).recoveries
    assert any(folder.path.iterdir())


def test_a_program_that_ends_well_leaves_nothing(tmp_path: Path) -> None:
    folder = RecoveryFolder(tmp_path)
    folder.write(painted())
    folder.close()
    assert not any(tmp_path.iterdir())


def test_a_program_may_leave_its_copies_for_the_next_start(tmp_path: Path) -> None:
    folder = RecoveryFolder(tmp_path)
    folder.write(painted())
    folder.leave()
    assert len(LeftBehind(tmp_path).recoveries) == 1


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 and then nothing", b"\x80\x04pickle"])
def test_a_damaged_copy_falls_back_on_the_one_before(tmp_path: Path, damage: bytes) -> None:
    folder = RecoveryFolder(tmp_path)
    folder.write(painted(1))
    folder.write(painted(2)).write_bytes(damage)
    folder.leave()
    (found,) = LeftBehind(tmp_path).recoveries
    assert found.values.max() == 1


def test_planes_outside_of_the_volume_are_refused(tmp_path: Path) -> None:
    path = RecoveryFolder(tmp_path).write(replace(painted(), planes=np.array([1, 5])))
    with pytest.raises(InputError, match="no whole copy"):
        read_recovery(path)


def test_values_that_do_not_fit_the_header_are_refused(tmp_path: Path) -> None:
    path = RecoveryFolder(tmp_path).write(replace(painted(), planes=np.array([1])))
    with pytest.raises(InputError, match="no whole copy"):
        read_recovery(path)


def test_of_several_programs_the_newest_copy_of_an_image_counts(tmp_path: Path) -> None:
    folders = [RecoveryFolder(tmp_path / name) for name in ("x", "y")]
    for folder, minutes in zip(folders, (5, 2), strict=True):
        folder.write(painted(minutes, minutes))
        folder.leave()
        folder.path.rename(tmp_path / f"{folder.path.name}_{minutes}")
    (tmp_path / "x").rmdir()
    (tmp_path / "y").rmdir()
    left = LeftBehind(tmp_path)
    (found,) = left.recoveries
    assert found.values.max() == 5
    left.forget(found.place)
    assert not left.recoveries
    left.close()
    assert not any(tmp_path.iterdir()), "what holds nothing any more is removed"


def test_forgetting_an_image_leaves_the_others(tmp_path: Path) -> None:
    folder = RecoveryFolder(tmp_path)
    folder.write(painted(image="one.nii"))
    folder.write(painted(image="two.nii"))
    folder.write(replace(painted(image="one.nii"), project=Path("/mine")))
    folder.forget(Place(None, Path("/data/one.nii"), (1,)))
    folder.leave()
    left = {(each.image.name, each.project) for each in LeftBehind(tmp_path).recoveries}
    assert left == {("two.nii", None), ("one.nii", Path("/mine"))}


def test_a_file_of_copies_is_the_users_own(tmp_path: Path) -> None:
    path = RecoveryFolder(tmp_path / "home").write(painted())
    assert path.parents[1].stat().st_mode & 0o077 == 0


def test_a_copy_that_is_older_than_the_file_of_its_labels_says_so(tmp_path: Path) -> None:
    labels = tmp_path / "heart_gt.nii"
    copy = replace(painted(), labels=labels)
    assert not copy.is_older_than_file
    for minutes, is_older in ((-1, False), (1, True)):
        labels.write_bytes(b"")
        at = (TIME + timedelta(minutes=minutes)).timestamp()
        os.utime(labels, (at, at))
        assert copy.is_older_than_file == is_older


def test_a_copy_of_an_earlier_version_is_of_the_project_that_it_opens(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "project.toml").write_text("")
    path = RecoveryFolder(tmp_path / "home").write(replace(painted(), opens=(tmp_path / "mine",)))
    with np.load(path) as told:
        arrays = dict(told)
    header = json.loads(arrays["header"].tobytes())
    del header["project"]
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    np.savez_compressed(path, **arrays)
    assert read_recovery(path).project == tmp_path / "mine"


def test_a_copy_goes_to_its_own_place_and_to_what_that_became(tmp_path: Path) -> None:
    folder, mine = tmp_path / "images", tmp_path / "mine"
    bare = replace(painted(), opens=(folder,))
    own = replace(painted(), project=mine, opens=(mine,))
    mine.mkdir()
    (mine / "project.toml").write_text("")
    image, frames = bare.image, bare.frames
    here, elsewhere = Place(folder, image, frames), Place(tmp_path / "else", image, frames)
    assert bare.goes_to(bare.place)
    assert bare.goes_to(here), "its folder holds a project by now"
    assert not bare.goes_to(elsewhere)
    assert own.goes_to(own.place)
    assert not own.goes_to(elsewhere)
    assert not own.goes_to(bare.place)
    assert own.has_its_project
    mine.rename(tmp_path / "else")
    assert not own.goes_to(elsewhere), "its project may be on a stick that is away"
    assert not own.has_its_project


def test_copies_that_are_moved_are_a_project_s(tmp_path: Path) -> None:
    folder, mine = RecoveryFolder(tmp_path), Path("/mine")
    now = Place(mine, painted().image, painted().frames)
    folder.move(painted().place, now)  # nothing was copied yet
    folder.write(painted(image="other.nii"))
    folder.write(painted(3))
    folder.move(painted().place, now)
    folder.leave()
    left = LeftBehind(tmp_path)
    found = {recovery.place: recovery for recovery in left.recoveries}
    left.close()
    assert set(found) == {now, painted(image="other.nii").place}
    assert found[now].opens == (mine,)
    assert found[now].values.max() == 3


def test_the_home_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SEGSTUDIO_RECOVERY", str(tmp_path))
    assert recovery_home() == tmp_path


def test_two_windows_that_begin_in_one_second_have_folders_of_their_own(tmp_path: Path) -> None:
    first, second = RecoveryFolder(tmp_path), RecoveryFolder(tmp_path)
    for folder in (first, second):
        folder.write(painted())
        folder.leave()
    assert len(list(tmp_path.iterdir())) == 2


def test_the_newest_copy_is_offered_though_the_clock_was_set_back(tmp_path: Path) -> None:
    folder = RecoveryFolder(tmp_path)
    first = folder.write(painted(1))
    ahead = first.stat().st_mtime_ns + 3600 * 10**9
    os.utime(first, ns=(ahead, ahead))
    written = {folder.write(painted(value)).name for value in (2, 3)}
    folder.leave()
    left = LeftBehind(tmp_path)
    (found,) = left.recoveries
    left.close()
    assert found.values.max() == 3
    assert written == set(COPIES), "each in its turn"
