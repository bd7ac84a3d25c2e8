"""The window: napari with the studio docked in it."""

import gc
import os
import threading
import warnings
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Before anything imports Qt: pyqtgraph would choose another binding than napari's.
if find_spec("PySide6"):
    os.environ.setdefault("QT_API", "pyside6")

from napari.errors import NoAvailableReaderError
from qtpy.QtCore import QCoreApplication, QTimer
from qtpy.QtGui import QGuiApplication, QOffscreenSurface, QOpenGLContext
from qtpy.QtWidgets import QMainWindow, QWidget

from segstudio.compare.demo import demo, demo_config, make_demo_dataset
from segstudio.core.errors import InputError, sentence
from segstudio.data.formats import has_known_suffix
from segstudio.data.project import PROJECT_FILE
from segstudio.session import Session
from segstudio.ui.curves.curves_dock import CurvesDock
from segstudio.ui.data.data_panel import DataPanel
from segstudio.ui.studio import Studio, studio_of
from segstudio.ui.window.late_panel import LatePanel
from segstudio.ui.window.notices import show_messages_whole
from segstudio.ui.window.panels import Panels
from segstudio.ui.window.program_actions import ProgramActions
from segstudio.ui.window.program_menus import ProgramMenus
from segstudio.ui.window.start_page import StartPage
from segstudio.ui.window.window_memory import WindowMemory

if TYPE_CHECKING:
    from napari import Viewer

SETTLED_MS = 200  # after which a window is drawn: what loads beside it must not hold that up

LATE_PANELS = {  # behind the first tab, and where their classes are
    "Annotate": "annotate.annotate_panel:AnnotatePanel",
    "Train": "train.train_panel:TrainPanel",
    "Distance": "distance.distance_panel:DistancePanel",
    "Compare": "compare.compare_panel:ComparePanel",
    "Runs": "train.runs_panel:RunsPanel",
}

NAPARI_FOLDERS = (".zarr", ".n5")  # images that are folders, for napari's own plugins


def make_window() -> "tuple[Viewer, Studio]":
    """Return a napari viewer with the studio's panels docked, not yet shown."""
    import napari

    # napari mutes this one itself, which other threads that mute theirs undo meanwhile.
    warnings.filterwarnings("ignore", message="Conversion from CIE-LAB")
    # The start page welcomes; napari's own would flash up between it and the first image.
    viewer = napari.Viewer(title="segstudio", show=False, show_welcome_screen=False)
    viewer.layers.events.inserting.connect(_color_in_this_thread)
    show_messages_whole()
    studio = studio_of(viewer)
    with _settings_unwritten():
        _furnish(viewer, studio.session)
    _open_as_cases(viewer, studio.session)
    return viewer, studio


def _color_in_this_thread(_event: object) -> None:
    """Let numba, with which napari colours labels, take this thread and no more for what it does.

    Its threads would share OpenMP with torch's: with more of them than processors, each wait of a
    training's threads for one another would put them to sleep, a tenth of the training's time. In
    a napari of the user's own they are left as they are: they are the other plugins', too.
    """
    import numba

    numba.set_num_threads(1)


def _furnish(viewer: "Viewer", session: Session) -> None:
    """Add the panels, the menus and the start page to a viewer's window."""
    data = DataPanel(session)
    right: dict[str, QWidget] = {"Data": data}
    right |= {name: LatePanel(place, session) for name, place in LATE_PANELS.items()}
    panels = Panels(viewer, right, {"Curves": CurvesDock(session)})
    main: QMainWindow = viewer.window._qt_window
    main.resize(1280, 800)
    actions = ProgramActions(main, session, data.cases)
    menus = ProgramMenus(viewer, session, actions, panels)
    # The canvas with its sliders; the widget around both takes what is dropped.
    start = StartPage(session, actions, menus.guide, viewer.window._qt_viewer.widget(0))
    viewer.layers.events.inserted.connect(start.leave)


@contextmanager
def _settings_unwritten() -> Iterator[None]:
    """Keep napari from writing its settings file anew for each dock: a tenth of the start."""
    from napari.settings import get_settings

    settings = get_settings()
    before, settings._save_on_change = settings._save_on_change, False
    try:
        yield
    finally:
        settings._save_on_change = before


