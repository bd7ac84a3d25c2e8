"""How long an epoch will take, and how much memory: measured on a few steps of no image."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from segstudio.core.memory import GIB, peak_memory
from segstudio.learn.config import TrainConfig
from segstudio.learn.device import choose_compute
from segstudio.learn.network import network, round_up, strides_of
from segstudio.learn.unet import default_strides, multiples
from segstudio.losses.criterion import Criterion
from segstudio.losses.target import Target

TRAIN_SHARE = 0.64  # of the cases, in a three-way split
VALIDATION_SHARE = 0.11
TIMED_STEPS = 3
BYTES_A_VOXEL = 5  # a prepared image in float32, and its labels


@dataclass(frozen=True)
class Estimate:
    """What a training will cost, about.

    Attributes
    ----------
    seconds : float
        Of an epoch, its validation included.
    gib : float
        Of memory: what the process took at most, with its network and a batch, and the prepared
        cases.
    steps : int
        Of an epoch.
    device : str
        It was measured on.
    """

    seconds: float
    gib: float
    steps: int
    device: str


def estimate(
    config: TrainConfig,
    channels: int,
    n_classes: int,
    shapes: Sequence[tuple[int, int, int]],
    *,
    between: Callable[[], None] = lambda: None,
) -> Estimate:
    """Return what a training on labelled cases will cost, from a few steps on noise.

    The distance maps are made by other threads meanwhile, and are not measured.

    Parameters
    ----------
    config : TrainConfig
        Its network, patch and batch size.
    channels, n_classes : int
        Of the images, and of the labels with background.
    shapes : sequence of (int, int, int)
        ``(Z, Y, X)`` of the labelled cases.
    between : callable, optional
        Called before every step; what it raises ends the measuring.
    """
    patch = config.patch_size or shapes[0][3 - config.dimensions :]
    strides = config.strides
    if strides is None and config.dimensions == 3:
        strides = default_strides(patch, (1.0, 1.0, 1.0), config.levels)
    config = config.model_copy(update={"strides": strides})
    patch = round_up(patch, multiples(strides_of(config)))
    step, forward = _seconds(config, channels, n_classes, patch, between)
    parts = [_parts(shape, patch) for shape in shapes]
    steps = max(1, round(TRAIN_SHARE * sum(parts) / config.batch_size))
    if config.samples_per_epoch:
        steps = -(-config.samples_per_epoch // config.batch_size)
    # A sliding window overlaps by half in 3-D; a plane is seen once.
    seen = VALIDATION_SHARE * sum(parts) * (8 if config.dimensions == 3 else 1)
    cases = sum(math.prod(s) for s in shapes) * (BYTES_A_VOXEL + 4 * (channels - 1))
    compute = choose_compute(config)
    return Estimate(
        seconds=steps * step + seen / config.batch_size * forward,
        gib=(peak_memory() + TRAIN_SHARE * cases) / GIB,
        steps=steps,
        device=f"{compute.device}, {compute.precision}",
    )


def _parts(shape: tuple[int, int, int], patch: Sequence[int]) -> int:
    """Return how many samples a case counts for: planes, or the patches that fill it."""
    return shape[0] if len(patch) == 2 else max(1, round(math.prod(shape) / math.prod(patch)))


def _seconds(
    config: TrainConfig,
    channels: int,
    n_classes: int,
    patch: Sequence[int],
    between: Callable[[], None],
) -> tuple[float, float]:
    """Return the seconds of a step, and of a forward pass alone."""
    compute = choose_compute(config)
    model = network(config, channels, n_classes)
    model, optimizer = compute.place(model, torch.optim.AdamW(model.parameters()))
    image = compute.image(torch.randn(config.batch_size, channels, *patch))
    labels = torch.randint(n_classes, (config.batch_size, *patch), device=image.device)
    onehot = torch.nn.functional.one_hot(labels, n_classes).movedim(-1, 1).float()
    target, criterion = Target(labels, onehot.contiguous()), Criterion("dice")

    def train() -> None:
        outputs = model(image)
        logits = outputs if isinstance(outputs, torch.Tensor) else outputs[0]
        optimizer.zero_grad()
        compute.fabric.backward(criterion(logits, target)[0])
        optimizer.step()

    def look() -> None:
        with torch.inference_mode():
            model(image)

    return _timed(train, between), _timed(look, between)


def _timed(work: Callable[[], None], between: Callable[[], None]) -> float:
    """Return the seconds that work takes when it is warm."""
    between()
    work()
    begun = time.perf_counter()
    for _ in range(TIMED_STEPS):
        between()
        work()
    return (time.perf_counter() - begun) / TIMED_STEPS
