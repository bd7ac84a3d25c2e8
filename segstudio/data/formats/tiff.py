"""TIFF pictures and stacks, ImageJ's and OME's among them, by tifffile."""

import logging
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid
from segstudio.data.formats.opened import (
    Content,
    Opened,
    expect_axes,
    expect_room,
    reading,
    unplaced_grid,
)

KIND = "a TIFF file"
ERRORS = (
    tifffile.TiffFileError,
    zlib.error,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    NotImplementedError,
    AssertionError,
    UnicodeError,
)
_MM = {"micron": 1e-3, "um": 1e-3, "µm": 1e-3, "\\u00b5m": 1e-3, "mm": 1.0, "cm": 10.0}
_PLANES = "ZQI"  # pages of unknown meaning are planes


def open_file(path: Path, content: Content) -> Opened:  # noqa: ARG001  (both are read alike)
    """Return a TIFF whose directory was read: its pages are planes, or time points, or channels.

    Raises
    ------
    InputError
        It is damaged, in colour, or of an arrangement that is no image.
    """

    def read() -> tuple[str, tuple[int, ...], np.dtype[Any], dict[str, Any], tuple[float, float]]:
        with _complaints() as complaints, tifffile.TiffFile(path) as file:
            series = file.series[0]
            about = dict(file.imagej_metadata or {})
            unit = _MM.get(str(about.get("unit", "")).lower(), 0.0)
            if complaints:
                raise ValueError(complaints[0])
            return series.axes, series.shape, series.dtype, about, _pixel_mm(series.pages[0], unit)

    axes, shape, dtype, about, (y, x) = reading(path, KIND, read, *ERRORS)
    kept = [(a, n) for a, n in zip(axes, shape, strict=True) if n > 1 or a in "YX"]
    axes, shape = "".join(a for a, _ in kept), tuple(n for _, n in kept)
    _expect_image(path, axes, shape)
    n_frames = shape[0] if len(shape) == 4 or (len(shape) == 3 and axes[0] in "TC") else 1
    planes = (1, 1, *shape)[-3] if n_frames == 1 or len(shape) == 4 else 1
    expect_axes(path, (n_frames, planes, *shape[-2:]))
    z = float(about.get("spacing", 0) or 0) * _MM.get(str(about.get("unit", "")).lower(), 0.0)
    grid = _grid((planes, shape[-2], shape[-1]), (z, y, x))
    return Opened(grid, lambda frame: _pixels(path, dtype, grid, n_frames, frame), n_frames)


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """Yield what tifffile only logs: that the list of pages breaks off, for one."""
    told: list[str] = []
    here, logger, listener = get_ident(), logging.getLogger("tifffile"), logging.Handler()

    def note(record: logging.LogRecord) -> None:
        if record.thread == here and record.levelno >= logging.ERROR:
            told.append(record.getMessage())

    listener.emit = note  # type: ignore[method-assign]
    logger.addHandler(listener)
    try:
        yield told
    finally:
        logger.removeHandler(listener)


def _expect_image(path: Path, axes: str, shape: tuple[int, ...]) -> None:
    if "S" in axes:
        raise InputError(
            f"'{path}' is in colour; a greyscale image is needed. Export one channel of it."
        )
    if not axes.endswith("YX") or len(shape) > 4:
        raise InputError(
            f"'{path}' has the axes {axes} of {shape}; an image has rows and columns, and planes, "
            "and either times or channels. Export a part of it."
        )


def _pixel_mm(page: Any, unit: float) -> tuple[float, float]:
    """Return the height and width of a pixel in mm, 0 where the file does not know."""
    tags = page.keyframe.tags
    per_unit = [tags.valueof(name) for name in ("YResolution", "XResolution")]
    # 2 is an inch, but also what programs write that know nothing; 3 is a centimetre.
    scale = unit or {3: 10.0}.get(int(tags.valueof("ResolutionUnit", 1)), 0.0)
    sizes = [
        scale * below / above if above else 0.0 for above, below in (p or (0, 1) for p in per_unit)
    ]
    return sizes[0], sizes[1]


def _grid(shape: tuple[int, int, int], spacing: tuple[float, float, float]) -> Grid:
    z, y, x = spacing
    if not (np.isfinite([y, x]).all() and min(y, x) > 0):
        return unplaced_grid(shape)
    if not (np.isfinite(z) and z > 0):
        # A distance between planes that is not known makes lengths across them meaningless.
        return unplaced_grid(shape, (y, y, x), unit="mm" if shape[0] == 1 else "voxels")
    return unplaced_grid(shape, (z, y, x), unit="mm")


def _pixels(
    path: Path, dtype: np.dtype[Any], grid: Grid, n_frames: int, frame: int
) -> NDArray[Any]:
    expect_room(path, (n_frames, *grid.shape), dtype)
    whole = reading(path, KIND, lambda: tifffile.imread(path, series=0), *ERRORS)
    data: NDArray[Any] = np.asarray(whole).reshape(n_frames, *grid.shape)[frame]
    if data.dtype == np.float64:
        data = data.astype(np.float32)
    if data.dtype == np.bool_:
        data = data.astype(np.uint8)
    return data
