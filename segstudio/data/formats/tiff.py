"""TIFF pictures and stacks, ImageJ's and OME's among them, by tifffile."""

import re
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid
from segstudio.data.formats.complaints import complaints
from segstudio.data.formats.opened import (
    Content,
    Opened,
    expect_axes,
    expect_room,
    in_single,
    reading,
    unplaced_grid,
)
from segstudio.data.placing import is_possible

KIND = "a TIFF file"
ERRORS = (
    tifffile.TiffFileError,
    zlib.error,
    struct.error,
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
_OME_SIZE = re.compile(r'PhysicalSize([XYZ])="([^"]{1,40})"')
_OME_UNIT = re.compile(r'PhysicalSize([XYZ])Unit="([^"]{1,20})"')


def open_file(path: Path, content: Content) -> Opened:  # noqa: ARG001  (both are read alike)
    """Return a TIFF whose directory was read: its pages are planes, or time points, or channels.

    Raises
    ------
    InputError
        It is damaged, in colour, or of an arrangement that is no image.
    """

    def read() -> tuple[str, tuple[int, ...], np.dtype[Any], tuple[float, float, float]]:
        # Not several files: OME's description may name some anywhere, which would be read.
        with complaints("tifffile") as told, tifffile.TiffFile(path, _multifile=False) as file:
            _expect_one_file(path, file)
            series = file.series[0]
            spacing = _ome_spacing(file.ome_metadata or "") or _spacing(
                dict(file.imagej_metadata or {}), series.pages[0]
            )
            if told:  # that the list of pages breaks off, for one
                raise ValueError(told[0])
            _expect_possible_pieces(path, series)
            return series.axes, series.shape, series.dtype, spacing

    reading(path, KIND, lambda: _expect_an_end(path), *ERRORS)
    axes, shape, dtype, spacing = reading(path, KIND, read, *ERRORS)
    kept = [(a, n) for a, n in zip(axes, shape, strict=True) if n > 1 or a in "YX"]
    axes, shape = "".join(a for a, _ in kept), tuple(n for _, n in kept)
    _expect_image(path, axes, shape)
    if is_turned := len(axes) == 4 and axes[0] == "Z" and axes[1] in "TC":
        shape = (shape[1], shape[0], *shape[2:])  # channels within planes, as ImageJ writes them
    n_frames = shape[0] if len(shape) == 4 or (len(shape) == 3 and axes[0] in "TC") else 1
    planes = (1, 1, *shape)[-3] if n_frames == 1 or len(shape) == 4 else 1
    expect_axes(path, (n_frames, planes, *shape[-2:]))
    grid = _grid((planes, shape[-2], shape[-1]), spacing)

    def every() -> NDArray[Any]:
        return _pixels(path, dtype, grid, n_frames, is_turned=is_turned)

    return Opened(grid, lambda frame: every()[frame], n_frames, lambda: list(every()))


def _expect_an_end(path: Path) -> None:
    """Refuse a list of pages that leads back into itself: tifffile follows it for ever."""
    with path.open("rb") as file:
        head = file.read(16)
        order = {b"II": "<", b"MM": ">"}[head[:2]]
        is_big = struct.unpack(order + "H", head[2:4])[0] == 43
        count, offset, entry = ("Q", "Q", 20) if is_big else ("H", "I", 12)
        at = struct.unpack_from(order + offset, head, 8 if is_big else 4)[0]
        seen: set[int] = set()
        while at:
            if at in seen:
                raise ValueError("the pages have no end")
            seen.add(at)
            file.seek(at)
            many = file.read(struct.calcsize(count))
            if len(many) < struct.calcsize(count):
                return  # cut short, which tifffile tells
            file.seek(struct.unpack(order + count, many)[0] * entry, 1)
            following = file.read(struct.calcsize(offset))
            if len(following) < struct.calcsize(offset):
                return
            at = struct.unpack(order + offset, following)[0]


def _expect_one_file(path: Path, file: Any) -> None:
    """Refuse a part of a stack: tifffile would fill up with zeros what it does not find."""
    is_part = file.is_ndtiff or (file.is_ome and file.series[0].kind not in ("ome", "imagej"))
    if is_part or any(page and page.parent is not file for page in file.series[0].pages):
        raise InputError(
            f"'{path}' is a part of a stack that lies in several files. Save it as a single TIFF."
        )


def _expect_possible_pieces(path: Path, series: Any) -> None:
    """Refuse tiles or strips that are read whole, however little of them the image needs."""
    expect_room(path, series.keyframe.chunks, series.dtype)
    size = path.stat().st_size
    if any(max(page.databytecounts, default=0) > size for page in series.pages if page):
        raise ValueError("a piece is larger than the file")


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


def _spacing(about: dict[str, Any], page: Any) -> tuple[float, float, float]:
    """Return a voxel's sizes along ``(Z, Y, X)`` in mm, 0 where the file does not know.

    Parameters
    ----------
    about : dict
        What ImageJ says.
    page : tifffile page
        The first.
    """
    unit = _MM.get(str(about.get("unit", "")).lower(), 0.0)
    tags = page.keyframe.tags
    per_unit = [tags.valueof(name) for name in ("YResolution", "XResolution")]
    # 2 is an inch, but also what programs write that know nothing; 3 is a centimetre.
    scale = unit or {3: 10.0}.get(int(tags.valueof("ResolutionUnit", 1)), 0.0)
    sizes = [
        scale * below / above if above else 0.0 for above, below in (p or (0, 1) for p in per_unit)
    ]
    return float(about.get("spacing", 0) or 0) * unit, sizes[0], sizes[1]


def _ome_spacing(about: str) -> tuple[float, float, float] | None:
    """Return the spacing that OME's description gives, in mm and 0 where it does not know."""
    sizes, units = dict(_OME_SIZE.findall(about)), dict(_OME_UNIT.findall(about))
    if not ("X" in sizes and "Y" in sizes):
        return None
    z, y, x = (float(sizes.get(a, 0)) * _MM.get(units.get(a, "µm").lower(), 0.0) for a in "ZYX")
    return z, y, x


def _grid(shape: tuple[int, int, int], spacing: tuple[float, float, float]) -> Grid:
    z, y, x = spacing
    if not is_possible((y, x), 0.0):
        return unplaced_grid(shape)
    if not is_possible((z,), 0.0):
        # A distance between planes that is not known makes lengths across them meaningless.
        return unplaced_grid(shape, (y, y, x), unit="mm" if shape[0] == 1 else "voxels")
    return unplaced_grid(shape, (z, y, x), unit="mm")


def _pixels(
    path: Path, dtype: np.dtype[Any], grid: Grid, n_frames: int, *, is_turned: bool
) -> NDArray[Any]:
    """Return all entries ``(T, Z, Y, X)``: pages are not read one by one."""
    expect_room(path, (n_frames, *grid.shape), dtype)

    def read() -> NDArray[Any]:
        whole = np.asarray(tifffile.imread(path, series=0, _multifile=False))
        if is_turned:
            planes, *rest = grid.shape
            return whole.reshape(planes, n_frames, *rest).swapaxes(0, 1)
        return whole.reshape(n_frames, *grid.shape)

    with complaints("tifffile"):
        data: NDArray[Any] = reading(path, KIND, read, *ERRORS)
    if data.dtype == np.float64:
        data = in_single(data)
    if data.dtype == np.bool_:
        data = data.astype(np.uint8)
    return data
