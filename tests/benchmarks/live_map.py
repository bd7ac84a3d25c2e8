"""How soon the distance map follows the brush, in the real window.

    python tests/benchmarks/live_map.py [--strokes 200]

The pointer presses on the canvas, moves and lets go, as a hand does. A time runs from the sending
of a press or a move that paints until the map's layer has its new data, its iso-lines with it; the
second until the window has drawn them, the histogram among it. The third is what the window's own
thread computed until the first, for machines that do other work meanwhile. Each stroke counts with
the slowest of its paint events. Without a display, the benchmark starts a virtual one of 1280×800.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SHAPES = ((20, 256, 256), (200, 512, 512))
WARMING = 6  # strokes that are not counted
MOVES = 4  # of the pointer in a stroke
REACH = 100  # pixels around the canvas's middle that are painted on


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--strokes", type=int, default=200)
    options = parser.parse_args()
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        _again_on_a_virtual_display()
    print("| volume | to | median ms | 95th percentile | worst |")
    print("| --- | --- | --- | --- | --- |")
    for shape in SHAPES:
        with tempfile.TemporaryDirectory() as folder:
            _measure(Path(folder), shape, options.strokes)


def _again_on_a_virtual_display() -> None:
    xvfb = shutil.which("xvfb-run")
    if xvfb is None:
        sys.exit("There is no display and no xvfb-run; install xvfb or run under a display.")
    screen = "-screen 0 1280x800x24"
    os.execv(xvfb, [xvfb, "-a", "-s", screen, sys.executable, *sys.argv])


def _write(folder: Path, shape: tuple[int, int, int]) -> Path:
    """Write a noisy image, and labels with a ball and two pieces beside it."""
    import nibabel as nib

    planes, rows, columns = shape
    z, y, x = np.ogrid[:planes, :rows, :columns]
    labels = np.zeros(shape, np.uint8)
    for row, column, radius in ((0.5, 0.5, 0.2), (0.2, 0.25, 0.06), (0.8, 0.7, 0.04)):
        away = ((y - row * rows) / rows) ** 2 + ((x - column * columns) / columns) ** 2
        labels[(away < radius**2) & (z >= planes // 8) & (z < planes - planes // 8)] = 1
    noise = np.random.default_rng(0).integers(0, 50, shape, np.int16)
    spacing = np.diag([360 / columns, 360 / rows, 3.0, 1.0])
    for name, data in (("a", noise + np.int16(100) * labels), ("a_gt", labels)):
        nib.save(nib.Nifti1Image(data.transpose(2, 1, 0), spacing), folder / f"{name}.nii")
    return folder / "a.nii"


def _measure(folder: Path, shape: tuple[int, int, int], strokes: int) -> None:
    from qtpy.QtWidgets import QDockWidget

    from segstudio.app import make_window
    from segstudio.core.distance import warm_up
    from segstudio.session.messages import LineChoice
    from segstudio.viewer.stage import LABELS

    warm_up()
    viewer, studio = make_window()
    viewer.window.show()
    viewer.window._qt_window.resize(1280, 800)  # whatever napari's settings say
    viewer.window._qt_window.findChild(QDockWidget, "Distance").raise_()
    session = studio.session
    session.open(_write(folder, shape))
    session.map_view.choose_lines(LineChoice(visible=True, step=5.0))
    _spin(1.0)
    while session.map_view.is_measuring:
        _spin(0.1)
    labels = studio.stage.layer(LABELS)
    labels.mode, labels.brush_size = "paint", 12
    times = [_stroke(viewer, studio, k) for k in range(strokes + WARMING)][WARMING:]
    name = " × ".join(str(n) for n in shape)
    for kind, values in zip(
        ("its data", "its drawing", "its data, computing"), np.array(times).T, strict=True
    ):
        figures = np.nanpercentile(values, (50, 95, 100))
        print(f"| {name} | {kind} | {' | '.join(f'{f:.1f}' for f in figures)} |", flush=True)
    viewer.close()


def _stroke(viewer: object, studio: object, k: int) -> list[float]:
    """Paint, or rub out what the stroke before has painted.

    Return the slowest time of a stroke's paint events, to the map's data and to its drawing."""
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest
    from qtpy.QtWidgets import QApplication

    from segstudio.viewer.stage import LABELS, MAP

    canvas = viewer.window._qt_viewer.canvas.native
    studio.stage.layer(LABELS).selected_label = 1 - k % 2
    rng = np.random.default_rng(k // 2)
    view, layer = studio.session.map_view, studio.stage.layer(MAP)
    left, at = Qt.MouseButton.LeftButton, canvas.rect().center()
    at += QPoint(*rng.integers(-REACH, REACH, 2).tolist())
    times: list[list[float]] = []

    def timed(act: object) -> None:
        before = view.plane()[1].copy()
        begun, own = time.perf_counter(), time.thread_time()
        act()
        told, worked = time.perf_counter(), time.thread_time() - own
        changed = not np.array_equal(before, layer.data[view.index])
        drawing = time.perf_counter()
        QApplication.processEvents()
        done = time.perf_counter()
        if changed:
            seconds = (told - begun, done - drawing + told - begun, worked)
            times.append([1000 * s for s in seconds])

    timed(lambda: QTest.mousePress(canvas, left, pos=at))
    for _ in range(MOVES):
        at = at + QPoint(*rng.integers(-12, 12, 2).tolist())
        timed(lambda place=at: _move(canvas, place))
    QTest.mouseRelease(canvas, left, pos=at)
    _spin(0.02)
    # Where the class was already, nothing is measured.
    return np.max(times, axis=0).tolist() if times else [np.nan] * 3


def _move(canvas: object, place: object) -> None:
    """Move the pointer with its button down, which Qt's own test function does not."""
    from qtpy.QtCore import QEvent, QPointF, Qt
    from qtpy.QtGui import QMouseEvent
    from qtpy.QtWidgets import QApplication

    left, nothing = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    where, there = QPointF(place), QPointF(canvas.mapToGlobal(place))
    event = QMouseEvent(QEvent.Type.MouseMove, where, there, Qt.MouseButton.NoButton, left, nothing)
    QApplication.sendEvent(canvas, event)


def _spin(seconds: float) -> None:
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.001)


if __name__ == "__main__":
    main()
