import os
from errno import EIO, ENOSPC
from pathlib import Path

import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid
from segstudio.data.atomic import stamp_of, write_text, written, written_folder
from segstudio.data.formats import write_labels


def test_a_file_appears_whole_when_its_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    with written(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        assert temporary.parent == path.parent
        assert temporary.suffix == path.suffix
    assert list(path.parent.iterdir()) == [path]
    assert path.read_text() == "half"


def test_a_file_that_exists_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(InputError, match=r"a\.txt' exists already"), written(path):
        pytest.fail("the block was entered")
    assert path.read_text() == "old"


def test_a_file_that_another_program_makes_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with pytest.raises(InputError, match=r"a\.txt' exists already"), written(path) as temporary:
        temporary.write_text("ours")
        path.write_text("theirs")
    assert path.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_exists_is_replaced_when_told(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    write_text(path, "neu: φ", overwrite=True)
    assert path.read_text(encoding="utf-8") == "neu: φ"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit])
@pytest.mark.parametrize("old", [None, "old"])
def test_an_error_inside_leaves_all_as_it_was(
    tmp_path: Path, old: str | None, error: type[BaseException]
) -> None:
    path = tmp_path / "a.txt"
    if old:
        path.write_text(old)
    with pytest.raises(error), written(path, overwrite=True) as temporary:
        temporary.write_text("half")
        raise error
    assert [p.read_text() for p in tmp_path.iterdir()] == ([old] if old else [])


def test_a_block_that_writes_nothing_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), written(tmp_path / "a.txt"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("is_there", [False, True])
def test_a_folder_appears_whole_when_its_block_ends(tmp_path: Path, is_there: bool) -> None:
    path = tmp_path / "new" / "folder"
    if is_there:
        path.mkdir(parents=True)
    with written_folder(path) as temporary:
        (temporary / "a.txt").write_text("a")
        assert not path.exists() or not list(path.iterdir())
    assert [p.name for p in path.parent.iterdir()] == ["folder"]
    assert [p.name for p in path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_an_error_inside_leaves_no_folder(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), written_folder(tmp_path / "folder") as temporary:
        (temporary / "a.txt").write_text("half")
        raise error
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine.txt").write_text("mine")
    with pytest.raises(OSError, match="folder'"), written_folder(tmp_path / "folder"):
        pass
    assert [p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.txt")] == [
        "folder/mine.txt"
    ]


def test_the_file_before_is_kept_once(tmp_path: Path) -> None:
    path = tmp_path / "labels.nii"
    for text in ("one", "two", "three"):
        with written(path, overwrite=True, keep_previous=True) as temporary:
            temporary.write_text(text)
    assert path.read_text() == "three"
    assert (tmp_path / "labels.nii~").read_text() == "two"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_writing_that_fails_keeps_both_files_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "labels.nii"
    for text in ("one", "two"):
        with written(path, overwrite=True, keep_previous=True) as temporary:
            temporary.write_text(text)
    with (
        pytest.raises(OSError, match="No space"),
        written(path, overwrite=True, keep_previous=True) as temporary,
    ):
        temporary.write_text("half")
        raise OSError(ENOSPC, "No space left")
    assert path.read_text() == "two"
    assert (tmp_path / "labels.nii~").read_text() == "one"


def test_a_file_of_labels_and_then_its_name_are_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, reached = tmp_path / "a.nii", []
    sync = os.fsync

    def noted(descriptor: int) -> None:
        sync(descriptor)
        reached.append((os.fstat(descriptor).st_ino, os.fstat(descriptor).st_size, target.exists()))

    monkeypatch.setattr(os, "fsync", noted)
    write_labels(target, np.ones((2, 3, 4), np.uint8), Grid((2, 3, 4), (1.0,) * 3, np.eye(4)))
    file, folder = target.stat(), tmp_path.stat()
    assert reached == [(file.st_ino, file.st_size, False), (folder.st_ino, folder.st_size, True)]


def test_a_stamp_changes_with_the_file(tmp_path: Path) -> None:
    labels = tmp_path / "labels.nii"
    assert stamp_of(None) == stamp_of(labels) == ""
    labels.write_bytes(b"1")
    before = stamp_of(labels)
    labels.write_bytes(b"12")
    assert before
    assert stamp_of(labels) != before


def test_a_file_on_a_disk_that_fails_has_no_stamp(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "labels.nii"
    path.write_bytes(b"1")

    def fail(self: Path, **_options: object) -> None:
        raise OSError(EIO, "Input/output error", str(self))

    monkeypatch.setattr(Path, "stat", fail)
    assert stamp_of(path) == ""


def test_a_file_that_another_program_writes_meanwhile_is_left_where_its_stamp_is_given(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    stamp = stamp_of(path)
    with (
        pytest.raises(InputError, match="written by another program meanwhile"),
        written(path, overwrite=True, keep_previous=True, stamp=stamp) as temporary,
    ):
        temporary.write_text("ours")
        path.write_text("theirs")
    assert path.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [path]
    with written(path, overwrite=True, stamp=stamp_of(path)) as temporary:
        temporary.write_text("ours")
    assert path.read_text() == "ours"
