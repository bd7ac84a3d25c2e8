"""What a training runs on: versions and devices."""

import hashlib
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from segstudio import __version__
from segstudio.learn.config import make_config
from segstudio.learn.device import Compute, choose_compute

PACKAGES = ("napari", "PySide6", "torch", "lightning-fabric", "numpy", "scipy", "numba", "nibabel")


def describe_environment(compute: Compute | None = None) -> dict[str, str]:
    """Return versions and devices, each as a line of text; no path, no name of the machine.

    Parameters
    ----------
    compute : Compute, optional
        What a run computes with; left out, what one would choose by itself here.
    """
    compute = compute or choose_compute(make_config())
    cuda = "yes" if torch.cuda.is_available() else "no"
    return {
        "segstudio": __version__,
        "code": _code(),
        "python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "packages": ", ".join(f"{p} {_version(p)}" for p in PACKAGES),
        "device": f"{compute.device}, {compute.precision} (CUDA: {cuda})",
        "threads": f"{torch.get_num_threads()} of {os.cpu_count()} cores",
    }


def _code(package: Path = Path(__file__).parent.parent) -> str:
    """Return which code this is: a hash of the package's files, and the commit in a checkout."""
    files = sorted(package.rglob("*.py"))
    sums = (hashlib.sha256(path.read_bytes()).digest() for path in files)
    told = f"sha256 {hashlib.sha256(b''.join(sums)).hexdigest()[:16]}"
    head = package.parent / ".git" / "HEAD"
    if not head.is_file():
        return told
    commit = head.read_text().strip()
    if commit.startswith("ref: "):
        branch = head.parent / commit.removeprefix("ref: ")
        commit = branch.read_text().strip() if branch.is_file() else ""
    return f"{told}, on commit {commit[:12]}" if commit else told


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
