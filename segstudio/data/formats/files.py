"""Volumes, labels and maps from and to files of any format."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid, Volume
from segstudio.data.atomic import reach_disk, reach_disk_by_name, written
from segstudio.data.formats.arrays import KEYS
from segstudio.data.formats.opened import Content, Opened
from segstudio.data.formats.table import WRITABLE, format_of, suffix_of
from segstudio.data.placing import expect_same_grid


def read_volume(path: str | Path, *, frame: int | None = None) -> Volume:
    """Return the image in a file.

    Parameters
    ----------
    path : path
        A file of a known format, see `FORMATS`; a file of a DICOM series stands for all of it.
    frame : int, optional
        Which entry of the file's fourth axis, from 0; needed where there are several.

    Returns
    -------
    Volume
        Data ``(Z, Y, X)`` in the file's number type (scaled values as float32). A 2-D image has
        one plane.

    Raises
    ------
    InputError
        The file is missing, damaged, of another format or in colour; or it has several entries
        along a fourth axis and none is named.
    """
    path = Path(path)
    opened = _open(path, "image")
    return Volume(opened.read(frame_of(opened, path, frame)), opened.grid, path)


def read_frames(path: str | Path, frames: Sequence[int]) -> Volume:
    """Return some entries of a file's fourth axis as the channels of one image.

    Raises
    ------
    InputError
        As `read_volume`; or the file has not so many entries.
    """
    path = Path(path)
    opened = _open(path, "image")
    wanted = [frame_of(opened, path, frame) for frame in frames]
    if opened.read_all is not None and len(wanted) == opened.frames > 1:
        every = opened.read_all()
        first, *others = (every[frame] for frame in wanted)
    else:
        first, *others = (opened.read(frame) for frame in wanted)
    return replace(Volume(first, opened.grid, path), other_channels=tuple(others))


def read_grid(path: str | Path, *, content: Content = "image") -> Grid:
    """Return where a file's voxels lie; reads its header only."""
    return _open(Path(path), content).grid


def frames_in(path: str | Path) -> int:
    """Return how many entries a file's fourth axis has; reads its header only."""
    return _open(Path(path), "image").frames


def holds_both(path: Path) -> bool:
    """Return whether a file holds an image and its labels under names of their own."""
    kind = format_of(path)
    if kind.module not in ("arrays", "hdf5"):
        return False
    keys = kind.load().keys_in(path)
    return all(any(name in keys for name in KEYS[content]) for content in ("image", "labels"))


def read_labels(
    path: str | Path, *, like: Volume | None = None, frame: int | None = None
) -> NDArray[np.int32]:
    """Return the label values in a file.

    Parameters
    ----------
    path : path
        A file of whole numbers; floating-point files of whole numbers are taken.
    like : Volume, optional
        The image the labels belong to: they must have its shape and lie where it does.
    frame : int, optional
        As in `read_volume`.

    Returns
    -------
    ndarray of int32, shape (Z, Y, X)

    Raises
    ------
    InputError
        As `read_volume`; or values that are not whole, negative or over 65535; or a shape
        or place that differs from the image's.
    """
    path = Path(path)
    opened = _open(path, "labels")
    if like is not None:
        expect_same_grid(path, opened.grid, like.grid, f"its image '{like.path}'")
    return whole_numbers(opened.read(frame_of(opened, path, frame)), path)


def _open(path: Path, content: Content) -> Opened:
    if path.is_dir():
        raise InputError(f"'{path}' is a folder; a file is needed here.")
    if not path.exists():
        what = "leads to what does not exist" if path.is_symlink() else "does not exist"
        raise InputError(f"'{path}' {what}. Check the path.")
    if not path.is_file():  # a pipe, which would be waited for, or a device without an end
        raise InputError(f"'{path}' is no regular file. Copy what it holds to a file.")
    opened: Opened = format_of(path).load().open_file(path, content)
    return opened


def frame_of(opened: Opened, path: Path, frame: int | None) -> int:
    """Return which entry of a file's fourth axis is meant; `InputError` where there is no such."""
    if frame is None and opened.frames > 1:
        raise InputError(
            f"'{path}' holds {opened.frames} entries along its fourth axis, time points or "
            "channels, and one is needed here. Open it as a dataset, or export one of them."
        )
    if frame is not None and not 0 <= frame < opened.frames:
        raise InputError(
            f"'{path}' has no entry {frame} along its fourth axis; it holds {opened.frames}, "
            "counted from 0."
        )
    return frame or 0


