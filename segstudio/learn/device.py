"""Where to compute, in which number type and memory layout."""

import ctypes
import sys
from dataclasses import dataclass
from typing import Any

import torch
from lightning_fabric import Fabric

from segstudio.core.errors import InputError
from segstudio.learn.config import TrainConfig, make_config


@dataclass(frozen=True)
class Compute:
    """The device chosen for a training or a prediction."""

    fabric: Fabric
    device: str
    precision: str

    def place(self, model: torch.nn.Module, *optimizers: torch.optim.Optimizer) -> Any:
        """Return the model, and the optimisers given, on the device in channels-last layout."""
        model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return self.fabric.setup(model, *optimizers)

    def image(self, image: torch.Tensor) -> torch.Tensor:
        """Return a batch of images on the device, in the layout of the model."""
        return image.to(self.fabric.device, memory_format=torch.channels_last)


def choose_compute(config: TrainConfig) -> Compute:
    """Return the device and precision that a config asks for, or the best there are."""
    device = _chosen_device(config)
    precision = _best_precision(device) if config.precision == "auto" else config.precision
    if not _is_there(device):
        raise InputError(f"There is no device '{device}' here. Choose cpu, or auto.")
    if not _can(device, precision):
        raise InputError(
            f"The device '{device}' cannot compute in '{precision}'. Choose another precision, or "
            "auto."
        )
    fabric = Fabric(accelerator=device, devices=1, precision=precision)  # type: ignore[arg-type]
    return Compute(fabric, device, precision)


def compute_to_predict(config: TrainConfig, device: str = "auto") -> Compute:
    """Return a device of this machine, in a run's own precision where the device has it."""
    chosen = _chosen_device(make_config(device=device))
    precision = config.precision if _can(chosen, config.precision) else "auto"
    return choose_compute(make_config(device=chosen, precision=precision))


def _is_there(device: str) -> bool:
    if device == "cuda":
        return torch.cuda.is_available()
    return device == "cpu" or torch.backends.mps.is_available()


def _can(device: str, precision: str) -> bool:
    # Fabric would take bf16-mixed instead, and the log would tell what is not so.
    return not (device == "cpu" and precision == "16-mixed")


def _chosen_device(config: TrainConfig) -> str:
    if config.device != "auto":
        return config.device
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _best_precision(device: str) -> str:
    if device == "cuda":
        return "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"
    if device == "cpu":
        # Without its own instructions bf16 is emulated, and slower than float32.
        has_bf16 = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
        return "bf16-mixed" if has_bf16 else "32-true"
    return "32-true"


def keep_freed_memory() -> None:
    """Ask the C library to keep freed memory for the next step.

    glibc gives large blocks back to the system at once, and every step pays for the page
    faults: a third of a training's time was measured. Does nothing where there is no glibc.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    trim_threshold, top_pad, mmap_max = -1, -2, -4
    mallopt(mmap_max, 0)
    mallopt(trim_threshold, 2**31 - 1)
    mallopt(top_pad, 64 * 2**20)
