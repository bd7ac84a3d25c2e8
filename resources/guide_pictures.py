"""Make the pictures of the guide from the running program, on generated hearts.

    .venv/bin/python resources/guide_pictures.py [FOLDER] [--seconds 60]

Goes through the steps of ``guide/guide.md`` in the window, and keeps a part of each of them.
Needs a display; on a machine without one, run it under ``xvfb-run -s "-screen 0 1920x1080x24"``.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

SIZE = (1280, 800)
EPOCHS = 8
LOSSES = ("modified-boundary-log", "dice")


class Steps:
    """The steps of the guide: each does what its text says, and returns what its picture shows.

    Parameters
    ----------
    viewer, studio
        The window.
    seconds : float
        For each of two trainings.
    folder : Path
        Where the labels are saved.
    """

    def __init__(self, viewer: Any, studio: Any, seconds: float, folder: Path) -> None:
        self._viewer, self._studio, self._seconds = viewer, studio, seconds
        self._folder = folder
        self._session = studio.session
        self.main = viewer.window._qt_window

    def start(self) -> list[Any]:
        """Show the start page."""
        return [self._image, self._panel("Data")]

    def open(self) -> list[Any]:
        """Open the generated hearts as the start page's button does."""
        from segstudio.ui.window.start_page import StartPage

        self.main.findChild(StartPage).buttons[-1].click()
        self.wait(lambda: self._session.open_case is not None)
        self._viewer.layers["distance map"].visible = False
        return [self._image, self._panel("Data")]

    def maps(self) -> list[Any]:
        """Show the distance map of the left ventricle."""
        panel = self._panel("Distance")
        classes = panel.choices.classes
        classes.setCurrentIndex(classes.findText("left ventricle"))
        classes.activated.emit(classes.currentIndex())
        self._viewer.layers["distance map"].visible = True
        self._viewer.layers["labels"].visible = False
        return [self._image, panel]

    def train(self) -> list[Any]:
        """Choose a loss and start."""
        panel = self._panel("Train")
        self._viewer.layers["labels"].visible = True
        self._start(LOSSES[0])
        self.wait(lambda: self._session.runs_in_view.last_epoch >= 1, 300)
        return [panel]

    def curves(self) -> list[Any]:
        """Let the curves grow until the training has ended."""
        self.wait(lambda: self._session.training is None, 600)
        return [self._dock("Curves")]

    def predictions(self) -> list[Any]:
        """Lay over the image what the network found after some epochs."""
        from segstudio.learn.timeline import read_timeline

        self._session.choose_map(replace(self._session.map_choice, visible=False))
        timeline = self._dock("Curves").timeline
        self._session.show_case(read_timeline(timeline.run).cases[0])
        self.wait(lambda: timeline.shown.isEnabled())
        timeline.shown.click()
        return [self._image, self._dock("Curves")]

    def compare(self) -> list[Any]:
        """Train with another loss, tick both runs, and lay them side by side."""
        from qtpy.QtCore import Qt

        self._start(LOSSES[1])
        self.wait(lambda: self._session.training is not None, 60)
        self.wait(lambda: self._session.training is None, 900)
        runs = self._panel("Runs").runs
        for i in range(runs.count()):
            runs.item(i).setCheckState(Qt.CheckState.Checked)
        panel, comparison = self._panel("Compare"), self._session.comparison
        self._session.hide_prediction()
        self.wait(lambda: len(comparison.runs) == len(LOSSES))
        panel.choices.buttons["grid"].click()
        self.wait(lambda: not comparison.is_busy, 120)
        panel.scores.worst.click()
        self.work(6.0)  # until the message is gone
        return [self._image, panel]

    def save(self) -> list[Any]:
        """Choose the brush, paint, and save, by the panel's own buttons."""
        self._panel("Compare").choices.buttons["off"].click()
        self.work(2.0)
        panel = self._panel("Annotate")
        panel.tools.buttons["brush"].click()
        before = self._session.labels.copy()
        self._drag((0.39, 0.52), (0.40, 0.64))
        if (self._session.labels == before).all():
            raise RuntimeError("The brush painted nothing.")
        self._save_to(panel, self._folder / "corrected_gt.nii.gz")
        self.work(6.0)  # until the message is gone
        return [self._image, panel]

    def _drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag with the left button from a place of the canvas to another, in shares of it."""
        from qtpy.QtCore import QPoint, Qt
        from qtpy.QtTest import QTest

        canvas, left = self._image.canvas.native, Qt.MouseButton.LeftButton
        (x, y), (right, down) = start, (end[0] - start[0], end[1] - start[1])
        places = [(x + right * i / 5, y + down * i / 5) for i in range(6)]
        points = [QPoint(int(x * canvas.width()), int(y * canvas.height())) for x, y in places]
        QTest.mouseMove(canvas, points[0])
        QTest.mousePress(canvas, left, Qt.KeyboardModifier.NoModifier, points[0])
        for point in points[1:]:
            QTest.mouseMove(canvas, point)
            self.work(0.05)
        QTest.mouseRelease(canvas, left, Qt.KeyboardModifier.NoModifier, points[-1])
        self.work(0.5)

    def _save_to(self, panel: Any, path: Path) -> None:
        """Press the panel's button, and answer for the user where to save."""
        from qtpy.QtWidgets import QFileDialog

        asked, QFileDialog.getSaveFileName = QFileDialog.getSaveFileName, lambda *_: (str(path), "")
        try:
            panel.save.click()
        finally:
            QFileDialog.getSaveFileName = asked
        self.wait(path.is_file)

    def _start(self, loss: str) -> None:
        from segstudio.learn.config import make_config

        panel = self._panel("Train")
        panel.loss.set_text(loss)
        self._session.ask_training(
            make_config(
                loss=loss,
                epochs=EPOCHS,
                learning_rate=2e-3,
                base_channels=8,
                levels=4,
                max_seconds=self._seconds,
            )
        )

    @property
    def _image(self) -> Any:
        return self._viewer.window._qt_viewer

    def _dock(self, name: str) -> Any:
        return self._viewer.window.dock_widgets[name]

    def _panel(self, name: str) -> Any:
        dock = self._dock(name)
        dock.parent().raise_()
        return getattr(dock, "panel", dock)

    def wait(self, done: Callable[[], bool], seconds: float = 60) -> None:
        """Let the window work until something is done, and is drawn."""
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end:
                raise TimeoutError("The window did not do in time what the guide says.")
            self.work(0.05)
        self.work(1.5)

    def work(self, seconds: float) -> None:
        """Let the window work."""
        from qtpy.QtWidgets import QApplication

        end = time.monotonic() + seconds
        while time.monotonic() < end:
            QApplication.processEvents()
            time.sleep(0.005)


