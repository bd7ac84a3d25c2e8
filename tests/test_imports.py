"""What is not imported: torch before it is needed, Qt at all without the window."""

import subprocess
import sys
from pathlib import Path

TORCH_FREE = """
import sys

def check(after):
    assert "torch" not in sys.modules, f"torch was imported by {after}"

import segstudio.cli
check("the commands")
for command in ([], ["train"], ["losses"]):
    try:
        segstudio.cli.main([*command, "--help"])
    except SystemExit as ended:
        assert ended.code == 0
check("--help")
try:
    segstudio.cli.main(["losses", "dice"])
except SystemExit as ended:
    assert ended.code == 0
check("the card of a loss")
import segstudio.learn.config, segstudio.learn.events
check("settings and events")
import segstudio.session
segstudio.session.Session().open(sys.argv[1])
check("the session")
from segstudio.viewer.reader import get_reader
assert get_reader(sys.argv[1])(sys.argv[1])[0][2] == "image"
check("the reader")
"""

QT_FREE = """
import sys
from segstudio.learn.predict import predict
from segstudio.learn.training import train
from segstudio.learn.config import make_config
from segstudio.data.formats import read_volume

settings = dict(base_channels=4, levels=3, epochs=1, precision="32-true")
events = [type(e).__name__ for e in train(sys.argv[1], make_config(**settings), sys.argv[2])]
assert events[-1] == "Finished", events
predict(sys.argv[2], read_volume(sys.argv[3]))
bindings = ("qtpy", "PySide6", "PyQt6", "PyQt5", "napari", "pyqtgraph")
loaded = [name for name in bindings if name in sys.modules]
assert not loaded, loaded
"""


def run(script: str, *arguments: Path) -> None:
    command = [sys.executable, "-c", script, *(str(a) for a in arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_commands_session_and_reader_do_not_import_torch(hearts: Path) -> None:
    run(TORCH_FREE, hearts / "patient001" / "patient001_frame01.nii.gz")


def test_a_training_from_python_does_not_import_qt(hearts: Path, tmp_path: Path) -> None:
    run(QT_FREE, hearts, tmp_path / "run", hearts / "patient001" / "patient001_frame01.nii.gz")
