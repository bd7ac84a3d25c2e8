"""Make the README's picture from the running program, on generated hearts.

    .venv/bin/python resources/screenshot.py [OUT.png] [--theme dark] [--size 1280x800]
                                             [--seconds 90] [--panel Train]

Needs a display; on a machine without one, run it under ``xvfb-run -s "-screen 0 1920x1080x24"``.
"""

import argparse
import tempfile
import time
from functools import partial
from pathlib import Path

from segstudio.app import make_window
from segstudio.compare.demo import demo, demo_config, make_demo_dataset

SLOWEST_START = 60.0
PANELS = ("Data", "Annotate", "Train", "Distance", "Runs")


def main() -> None:
    """Open the window, train for a while, save its picture."""
    parser = argparse.ArgumentParser(description="Make the README's picture.")
    parser.add_argument("out", nargs="?", default=Path(__file__).with_name("screenshot.png"))
    parser.add_argument("--theme", default="dark", choices=["dark", "light"])
    parser.add_argument("--size", default="1280x800")
    parser.add_argument("--seconds", type=float, default=90.0)
    parser.add_argument("--panel", default="Train", choices=PANELS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _take(options, Path(folder))


def _take(options: argparse.Namespace, folder: Path) -> None:
    from qtpy.QtWidgets import QApplication, QDockWidget

    from segstudio.ui.window.notices import Notice

    viewer, studio = make_window()
    viewer.theme = options.theme
    window = viewer.window._qt_window
    viewer.window.show()
    window.resize(*(int(n) for n in options.size.split("x")))
    dataset = make_demo_dataset(folder / "demo")
    studio.session.open(dataset.root)
    window.findChild(QDockWidget, options.panel).raise_()
    if options.seconds > 0:
        config = demo_config(options.seconds + SLOWEST_START)
        studio.train(partial(demo, dataset, folder / "demo", config), folder / "demo" / "run")
    end = time.monotonic() + max(options.seconds, 2.0)
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.005)
    # On a virtual display no window is the active one, and messages wait to be read.
    for notice in window.findChildren(Notice):
        notice.close()
    QApplication.processEvents()
    window.grab().save(str(options.out))
    studio.close()
    viewer.close()


if __name__ == "__main__":
    main()
