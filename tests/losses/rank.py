"""One process of two that take a loss together; started by `test_reduction`."""

import sys
from pathlib import Path

import torch
import torch.distributed as ranks

from segstudio.core.loss_maps import MapOptions
from segstudio.losses.criterion import Criterion
from segstudio.losses.reduction import on_this_rank_alone
from segstudio.losses.target import Target

SAMPLES, CLASSES = 4, 3


def batch() -> tuple[torch.Tensor, Target]:
    """Return images of two channels and their truth; the last class is in the second half only."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 2, (SAMPLES, 6, 7), generator=generator)
    labels[2:, 1:3, 2:5] = 2
    onehot = torch.nn.functional.one_hot(labels, CLASSES).movedim(-1, 1).float()
    away = torch.rand(onehot.shape, generator=generator) * 3 + 0.5
    image = torch.randn(SAMPLES, 2, 6, 7, generator=generator)
    shares = onehot.mean((0, 2, 3))
    spacing = [(1.0, 1.0)] * SAMPLES
    return image, Target(labels, onehot, away * (1 - 2 * onehot), spacing, shares, MapOptions())


def part(target: Target, chosen: slice) -> Target:
    """Return some samples of a target."""
    return Target(
        target.labels[chosen],
        target.onehot[chosen],
        target.maps[chosen],
        target.image_spacing[chosen],
        target.frequencies,
        target.options,
    )


def value_and_gradient(loss: str, chosen: slice) -> torch.Tensor:
    """Return a loss of some samples and its gradient by the weights of a layer, as one row."""
    image, target = batch()
    torch.manual_seed(1)
    layer = torch.nn.Conv2d(2, CLASSES, 1)
    value, _ = Criterion(loss)(layer(image[chosen]), part(target, chosen))
    value.backward()
    return torch.cat([value.detach()[None], *(p.grad.flatten() for p in layer.parameters())])


def main() -> None:
    """Take every loss named in a file over this rank's half of the samples, and write the means."""
    rank, folder = int(sys.argv[1]), Path(sys.argv[2])
    ranks.init_process_group("gloo", f"file://{folder}/meeting", rank=rank, world_size=2)
    found = {}
    for loss in (folder / "losses.txt").read_text().splitlines():
        row = value_and_gradient(loss, slice(2 * rank, 2 * rank + 2))
        ranks.all_reduce(row)  # as is done with gradients, after the losses have met
        found[loss] = row / 2
    with on_this_rank_alone():
        found["alone"] = value_and_gradient("dice", slice(2 * rank, 2 * rank + 2))
    torch.save(found, folder / f"found-{rank}.pt")
    ranks.destroy_process_group()


if __name__ == "__main__":
    main()
