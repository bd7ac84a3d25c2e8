"""How long the window's event loop stalls while a network trains beside it; run it as a script.

    python tests/benchmarks/window_stall.py [--data FOLDER] [--epochs 3] [--loss NAME] [--runs 10]
                                            [--points 50000]

A timer ticks every 5 ms; a gap is the time between two ticks, less 5 ms. The window shows a case
of the dataset (``$SEGSTUDIO_DATA/acdc``), its map and labels, and lays a prediction over it after
each epoch. One layer of each kind is drawn, and torch loaded, before the first tick counts. The
same training follows without a window, in a process of its own, for the time it takes; then runs of
many steps are loaded, and one more epoch trains while the curves of all are drawn. Without a
display, the benchmark starts a virtual one of 1280×800.
"""

import argparse
import json
import os
import shutil
import subprocess
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
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--points", type=int, default=50_000)
    return parser.parse_args()


def _again_on_a_virtual_display() -> None:
    xvfb = shutil.which("xvfb-run")
    if xvfb is None:
        sys.exit("There is no display and no xvfb-run; install xvfb or run under a display.")
    screen = "-screen 0 1280x800x24"
    os.execv(xvfb, [xvfb, "-a", "-s", screen, sys.executable, *sys.argv])


def _measure(options: argparse.Namespace) -> None:
    from qtpy.QtWidgets import QApplication

    from segstudio.app import make_window
    from segstudio.learn.config import make_config

    viewer, studio = make_window()
    viewer.window.show()
    viewer.window._qt_window.resize(1280, 800)  # whatever napari's settings say
    session, application = studio.session, QApplication.instance()
    session.open(options.data)
    _warm_up(studio, application)
    config = make_config(loss=options.loss, epochs=options.epochs)
    seconds, run = _trained_in_the_window(studio, config)
    bare = _trained_without_a_window(options)
    print(f"the same training without a window: {bare:.0f} s; with it {seconds / bare:.3f} times")
    _load_runs(session, application, run, options)
    _trained_in_the_window(studio, make_config(loss=options.loss, epochs=1))
    studio.close()
    viewer.close()


def _trained_in_the_window(studio: object, config: object) -> tuple[float, Path]:
    """Train beside the window; print the gaps, and return the seconds and the run folder."""
    from qtpy.QtCore import QEventLoop, QTimer

    ticks: list[tuple[float, str]] = []
    phase, epochs, runs = ["starting"], [], []

    def follow(event: object) -> None:
        phase[0] = type(event).__name__
        epochs.extend([event] if phase[0] == "EpochDone" else [])

    session = studio.session
    session.training_told.connect(follow)
    session.training_started.connect(runs.append)
    timer = QTimer()
    timer.setTimerType(_precise())
    timer.setInterval(TICK_MS)
    timer.timeout.connect(lambda: ticks.append((time.perf_counter(), phase[0])))
    loop = QEventLoop()  # and no polling, which takes a share of a core from the training
    session.training_ended.connect(lambda _run: QTimer.singleShot(0, loop.quit))
    QTimer.singleShot(MOST_SECONDS * 1000, loop.quit)
    timer.start()
    QTimer.singleShot(10 * TICK_MS, lambda: session.ask_training(config))  # its click counts too
    began = time.monotonic()
    loop.exec()
    timer.stop()
    session.training_told.disconnect(follow)
    session.training_started.disconnect(runs.append)
    seconds = time.monotonic() - began
    _report(ticks, epochs, seconds)
    return seconds, runs[-1]


def _trained_without_a_window(options: argparse.Namespace) -> float:
    """Return the seconds of the same training in a process without a window."""
    code = """
import sys, time
from segstudio.learn.config import make_config
from segstudio.learn.training import train
began = time.monotonic()
for _ in train(sys.argv[1], make_config(loss=sys.argv[2], epochs=int(sys.argv[3])), sys.argv[4]):
    pass
print(time.monotonic() - began)
"""
    with tempfile.TemporaryDirectory() as folder:
        asked = [str(options.data), options.loss, str(options.epochs), f"{folder}/run"]
        told = subprocess.run(
            [sys.executable, "-c", code, *asked], capture_output=True, text=True, check=True
        )
    return float(told.stdout.split()[-1])


def _load_runs(
    session: object, application: object, run: Path, options: argparse.Namespace
) -> None:
    """Show runs of many steps beside the one that was trained."""
    for number in range(options.runs):
        copy = run.with_name(f"many-{number}")
        shutil.copytree(run, copy, ignore=shutil.ignore_patterns("checkpoints", "timeline"))
        _lengthen(copy / "log.jsonl", options.points)
        session.runs_in_view.ask(copy)
    began = time.monotonic()
    while len(session.runs_in_view.curves) <= options.runs:
        application.processEvents()
        time.sleep(0.001)
    print(
        f"{options.runs} runs of {options.points} steps loaded in {time.monotonic() - began:.1f} s"
    )
    _spin(application, 2.0)


def _lengthen(log: Path, points: int) -> None:
    """Give a log as many steps as are wanted, spread over its epochs."""
    events = [json.loads(line) for line in log.read_text().splitlines()]
    steps = [event for event in events if event["event"] == "StepDone"]
    times = -(-points // len(steps))
    with log.open("w") as opened:
        for event in events:
            is_step = event["event"] == "StepDone"
            for part in range(times if is_step else 1):
                told = dict(event)
                if is_step:
                    told["step"] = (event["step"] - 1) * times + part + 1
                elif event["event"] == "Started":
                    told["steps_per_epoch"] = event["steps_per_epoch"] * times
                opened.write(json.dumps(told) + "\n")


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
