"""Where to compute, in which number type and memory layout, and with how many processes."""

import ctypes
import os
import sys
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.learn.config import TrainConfig, make_config

_THREADS = torch.get_num_threads()


@dataclass(frozen=True)
class Compute:
    """The device chosen for a training or a prediction."""

    fabric: Fabric
    device: str
    precision: str

    @property
    def rank(self) -> int:
        """Which of the processes that train together this is."""
        return int(self.fabric.global_rank)

    @property
    def ranks(self) -> int:
        """How many processes train together."""
        return int(self.fabric.world_size)

    def place(self, model: torch.nn.Module, *optimizers: torch.optim.Optimizer) -> Any:
        """Return the model, and the optimisers given, on the device in channels-last layout.

        On a CPU a step is shorter by a quarter in it, in 3-D with instance normalisation as well;
        with group normalisation alone it is longer by as much.
        """
        axes = max(weight.ndim for weight in model.parameters())
        model = model.to(memory_format=_layout(axes))  # type: ignore[call-overload]
        return self.fabric.setup(model, *optimizers)

    def image(self, image: torch.Tensor) -> torch.Tensor:
        """Return a batch of images on the device, in the layout of the model."""
        return image.to(self.fabric.device, memory_format=_layout(image.ndim))

    def share_buffers(self, model: torch.nn.Module) -> None:
        """Give every rank the first one's running means; all ranks must come here."""
        if self.ranks > 1:
            own = {name: buffer.cpu() for name, buffer in model.named_buffers()}
            first = self.fabric.broadcast(own)
            with torch.no_grad():
                for name, buffer in model.named_buffers():
                    buffer.copy_(first[name])

    def text_of(self, rank: int, text: str) -> str:
        """Return the text of one of the ranks; all ranks must ask for it."""
        told: str = self.fabric.broadcast(text, src=rank) if self.ranks > 1 else text
        return told

    def of_all(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return an array of every rank, stacked ``(ranks, ...)``; all ranks must ask for it."""
        if self.ranks == 1:
            return values[np.newaxis]
        with warnings.catch_warnings():
            # Of torch, about what Fabric calls; a user can do nothing about it.
            warnings.filterwarnings("ignore", message=".*all_gather is deprecated")
            gathered: Any = self.fabric.all_gather(torch.from_numpy(values).to(self.fabric.device))
        every: NDArray[np.float64] = gathered.cpu().numpy()
        return every


def _layout(axes: int) -> torch.memory_format:
    return torch.channels_last_3d if axes == 5 else torch.channels_last


def choose_compute(config: TrainConfig, *, together: bool = False) -> Compute:
    """Return the device and precision that a config asks for, or the best there are.

    Parameters
    ----------
    config : TrainConfig
        Its `device` and `precision`.
    together : bool
        Whether to join the other processes of ``torchrun`` or SLURM, where there are any.

    Raises
    ------
    InputError
        There is no such device, or it cannot compute in that precision.
    """
    device = chosen_device(config)
    precision = _best_precision(device) if config.precision == "auto" else config.precision
    if not _is_there(device):
        raise InputError(f"There is no device '{device}' here. Choose cpu, or auto.")
    if not _can(device, precision):
        raise InputError(
            f"The device '{device}' cannot compute in '{precision}'. Choose another precision, or "
            "auto."
        )
    devices, nodes = _processes() if together else (1, 1)
    fabric = Fabric(
        accelerator=device,
        # Buffers are shared before a validation, where it is certain that every rank comes along.
        strategy=DDPStrategy(broadcast_buffers=False) if devices * nodes > 1 else "auto",
        devices=devices,
        num_nodes=nodes,
        precision=precision,  # type: ignore[arg-type]
    )
    fabric.launch()
    return Compute(fabric, device, precision)


def _processes() -> tuple[int, int]:
    """Return how many processes were started on this machine, and on how many machines."""
    told = os.environ
    if "WORLD_SIZE" in told:
        here = int(told.get("LOCAL_WORLD_SIZE") or told["WORLD_SIZE"])
        return here, int(told["WORLD_SIZE"]) // here
    # A batch script has these as well; only what srun starts has a step and is one of several.
    if "SLURM_NTASKS" in told and "SLURM_STEP_ID" in told:
        nodes = int(told.get("SLURM_NNODES") or 1)
        return int(told["SLURM_NTASKS"]) // nodes, nodes
    return 1, 1


def ranks_here() -> int:
    """Return how many processes that train together share this machine."""
    return _processes()[0]


def several_ranks() -> bool:
    """Return whether this process was started with others, to train together."""
    devices, nodes = _processes()
    return devices * nodes > 1


def leave_ranks() -> None:
    """Take leave of the other processes; one that ends without it may take them down."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def is_first_rank() -> bool:
    """Return whether this is the process that prints and writes; read without torch's help."""
    return int(os.environ.get("RANK") or os.environ.get("SLURM_PROCID") or 0) == 0


def compute_to_predict(config: TrainConfig, device: str = "auto") -> Compute:
    """Return a device of this machine, in a run's own precision where the device has it."""
    chosen = chosen_device(make_config(device=device))
    precision = config.precision if _can(chosen, config.precision) else "auto"
    return choose_compute(make_config(device=chosen, precision=precision))


def _is_there(device: str) -> bool:
    if device == "cuda":
        return torch.cuda.is_available()
    return device == "cpu" or torch.backends.mps.is_available()


def _can(device: str, precision: str) -> bool:
    # Fabric would take bf16-mixed instead, and the log would tell what is not so.
    return not (device == "cpu" and precision == "16-mixed")


def chosen_device(config: TrainConfig) -> str:
    """Return the device that a config asks for, or the best there is."""
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


def use_threads(threads: int | None) -> None:
    """Compute with so many threads on a CPU; None: with as many as torch found for itself."""
    torch.set_num_threads(threads or _THREADS)


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
