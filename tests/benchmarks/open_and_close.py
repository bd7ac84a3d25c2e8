"""How much memory the window keeps of cases that were opened and left.

    python tests/benchmarks/open_and_close.py [--data FOLDER] [--cases 50]

Opens cases one after the other as the Data panel does, in the real window, those of a folder
(``$SEGSTUDIO_DATA/acdc`` where there is one) and those of generated hearts, and prints by how much
the memory that the process holds has grown between the first round, which fills caches, and the
last. At most one case's size may be kept. Without a display, the benchmark starts a virtual one.
"""

import argparse
import gc
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

MIB = 2**20
WARM_UP = 10  # cases
IDLE_ROUNDS = 5  # of an event loop with nothing to do
MAPS = 4  # bytes of a voxel of the one map that is shown


def main() -> None:
    options = _options()
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        _again_on_a_virtual_display()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SEGSTUDIO_RUNS"] = folder
        from segstudio.data.phantoms import write_heart_dataset

        hearts = Path(folder) / "hearts"
        write_heart_dataset(hearts, patients=12, shape=(10, 192, 192))
        kept = [_measure(data, options.cases) for data in (options.data, hearts) if data.is_dir()]
    sys.exit(0 if all(kept) else 1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(os.environ.get("SEGSTUDIO_DATA", "none")) / "acdc"
    parser.add_argument("--data", type=Path, default=default)
    parser.add_argument("--cases", type=int, default=50)
    return parser.parse_args()


def _again_on_a_virtual_display() -> None:
    xvfb = shutil.which("xvfb-run")
    if xvfb is None:
        sys.exit("There is no display and no xvfb-run; install xvfb or run under a display.")
    screen = "-screen 0 1280x800x24"
    os.execv(xvfb, [xvfb, "-a", "-s", screen, sys.executable, *sys.argv])


def _measure(data: Path, count: int) -> bool:
    from segstudio.app import make_window

    viewer, studio = make_window()
    viewer.window.show()
    session = studio.session
    session.open(data)
    names = [case.name for case in session.dataset.cases]
    largest = 0
    memory = []
    for i in range(WARM_UP + count):
        # From the first again and again: another case each time, of sizes that come again.
        session.ask_case(names[i % len(names)])
        _wait(lambda: not session.reading)
        opened = session.open_case
        voxels = opened.volume.data.size
        size = opened.volume.data.nbytes + 2 * 4 * voxels + MAPS * voxels
        largest = max(largest, size)
        if i >= WARM_UP - 1:
            memory.append(_resident())
    viewer.close()
    grown = (_typical(memory[-5:]) - _typical(memory[:5])) / MIB
    verdict = "within" if grown <= largest / MIB else "over"
    print(
        f"{data.name}: {count} cases, {memory[0] / MIB:.0f} MiB after {WARM_UP}, "
        f"{memory[-1] / MIB:.0f} MiB at the end, {max(memory) / MIB:.0f} MiB at most; grown by "
        f"{grown:+.1f} MiB, {verdict} the {largest / MIB:.1f} MiB of the largest case"
    )
    return grown <= largest / MIB


def _typical(values: list[int]) -> float:
    return sorted(values)[len(values) // 2]


def _wait(done: object) -> None:
    from qtpy.QtCore import QEvent
    from qtpy.QtWidgets import QApplication

    end, idle = time.monotonic() + 60, 0
    while idle < IDLE_ROUNDS and time.monotonic() < end:
        QApplication.processEvents()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        time.sleep(0.005)
        idle = idle + 1 if done() else 0


def _resident() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
