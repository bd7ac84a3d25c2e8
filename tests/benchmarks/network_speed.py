"""Training speed of our U-Net beside nnU-Net's and MONAI's; run it as a script.

    python tests/benchmarks/network_speed.py [--rounds 15] [--give-back]

Bare forward, backward and step on fixed tensors: batches of 8 slices of 256², channels 16 to 256
in five levels, cross-entropy, AdamW, two threads. Freed memory is kept for all, as we train, or
with --give-back given back by all, as the C library does where nobody asks. One step of each in
turn; medians, and medians of the ratios within a round. nnU-Net and MONAI run as their projects run
them on a CPU, contiguous float32 with their own normalisation, and again in our layout and number
type. nnU-Net's networks are a package of their own, which is put in a cache folder the first time,
never in this environment.
"""

import argparse
import importlib
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import torch
from monai.networks.nets import BasicUNet
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from segstudio.learn.device import keep_freed_memory
from segstudio.learn.unet import build_unet

PACKAGE, VERSION = "dynamic-network-architectures", "0.4.4"
CHANNELS = (16, 32, 64, 128, 256)
CLASSES, BATCH, SIZE = 4, 8, 256
WARM_UP = 5
# Batch, channels, rows: with much to compute for each number that is read.
PEAK_SHAPES = ((8, 64, 128), (8, 128, 64), (8, 128, 128), (8, 256, 32), (8, 256, 64), (8, 512, 32))


def ours() -> nn.Module:
    """Return our default network."""
    return build_unet(1, CLASSES, strides=((2, 2),) * 4, base=CHANNELS[0], seed=0)


def nnunet() -> nn.Module:
    """Return nnU-Net's network with the options its planner writes."""
    module = peer_module("dynamic_network_architectures.architectures.unet")
    return module.PlainConvUNet(
        input_channels=1,
        n_stages=len(CHANNELS),
        features_per_stage=CHANNELS,
        conv_op=nn.Conv2d,
        kernel_sizes=3,
        strides=(1, 2, 2, 2, 2),
        n_conv_per_stage=2,
        num_classes=CLASSES,
        n_conv_per_stage_decoder=2,
        conv_bias=True,
        norm_op=nn.InstanceNorm2d,
        norm_op_kwargs={"eps": 1e-5, "affine": True},
        nonlin=nn.LeakyReLU,
        nonlin_kwargs={"inplace": True},
    )


def basic_unet() -> nn.Module:
    """Return MONAI's network, its defaults but for the channels."""
    return BasicUNet(
        spatial_dims=2, in_channels=1, out_channels=CLASSES, features=(*CHANNELS, CHANNELS[0])
    )


def peer_module(name: str) -> object:
    """Return a module of nnU-Net's package, from a cache folder where it is not installed."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "segstudio" / f"{PACKAGE}-{VERSION}"
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    if importlib.util.find_spec(name.partition(".")[0]) is None:
        # The networks asked for need torch and numpy alone; what else the package names would
        # bring a torchvision that does not import beside a CPU build of torch.
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
        subprocess.run([*pip, str(folder), f"{PACKAGE}=={VERSION}"], check=True)
        importlib.invalidate_caches()
    return importlib.import_module(name)


def training_step(build: Callable[[], nn.Module], *, fast: bool) -> Callable[[], None]:
    """Return a step of training; fast is channels-last in bf16, otherwise contiguous float32."""
    layout = torch.channels_last if fast else torch.contiguous_format
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(BATCH, 1, SIZE, SIZE, generator=generator).to(memory_format=layout)
    labels = torch.randint(CLASSES, (BATCH, SIZE, SIZE), generator=generator)
    model = build().to(memory_format=layout)
    optimizer = torch.optim.AdamW(model.parameters())

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=fast):
            logits = model(image)
        loss = nn.functional.cross_entropy(logits.float(), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def seconds(call: Callable[[], object]) -> float:
    """Return the seconds that a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def peak_flops(number: torch.dtype, repeats: int = 9) -> float:
    """Return the most operations a second that a large convolution reached."""
    best, layout = 0.0, torch.channels_last
    for n, channels, rows in PEAK_SHAPES:
        image = torch.randn(n, channels, rows, rows).to(number).to(memory_format=layout)
        convolution = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        convolution = convolution.to(number).to(memory_format=layout)
        with torch.inference_mode():
            fastest = min(seconds(partial(convolution, image)) for _ in range(repeats))
        best = max(best, 2 * 9 * n * channels**2 * rows**2 / fastest)
    return best


def interleaved(steps: dict[str, Callable[[], None]], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each step in each round, once the memory kept has stopped growing."""
    times = [{name: seconds(step) for name, step in steps.items()} for _ in range(rounds + WARM_UP)]
    return {name: [one[name] for one in times[WARM_UP:]] for name in steps}


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--give-back", action="store_true", help="freed memory goes to the system")
    options = parser.parse_args()
    torch.set_num_threads(2)
    if not options.give_back:
        keep_freed_memory()
    peers = {"nnU-Net PlainConvUNet": nnunet, "MONAI BasicUNet": basic_unet}
    mine = training_step(ours, fast=True)
    steps = {"ours": mine}
    for fast, how in ((False, "as its project runs it"), (True, "in our layout and precision")):
        steps |= {f"{peer}, {how}": training_step(b, fast=fast) for peer, b in peers.items()}
    times = interleaved(steps, options.rounds)
    for name, measured in times.items():
        ratio = median(b / a for a, b in zip(times["ours"], measured, strict=True))
        print(
            f"{name}: {1e3 * median(measured):.0f} ms a step, {BATCH / median(measured):.1f} "
            f"slices/s, ours is {ratio:.2f} times as fast"
        )
    with FlopCounterMode(display=False) as counter:
        mine()
    rate = counter.get_total_flops() / median(times["ours"])
    peak, single = peak_flops(torch.bfloat16), peak_flops(torch.float32)
    print(
        f"ours: {rate / 1e9:.0f} GFLOP/s, {rate / peak:.0%} of the {peak / 1e9:.0f} GFLOP/s that "
        f"large convolutions reach in bf16; in float32 they reach {single / 1e9:.0f}"
    )


if __name__ == "__main__":
    main()