def _open_as_cases(viewer: "Viewer", session: Session) -> None:
    """Open as cases what is dropped on the window or chosen in napari's File menu.

    What is neither a file that the program reads nor a folder is napari's, and so is what it is
    asked to stack or to open with a reader of the user's choice.
    """
    qt_viewer = viewer.window._qt_viewer
    # Both ways lead through this one method, and no public one does. The viewer is held weakly:
    # one that held itself would not be gone when its window is closed.
    itself, napari_open = weakref.ref(qt_viewer), type(qt_viewer)._qt_open

    def opened(filenames: Sequence[str], stack: object = False, **options: Any) -> None:
        theirs = list(filenames)
        if not stack and not any(options.values()):
            ours = [Path(name) for name in filenames if _is_data(Path(name))]
            theirs = [name for name in filenames if Path(name) not in ours]
            if ours:
                _ask_open(session, ours)
        try:
            if theirs:
                napari_open(itself(), theirs, stack=stack, **options)
        except (NoAvailableReaderError, ValueError):
            session.say(f"'{Path(theirs[0]).name}' is no image that can be read here.")

    qt_viewer._qt_open = opened


def _ask_open(session: Session, paths: Sequence[Path]) -> None:
    """Ask for paths to be opened; a mistake in a project's file is told."""
    try:
        session.ask_open(*paths)
    except (InputError, OSError) as error:
        session.say(sentence(error))


def _is_data(path: Path) -> bool:
    """Return whether a path is a file that can be read, or a folder that is not napari's."""
    if path.is_dir():
        return path.suffix.lower() not in NAPARI_FOLDERS
    return path.is_file() and (has_known_suffix(path) or path.name == PROJECT_FILE)


def run_window(paths: Sequence[Path]) -> None:
    """Show the window with the paths opened; return when it is closed."""
    import napari

    viewer, studio = make_window()
    _show(viewer)
    if paths:
        QTimer.singleShot(0, lambda: _ask_open(studio.session, paths))
    napari.run()


def run_demo_window(out: Path, seconds: float) -> None:
    """Show the window with generated hearts, and train on them at once.

    The maps, predictions and pictures of the demo are in `out` when the training has finished.
    """
    import napari

    dataset = make_demo_dataset(out)
    viewer, studio = make_window()
    _show(viewer)
    config = demo_config(seconds)
    QTimer.singleShot(0, lambda: studio.session.ask_open(dataset.root))
    QTimer.singleShot(0, lambda: studio.train(partial(demo, dataset, out, config), out / "run"))
    napari.run()


def _show(viewer: "Viewer") -> None:
    """Show a window where the last one was, and load beside it what it does not need to be seen."""
    viewer.window.show()
    WindowMemory(viewer)
    QTimer.singleShot(SETTLED_MS, _settle)


def _settle() -> None:
    """Do what waited for the window to be drawn."""
    gc.freeze()  # later collections need not look through what a window is made of
    gc.enable()
    load_slow_libraries()


def load_slow_libraries() -> threading.Thread:
    """Import torch and load the compiled kernels beside the window; return the thread."""

    def load() -> None:
        from segstudio.core.distance import warm_up as warm_up_distance

        # First the maps, which a window needs at once, then what the panels draw and measure with.
        warm_up_distance()
        for name in (
            "segstudio.ui.curves.curves_panel",
            "scipy.ndimage",
            "pandas",
            "skimage.draw.draw_nd",
            "skimage.transform",
            "matplotlib.figure",
        ):
            import_module(name)
        import segstudio.learn.training  # noqa: F401
        from segstudio.losses.warm_up import warm_up

        warm_up()
        # napari collects garbage for every layer it removes: half a second each time, were the
        # libraries looked through again.
        gc.freeze()

    thread = threading.Thread(target=load, daemon=True, name="segstudio-load")
    thread.start()
    return thread


def describe_opengl() -> str:
    """Return the version and renderer of OpenGL, or why there is none."""
    application = QCoreApplication.instance() or QGuiApplication([])
    surface, context = QOffscreenSurface(), QOpenGLContext()
    surface.create()
    if not context.create() or not context.makeCurrent(surface):
        return "none: napari cannot draw images here"
    version, renderer = (context.functions().glGetString(name) for name in (0x1F02, 0x1F01))
    context.doneCurrent()
    del application
    return f"{version} ({renderer})"
