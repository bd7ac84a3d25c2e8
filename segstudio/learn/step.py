"""One step: from a batch to gradients, on one process or several."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from segstudio.learn.batches import Batch
from segstudio.learn.job import Job
from segstudio.learn.sampling import DROPOUT
from segstudio.losses.criterion import Criterion
from segstudio.losses.target import Target


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a step came to.

    Attributes
    ----------
    loss : float
        The mean over ranks.
    parts : dict of float
        What each part of the loss contributed.
    norm : float
        Of the gradient, before clipping.
    is_finite : bool
        Whether loss and gradient are numbers, on every rank.
    logits : Tensor
        The network's output, without gradient.
    """

    loss: float
    parts: dict[str, float]
    norm: float
    is_finite: bool
    logits: Tensor


def forward_and_backward(job: Job, batch: Batch) -> Outcome:
    """Return what a batch came to, its clipped gradients left with the weights."""
    fabric = job.compute.fabric
    target = batch.target.to(fabric.device)
    with _own_random_numbers(job):
        outputs = job.model(job.compute.image(batch.image))
    logits = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    loss, parts = deep_loss(job.criterion, logits, target, job.progress.epoch)
    job.optimizer.zero_grad()
    fabric.backward(loss)
    norm: Any = fabric.clip_gradients(
        job.model, job.optimizer, max_norm=job.config.clip_gradients, error_if_nonfinite=False
    )
    # With float16 a gradient may overflow: the scaler then skips the step by itself.
    numbers = [float(loss.detach()), *([] if job.compute.precision == "16-mixed" else [norm])]
    is_bad = not all(np.isfinite(float(n)) for n in numbers)
    told = np.array([is_bad, float(loss.detach()), *parts.values()], np.float64)
    bad, mean_loss, *mean_parts = job.compute.of_all(told).mean(axis=0).tolist()
    mean = dict(zip(parts, mean_parts, strict=True))
    return Outcome(mean_loss, mean, float(norm or 0.0), not bad, logits[0].detach())


@contextmanager
def _own_random_numbers(job: Job) -> Iterator[None]:
    """Draw what dropout drops from (seed, epoch, step, rank), and leave the shared stream alone."""
    progress = job.progress
    key = (job.config.seed, progress.epoch, DROPOUT, progress.step, job.compute.rank)
    device = job.compute.fabric.device
    devices = [device.index or 0] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(int(np.random.SeedSequence(key).generate_state(1)[0]))
        yield


def deep_loss(
    criterion: Criterion, logits: Sequence[Tensor], target: Target, epoch: int
) -> tuple[Tensor, dict[str, float]]:
    """Return the loss of outputs at several resolutions, and its parts.

    Coarse outputs are enlarged to the target's size, so that the maps stay as they are. The
    weights halve from one resolution to the next and add up to 1.

    Parameters
    ----------
    criterion : Criterion
        The loss.
    logits : sequence of Tensor, each (N, K, ...)
        The finest first, which has the target's size.
    target : Target
        The truth.
    epoch : int
        Counted from 1.
    """
    if len(logits) == 1:
        return criterion(logits[0], target, epoch=epoch)
    shares = 0.5 ** torch.arange(len(logits))
    total, sums = logits[0].new_zeros(()), dict[str, float]()
    for share, output in zip((shares / shares.sum()).tolist(), logits, strict=True):
        enlarged = output.float()
        if output.shape != logits[0].shape:
            mode = "bilinear" if output.ndim == 4 else "trilinear"
            enlarged = torch.nn.functional.interpolate(enlarged, logits[0].shape[2:], mode=mode)
        loss, parts = criterion(enlarged, target, epoch=epoch)
        total = total + share * loss
        sums = {name: sums.get(name, 0.0) + share * value for name, value in parts.items()}
    return total, sums
