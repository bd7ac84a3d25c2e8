"""Time of every loss, forward and backward, beside MONAI's Dice loss; run it as a script.

    python tests/benchmarks/loss_speed.py [--all]

One thread, runs interleaved, medians and the median of the ratios. Both sides start from logits
and have their targets ready: MONAI's is one-hot, ours the maps too. --all times every loss.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import torch
from monai.losses import DiceLoss
from torch import Tensor

from segstudio.core.loss_maps import loss_maps
from segstudio.learn.device import keep_freed_memory
from segstudio.losses.criterion import Criterion
from segstudio.losses.expression import parse_loss
from segstudio.losses.registry import LOSSES
from segstudio.losses.target import Target

SHAPES = ((8, 4, 256, 256), (2, 4, 64, 128, 128))
REPEATS = 31


def balls(shape: tuple[int, ...]) -> np.ndarray:
    """Return labels of a batch of images: three overlapping balls in each."""
    n, classes, *size = shape
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, s) for s in size], indexing="ij"))
    labels = np.zeros((n, *size), np.uint8)
    for image in labels:
        for k in range(1, classes):
            center = rng.uniform(0.3, 0.7, len(size)).reshape(-1, *[1] * len(size))
            image[np.linalg.norm(grid - center, axis=0) < 0.2] = k
    return labels


def target_for(loss: str, labels: np.ndarray, classes: int) -> Target:
    """Return all that a loss needs."""
    options, ones = parse_loss(loss).maps, (1.0,) * (labels.ndim - 1)
    sdm = None
    if options:
        maps = [loss_maps(one, ones, range(classes), options) for one in labels]
        sdm = torch.from_numpy(np.stack(maps))
    indices = torch.from_numpy(labels.astype(np.int64))
    onehot = torch.nn.functional.one_hot(indices, classes).movedim(-1, 1).float().contiguous()
    frequencies = onehot.mean(dim=(0, *range(2, onehot.ndim)))
    return Target(indices, onehot, sdm, [ones] * len(labels), frequencies)


def seconds(call: Callable[[Tensor], Tensor], logits: Tensor) -> float:
    """Return the seconds of one forward and backward, as to a network's output."""
    start = time.perf_counter()
    torch.autograd.grad(call(logits), logits)
    return time.perf_counter() - start


def compare(loss: str, shape: tuple[int, ...], repeats: int) -> None:
    """Print the medians of interleaved runs and their ratio."""
    target = target_for(loss, balls(shape), shape[1])
    logits = torch.randn(shape, generator=torch.Generator().manual_seed(0)).requires_grad_()
    criterion, monai = Criterion(loss), DiceLoss(softmax=True)
    ours, theirs = [], []
    for i in range(repeats + 2):
        pair = (
            seconds(lambda x: criterion(x, target)[0], logits),
            seconds(lambda x: monai(x, target.onehot), logits),
        )
        if i > 1:  # the first two warm up
            ours.append(pair[0])
            theirs.append(pair[1])
    ratio = median(a / b for a, b in zip(ours, theirs, strict=True))
    print(
        f"{shape}, {loss}: {1e3 * median(ours):.1f} ms, MONAI DiceLoss "
        f"{1e3 * median(theirs):.1f} ms, ratio {ratio:.2f}"
    )


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="every loss, not the modified one alone")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for memory in ("as the system gives it", "freed memory kept, as in a training"):
        if memory.startswith("freed"):
            keep_freed_memory()
        print(f"Memory: {memory}")
        for shape in SHAPES:
            compare("modified-boundary", shape, REPEATS)
    if options.all:
        for name in LOSSES:
            compare(name, SHAPES[0], 7)


if __name__ == "__main__":
    main()
