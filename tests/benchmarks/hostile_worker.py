"""The process that reads what `hostile_files.py` damaged, and what it tells of it."""

import multiprocessing
import os
import resource
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from segstudio.core.errors import InputError
from segstudio.core.memory import GIB
from segstudio.data.datasets import class_table, load_case, open_dataset, read_image
from segstudio.data.formats import frames_in, read_labels, read_volume

ADDRESSES = 4 * GIB  # that a worker may take beside what it has from the start
LONGEST = 2000  # letters of a sentence
MIB = 2**20


@dataclass(frozen=True)
class Told:
    """What came of one damaged file.

    Attributes
    ----------
    failure : str
        What should not have come; empty where all was well.
    sentences : tuple of str
        What the program said; none where all was read.
    peak_mib : float
        By how much the process grew at most.
    """

    failure: str
    sentences: tuple[str, ...] = ()
    peak_mib: float = 0.0


class Worker:
    """A process that reads files, started anew when it has died."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["hostile_worker", "hostile_preload"])
        self._child: Any = None

    def read(self, folder: Path, opened: str) -> Told:
        """Return what comes of a file, or of a folder where `opened` is empty."""
        if self._child is None:
            self._start()
        self._pipe.send((folder, opened))
        if not self._pipe.poll(self.seconds):
            self.stop()
            return Told(f"nothing after {self.seconds:g} s")
        try:
            told: Told = self._pipe.recv()
        except EOFError:
            self._child.join()
            code, self._child = self._child.exitcode, None
            return Told(f"the process died, exit code {code}")
        return told

    def _start(self) -> None:
        self._pipe, other = self._context.Pipe()
        self._child = self._context.Process(target=serve, args=(other,), daemon=True)
        self._child.start()
        other.close()

    def stop(self) -> None:
        """End the process."""
        if self._child is not None:
            self._child.kill()
            self._child.join()
            self._child = None


def serve(pipe: Connection) -> None:
    """Read what is asked for, under a limit of memory, with all that is printed caught."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most = _kib("VmSize") * 1024 + ADDRESSES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    warnings.simplefilter("always", UserWarning)
    warnings.simplefilter("always", RuntimeWarning)
    with tempfile.TemporaryFile() as printed:
        for stream in (1, 2):
            os.dup2(printed.fileno(), stream)
        with suppress(EOFError):
            while True:
                folder, opened = pipe.recv()
                pipe.send(_tried(folder, opened, printed.fileno()))


def _tried(folder: Path, opened: str, printed: int) -> Told:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the last peak
    before = _kib("VmRSS")
    outcomes = [_outcome(read, folder) for read in _readings(folder, opened)]
    peak = max(0, _kib("VmHWM") - before) / 1024
    sys.stdout.flush()
    sys.stderr.flush()
    noise = os.pread(printed, LONGEST, 0).decode(errors="replace")
    os.ftruncate(printed, 0)
    os.lseek(printed, 0, os.SEEK_SET)
    failures = [failure for failure, _ in outcomes if failure]
    failures += [f"printed {noise!r}"] if noise else []
    sentences = tuple(dict.fromkeys(text for _, text in outcomes if text))
    return Told("; ".join(dict.fromkeys(failures)), sentences, peak)


def _readings(folder: Path, opened: str) -> list[Callable[[], Any]]:
    if not opened:
        return [lambda: _read_dataset(folder)]
    return [
        lambda read=read: _read_file(folder / opened, read) for read in (read_volume, read_labels)
    ]


def _read_file(path: Path, read: Callable[..., Any]) -> None:
    frames = frames_in(path)
    read(path, frame=frames - 1 if frames > 1 else None)


def _read_dataset(folder: Path) -> None:
    dataset = open_dataset(folder)
    for case in dataset.cases:
        if case.labels is None:
            read_image(case)
        else:
            load_case(case)
    class_table(dataset)


def _outcome(read: Callable[[], Any], folder: Path) -> tuple[str, str]:
    """Return what failed, and what was said."""
    try:
        read()
    except InputError as error:
        text = str(error)
        names = [folder.name, *(p.name for p in folder.rglob("*"))]
        wrong = {
            "not a line": not text.isprintable(),
            "names no file": not any(name in text for name in names),
            "too long": len(text) > LONGEST,
            "a traceback": "Traceback" in text,
        }
        return ", ".join(f"{k}: {text[:300]!r}" for k, found in wrong.items() if found), text
    except Exception as error:  # noqa: BLE001  (any is what is looked for)
        at = [
            f"{Path(f.filename).name}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)
        ]
        return f"{type(error).__name__}: {str(error)[:200]} ({' '.join(at[2:])})", ""
    return "", ""


def _kib(name: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    return 0
