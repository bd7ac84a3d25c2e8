"""How much memory the window keeps of cases that were opened and left.

    python tests/benchmarks/open_and_close.py [--data FOLDER] [--cases 20]

Opens cases one after the other as the Data panel does, in the real window, those of a folder
(``$SEGSTUDIO_DATA/acdc`` where there is one) and those of generated hearts, and prints by how much
the memory that the process holds has grown between the first round, which fills caches, and the
last. At most one case's size may be kept. Without a display, the benchmark starts a virtual one.
"""

import argparse
import ctypes
import gc
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

MIB = 2**20
WARM_UP = 5  # cases
IDLE_ROUNDS = 5  # of an event loop with nothing to do
PATIENCE = 60  # seconds for a case to be there
MAPS = 4  # bytes of a voxel of the one map that is shown


def main() -> None:
    options = _options()
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        _again_on_a_virtual_display()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SEGSTUDIO_RUNS"] = folder
        from segstudio.data.phantoms import write_heart_dataset

        hearts = Path(folder) / "hearts"
        write_heart_dataset(hearts, patients=4, shape=(10, 160, 160))
        kept = [_measure(data, options.cases) for data in (options.data, hearts) if data.is_dir()]
    sys.exit(0 if all(kept) else 1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(os.environ.get("SEGSTUDIO_DATA", "none")) / "acdc"
    parser.add_argument("--data", type=Path, default=default)
    parser.add_argument("--cases", type=int, default=20)
    return parser.parse_args()


def _again_on_a_virtual_display() -> None:
    xvfb = shutil.which("xvfb-run")
    if xvfb is None:
        sys.exit("There is no display and no xvfb-run; install xvfb or run under a display.")
    screen = "-screen 0 1280x800x24"
    os.execv(xvfb, [xvfb, "-a", "-s", screen, sys.executable, *sys.argv])


def _measure(data: Path, count: int) -> bool:
    from segstudio.app import load_slow_libraries, make_window

    viewer, studio = make_window()
    viewer.window.show()
    viewer.window._qt_window.resize(800, 600)  # what is drawn by software takes time by its size
    # As the program does when its window is drawn: else each layer that napari removes has it look
    # for garbage in all that was ever imported.
    load_slow_libraries().join()
    session = studio.session
    session.open(data)
    names = [case.name for case in session.dataset.cases]
    largest = 0
    memory = []
    began = time.monotonic()
    for i in range(WARM_UP + count):
        # From the first again and again: another case each time, of sizes that come again.
        name = names[i % len(names)]
        session.ask_case(name)
        _wait(lambda name=name: not session.reading and session.open_case.case.name == name)
        opened = session.open_case
        voxels = opened.volume.data.size
        size = opened.volume.data.nbytes + 2 * 4 * voxels + MAPS * voxels
        largest = max(largest, size)
        if i >= WARM_UP - 1:
            memory.append(_resident())
    seconds = (time.monotonic() - began) / (WARM_UP + count)
    studio.close()
    viewer.close()
    few = max(1, min(5, len(memory) // 3))
    grown = (_typical(memory[-few:]) - _typical(memory[:few])) / MIB
    verdict = "within" if grown <= largest / MIB else "over"
    print(
        f"{data.name}: {count} cases, {memory[0] / MIB:.0f} MiB after {WARM_UP}, "
        f"{memory[-1] / MIB:.0f} MiB at the end, {max(memory) / MIB:.0f} MiB at most; grown by "
        f"{grown:+.1f} MiB, {verdict} the {largest / MIB:.1f} MiB of the largest case; "
        f"{seconds:.1f} s a case",
        flush=True,
    )
    return grown <= largest / MIB


def _typical(values: list[int]) -> float:
    return sorted(values)[len(values) // 2]


def _wait(done: Callable[[], bool]) -> None:
    """Let the window work until something is done and nothing is left to do."""
    from qtpy.QtCore import QEvent
    from qtpy.QtWidgets import QApplication

    end, idle = time.monotonic() + PATIENCE, 0
    while idle < IDLE_ROUNDS:
        if time.monotonic() > end:
            sys.exit(f"A case was not there after {PATIENCE} s.")
        QApplication.processEvents()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        time.sleep(0.005)
        idle = idle + 1 if done() else 0


def _resident() -> int:
    """Return what the process holds, without what it freed and glibc keeps for later."""
    gc.collect()
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
