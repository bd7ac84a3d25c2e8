"""The real window on a virtual display; no test may leave a thread or a window behind."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QMimeData, QSettings, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QApplication, QDockWidget, QWidget
from shiboken6 import isValid

from segstudio.ui.ahead_thread import AheadThread
from segstudio.ui.beside import CallThread
from segstudio.ui.check_thread import CheckThread
from segstudio.ui.estimate_thread import EstimateThread
from segstudio.ui.header_thread import HeaderThread
from segstudio.ui.prediction_thread import PredictionThread
from segstudio.ui.progress_thread import ProgressThread
from segstudio.ui.reading_thread import ReadingThread
from segstudio.ui.studio import _studios
from segstudio.ui.training_thread import TrainingThread

THREADS = (
    *(TrainingThread, EstimateThread, PredictionThread, ReadingThread, CheckThread),
    *(HeaderThread, AheadThread, CallThread, ProgressThread),
)


class Window:
    """The program's window with its studio, and ways to wait for it as a user does."""

    def __init__(self, qtbot: QtBot) -> None:
        from segstudio.app import make_window

        self._qtbot = qtbot
        self.viewer, self.studio = make_window()
        self.session = self.studio.session
        self.said: list[str] = []
        self.session.said.connect(lambda message: self.said.append(message.text))
        self.viewer.window.show()

    @property
    def main(self) -> QWidget:
        """The main window; not kept, since a reference would keep it alive when it is closed."""
        return self.viewer.window._qt_window

    def panel(self, name: str) -> QWidget:
        """Return a panel, raised."""
        dock = self.main.findChild(QDockWidget, name)
        dock.raise_()
        return self.viewer.window.dock_widgets[name]

    def drop(self, *paths: Path, on: QWidget | None = None) -> None:
        """Drop files as a file manager does; on the canvas, where not told otherwise."""
        widget = on or self.viewer.window._qt_viewer
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        nothing, left = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
        place, copy = widget.rect().center(), Qt.DropAction.CopyAction
        QApplication.sendEvent(widget, QDragEnterEvent(place, copy, mime, left, nothing))
        QApplication.sendEvent(widget, QDropEvent(place.toPointF(), copy, mime, left, nothing))
        self.wait_for_reading()

    def wait_for(self, condition: Callable[[], bool], seconds: float = 120) -> None:
        """Let the window work until a condition holds."""
        self._qtbot.waitUntil(condition, timeout=int(seconds * 1000))

    def wait_for_reading(self) -> None:
        """Let the window work until what was asked for is read."""
        self.wait_for(lambda: not self.session.reading, 30)

    def grab(self, path: Path) -> None:
        """Save a picture of the window."""
        assert self.main.grab().save(str(path))


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path) -> None:
    """Remember nothing from one test to the next, and nothing for the user."""
    ini, user = QSettings.Format.IniFormat, QSettings.Scope.UserScope
    QSettings.setPath(ini, user, str(tmp_path / "settings"))


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that new runs go to."""
    monkeypatch.setenv("SEGSTUDIO_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.fixture(scope="session")
def other_run(
    hearts: Path,
    segstudio: Callable[..., object],
    tiny: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Return a finished run by another loss, not to be changed."""
    run = tmp_path_factory.mktemp("other") / "ce"
    settings = ("--config", tiny, "--set", "epochs=1", "--out", run)
    told = segstudio("train", hearts, "--loss", "cross-entropy", *settings)
    assert told.status == 0, told.err
    return run


@pytest.fixture
def window(qtbot: QtBot, runs: Path) -> Iterator[Window]:
    """Return the program's window, shown; afterwards nothing of it may be left."""
    made = Window(qtbot)
    yield made
    shown = getattr(made.viewer.window, "_qt_window", None)
    if shown is None or isValid(shown):  # a user may have closed it, and napari cannot once more
        made.viewer.close()
    qtbot.wait(50)
    # By type(), since isinstance() asks torch's lazy modules for attributes that warn.
    threads = [t for t in gc.get_objects() if type(t) in THREADS]
    assert not [t for t in threads if isValid(t) and t.isRunning()]
    assert made.viewer not in _studios
    assert not [w for w in QApplication.topLevelWidgets() if w.isVisible()]
