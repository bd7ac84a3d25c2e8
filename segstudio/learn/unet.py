"""The U-Net in two and three dimensions, with padded convolutions and normalisation.

Ronneberger et al. 2015 in 2-D, Çiçek et al. 2016 in 3-D; where thick slices are not halved and not
convolved across at first, Isensee et al. 2021 (nnU-Net).
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

Norm = Literal["batch", "instance", "group"]
Strides = Sequence[Sequence[int]]

_Layer = Callable[..., nn.Module]
_CONVOLUTION: dict[int, _Layer] = {2: nn.Conv2d, 3: nn.Conv3d}
_TRANSPOSED: dict[int, _Layer] = {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
_DROPOUT: dict[int, _Layer] = {2: nn.Dropout2d, 3: nn.Dropout3d}
_BATCH_NORM: dict[int, _Layer] = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
_TRANSPOSE: dict[int, Callable[..., Tensor]] = {
    2: nn.functional.conv_transpose2d,
    3: nn.functional.conv_transpose3d,
}
_MAX_POOL: dict[int, Callable[..., Tensor]] = {
    2: nn.functional.max_pool2d,
    3: nn.functional.max_pool3d,
}

_LEAST_TO_HALVE = 8
_MOST_OUTPUTS = 3


def default_strides(
    size: Sequence[int], spacing: Sequence[float], levels: int
) -> tuple[tuple[int, ...], ...]:
    """Return by how much each axis is halved, 1 or 2, for each level below the first.

    An axis is halved while it has 8 voxels or more and they are less than twice as long as those
    of the finest axis that has: thick slices wait until the others have caught up. A square image
    with square pixels gives ``((2, 2),) * (levels - 1)``. Where no axis is left to halve there are
    fewer levels; the first step is always there, and halves the finest axes of a tiny image too.

    Parameters
    ----------
    size : sequence of int
        Voxels of the image or patch along each axis; halves are rounded up, as if it were padded.
    spacing : sequence of float
        Length of a voxel along each axis, all in the same unit.
    levels : int
        How many resolutions at most, the full one included; 2 or more.

    References
    ----------
    Isensee et al., "nnU-Net", Nature Methods 18 (2021), supplementary note 2.
    """
    strides: list[tuple[int, ...]] = []
    for _ in range(levels - 1):
        step = _step(size, spacing, _LEAST_TO_HALVE)
        if max(step) == 1 and strides:
            break
        if max(step) == 1:
            step = _step(size, spacing, min(2, max(size)))
        size = [math.ceil(voxels / by) for voxels, by in zip(size, step, strict=True)]
        spacing = [length * by for length, by in zip(spacing, step, strict=True)]
        strides.append(step)
    return tuple(strides)


def _step(size: Sequence[int], spacing: Sequence[float], least: int) -> tuple[int, ...]:
    """Return 2 for the finest axes of those that have so many voxels at least, 1 for the others."""
    axes = [(length, voxels >= least) for voxels, length in zip(size, spacing, strict=True)]
    finest = min((length for length, is_large in axes if is_large), default=0.0)
    return tuple(2 if is_large and length < 2 * finest else 1 for length, is_large in axes)


def multiples(strides: Strides) -> tuple[int, ...]:
    """Return what the length of each axis must be a multiple of."""
    return tuple(math.prod(steps) for steps in zip(*strides, strict=True))


def _kernels(strides: Strides) -> list[tuple[int, ...]]:
    """Return the kernel of each level: 1 across slices that are not halved yet, 3 otherwise.

    The last level convolves along every axis, so that each has some context.
    """
    halved = [multiples(strides[: level + 1]) for level in range(len(strides))]
    kernels = [tuple(3 if by > 1 else 1 for by in level) for level in halved]
    return [*kernels, (3,) * len(strides[0])]


class _InstanceNorm(nn.Module):
    """Instance normalisation, ``torch.nn.InstanceNorm`` for any dimension and layout.

    torch's own knows contiguous images alone and on a CPU copies others, which makes a training
    step 1.3 to 1.6 times as long.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, images: Tensor) -> Tensor:
        """Return the images, each channel of each with zero mean and unit variance, then scaled."""
        weight, bias = self.weight, self.bias
        if images.device.type != "cpu" or images.is_contiguous():
            return nn.functional.instance_norm(images, weight=weight, bias=bias)
        one_by_one = [
            nn.functional.batch_norm(image, None, None, weight, bias, training=True)
            for image in torch.split(images, 1)
        ]
        return torch.cat(one_by_one)


def _norm_layer(norm: Norm, dims: int, channels: int) -> nn.Module:
    if norm == "batch":
        return _BATCH_NORM[dims](channels)
    if norm == "instance":
        return _InstanceNorm(channels)
    return nn.GroupNorm(math.gcd(8, channels), channels)


