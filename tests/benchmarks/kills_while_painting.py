"""The window killed at random moments of painting and saving, fifty times; run it as a script.

    python tests/benchmarks/kills_while_painting.py [--kills 50] [--seed 0]

Each life is the program's own window: it takes what the life before has left, and paints a voxel
every 50 ms until SIGKILL; half of the lives save now and then. After each every saved file must be
readable, and the next life must find all strokes but those of the last seconds: 10 at most. It
starts a virtual display where there is none.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

SHAPE = (24, 160, 160)  # (X, Y, Z) reversed: planes last in the file
STROKE_MS = 50
MOST_LOST = 10.0  # seconds
SAVING = 0.5  # share of lives that save; the others live from their copies alone
SLOWEST_START = 180.0
FILE = "x_gt.nii.gz"


def place(stroke: int) -> tuple[int, int, int]:
    """Return the voxel of a stroke: another for each, all over the volume."""
    z, y, x = np.unravel_index(stroke * 7919 % int(np.prod(SHAPE)), SHAPE)
    return int(z), int(y), int(x)


def value(stroke: int) -> int:
    """Return the label of a stroke."""
    return stroke % 3 + 1


def live(folder: Path, first: int, seed: int) -> None:
    """Take what was left, then paint and save until killed."""
    from qtpy.QtCore import QSettings, QTimer

    ini, user = QSettings.Format.IniFormat, QSettings.Scope.UserScope
    QSettings.setPath(ini, user, str(folder / "settings"))
    from segstudio.app import make_window
    from segstudio.viewer.stage import LABELS

    viewer, studio = make_window()
    viewer.window.show()
    session = studio.session
    wait_for(lambda: studio.autosaver._left is not None)
    offered = session.recoveries.offered
    session.ask_open(folder / "images")
    wait_for(lambda: session.open_case is not None and not session.reading)
    for copy in offered:
        # As a user does who reads that the file was saved later.
        (session.recoveries.give_up if copy.is_older_than_file else session.recoveries.ask)(copy)
    wait_for(lambda: not session.reading)
    if session.labels is None:
        session.new_labels()
    np.save(folder / "found.npy", session.labels)
    older = sum(copy.is_older_than_file for copy in offered)
    told = {"offered": len(offered), "older": older, "pid": os.getpid()}
    (folder / "told.part").write_text(json.dumps(told))
    (folder / "told.part").replace(folder / "told.json")
    layer, rng, at = studio.stage.layer(LABELS), random.Random(seed), [first]  # noqa: S311
    layer.brush_size = 1

    def paint() -> None:
        layer.selected_label = value(at[0])
        with (folder / "strokes.txt").open("a") as opened:
            layer.paint(place(at[0]), value(at[0]))
            opened.write(f"{at[0]} {time.time()}\n")
        at[0] += 1

    def save() -> None:
        session.ask_save(folder / "images" / FILE, overwrite=True)
        QTimer.singleShot(rng.randrange(200, 4000), save)

    timer = QTimer()
    timer.timeout.connect(paint)
    timer.start(STROKE_MS)
    if rng.random() < SAVING:
        QTimer.singleShot(rng.randrange(200, 4000), save)
    wait_for(lambda: False)


def wait_for(condition: Any) -> None:
    """Let the window work until a condition holds."""
    from qtpy.QtWidgets import QApplication

    while not condition():
        QApplication.processEvents()
        time.sleep(0.002)


def strokes_of(folder: Path) -> dict[int, float]:
    """Return when each stroke was painted; a cut last line is left out."""
    path = folder / "strokes.txt"
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return {int(n): float(at) for n, at in (line.split() for line in lines)}


def begin(folder: Path, first: int, seed: int) -> "subprocess.Popen[bytes]":
    """Start a life, and wait until it paints."""
    (folder / "told.json").unlink(missing_ok=True)
    command = [sys.executable, __file__, "--life", str(folder), str(first), str(seed)]
    log = (folder / "life.log").open("ab")
    child = subprocess.Popen(command, stdout=log, stderr=log)
    end = time.monotonic() + SLOWEST_START
    while not (folder / "told.json").exists():
        if child.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"The window did not start:\n{(folder / 'life.log').read_text()}")
        time.sleep(0.05)
    return child


def seconds_lost(folder: Path, strokes: dict[int, float], safe: set[int], died: float) -> float:
    """Return the age, at its death, of the oldest work of a life that the next has not found."""
    found = np.load(folder / "found.npy")
    missing = {n for n in strokes if found[place(n)] != value(n)}
    if missing & safe:
        raise SystemExit(f"Strokes that had been found before are gone: {missing & safe}")
    new = [strokes[n] for n in missing]
    safe |= set(strokes) - missing
    for n in missing:
        del strokes[n]
    return died - min(new) if new else 0.0


def unreadable(folder: Path) -> list[str]:
    """Return which saved files cannot be read."""
    from segstudio.core.errors import InputError
    from segstudio.data.formats import read_labels

    found = []
    for path in (folder / "images").glob(f"{FILE}*"):
        with tempfile.TemporaryDirectory() as other:
            copy = Path(other) / FILE
            shutil.copy(path, copy)
            try:
                read_labels(copy)
            except (InputError, OSError) as error:
                found.append(f"{path.name}: {error}")
    return found


def main() -> None:
    """Kill again and again; print what each cost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--life", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.life:
        live(Path(options.life[0]), int(options.life[1]), int(options.life[2]))
    elif sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        xvfb = shutil.which("xvfb-run")
        if xvfb is None:
            raise SystemExit("There is no display and no xvfb-run; install xvfb.")
        screen = ["-a", "-s", "-screen 0 1280x800x24"]
        os.execv(xvfb, [xvfb, *screen, sys.executable, *sys.argv])
    else:
        with tempfile.TemporaryDirectory() as folder:
            kill_again_and_again(Path(folder), options.kills, random.Random(options.seed))  # noqa: S311


