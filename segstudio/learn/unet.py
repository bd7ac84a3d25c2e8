"""The U-Net, after Ronneberger et al. 2015, with batch normalisation and padded convolutions."""

import torch
from torch import Tensor, nn


def _double_convolution(inputs: int, outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [
            nn.Conv2d(channels, outputs, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """A 2-D U-Net.

    Parameters
    ----------
    in_channels : int
        C, channels of the image.
    n_classes : int
        K, background included.
    base : int
        Channels of the first level; each further level doubles them.
    levels : int
        How many resolutions; rows and columns must be multiples of ``2 ** (levels - 1)``.
    """

    def __init__(self, in_channels: int, n_classes: int, base: int = 16, levels: int = 5) -> None:
        super().__init__()
        widths = [base * 2**level for level in range(levels)]
        self.down = nn.ModuleList(
            _double_convolution(i, o)
            for i, o in zip([in_channels, *widths[:-1]], widths, strict=True)
        )
        self.upsample = nn.ModuleList(
            nn.ConvTranspose2d(2 * w, w, kernel_size=2, stride=2) for w in reversed(widths[:-1])
        )
        self.up = nn.ModuleList(_double_convolution(2 * w, w) for w in reversed(widths[:-1]))
        self.head = nn.Conv2d(base, n_classes, kernel_size=1)

    def forward(self, image: Tensor) -> Tensor:
        """Return logits ``(N, K, Y, X)`` for images ``(N, C, Y, X)``."""
        skips: list[Tensor] = []
        x = image
        for level, convolve in enumerate(self.down):
            if level:
                x = nn.functional.max_pool2d(x, 2)
            x = convolve(x)
            skips.append(x)
        skips.pop()
        for upsample, convolve in zip(self.upsample, self.up, strict=True):
            x = convolve(torch.cat([skips.pop(), upsample(x)], dim=1))
        logits: Tensor = self.head(x)
        return logits


def build_unet(in_channels: int, n_classes: int, base: int, levels: int, seed: int) -> UNet:
    """Return a U-Net whose weights depend on the seed only, drawn from a stream of its own."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return UNet(in_channels, n_classes, base, levels)
