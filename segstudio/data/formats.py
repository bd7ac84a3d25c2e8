"""Volumes, labels and maps from and to files; the only place where axes are turned."""

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid, Volume
from segstudio.data.atomic import written
from segstudio.data.headers import expect_same_grid, file_shape, grid_of, header_for, reading

SUFFIXES = (".nii.gz", ".nii")


def has_known_suffix(path: Path) -> bool:
    """Return whether a file's name says that it can be read."""
    return path.name.lower().endswith(SUFFIXES)


def stem(path: Path) -> str:
    """Return a file's name without its suffix, ``.nii.gz`` being one."""
    for suffix in SUFFIXES:
        if path.name.lower().endswith(suffix):
            return path.name[: -len(suffix)]
    return path.stem


def read_volume(path: str | Path) -> Volume:
    """Return the image in a file.

    Parameters
    ----------
    path : path
        A NIfTI file, 3-D, or 2-D (one plane).

    Returns
    -------
    Volume
        Data ``(Z, Y, X)`` in the file's number type (scaled values as float32).

    Raises
    ------
    InputError
        The file is missing, damaged, of another format, 4-D or in colour.
    """
    path = Path(path)
    image = _open(path)
    return Volume(_pixels(image, path), grid_of(image, path), path)


def read_grid(path: str | Path) -> Grid:
    """Return where a file's voxels lie; reads its header only."""
    path = Path(path)
    return grid_of(_open(path), path)


def read_labels(path: str | Path, *, like: Volume | None = None) -> NDArray[np.int32]:
    """Return the label values in a file.

    Parameters
    ----------
    path : path
        A NIfTI file of whole numbers; floating-point files of whole numbers are taken.
    like : Volume, optional
        The image the labels belong to: they must have its shape and lie where it does.

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
    image = _open(path)
    if like is not None:
        expect_same_grid(path, grid_of(image, path), like.grid, f"its image '{like.path}'")
    return _whole_numbers(_pixels(image, path), path)


def _whole_numbers(values: NDArray[Any], path: Path) -> NDArray[np.int32]:
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


def _open(path: Path) -> Any:
    if path.is_dir():
        raise InputError(f"'{path}' is a folder; a NIfTI file (.nii, .nii.gz) is needed here.")
    if path.exists() and not has_known_suffix(path):
        raise InputError(f"'{path}' is not of a known format; known: {', '.join(SUFFIXES)}.")
    image = reading(path, lambda: nib.load(path))
    shape = file_shape(image)
    if image.get_data_dtype().names:
        raise InputError(f"'{path}' is in colour (RGB); a greyscale image is needed.")
    if not 2 <= len(shape) <= 3 or 0 in shape:
        raise InputError(
            f"'{path}' has shape {tuple(image.shape)}; 2-D and 3-D images can be read. "
            "Export one time point or channel of it."
        )
    return image


def _pixels(image: Any, path: Path) -> NDArray[Any]:
    read = reading(path, lambda: np.asanyarray(image.dataobj))
    data: NDArray[Any] = read.reshape(file_shape(image))
    if data.dtype == np.float64:
        data = data.astype(np.float32)
    data = data.astype(data.dtype.newbyteorder("="), copy=False).T
    return data if data.ndim == 3 else data[np.newaxis]


def write_volume(path: str | Path, volume: Volume, *, overwrite: bool = False) -> Path:
    """Write an image as NIfTI on its own grid; return the path.

    Parameters
    ----------
    path : path
        Ends in ``.nii`` or ``.nii.gz``.
    volume : Volume
        Data ``(Z, Y, X)``; its number type is the file's.
    overwrite : bool
        Whether a file that is there may be replaced.

    Raises
    ------
    InputError
        Shape or suffix do not fit, or the file exists.
    """
    return _write(Path(path), volume.data, volume.grid, overwrite)


def write_labels(
    path: str | Path, labels: NDArray[np.integer], grid: Grid, *, overwrite: bool = False
) -> Path:
    """Write label values as NIfTI on their source's grid; return the path.

    Parameters
    ----------
    path : path
        Ends in ``.nii`` or ``.nii.gz``.
    labels : ndarray of int, shape (Z, Y, X)
        Label values; the smallest unsigned type that holds them is written.
    grid : Grid
        The source's: its shape, affine, codes, units and spacing are written as they were.
    overwrite : bool
        Whether a file that is there may be replaced.

    Raises
    ------
    InputError
        Shape or suffix do not fit, or the file exists.
    """
    largest = int(labels.max(initial=0))
    return _write(Path(path), labels.astype(np.min_scalar_type(largest)), grid, overwrite)


def write_maps(
    path: str | Path, maps: NDArray[np.float32], grid: Grid, *, overwrite: bool = False
) -> Path:
    """Write distance maps as NIfTI on their source's grid; return the path.

    Parameters
    ----------
    path : path
        Ends in ``.nii`` or ``.nii.gz``.
    maps : ndarray of float32, shape (K, Z, Y, X) or (Z, Y, X)
        One map a class; K is written as the file's fourth axis.
    grid : Grid
        The source's.
    overwrite : bool
        Whether a file that is there may be replaced.
    """
    return _write(Path(path), maps.astype(np.float32, copy=False), grid, overwrite)


def _write(path: Path, data: NDArray[Any], grid: Grid, overwrite: bool) -> Path:
    if not has_known_suffix(path):
        raise InputError(f"'{path}' should end in .nii.gz or .nii.")
    if data.shape[-3:] != grid.shape:
        raise InputError(
            f"An array of shape {data.shape} does not lie on the grid {grid.shape} of its source."
        )
    header = header_for(grid)
    header.set_data_dtype(data.dtype)
    turned = data.T.reshape(_shape_in_file(data, grid))
    kind = nib.Nifti2Image if isinstance(header, nib.Nifti2Header) else nib.Nifti1Image
    with written(path, overwrite=overwrite) as temporary:
        # An affine given here would replace the header's own codes.
        nib.save(kind(turned, None, header), temporary)
    return path


def _shape_in_file(data: NDArray[Any], grid: Grid) -> tuple[int, ...]:
    """Return the source's own shape; several maps need a plane axis before theirs."""
    if data.ndim == 4:
        return (*grid.shape[::-1], data.shape[0])
    return grid.file_shape or grid.shape[::-1]
