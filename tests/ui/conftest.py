"""The real window on a virtual display; no test may leave a thread or a window behind."""

import gc
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from napari._qt.dialogs.qt_notification import NapariQtNotification
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QEvent, QMimeData, QSettings, Qt, QThread, QTimer, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QApplication, QDockWidget, QWidget
from shiboken6 import getAllValidWrappers, getCppPointer, isValid

from segstudio.ui.studio import _studios
from segstudio.ui.window.late_panel import LatePanel
from segstudio.viewer.stage import LABELS

SECONDS_TO_GO = 2.0  # for what is on its way out when a test ends


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
        shared = {"Curves": "curves", "Timeline": "timeline"}
        dock = "Curves" if name in shared else name
        self.main.findChild(QDockWidget, dock).raise_()
        docked = self.viewer.window.dock_widgets[dock]
        if isinstance(docked, LatePanel):
            return docked.panel
        return getattr(docked, shared[name]) if name in shared else docked

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

    def wait_for_saving(self) -> None:
        """Let the window work until what was asked for is written."""
        self.wait_for(lambda: not self.studio.saver.is_busy, 30)

    def paint(self, place: tuple[int, int, int]) -> None:
        """Paint another label than is there, at a voxel, as the brush does."""
        value = 1 + int(self.session.labels[place] == 1)
        self.studio.stage.layer(LABELS).paint(place, value)

    def grab(self, path: Path) -> None:
        """Save a picture of the window."""
        assert self.main.grab().save(str(path))


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path) -> None:
    """Remember nothing from one test to the next, and nothing for the user."""
    ini, user = QSettings.Format.IniFormat, QSettings.Scope.UserScope
    QSettings.setPath(ini, user, str(tmp_path / "settings"))


@pytest.fixture(autouse=True)
def nothing_left(qapp: QApplication) -> Iterator[None]:
    """Fail a test that leaves a thread running, a timer ticking or a window behind."""
    before = _windows()
    yield
    end = time.monotonic() + SECONDS_TO_GO
    while (left := _left(before)) and time.monotonic() < end:
        gc.collect()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QApplication.processEvents()
    assert not left, f"The test leaves behind: {', '.join(left)}"


def _windows() -> dict[int, QWidget]:
    return {getCppPointer(w)[0]: w for w in QApplication.topLevelWidgets()}


def _left(before: dict[int, QWidget]) -> list[str]:
    """Return what works on, of all that Python knows of Qt, and which windows are new."""
    known = getAllValidWrappers()
    threads = [t for t in known if isinstance(t, QThread) and t.isRunning()]
    own = [t for t in threads if t is not QThread.currentThread()]
    timers = [t for t in known if isinstance(t, QTimer) and t.isActive()]
    new = [w for place, w in _windows().items() if place not in before]
    return [f"{type(o).__name__} of {o.parent()}" for o in (*own, *timers, *new)]


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
    # napari keeps what it tells, with its timer, where the window goes before that.
    for told in list(NapariQtNotification._instances):
        if isValid(told):  # a window that was closed has taken its own along
            told.close()
    NapariQtNotification._instances.clear()
    shown = getattr(made.viewer.window, "_qt_window", None)
    if shown is None or isValid(shown):  # a user may have closed it, and napari cannot once more
        made.viewer.close()
    qtbot.wait(50)
    assert made.viewer not in _studios
    assert not [w for w in QApplication.topLevelWidgets() if w.isVisible()]