def kill_again_and_again(folder: Path, kills: int, rng: random.Random) -> None:
    """Let lives paint and die; print what was lost."""
    (folder / "images").mkdir()
    data = np.random.default_rng(0).integers(0, 999, SHAPE[::-1]).astype(np.int16)
    nib.save(nib.Nifti1Image(data, np.diag([1.0, 1.0, 5.0, 1.0])), folder / "images" / "x.nii.gz")
    os.environ["SEGSTUDIO_RECOVERY"] = str(folder / "recovery")
    os.environ["SEGSTUDIO_RUNS"] = str(folder / "runs")
    strokes: dict[int, float] = {}
    safe: set[int] = set()
    losses, offers, first, died = [], 0, 0, 0.0
    for life in range(kills + 1):
        child = begin(folder, first, rng.randrange(10**6))
        if life:
            told = json.loads((folder / "told.json").read_text())
            lost = seconds_lost(folder, strokes, safe, died)
            losses.append(lost)
            offers += bool(told["offered"])
            how = "offered" if told["offered"] else "all but the newest was saved"
            print(f"kill {life:2}: {how}, {lost:.1f} s lost", flush=True)
        if life < kills:
            time.sleep(rng.uniform(0.5, 14.0))
        child.kill()
        died = time.time()
        child.wait()
        strokes |= {n: at for n, at in strokes_of(folder).items() if n >= first}
        first = max(strokes, default=-1) + 1
        if broken := unreadable(folder):
            raise SystemExit(f"Not readable: {broken}")
    print(
        f"{kills} kills after {first} strokes: every saved file readable; recovery offered "
        f"{offers} times; lost {max(losses):.1f} s at most, {np.mean(losses):.1f} s on average"
    )
    if max(losses) > MOST_LOST:
        raise SystemExit("More than the last 10 seconds were lost.")


if __name__ == "__main__":
    main()
