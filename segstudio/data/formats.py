"""Volumes, labels and maps from and to files; the only place where axes are turned."""

import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid, Volume
from segstudio.data.atomic import written

_NIBABEL_ERRORS = (ImageFileError, HeaderDataError)
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
    return Volume(_pixels(image, path), _grid(image, path), path)


def read_grid(path: str | Path) -> Grid:
    """Return where a file's voxels lie; reads its header only."""
    path = Path(path)
    return _grid(_open(path), path)


def read_labels(path: str | Path, *, like: Volume | None = None) -> NDArray[np.int32]:
    """Return the label values in a file.

    Parameters
    ----------
    path : path
        A NIfTI file of whole numbers; floating-point files of whole numbers are taken.
    like : Volume, optional
        The image the labels belong to: their shapes must agree.

    Returns
    -------
    ndarray of int32, shape (Z, Y, X)

    Raises
    ------
    InputError
        As `read_volume`; or values that are not whole, negative or over 65535; or a shape
        that differs from the image's.
    """
    path = Path(path)
    values = _pixels(_open(path), path)
    if like is not None and values.shape != like.data.shape:
        raise InputError(
            f"'{path}' has shape {values.shape} but its image '{like.path}' has "
            f"{like.data.shape} (planes, rows, columns). Labels must lie on the image's grid."
        )
    return _whole_numbers(values, path)


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


def _reading(path: Path, read: Callable[[], Any]) -> Any:
    """Return what `read` returns, its many ways to fail told as one."""
    try:
        return read()
    except FileNotFoundError:
        raise InputError(f"'{path}' does not exist. Check the path.") from None
    except PermissionError:
        raise
    except (*_NIBABEL_ERRORS, EOFError, OSError, zlib.error, ValueError, OverflowError) as error:
        raise InputError(
            f"'{path}' is damaged, cut short or not a NIfTI file. Copy or export it again."
        ) from error


def _open(path: Path) -> Any:
    if path.is_dir():
        raise InputError(f"'{path}' is a folder; a NIfTI file (.nii, .nii.gz) is needed here.")
    if path.exists() and not has_known_suffix(path):
        raise InputError(f"'{path}' is not of a known format; known: {', '.join(SUFFIXES)}.")
    image = _reading(path, lambda: nib.load(path))
    shape = _file_shape(image)
    if image.get_data_dtype().names:
        raise InputError(f"'{path}' is in colour (RGB); a greyscale image is needed.")
    if not 2 <= len(shape) <= 3 or 0 in shape:
        raise InputError(
            f"'{path}' has shape {tuple(image.shape)}; 2-D and 3-D images can be read. "
            "Export one time point or channel of it."
        )
    return image


def _file_shape(image: Any) -> tuple[int, ...]:
    shape = tuple(int(n) for n in image.shape)
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def _pixels(image: Any, path: Path) -> NDArray[Any]:
    read = _reading(path, lambda: np.asanyarray(image.dataobj))
    data: NDArray[Any] = read.reshape(_file_shape(image))
    if data.dtype == np.float64:
        data = data.astype(np.float32)
    data = data.astype(data.dtype.newbyteorder("="), copy=False).T
    return data if data.ndim == 3 else data[np.newaxis]


def _grid(image: Any, path: Path) -> Grid:
    shape = _file_shape(image)
    zooms = [float(z) for z in image.header.get_zooms()[: len(shape)]] + [1.0] * (3 - len(shape))
    affine = np.asarray(image.affine, dtype=np.float64)
    stored = _stored_spacing(image, path)
    if not np.isfinite(stored).all() or 0 in stored or not np.isfinite(affine).all():
        raise InputError(
            f"The header of '{path}' gives the spacing {stored}, which cannot be true. "
            "Correct the header or export the file again."
        )
    units = getattr(image.header, "get_xyzt_units", lambda: ("unknown",))()[0]
    known = units != "unknown" and not np.allclose(zooms, 1.0)
    scale = {"micron": 1e-3, "meter": 1e3}.get(units, 1.0) if known else 1.0
    padded = (1,) * (3 - len(shape)) + shape[::-1]
    return Grid(
        shape=(padded[0], padded[1], padded[2]),
        spacing=(zooms[2] * scale, zooms[1] * scale, zooms[0] * scale),
        affine=np.diag([scale, scale, scale, 1.0]) @ affine,
        unit="mm" if known else "voxels",
        header=image.header.copy(),
        file_shape=tuple(image.shape),
    )


def _stored_spacing(image: Any, path: Path) -> list[float]:
    """Return the spacing as the file has it: nibabel takes a 0 for a 1."""

    def read() -> Any:
        with image.file_map["image"].get_prepare_fileobj("rb") as file:
            return type(image.header).from_fileobj(file, check=False)

    header = _reading(path, read)
    return [float(z) for z in header["pixdim"][1 : len(_file_shape(image)) + 1]]


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
    header = _header_for(grid)
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


def _header_for(grid: Grid) -> Any:
    """Return the source's header without what described its intensities or the patient.

    A grid that came from no file gets a new one, in mm, its affine in both forms.
    """
    if grid.header is None:
        return _new_header(grid)
    kind = nib.Nifti2Header if isinstance(grid.header, nib.Nifti2Header) else nib.Nifti1Header
    header = kind.from_header(grid.header.copy())
    for name in ("descrip", "aux_file", "intent_name", "db_name", "data_type"):
        if name in header:
            header[name] = b""
    for name in ("cal_min", "cal_max", "intent_code"):
        header[name] = 0
    if hasattr(header, "extensions"):
        header.extensions.clear()
    return header


def _new_header(grid: Grid) -> Any:
    header = nib.Nifti1Header()
    # Before the forms: a new shape resets the spacing of the axes it lacks.
    header.set_data_shape(grid.file_shape or grid.shape[::-1])
    header.set_xyzt_units("mm")
    # Programs differ in the form they trust; nibabel, given an affine, sets only the sform.
    header.set_sform(grid.affine, code="scanner")
    header.set_qform(grid.affine, code="scanner")
    return header


def on_grid_of(volume: Volume, data: NDArray[Any]) -> Volume:
    """Return a volume with other data on the same grid."""
    return replace(volume, data=data, path=None)
