"""How long the window's event loop stalls while a network trains beside it.

    python tests/benchmarks/window_stall.py [--data FOLDER] [--epochs 3] [--loss NAME]

A timer ticks every 5 ms; a gap is the time between two ticks, less 5 ms. The window shows a case
of the dataset (``$SEGSTUDIO_DATA/acdc``), its map and labels, and lays a prediction over it after
each epoch. One layer of each kind is drawn, and torch loaded, before the first tick counts. Without
a display, the benchmark starts a virtual one of 1280×800.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

TICK_MS = 5
MOST_SECONDS = 1500


def main() -> None:
    options = _options()
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        _again_on_a_virtual_display()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SEGSTUDIO_RUNS"] = folder
        _measure(options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=Path(os.environ.get("SEGSTUDIO_DATA", ".")) / "acdc")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--loss", default="modified-boundary")
    return parser.parse_args()


def _again_on_a_virtual_display() -> None:
    xvfb = shutil.which("xvfb-run")
    if xvfb is None:
        sys.exit("There is no display and no xvfb-run; install xvfb or run under a display.")
    screen = "-screen 0 1280x800x24"
    os.execv(xvfb, [xvfb, "-a", "-s", screen, sys.executable, *sys.argv])


def _measure(options: argparse.Namespace) -> None:
    from qtpy.QtCore import QTimer
    from qtpy.QtWidgets import QApplication

    from segstudio.app import make_window
    from segstudio.learn.config import make_config
    from segstudio.learn.events import EpochDone

    viewer, studio = make_window()
    viewer.window.show()
    session, application = studio.session, QApplication.instance()
    session.open(options.data)
    _warm_up(studio, application)

    ticks: list[tuple[float, str]] = []
    epochs: list[EpochDone] = []
    phase = ["reading"]

    def follow(event: object) -> None:
        phase[0] = type(event).__name__
        if isinstance(event, EpochDone):
            epochs.append(event)

    session.training_told.connect(follow)
    timer = QTimer()
    timer.setTimerType(_precise())
    timer.setInterval(TICK_MS)
    timer.timeout.connect(lambda: ticks.append((time.perf_counter(), phase[0])))
    session.ask_training(make_config(loss=options.loss, epochs=options.epochs))
    timer.start()
    began = time.monotonic()
    while session.training is not None and time.monotonic() - began < MOST_SECONDS:
        application.processEvents()
        application.sendPostedEvents()
        time.sleep(0.0005)
    timer.stop()
    _report(ticks, epochs, time.monotonic() - began)
    viewer.close()


def _warm_up(studio: object, application: object) -> None:
    from segstudio.app import load_slow_libraries

    shape = studio.session.open_case.volume.data.shape
    studio.session.show_prediction(np.ones(shape, np.int32))
    _spin(application, 3.0)
    studio.session.hide_prediction()
    # As the program does once its window shows; here we wait for the end of it.
    loading = load_slow_libraries()
    while loading.is_alive():
        _spin(application, 0.2)
    _spin(application, 1.0)


def _spin(application: object, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        application.processEvents()
        time.sleep(0.001)


def _precise() -> object:
    from qtpy.QtCore import Qt

    return Qt.TimerType.PreciseTimer


def _report(ticks: list[tuple[float, str]], epochs: list, seconds: float) -> None:
    times = np.array([t for t, _ in ticks])
    gaps = np.maximum(np.diff(times) * 1000 - TICK_MS, 0)
    print(f"epochs {len(epochs)} in {seconds:.0f} s, {len(gaps)} ticks")
    print(
        f"gap: median {np.median(gaps):.1f} ms, 95th percentile {np.percentile(gaps, 95):.1f} ms, "
        f"99th {np.percentile(gaps, 99):.1f} ms, worst {gaps.max():.1f} ms"
    )
    for i in np.argsort(gaps)[::-1][:8]:
        print(f"  {gaps[i]:6.1f} ms at {times[i] - times[0]:7.2f} s, after {ticks[i][1]}")


if __name__ == "__main__":
    main()