STEPS = ("start", "open", "maps", "train", "curves", "predictions", "compare", "save")


def main() -> None:
    """Go through the guide, and save its pictures."""
    parser = argparse.ArgumentParser(description="Make the pictures of the guide.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent / "guide")
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as runs:
        # Nothing of the user's is shown, or changed.
        os.environ["SEGSTUDIO_RUNS"] = f"{runs}/runs"
        os.environ["NAPARI_CONFIG"] = f"{runs}/napari.yaml"
        os.environ["XDG_CONFIG_HOME"] = runs
        _take(options.folder, options.seconds, Path(runs))


def _take(folder: Path, seconds: float, work: Path) -> None:
    from segstudio.app import make_window

    viewer, studio = make_window()
    viewer.window.show()
    viewer.window.activate()  # messages go in their time in a window that is looked at
    steps = Steps(viewer, studio, seconds, work)
    steps.main.resize(*SIZE)
    for name in STEPS:
        shown = getattr(steps, name)()
        steps.work(2.0)
        _keep(steps.main, shown, folder / f"{name}.png")
    studio.close()
    viewer.close()


def _keep(main: Any, shown: list[Any], path: Path) -> None:
    """Save the part of the window that some of its widgets take, no higher than the left one."""
    from PIL import Image
    from qtpy.QtCore import QPoint, QRect

    first, *others = (QRect(w.mapTo(main, QPoint(0, 0)), w.size()) for w in shown)
    part = QRect(first)
    for other in others:
        part = part.united(other)
    if all(other.left() > first.right() for other in others):
        part.setTop(max(0, first.top()))
        part.setBottom(first.bottom())
    main.grab(part.intersected(main.rect())).save(str(path))
    with Image.open(path) as picture:
        picture.convert("RGB").save(path, optimize=True)


if __name__ == "__main__":
    main()
