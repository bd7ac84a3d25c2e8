"""What a training runs on: versions and devices."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version

import torch

from segstudio import __version__
from segstudio.learn.config import make_config
from segstudio.learn.device import choose_compute

PACKAGES = ("napari", "PySide6", "torch", "lightning-fabric", "numpy", "scipy", "numba", "nibabel")


def describe_environment() -> dict[str, str]:
    """Return versions and devices, each as a line of text; no path, no name of the machine."""
    compute = choose_compute(make_config())
    cuda = "yes" if torch.cuda.is_available() else "no"
    return {
        "segstudio": __version__,
        "python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "packages": ", ".join(f"{p} {_version(p)}" for p in PACKAGES),
        "device": f"{compute.device}, {compute.precision} (CUDA: {cuda})",
        "threads": f"{torch.get_num_threads()} of {os.cpu_count()} cores",
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
