"""Writing without ever leaving half a file, and without overwriting by accident."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from segstudio.core.errors import InputError


def stamp_of(path: Path | None) -> str:
    """Return what tells a file's content from another time's: its size and time of writing.

    Empty where there is no file, or none that can be reached: its disk may be away.
    """
    if path is None:
        return ""
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_size} {found.st_mtime_ns}"


@contextmanager
def written(
    path: Path, *, overwrite: bool = False, keep_previous: bool = False, stamp: str | None = None
) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it takes the name of `path` when the block ends well.

    Parameters
    ----------
    path : Path
        The file to make. Its folder is made where it is missing.
    overwrite : bool
        Whether a file that is there may be replaced.
    keep_previous : bool
        Whether such a file stays beside the new one, as ``NAME~``, instead of the one before.
    stamp : str, optional
        Of the file that may be replaced, see `stamp_of`; any, by default.

    Yields
    ------
    Path
        In the same folder, with the same suffix.

    Raises
    ------
    InputError
        The file exists and `overwrite` is false, or is another than the one of `stamp`; it may
        have been written meanwhile.
    """
    _expect_replaceable(path, overwrite, stamp)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        yield temporary
        _expect_replaceable(path, overwrite, stamp)
        if keep_previous and path.exists():
            _keep(path)
        temporary.replace(path)
    except OSError as error:
        # A full disk names no file, or the temporary one, which says nothing to the user.
        error.filename = str(path)
        raise
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _expect_replaceable(path: Path, overwrite: bool, stamp: str | None) -> None:
    if path.exists() and not overwrite:
        raise InputError(f"'{path}' exists already. Choose another name, or remove it first.")
    if path.exists() and stamp is not None and stamp_of(path) != stamp:
        raise InputError(
            f"'{path}' was written by another program meanwhile, so it is left as it is. Choose "
            "another name."
        )


def reach_disk(path: Path) -> None:
    """Wait until a file is on the disk: power may fail when its name is taken already.

    Parameters
    ----------
    path : Path
        Such as a temporary one of `written`.
    """
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def reach_disk_by_name(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, too, where the system can do that.

    Parameters
    ----------
    folder : Path
        Such as one on a stick, which may be pulled as soon as its file is there.
    """
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _keep(path: Path) -> None:
    """Keep a file under another name, too: `path` is there all the time."""
    temporary = path.with_name(f".{os.getpid()}-{path.name}~")
    temporary.unlink(missing_ok=True)
    try:
        temporary.hardlink_to(path)
    except OSError:  # a file system without links
        shutil.copy2(path, temporary)
    temporary.replace(path.with_name(f"{path.name}~"))


@contextmanager
def written_folder(path: Path) -> Iterator[Path]:
    """Yield a new folder beside `path`; it takes the name of `path` when the block ends well.

    Parameters
    ----------
    path : Path
        The folder to make: not there, or empty.

    Yields
    ------
    Path
        In the same folder; removed with all that is in it where the block fails.
    """
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    shutil.rmtree(temporary, ignore_errors=True)  # of a killed process that had this number
    try:
        temporary.mkdir(parents=True)
        yield temporary
        if path.exists():
            path.rmdir()  # Windows replaces no folder, not even an empty one
        temporary.replace(path)
    except OSError as error:
        error.filename = str(path)
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_text(path: Path, text: str, *, overwrite: bool = False) -> None:
    """Write a text file whole or not at all."""
    with written(path, overwrite=overwrite) as temporary:
        temporary.write_text(text, encoding="utf-8")