def whole_numbers(values: NDArray[Any], path: Path) -> NDArray[np.int32]:
    """Return values as labels; `InputError` where they are none, see `read_labels`."""
    if values.dtype.kind == "f":
        stray = values[values != np.round(values)]  # NaN differs from itself, so it is here too
        if stray.size:
            raise InputError(
                f"'{path}' holds the value {stray[0]:g}; labels are whole numbers. "
                "Is it an image or a probability map?"
            )
    if values.size and (values.min() < 0 or values.max() > np.iinfo(np.uint16).max):
        raise InputError(
            f"'{path}' holds values from {values.min():g} to {values.max():g}; "
            "labels run from 0 to 65535. Is it an image?"
        )
    return values.astype(np.int32)


def write_volume(path: str | Path, volume: Volume, *, overwrite: bool = False) -> Path:
    """Write an image on its own grid; return the path.

    Parameters
    ----------
    path : path
        Its suffix says the format, see `WRITABLE`.
    volume : Volume
        Data ``(Z, Y, X)``; its number type is the file's.
    overwrite : bool
        Whether a file that is there may be replaced.

    Raises
    ------
    InputError
        Shape or suffix do not fit, or the file exists.
    """
    return _write(Path(path), volume.data, volume.grid, overwrite=overwrite)


def write_labels(
    path: str | Path,
    labels: NDArray[np.integer],
    grid: Grid,
    *,
    overwrite: bool = False,
    keep_previous: bool = False,
    stamp: str | None = None,
) -> Path:
    """Write label values on their source's grid; return the path.

    Parameters
    ----------
    path : path
        Its suffix says the format, see `WRITABLE`.
    labels : ndarray of int, shape (Z, Y, X)
        Label values; a type of one or two bytes is written as it is, for another the smallest
        unsigned one that holds them.
    grid : Grid
        The source's: its shape, affine, codes, units and spacing are written as they were.
    overwrite : bool
        Whether a file that is there may be replaced.
    keep_previous : bool
        Whether such a file stays beside the new one, as ``NAME~``.
    stamp : str, optional
        Of the file that may be replaced, as `stamp_of` tells it; any, by default.

    Raises
    ------
    InputError
        Shape or suffix do not fit, or the file exists and may not be replaced.
    """
    largest = int(labels.max(initial=0))
    kept = labels.dtype if labels.dtype.itemsize <= 2 else np.min_scalar_type(largest)
    array = labels.astype(kept, copy=False)
    return _write(
        Path(path), array, grid, overwrite=overwrite, keep_previous=keep_previous, stamp=stamp
    )


def write_maps(
    path: str | Path, maps: NDArray[np.float32], grid: Grid, *, overwrite: bool = False
) -> Path:
    """Write distance maps on their source's grid; return the path.

    Parameters
    ----------
    path : path
        Its suffix says the format, see `WRITABLE`.
    maps : ndarray of float32, shape (K, Z, Y, X) or (Z, Y, X)
        One map a class; K is written as the file's fourth axis.
    grid : Grid
        The source's.
    overwrite : bool
        Whether a file that is there may be replaced.
    """
    return _write(Path(path), maps.astype(np.float32, copy=False), grid, overwrite=overwrite)


def _write(path: Path, data: NDArray[Any], grid: Grid, **replaces: Any) -> Path:
    """Write an array; see `written` for what is replaced."""
    if suffix_of(path).lower() not in WRITABLE:
        raise InputError(f"'{path}' should end in {', '.join(WRITABLE)}.")
    if data.shape[-3:] != grid.shape:
        raise InputError(
            f"An array of shape {data.shape} does not lie on the grid {grid.shape} of its source."
        )
    if data.dtype in (np.bool_, np.float16):  # no format has these
        data = data.astype(np.uint8 if data.dtype == np.bool_ else np.float32)
    with written(path, **replaces) as temporary:
        format_of(path).load().write_array(temporary, data, grid)
        reach_disk(temporary)
    reach_disk_by_name(path.parent)
    return path
