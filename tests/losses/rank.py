"""One process of two that take a loss together; started by `test_reduction`."""

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as ranks
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from segstudio.core.loss_maps import MapOptions
from segstudio.losses.criterion import Criterion
from segstudio.losses.log_softmax import log_softmax
from segstudio.losses.reduction import on_this_rank_alone
from segstudio.losses.target import Target

SAMPLES, CLASSES = 4, 3
PRECISIONS = {"float32": torch.float32, "float64": torch.float64}


def batch(of_type: torch.dtype) -> tuple[Tensor, Target]:
    """Return images of two channels and their truth; the last class is in the second half only."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 2, (SAMPLES, 6, 7), generator=generator)
    labels[2:, 1:3, 2:5] = 2
    onehot = torch.nn.functional.one_hot(labels, CLASSES).movedim(-1, 1).to(of_type)
    away = torch.rand(onehot.shape, generator=generator).to(of_type) * 3 + 0.5
    image = torch.randn(SAMPLES, 2, 6, 7, generator=generator).to(of_type)
    shares = onehot.mean((0, 2, 3))
    spacing = [(1.0, 1.0)] * SAMPLES
    return image, Target(labels, onehot, away * (1 - 2 * onehot), spacing, shares, MapOptions())


def with_ignored(target: Target) -> Target:
    """Return the target with most rows of the first sample ignored, and none of the others."""
    ignored = torch.zeros_like(target.labels, dtype=torch.bool)
    ignored[0, 2:] = True
    return replace(
        target,
        labels=target.labels.masked_fill(ignored, 0),
        onehot=target.onehot.masked_fill(ignored[:, None], 0),
        sdm=target.maps.masked_fill(ignored[:, None], 0),
        ignored=ignored,
    )


def part(target: Target, chosen: slice) -> Target:
    """Return some samples of a target."""
    ignored = None if target.ignored is None else target.ignored[chosen]
    return Target(
        target.labels[chosen],
        target.onehot[chosen],
        target.maps[chosen],
        target.image_spacing[chosen],
        target.frequencies,
        target.options,
        ignored if ignored is not None and ignored.any() else None,
    )


def value_and_gradient(
    loss: str,
    chosen: slice,
    precision: str = "float64",
    spread: bool = False,
    ignoring: bool = False,
) -> Tensor:
    """Return a loss of some samples and its gradient by the weights of a layer, as one row.

    Spread over ranks, the gradient is what DDP leaves with the weights.
    """
    image, target = batch(PRECISIONS[precision])
    target = with_ignored(target) if ignoring else target
    torch.manual_seed(1)
    layer = torch.nn.Conv2d(2, CLASSES, 1).to(image.dtype)
    network = DistributedDataParallel(layer) if spread else layer
    # As the criterion does, but that it takes all to float32.
    log_probs = log_softmax(network(image[chosen]))
    value = torch.stack([*Criterion(loss).parts(log_probs, part(target, chosen)).values()]).sum()
    value.backward()
    return torch.cat([value.detach()[None], *(p.grad.flatten() for p in layer.parameters())])


def main() -> None:
    """Take every loss named in a file over this rank's half of the samples, and write the rows."""
    rank, folder = int(sys.argv[1]), Path(sys.argv[2])
    half = slice(2 * rank, 2 * rank + 2)
    ranks.init_process_group(
        "gloo", f"file://{folder}/meeting", timedelta(seconds=60), rank=rank, world_size=2
    )
    found = {
        f"{loss} {precision}": value_and_gradient(loss, half, precision, spread=True)
        for loss in (folder / "losses.txt").read_text().splitlines()
        for precision in PRECISIONS
    }
    for loss in (folder / "losses.txt").read_text().splitlines():
        found[f"{loss} ignoring"] = value_and_gradient(loss, half, spread=True, ignoring=True)
    with on_this_rank_alone():
        found["alone"] = value_and_gradient("dice", half)
    torch.save(found, folder / f"found-{rank}.pt")
    ranks.destroy_process_group()


if __name__ == "__main__":
    main()
