"""Copies of unsaved labels for the case that the program ends before they are saved.

Each running program has a folder of its own below `recovery_home`, locked while it runs: what lies
in a folder without a lock was left by a program that was killed, or whose machine went off. In it
every image, by itself in each project, has a folder with two copies, of which the older is
replaced: one is always whole.
"""

import json
import os
import shutil
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4
from zipfile import BadZipFile

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.data.atomic import reach_disk, written
from segstudio.data.project import PROJECT_FILE, Place, is_there

LOCK = "running.lock"
COPIES = ("a.npz", "b.npz")
DAMAGES = (
    *(OSError, EOFError, BadZipFile, zlib.error),
    *(ValueError, KeyError, TypeError, AttributeError),
)


@dataclass(frozen=True, eq=False)
class Recovery:
    """What was painted on an image and not saved.

    Attributes
    ----------
    case : str
        The name of the case in its dataset.
    image : Path
        Its image.
    frames : tuple of int
        Of the image's file, as in `Case`.
    project : Path or None
        The folder of the project in which it was painted, if it was in one.
    opens : tuple of Path
        What to open to have the case again: a project, folders, or a file.
    labels : Path or None
        The file of the labels that were painted on; None where there were none.
    stamp : str
        Of that file, see `stamp_of`.
    shape : tuple of int
        Of the labels, ``(Z, Y, X)``.
    planes : ndarray of int64, shape (P,)
        Indices along Z of the planes that differ from those labels.
    values : ndarray of unsigned int, shape (P, Y, X)
        The label values of those planes.
    picture : ndarray of uint8, shape (H, W, 3)
        Of the plane that changed most.
    time : datetime
        When it was copied.
    """

    case: str
    image: Path
    frames: tuple[int, ...]
    project: Path | None
    opens: tuple[Path, ...]
    labels: Path | None
    stamp: str
    shape: tuple[int, int, int]
    planes: NDArray[np.int64]
    values: NDArray[Any]
    picture: NDArray[np.uint8]
    time: datetime

    @property
    def is_older_than_file(self) -> bool:
        """Whether those labels were written after it was copied, and so hold it in all likelihood.

        A program that is killed between saving and removing its copy leaves one like this.
        """
        try:
            return self.labels is not None and self.labels.stat().st_mtime > self.time.timestamp()
        except OSError:
            return False  # it is gone, or its disk is away

    @property
    def place(self) -> Place:
        """The image on which it was painted, in its project."""
        return Place(self.project, self.image, self.frames)

    def goes_to(self, place: Place) -> bool:
        """Return whether what was painted belongs to a place by now.

        That is where it was painted; or the image in the project that its folder became since.
        """
        is_image = (self.image, self.frames) == (place.image, place.frames)
        became = self.project is None and place.project in self.opens
        return self.place == place or (is_image and became)

    @property
    def has_its_project(self) -> bool:
        """Whether the project in which it was painted, if it was in one, is there."""
        return self.project is None or is_there(self.project / PROJECT_FILE)

    def onto(self, labels: NDArray[np.int32] | None) -> NDArray[np.int32]:
        """Return labels ``(Z, Y, X)`` as a new array with the painted planes put back.

        Raises
        ------
        InputError
            The image has another shape by now.
        """
        if labels is not None and labels.shape != self.shape:
            raise InputError(
                f"What was painted on '{self.case}' has the shape {self.shape} and the image now "
                f"{labels.shape}: it cannot be put back. Its copy is kept."
            )
        whole = np.zeros(self.shape, np.int32) if labels is None else labels.copy()
        whole[self.planes] = self.values
        return whole


def recovery_home() -> Path:
    """Return where copies lie: ``$SEGSTUDIO_RECOVERY``, or ``segstudio/recovery`` at home."""
    return Path(os.environ.get("SEGSTUDIO_RECOVERY") or Path.home() / "segstudio" / "recovery")


class RecoveryFolder:
    """The copies of one running program; its folder is made with the first of them.

    Parameters
    ----------
    home : Path
        Where those of all programs lie.
    """

    def __init__(self, home: Path) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%d_%H%M%S")
        # Two windows of one program, or programs of two machines, may begin in the same second.
        self.path = home / f"{now}_{os.getpid()}_{uuid4().hex[:8]}"
        self._lock = _lock_of(self.path)

    def write(self, recovery: Recovery) -> Path:
        """Write a copy over the older one of the same place; return its path.

        Raises
        ------
        OSError
            It cannot be written. The newer copy is as it was.
        """
        if not self._lock.is_locked:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock.acquire()
        folder = self.path / _key(recovery.place)
        path, newest = sorted((folder / name for name in COPIES), key=_time_of_writing)
        before = _time_of_writing(newest)
        header = {
            "case": recovery.case,
            "image": str(recovery.image),
            "frames": recovery.frames,
            "project": str(recovery.project) if recovery.project is not None else None,
            "opens": [str(path) for path in recovery.opens],
            "labels": str(recovery.labels) if recovery.labels is not None else None,
            "stamp": recovery.stamp,
            "shape": recovery.shape,
            "time": recovery.time.isoformat(),
        }
        with written(path, overwrite=True) as temporary:
            np.savez_compressed(
                temporary,
                header=np.frombuffer(json.dumps(header).encode(), np.uint8),
                planes=recovery.planes,
                values=recovery.values,
                picture=recovery.picture,
            )
            reach_disk(temporary)
        if _time_of_writing(path) <= before:  # the machine's clock was set back meanwhile
            os.utime(path, ns=(before + 1, before + 1))
        return path

    def forget(self, place: Place) -> None:
        """Remove the copies of a place: it is saved, or as it was read."""
        shutil.rmtree(self.path / _key(place), ignore_errors=True)

    def move(self, before: Place, now: Place) -> None:
        """Make what was copied of an image the copy of the same in a project."""
        recovery = _newest_of(self.path / _key(before))
        if recovery is not None and now.project is not None:
            self.write(replace(recovery, project=now.project, opens=(now.project,)))
        self.forget(before)

    def leave(self) -> None:
        """Let go of the copies; the next start offers them."""
        self._lock.release()

    def close(self) -> None:
        """Remove all copies: none of them is needed any more."""
        if self._lock.is_locked:
            self._lock.release()
            shutil.rmtree(self.path, ignore_errors=True)


