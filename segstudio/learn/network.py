"""The network that a run's settings describe, and what they leave to the data."""

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from segstudio.learn.config import TrainConfig
from segstudio.learn.unet import UNet, build_unet, default_strides, multiples

Sizes = tuple[int, ...]


class Measured(Protocol):
    """What has a size and a spacing along ``(Z, Y, X)``."""

    @property
    def shape(self) -> tuple[int, int, int]: ...  # noqa: D102

    @property
    def spacing(self) -> tuple[float, float, float]: ...  # noqa: D102


MOST_VOXELS = 2**20  # of a patch that nobody chose


def network(config: TrainConfig, in_channels: int, n_classes: int) -> UNet:
    """Return the untrained network of a run's settings."""
    return build_unet(
        in_channels,
        n_classes,
        strides=strides_of(config),
        base=config.base_channels,
        norm=config.norm_layers,
        dropout=config.dropout,
        deep_supervision=config.deep_supervision,
        seed=config.seed,
    )


def strides_of(config: TrainConfig) -> tuple[Sizes, ...]:
    """Return the strides of a run; runs of earlier versions wrote none, and halved every axis."""
    return config.strides or ((2,) * config.dimensions,) * (config.levels - 1)


def patch_and_strides(
    config: TrainConfig, cases: Sequence[Measured]
) -> tuple[Sizes, tuple[Sizes, ...]]:
    """Return the size of what the network sees, and its strides.

    Both as set; else the median size of the cases, in 3-D cut until it has a million voxels at
    most, and strides by size and median spacing; sizes are raised to what the strides divide.
    """
    axes = 3 - config.dimensions
    median = np.median([case.shape[axes:] for case in cases], axis=0)
    spacing = np.median([case.spacing[axes:] for case in cases], axis=0).tolist()
    size: Sizes = config.patch_size or tuple(int(n) for n in median)
    if config.dimensions == 2:
        # Planes are halved on both axes alike: their pixels are nearly square.
        strides = config.strides or ((2, 2),) * (config.levels - 1)
        return round_up(size, multiples(strides)), strides
    while True:
        strides = config.strides or default_strides(size, spacing, config.levels)
        steps = multiples(strides)
        rounded = round_up(size, steps)
        if config.patch_size or math.prod(rounded) <= MOST_VOXELS:
            return rounded, strides
        # What has the most voxels gives way, a step of its own at a time.
        longest = max(range(3), key=lambda axis: rounded[axis])
        size = tuple(n - steps[axis] if axis == longest else n for axis, n in enumerate(rounded))


def round_up(size: Sequence[int], multiple: Sequence[int]) -> Sizes:
    """Return lengths raised to the next multiple, axis by axis."""
    return tuple(-(-n // m) * m for n, m in zip(size, multiple, strict=True))
