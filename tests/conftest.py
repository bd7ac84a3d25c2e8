"""Data that many tests share."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import hypothesis
import pytest

# Before torch is imported: in networks this small, threads wait for each other more than they
# compute, and for seconds where the machine has other work.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Before napari is imported: the tests neither read nor write the settings of whoever runs them.
os.environ["NAPARI_CONFIG"] = ""

from segstudio.cli import main
from segstudio.data.phantoms import write_heart_dataset

# On the machine that decides, no example comes up that never did before.
hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")

# Small enough that a training takes a second.
TINY = 'base_channels = 4\nlevels = 3\nepochs = 2\nprecision = "32-true"\n'


@dataclass(frozen=True)
class Told:
    """How a command ended and what it printed."""

    status: int
    out: str
    err: str

    @property
    def last(self) -> str:
        """The last line of stderr, where a mistake is told."""
        return self.err.rstrip("\n").rpartition("\n")[2]


@pytest.fixture(autouse=True)
def own_recovery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep copies of unsaved labels apart from the user's."""
    monkeypatch.setenv("SEGSTUDIO_RECOVERY", str(tmp_path / "recovery"))
    return tmp_path / "recovery"


@pytest.fixture(autouse=True)
def same_numbers() -> None:
    """Seed the shared random stream of torch, so that a test that fails will fail again."""
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)


def run_command(*arguments: object) -> Told:
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main([str(a) for a in arguments])
    return Told(int(ended.value.code or 0), out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def segstudio() -> Callable[..., Told]:
    """Return what runs a command in this process, as the shell would."""
    return run_command


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a settings file for a training of a second."""
    path = tmp_path_factory.mktemp("settings") / "tiny.toml"
    path.write_text(TINY)
    return path


@pytest.fixture(scope="session")
def hearts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small folder of generated hearts in the ACDC layout; not to be changed."""
    folder = tmp_path_factory.mktemp("data") / "hearts"
    write_heart_dataset(folder, patients=4, shape=(4, 48, 48), seed=1)
    return folder


@pytest.fixture(scope="session")
def finished_run(
    hearts: Path, tiny: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Told]:
    """Return the run folder of a finished training, not to be changed, and what was printed."""
    run = tmp_path_factory.mktemp("runs") / "finished"
    told = run_command("train", hearts, "--loss", "dice", "--config", tiny, "--out", run)
    assert told.status == 0, told.err
    return run, told


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Return the folder of real data."""
    folder = os.environ.get("SEGSTUDIO_DATA")
    if not folder:
        pytest.skip("SEGSTUDIO_DATA names no folder of real data")
    return Path(folder)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB, where this machine lets us mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    try:
        done = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        done = False
    if not done:
        pytest.skip("Only root may mount a small disk.")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)