class LeftBehind:
    """What programs that did not end as they should have left; locked against other programs.

    Parameters
    ----------
    home : Path
        Where the copies of all programs lie.
    """

    def __init__(self, home: Path) -> None:
        self._found: list[tuple[Path, Recovery]] = []
        self._locks: list[FileLock] = []
        for folder in sorted(home.iterdir()) if home.is_dir() else ():
            lock = _lock_of(folder)
            try:
                lock.acquire()
            except (Timeout, OSError):
                continue  # its program is running, or it is no folder of copies
            self._locks.append(lock)
            self._found += _newest_in(folder)

    @property
    def recoveries(self) -> list[Recovery]:
        """The newest readable copy of each place, the newest first."""
        newest: dict[Place, Recovery] = {}
        for _, found in sorted(self._found, key=lambda pair: pair[1].time):
            newest[found.place] = found
        return sorted(newest.values(), key=lambda recovery: recovery.time, reverse=True)

    def forget(self, place: Place) -> None:
        """Remove all that was left of an image, in its project."""
        for folder, recovery in self._found:
            if recovery.place == place:
                shutil.rmtree(folder, ignore_errors=True)
        self._found = [pair for pair in self._found if pair[0].is_dir()]

    def close(self) -> None:
        """Let go of the folders; those that hold nothing any more are removed."""
        for lock in self._locks:
            lock.release()
            folder = Path(lock.lock_file).parent
            if not any(path.is_dir() for path in folder.iterdir()):
                shutil.rmtree(folder, ignore_errors=True)
        self._locks = []


def _lock_of(folder: Path) -> FileLock:
    # Held by the program, whichever of its threads took it.
    return FileLock(folder / LOCK, timeout=0, thread_local=False)


def _key(place: Place) -> str:
    return sha256(f"{place.image}|{place.frames}|{place.project}".encode()).hexdigest()[:16]


def _time_of_writing(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


def _newest_in(folder: Path) -> Iterator[tuple[Path, Recovery]]:
    """Yield each place's newest copy that is whole, with the folder of its copies."""
    for kept in sorted(path for path in folder.iterdir() if path.is_dir()):
        found = _newest_of(kept)
        if found is not None:
            yield kept, found


def _newest_of(kept: Path) -> Recovery | None:
    """Return the newer of two copies that is whole."""
    for path in sorted((kept / name for name in COPIES), key=_time_of_writing, reverse=True):
        with suppress(InputError):
            return read_recovery(path)
    return None


def read_recovery(path: Path) -> Recovery:
    """Return a copy.

    Raises
    ------
    InputError
        It is missing or damaged, or none of this program's.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as told:
            header = json.loads(told["header"].tobytes())
            return _recovery_of(header, told["planes"], told["values"], told["picture"])
    except DAMAGES as error:
        raise InputError(f"'{path}' is no whole copy of labels.") from error


def _recovery_of(
    header: Any, planes: NDArray[Any], values: NDArray[Any], picture: NDArray[Any]
) -> Recovery:
    depth, height, width = (int(n) for n in header["shape"])
    if values.shape != (len(planes), height, width) or values.dtype.kind != "u":
        raise ValueError("The planes do not fit their header.")
    if planes.dtype.kind != "i" or ((planes < 0) | (planes >= depth)).any():
        raise ValueError("There are planes outside of the volume.")
    return Recovery(
        case=str(header["case"]),
        image=Path(header["image"]),
        frames=tuple(int(n) for n in header["frames"]),
        project=_project_in(header),
        opens=tuple(Path(name) for name in header["opens"]),
        labels=Path(header["labels"]) if header["labels"] is not None else None,
        stamp=str(header["stamp"]),
        shape=(depth, height, width),
        planes=planes.astype(np.int64),
        values=values,
        picture=picture,
        time=datetime.fromisoformat(header["time"]),
    )


def _project_in(header: Any) -> Path | None:
    """Return the project of a copy; those of earlier versions say only what is to be opened."""
    if "project" in header:
        return Path(header["project"]) if header["project"] is not None else None
    roots = [Path(name) for name in header["opens"]]
    return roots[0] if len(roots) == 1 and is_there(roots[0] / PROJECT_FILE) else None
