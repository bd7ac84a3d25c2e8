"""Milliseconds of an edit and its undo on a volume of 200 × 512 × 512; run it as a script.

    python tests/benchmarks/editing_speed.py [--dtype uint16] [--repeats 9]

A brush edit is all that happens between a pointer's event and the changed labels: the brush's
voxels, where editing is allowed by intensity and lock, the edit, and its application. It should
take less than 50 ms and an undo less than 100 ms. The other operations are done once, on a body
of 120 × 180 × 180 voxels beside a smaller one that touches it. The bytes are what the edit keeps.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.distance import warm_up
from segstudio.core.editing.allowed import Limits, where_allowed
from segstudio.core.editing.brush import brush_voxels
from segstudio.core.editing.copying import copy_plane
from segstudio.core.editing.edit import Edit, edit_where, limited
from segstudio.core.editing.history import History
from segstudio.core.editing.holes import fill_holes
from segstudio.core.editing.interpolation import interpolate_planes
from segstudio.core.editing.islands import keep_largest_piece, remove_small_pieces
from segstudio.core.editing.margin import add_margin, hollow
from segstudio.core.editing.seeds import grow_from_seeds
from segstudio.core.editing.smoothing import smooth_by_distance, smooth_by_majority
from segstudio.core.editing.splitting import split_touching
from segstudio.core.memory import peak_memory

SHAPE = (200, 512, 512)
SPACING = (1.0, 0.7, 0.7)
BRUSHES = (5.0, 20.0, 50.0, 100.0)


def bodies(dtype: str) -> NDArray[Any]:
    """Return an ellipsoid of class 1 with bumps, a ball of class 2 on it, and specks of class 1."""
    labels = np.zeros(SHAPE, dtype)
    z, y, x = np.ogrid[-60:60, -90:90, -90:90]
    bumps = 0.06 * np.sin(x / 4) * np.sin(y / 4) * np.sin(z / 4)
    labels[40:160, 166:346, 166:346] = (z / 58) ** 2 + (y / 88) ** 2 + (x / 88) ** 2 + bumps <= 1
    z, y, x = np.ogrid[-25:25, -30:30, -30:30]
    ball = (z / 25) ** 2 + (y / 30) ** 2 + (x / 30) ** 2 <= 1
    labels[75:125, 226:286, 330:390][ball] = 2
    labels[::40, ::64, ::64] = 1
    return labels


def milliseconds(act: Callable[[], Any]) -> tuple[float, Any]:
    """Return how long a call takes, and what it returns."""
    start = time.perf_counter()
    result = act()
    return 1000 * (time.perf_counter() - start), result


def print_row(name: str, edit: Edit, *times: float) -> None:
    """Print one line of the table."""
    figures = " | ".join(f"{t:.1f}" for t in times)
    print(f"| {name} | {figures} | {edit.count} | {edit.nbytes} |", flush=True)


def time_brushes(labels: NDArray[Any], image: NDArray[Any], repeats: int) -> None:
    """Print the medians of several brush edits of each size, with undo and redo."""
    history = History(labels)
    limits = Limits(intensity=(-500, 500), locked=(2,))

    def paint(diameter: float, axis: int | None, x: int) -> Edit:
        box, mask = brush_voxels((100, 250, x), diameter, SPACING, SHAPE, plane_axis=axis)
        edit = edit_where(labels, box, mask, 3)
        edit = limited(edit, where_allowed(labels, limits, edit.box, image=image))
        history.do(edit)
        return edit

    for diameter in BRUSHES:
        for axis, kind in ((None, "ball"), (0, "disc")):
            times, edits = [], []
            for k in range(repeats):
                done, edit = milliseconds(lambda d=diameter, a=axis, k=k: paint(d, a, 200 + 20 * k))
                undone, _ = milliseconds(history.undo)
                redone, _ = milliseconds(history.redo)
                history.undo()
                times.append((done, undone, redone))
                edits.append(edit)
            print_row(f"{kind} of {diameter:g} mm", edits[0], *np.median(times, axis=0))


def time_operations(labels: NDArray[Any], image: NDArray[Any]) -> None:
    """Print how long each operation takes once, with undo and redo."""
    history = History(labels)
    fifth = labels.copy()
    fifth[np.arange(len(labels)) % 5 != 0] = 0
    seeds = np.zeros_like(labels)
    seeds[100, 240:270, 240:270], seeds[100, 240:270, 370:380] = 1, 2
    seeds[100, 100:110] = 3
    box = (slice(60, 140), slice(100, 400), slice(150, 400))
    small = (slice(85, 115), slice(210, 300), slice(250, 390))
    operations: dict[str, Callable[[], Edit]] = {
        "margin of 5 mm": lambda: add_margin(labels, 1, 5.0, SPACING),
        "margin of −5 mm": lambda: add_margin(labels, 1, -5.0, SPACING),
        "hollow, 3 mm": lambda: hollow(labels, 1, 3.0, SPACING),
        "fill holes": lambda: fill_holes(labels, 1),
        "fill holes by plane": lambda: fill_holes(labels, 1, plane_axis=0),
        "remove small pieces": lambda: remove_small_pieces(labels, 1, 100),
        "keep the largest piece": lambda: keep_largest_piece(labels, 1),
        "smooth by distance, class 2": lambda: smooth_by_distance(
            labels, SPACING, 2.0, classes=[2]
        ),
        "smooth by majority, class 2": lambda: smooth_by_majority(
            labels, SPACING, 2.0, classes=[2]
        ),
        "split touching, class 2": lambda: split_touching(labels, 2, SPACING, 2.0),
        "copy a plane": lambda: copy_plane(labels, 100, 101),
        "all to background": lambda: edit_where(labels, FULL, labels > 0, 0),
    }
    for name, operation in operations.items():
        took, edit = milliseconds(operation)
        history.do(edit)
        undone, _ = milliseconds(history.undo)
        redone, _ = milliseconds(history.redo)
        history.undo()
        print_row(name, edit, took, undone, redone)
    for name, operation in {
        "interpolate 4 of 5 planes": lambda: interpolate_planes(fifth, SPACING),
        "watershed of 6 million voxels": lambda: grow_from_seeds(seeds, image, SPACING, box=box),
        "random walker of 0.38 million voxels": lambda: grow_from_seeds(
            labels, image, SPACING, box=small, method="random walker"
        ),
    }.items():
        took, edit = milliseconds(operation)
        print_row(name, edit, took, float("nan"), float("nan"))


FULL = tuple(slice(0, n) for n in SHAPE)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dtype", default="uint16", choices=("uint8", "uint16"))
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    warm_up()
    labels = bodies(options.dtype)
    rng = np.random.default_rng(0)
    image = (100 * labels.astype(np.int16) + rng.integers(-20, 20, SHAPE, np.int16)).astype(
        np.int16
    )
    print("| operation | ms | undo ms | redo ms | voxels | bytes |")
    print("| --- | --- | --- | --- | --- | --- |")
    time_brushes(labels, image, options.repeats)
    time_operations(labels, image)
    print(f"Peak memory {peak_memory() / 2**20:.0f} MiB, {options.dtype} labels.")


if __name__ == "__main__":
    main()
