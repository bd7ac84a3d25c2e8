"""How long the program's window takes to be usable, against a bare napari window.

    python tests/benchmarks/start_up.py [--rounds 7]

Both are started in turns, each in a process of its own, with settings of its own. A window is
usable when it is shown, painted (the canvas too) and its event loop has nothing left to do. Times
are from the start of the process: by the clock; of the processor, all threads; and of the thread
that draws the window. The program's ratio to napari is of medians, and 1.25 is the most it may be.
Without a display, the benchmark starts a virtual one of 1280×800.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from statistics import median

LIMIT = 1.25
KINDS = ("napari", "segstudio")
FIGURES = {"wall": "clock", "user": "processor", "thread": "window's thread"}
IDLE_ROUNDS = 3  # of an event loop with nothing to do


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--child", choices=KINDS)
    parser.add_argument("--began", type=float)
    options = parser.parse_args()
    if options.child:
        _start(options.child, options.began)
        return
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        _again_on_a_virtual_display()
    measured: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
    for kind in KINDS:  # once to fill the caches of files and of compiled modules
        _measure(kind)
    for i in range(options.rounds):
        for kind in KINDS if i % 2 else reversed(KINDS):
            measured[kind].append(_measure(kind))
    _report(measured)


def _again_on_a_virtual_display() -> None:
    xvfb = shutil.which("xvfb-run")
    if xvfb is None:
        sys.exit("There is no display and no xvfb-run; install xvfb or run under a display.")
    screen = "-screen 0 1280x800x24"
    os.execv(xvfb, [xvfb, "-a", "-s", screen, sys.executable, *sys.argv])


def _measure(kind: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"NAPARI_CONFIG": f"{folder}/napari.yaml"}
        environment |= {"XDG_CONFIG_HOME": folder}
        command = [sys.executable, __file__, "--child", kind, "--began", str(time.time())]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, cwd=folder
        )
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def _start(kind: str, began: float) -> None:
    """Start one of the two as its command does, and print when its window is usable."""
    import napari

    # What both call when their window is shown, to enter the event loop.
    run = napari.run
    napari.run = lambda **options: (_watch(began), run(**options))
    sys.argv = [kind]
    if kind == "napari":
        from napari.__main__ import main as start
    else:
        from segstudio.cli import main as start
    start()


def _watch(began: float) -> None:
    from napari import current_viewer
    from qtpy.QtCore import QTimer

    window = current_viewer().window
    canvas = window._qt_viewer.canvas._scene_canvas
    painted: list[bool] = []
    canvas.events.draw.connect(lambda _: painted.append(True))
    idle = QTimer(window._qt_window)
    rounds = [0]

    def look() -> None:
        rounds[0] += bool(painted) and window._qt_window.isVisible()
        if rounds[0] >= IDLE_ROUNDS:
            idle.stop()
            _tell(began)

    idle.timeout.connect(look)
    idle.start(0)


def _tell(began: float) -> None:
    import resource

    user = resource.getrusage(resource.RUSAGE_SELF)
    own = resource.getrusage(resource.RUSAGE_THREAD)
    figures = {
        "wall": time.time() - began,
        "user": user.ru_utime + user.ru_stime,
        "thread": own.ru_utime + own.ru_stime,
        "torch": "torch" in sys.modules,
    }
    print(json.dumps(figures), flush=True)
    os._exit(0)


def _report(measured: dict[str, list[dict[str, float]]]) -> None:
    print(f"{len(measured[KINDS[0]])} starts each, seconds: median (least – most)")
    for figure, title in FIGURES.items():
        words = []
        for kind in KINDS:
            values = [m[figure] for m in measured[kind]]
            words.append(f"{kind} {median(values):.2f} ({min(values):.2f} – {max(values):.2f})")
        ratio = median(m[figure] for m in measured["segstudio"]) / median(
            m[figure] for m in measured["napari"]
        )
        verdict = "within" if ratio <= LIMIT else "over"
        print(f"{title:>16}: {', '.join(words)}; ratio {ratio:.2f}, {verdict} {LIMIT}")
    late = not any(m["torch"] for m in measured["segstudio"])
    print(f"torch when the window is usable: {'not yet imported' if late else 'imported already'}")


if __name__ == "__main__":
    main()
