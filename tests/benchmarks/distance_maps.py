"""Time, breath and memory of the signed distance maps beside scipy's; run it as a script."""

import hashlib
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from statistics import median

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from segstudio.core.distance import signed_distance, warm_up

CLASSES = range(4)
SPACING = (10.0, 1.4, 1.3)
SEED = 20
# The high-water mark belongs to a process, so memory is measured in one of its own.
MEMORY_FLAG = "--memory"


def heart(planes: int, size: int) -> NDArray[np.uint8]:
    """Return labels of a ring with a cavity and a second chamber beside it, class 0 around."""
    rng = np.random.default_rng(SEED)
    y, x = np.mgrid[:size, :size] / size - 0.5
    labels = np.zeros((planes, size, size), np.uint8)
    for z, plane in enumerate(labels):
        radius = 0.12 + 0.12 * np.sin(np.pi * (z + 1) / (planes + 1)) + rng.normal(0, 0.003)
        center_y, center_x = rng.normal(0, 0.005, 2)
        ring = np.hypot(1.1 * (y - center_y), x - center_x)
        plane[np.hypot(y - center_y, x - center_x + radius) < 0.9 * radius] = 1
        plane[ring < radius] = 2
        plane[ring < 0.6 * radius] = 3
    return labels


def scipy_maps(labels: NDArray[np.uint8], spacing: tuple[float, ...]) -> NDArray[np.float32]:
    """Return the maps by scipy: two distance transforms per class."""
    maps = np.empty((len(CLASSES), *labels.shape), np.float32)
    for k in CLASSES:
        target = labels == k
        maps[k] = distance_transform_edt(~target, sampling=spacing)
        maps[k] -= distance_transform_edt(target, sampling=spacing)
    return maps


def seconds(call: Callable[[], object]) -> float:
    """Return the seconds one call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def compare(labels: NDArray[np.uint8], repeats: int) -> None:
    """Print the medians of interleaved runs, the median ratio and the largest difference."""
    spacing = SPACING[-labels.ndim :]
    ours, theirs = [], []
    for _ in range(repeats):
        ours.append(seconds(lambda: signed_distance(labels, spacing, classes=CLASSES)))
        theirs.append(seconds(lambda: scipy_maps(labels, spacing)))
    apart = signed_distance(labels, spacing, classes=CLASSES) - scipy_maps(labels, spacing)
    ratio = median(b / a for a, b in zip(ours, theirs, strict=True))
    print(
        f"{labels.shape}, {len(CLASSES)} classes, one thread: {1e3 * median(ours):.1f} ms, "
        f"scipy {1e3 * median(theirs):.1f} ms, {ratio:.1f} times as fast; "
        f"largest difference {np.abs(apart).max():.1e} mm"
    )


def largest_gap(work: Callable[[], object]) -> float:
    """Return the longest time in seconds that another thread, ticking every ms, had to wait."""
    ticks = [time.perf_counter()]
    done = threading.Event()

    def tick() -> None:
        while not done.wait(0.001):
            ticks.append(time.perf_counter())
        ticks.append(time.perf_counter())

    ticker = threading.Thread(target=tick)
    ticker.start()
    work()
    done.set()
    ticker.join()
    return float(np.diff(ticks).max())


def compare_breath(labels: NDArray[np.integer], name: str) -> None:
    """Print the time of the maps, and the longest gap in a thread beside them."""
    start = time.perf_counter()
    # Kept until the ticking ends: giving memory back is not the map's work.
    kept: list[NDArray[np.float32]] = []
    gap = largest_gap(lambda: kept.append(signed_distance(labels, SPACING)))
    took = time.perf_counter() - start
    # Hashing is one long call without the GIL: its gaps are the machine's own.
    idle = largest_gap(lambda: [hashlib.sha256(kept[0].data) for _ in range(8)])
    print(
        f"{labels.shape}, {name}: {took:.2f} s, largest gap in another thread "
        f"{1e3 * gap:.1f} ms, beside hashing {1e3 * idle:.1f} ms"
    )


def peak_memory() -> None:
    """Print the growth of this process's memory as a multiple of the maps' size."""
    labels = heart(200, 512)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    maps = signed_distance(labels, SPACING, classes=CLASSES)
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    print(f"{labels.shape}, {len(CLASSES)} classes: peak memory {grown / maps.nbytes:.2f} maps")


def main() -> None:
    """Print every figure."""
    # First of all: a process inherits the high-water mark of the one that starts it.
    subprocess.run([sys.executable, __file__, MEMORY_FLAG], check=True)
    compare(heart(1, 256)[0], repeats=41)
    compare(heart(10, 256), repeats=11)
    labels = heart(100, 512)
    compare_breath(labels, "uint8")
    compare_breath(labels.astype(np.int64).copy(order="F"), "int64 in Fortran order")
    compare_breath(labels.astype(">i2"), "int16 of the other byte order")


if __name__ == "__main__":
    warm_up()
    if MEMORY_FLAG in sys.argv:
        peak_memory()
    else:
        main()