def _double_convolution(
    inputs: int, outputs: int, kernel: tuple[int, ...], norm: Norm, dropout: float
) -> nn.Sequential:
    dims, padding = len(kernel), tuple(length // 2 for length in kernel)
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [
            _CONVOLUTION[dims](channels, outputs, kernel, padding=padding, bias=False),
            _norm_layer(norm, dims, outputs),
            nn.ReLU(inplace=True),
        ]
    if dropout:
        layers.append(_DROPOUT[dims](dropout))
    return nn.Sequential(*layers)


class _BiasGradient(torch.autograd.Function):
    """Gives a bias that was added before its gradient.

    oneDNN sums that of a transposed convolution so slowly on a CPU that it takes a twentieth of a
    step of training in 2-D.
    """

    @staticmethod
    def forward(ctx: Any, output: Tensor, bias: Tensor) -> Tensor:  # noqa: ARG004
        return output.view_as(output)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ARG004
        return gradient, gradient.sum(dim=(0, *range(2, gradient.ndim)))


def _upsampled(layer: Any, x: Tensor) -> Tensor:
    """Return what a transposed convolution gives, the gradient of its bias summed apart."""
    y = _TRANSPOSE[x.ndim - 2](x, layer.weight, layer.bias.detach(), layer.stride)
    with_bias: Tensor = _BiasGradient.apply(y, layer.bias)  # type: ignore[no-untyped-call]
    return with_bias


class UNet(nn.Module):
    """A U-Net for images or volumes, as many dimensions as a step of ``strides`` has.

    Parameters
    ----------
    in_channels : int
        C, channels of the image.
    n_classes : int
        K, background included.
    strides : sequence of sequence of int
        By how much each axis is halved on the way to each level below the first, as
        `default_strides` gives it. Axes must be multiples of `multiples` of it.
    base : int
        Channels of the first level; each further level doubles them.
    norm : {"batch", "instance", "group"}
        Normalisation after each convolution; groups are 8, or as many as the channels allow.
    dropout : float
        Probability that a channel is dropped after a double convolution of the deeper half.
    deep_supervision : bool
        Also give logits at lower resolutions while training.

    References
    ----------
    Ronneberger et al., "U-Net", MICCAI 2015. Çiçek et al., "3D U-Net", MICCAI 2016. Isensee et al.,
    "nnU-Net", Nature Methods 18 (2021), for kernels and strides of thick slices.
    """

    def __init__(
        self,
        in_channels: int,
        n_classes: int,
        *,
        strides: Strides,
        base: int = 16,
        norm: Norm = "batch",
        dropout: float = 0.0,
        deep_supervision: bool = False,
    ) -> None:
        super().__init__()
        self.strides = tuple(tuple(step) for step in strides)
        self.deep_supervision = deep_supervision
        kernels = _kernels(self.strides)
        levels, dims = len(kernels), len(kernels[0])
        widths = [base * 2**level for level in range(levels)]

        def block(level: int, inputs: int) -> nn.Sequential:
            rate = dropout if 2 * level >= levels else 0.0
            return _double_convolution(inputs, widths[level], kernels[level], norm, rate)

        upwards = range(levels - 2, -1, -1)
        self.down = nn.ModuleList(map(block, range(levels), [in_channels, *widths]))
        self.upsample = nn.ModuleList(
            _TRANSPOSED[dims](widths[i + 1], widths[i], self.strides[i], stride=self.strides[i])
            for i in upwards
        )
        self.up = nn.ModuleList(block(i, 2 * widths[i]) for i in upwards)
        self.head = _CONVOLUTION[dims](base, n_classes, kernel_size=1)
        # Last, so that a seed draws the others alike with them and without.
        deep = widths[1 : min(_MOST_OUTPUTS, levels - 1)] if deep_supervision else []
        self.deep_heads = nn.ModuleList(
            _CONVOLUTION[dims](w, n_classes, kernel_size=1) for w in deep
        )

    def forward(self, image: Tensor) -> Tensor | list[Tensor]:
        """Return logits ``(N, K, …)`` for images ``(N, C, …)``.

        With deep supervision and while training, a list: of the full resolution, of the next
        level, and of the one after where there is one.
        """
        skips: list[Tensor] = []
        x = image
        for level, convolve in enumerate(self.down):
            if level:
                step = self.strides[level - 1]
                x = _MAX_POOL[len(step)](x, step)
            x = convolve(x)
            skips.append(x)
        skips.pop()
        decoded: list[Tensor] = []
        for upsample, convolve in zip(self.upsample, self.up, strict=True):
            x = convolve(torch.cat([skips.pop(), _upsampled(upsample, x)], dim=1))
            decoded.append(x)
        logits: Tensor = self.head(x)
        if not (self.deep_supervision and self.training):
            return logits
        lower = reversed(decoded[:-1])
        return [logits, *(head(x) for head, x in zip(self.deep_heads, lower, strict=False))]


def build_unet(
    in_channels: int,
    n_classes: int,
    *,
    strides: Strides,
    base: int = 16,
    norm: Norm = "batch",
    dropout: float = 0.0,
    deep_supervision: bool = False,
    seed: int,
) -> UNet:
    """Return a `UNet` whose weights depend on the seed only, drawn from a stream of its own."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return UNet(
            in_channels,
            n_classes,
            strides=strides,
            base=base,
            norm=norm,
            dropout=dropout,
            deep_supervision=deep_supervision,
        )
