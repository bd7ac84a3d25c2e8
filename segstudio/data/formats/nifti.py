"""NIfTI and Analyze files, by nibabel."""

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid
from segstudio.data.formats.complaints import complaints, unwarned
from segstudio.data.formats.nifti_headers import (
    KIND,
    Place,
    corrected,
    expect_near_voxels,
    expect_possible,
    file_shape,
    grid_of,
    header_for,
    stored_spacing,
)
from segstudio.data.formats.opened import (
    MOST_PACKED,
    Content,
    Opened,
    expect_axes,
    expect_room,
    in_single,
    reading,
)

ERRORS = (ImageFileError, HeaderDataError, zlib.error, KeyError, TypeError)
LOGGER = "nibabel.global"  # what it mends silently is told by our own checks


@complaints(LOGGER)
@unwarned("nibabel")
def open_file(path: Path, content: Content) -> Opened:  # noqa: ARG001  (both are read alike)
    """Return a file whose header was read.

    Raises
    ------
    InputError
        It is damaged, in colour, of more than four axes, or its spacing cannot be true.
    """
    image = _loaded(path)
    expect_possible(stored_spacing(image, path), image.affine, path)
    return _opened(image, path)


@complaints(LOGGER)
@unwarned("nibabel")
def open_corrected(path: Path, place: Place | None, spacing: Sequence[float] | None) -> Opened:
    """Return a file as if its header had the place or the spacing that somebody chose for it."""
    return _opened(corrected(_loaded(path), place, spacing), path)


def _loaded(path: Path) -> Any:
    reading(path, KIND, lambda: expect_near_voxels(path), *ERRORS)
    image = reading(path, KIND, lambda: nib.load(path), *ERRORS)
    if image.get_data_dtype().names or image.get_data_dtype().kind == "c":
        raise InputError(
            f"'{path}' is in colour (RGB) or complex; a greyscale image is needed. Export one "
            "channel of it."
        )
    expect_axes(path, file_shape(image))
    return image


def _opened(image: Any, path: Path) -> Opened:
    shape = file_shape(image)
    frames = shape[3] if len(shape) == 4 else 1
    return Opened(
        grid_of(image, path),
        lambda frame: _pixels(image, path, [frame])[0],
        frames,
        lambda: _pixels(image, path, range(frames)),
    )


@complaints(LOGGER)
@unwarned("nibabel")
def _pixels(image: Any, path: Path, frames: Sequence[int]) -> list[NDArray[Any]]:
    """Return entries of the fourth axis; all of them are unpacked at once."""
    shape = file_shape(image)
    voxels = Path(image.file_map["image"].filename)
    is_packed = voxels.suffix.lower() == ".gz"
    stored = image.get_data_dtype()
    expect_room(voxels, (len(frames), *shape[:3]), stored)
    expect_room(voxels, shape, stored, packed_at_most=MOST_PACKED if is_packed else 1.0)
    is_one = len(frames) == 1 and len(shape) == 4
    chosen = (..., frames[0]) if is_one else ...
    read = reading(path, KIND, lambda: np.asanyarray(image.dataobj.reshape(shape)[chosen]), *ERRORS)
    whole: NDArray[Any] = read.reshape((*shape[:3], len(frames)))
    return [_in_order(whole[..., k]) for k in range(len(frames))]


def _in_order(data: NDArray[Any]) -> NDArray[Any]:
    """Return a file's array ``(x, y, z)`` as ``(Z, Y, X)``, of a type that is computed with."""
    if data.dtype in (np.float64, np.longdouble):
        data = in_single(data)
    data = data.astype(data.dtype.newbyteorder("="), copy=False).T
    return data if data.ndim == 3 else data[np.newaxis]


def write_array(path: Path, data: NDArray[Any], grid: Grid) -> None:
    """Write an array ``(Z, Y, X)``, or ``(K, Z, Y, X)`` with K as the file's fourth axis."""
    header = header_for(grid)
    header.set_data_dtype(data.dtype)
    turned = data.T.reshape(_shape_in_file(data, grid))
    kind = nib.Nifti2Image if isinstance(header, nib.Nifti2Header) else nib.Nifti1Image
    # An affine given here would replace the header's own codes.
    nib.save(kind(turned, None, header), path)


def _shape_in_file(data: NDArray[Any], grid: Grid) -> tuple[int, ...]:
    """Return the source's own shape; several maps need a plane axis before theirs."""
    if data.ndim == 4:
        return (*grid.shape[::-1], data.shape[0])
    return grid.file_shape or grid.shape[::-1]
