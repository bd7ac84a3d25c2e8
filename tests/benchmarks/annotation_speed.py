"""Milliseconds of a brush stroke and of its undo in the window, on 200 × 512 × 512 voxels.

    python tests/benchmarks/annotation_speed.py [--moves 12] [--strokes 8]

Strokes are drawn with mouse events on the canvas, with a locked class and an intensity range, with
brushes in one plane and as a ball. A move is the time from the pointer's event until the canvas is
drawn again; an undo is that from the call on. They should take less than 50 and 100 ms. Beside
each stands how long the window's thread computed meanwhile, which other work on the machine does
not change. What drawing the canvas takes by itself, with nothing painted, is told first. Without a
display, the benchmark starts a virtual one of 1280×800; its canvas is drawn by the processor.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

SHAPE = (200, 512, 512)
SPACING = (1.0, 0.7, 0.7)
BRUSHES = ((5.0, False), (20.0, False), (50.0, False), (5.0, True), (20.0, True), (50.0, True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moves", type=int, default=12, help="of the pointer in a stroke")
    parser.add_argument("--strokes", type=int, default=8, help="of each brush")
    options = parser.parse_args()
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        _again_on_a_virtual_display()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SEGSTUDIO_RUNS"] = folder
        _write_case(Path(folder) / "case")
        _measure(Path(folder) / "case", options)


def _again_on_a_virtual_display() -> None:
    xvfb = shutil.which("xvfb-run")
    if xvfb is None:
        sys.exit("There is no display and no xvfb-run; install xvfb or run under a display.")
    screen = "-screen 0 1280x800x24"
    os.execv(xvfb, [xvfb, "-a", "-s", screen, sys.executable, *sys.argv])


def _write_case(folder: Path) -> None:
    """Write an image of noise, and labels of two bodies."""
    import nibabel as nib

    folder.mkdir()
    rng = np.random.default_rng(0)
    image = rng.integers(-100, 400, SHAPE, np.int16)
    labels = np.zeros(SHAPE, np.uint8)
    labels[40:160, 150:250, 150:250], labels[60:140, 300:380, 260:400] = 1, 2
    affine = np.diag([*SPACING[::-1], 1.0])
    nib.save(nib.Nifti1Image(image.T, affine), folder / "one.nii")
    nib.save(nib.Nifti1Image(labels.T, affine), folder / "one_gt.nii")


def _measure(folder: Path, options: argparse.Namespace) -> None:
    from qtpy.QtWidgets import QApplication

    from segstudio.app import load_slow_libraries, make_window
    from segstudio.session.annotation_choices import Brush, Restriction

    viewer, studio = make_window()
    viewer.window.show()
    viewer.window._qt_window.resize(1280, 800)  # whatever napari's settings say
    session, application = studio.session, QApplication.instance()
    loading = load_slow_libraries()  # as the program does once its window shows
    while loading.is_alive():
        _spin(application, 0.2)
    session.open(folder)
    annotation = session.annotation
    annotation.limits.lock([2])
    annotation.limits.restrict(Restriction(intensity=(-50, 350)))
    annotation.classes.add()
    annotation.choose_tool("brush")
    _spin(application, 3.0)
    before, canvas = session.labels.copy(), _canvas(viewer)
    drawn = [_timed(application, canvas.update) for _ in range(40)]
    print(
        f"The canvas of {canvas.width()}×{canvas.height()} pixels alone, drawn again: median "
        f"{_told(drawn, np.median)} ms, 95 % of them "
        f"{_told(drawn, _most)}, worst {_told(drawn, np.max)}."
    )
    print("| brush | move ms | 95 % of them | worst | end of a stroke | undo ms | worst |")
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for diameter, is_sphere in BRUSHES:
        annotation.choose_brush(Brush(diameter, is_sphere))
        strokes = [
            _stroke(viewer, application, options.moves, k, options.strokes)
            for k in range(options.strokes)
        ]
        undone = [_timed(application, annotation.undo) for _ in range(options.strokes)]
        for _ in range(options.strokes):
            annotation.redo()
        _spin(application, 0.5)
        moves = [time for stroke in strokes for time in stroke[:-1]]
        figures = (
            *(_told(moves, np.median), _told(moves, _most), _told(moves, np.max)),
            _told([s[-1] for s in strokes], np.max),
            *(_told(undone, np.median), _told(undone, np.max)),
        )
        name = f"{'ball' if is_sphere else 'disc'} of {diameter:g} mm"
        print(f"| {name} | {' | '.join(figures)} |", flush=True)
    _measure_depth(session, application, before)
    viewer.close()


def _most(times: list[float]) -> float:
    """Return what 95 of 100 times stay below."""
    return float(np.percentile(times, 95))


def _told(times: list[tuple[float, float]], of: Any) -> str:
    """Return a figure of times, and of what the thread computed, in words."""
    return " ".join((f"{of([t[0] for t in times]):.0f}", f"({of([t[1] for t in times]):.0f})"))


def _measure_depth(session: Any, application: Any, before: np.ndarray) -> None:
    """Fill the history up, and take everything back."""
    annotation, rng = session.annotation, np.random.default_rng(1)
    while annotation.undoable < 150:
        place = rng.uniform(0, SHAPE)
        annotation.paint(place, place + 20, int(rng.integers(1, 4)), 0)
    steps, held = annotation.undoable, annotation._history.nbytes
    undone = [_timed(application, annotation.undo) for _ in range(steps)]
    same = np.array_equal(session.labels, before)
    print(
        f"{steps} steps hold {held / 2**20:.1f} MiB beside labels of "
        f"{session.labels.nbytes / 2**20:.0f} MiB. Undone one by one: median "
        f"{_told(undone, np.median)} ms, worst {_told(undone, np.max)}; as before: {same}."
    )


def _stroke(
    viewer: Any, application: Any, moves: int, k: int, of: int
) -> list[tuple[float, float]]:
    """Draw with the mouse across the canvas; return the time of each event, the last its end."""
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest

    canvas = _canvas(viewer)
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    width, height = canvas.width(), canvas.height()
    y = height * (0.25 + 0.5 * k / of)
    xs = np.linspace(0.3 * width, 0.7 * width, moves).astype(int)
    start = QPoint(int(xs[0]), int(y))
    QTest.mouseMove(canvas, start)
    _spin(application, 0.05)
    times = [_timed(application, lambda: QTest.mousePress(canvas, left, none, start))]
    for x in xs[1:]:
        place = QPoint(int(x), int(y) + (int(x) % 5))
        times.append(_timed(application, lambda p=place: _move(canvas, p)))
    end = QPoint(int(xs[-1]), int(y))
    times.append(_timed(application, lambda: QTest.mouseRelease(canvas, left, none, end)))
    _spin(application, 0.3)
    return times


def _canvas(viewer: Any) -> Any:
    return viewer.window._qt_viewer.canvas.native


def _move(canvas: Any, place: Any) -> None:
    """Move the pointer with its left button down."""
    from qtpy.QtCore import QEvent, QPointF, Qt
    from qtpy.QtGui import QMouseEvent
    from qtpy.QtWidgets import QApplication

    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    there = QPointF(canvas.mapToGlobal(place))
    event = QMouseEvent(QEvent.Type.MouseMove, QPointF(place), there, left, left, none)
    QApplication.sendEvent(canvas, event)


def _timed(application: Any, act: Any) -> tuple[float, float]:
    """Return the ms that a call takes until the window is drawn, and those the thread computes."""
    start, computed = time.perf_counter(), time.thread_time()
    act()
    application.processEvents()
    return 1000 * (time.perf_counter() - start), 1000 * (time.thread_time() - computed)


def _spin(application: Any, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        application.processEvents()
        time.sleep(0.001)


if __name__ == "__main__":
    main()
