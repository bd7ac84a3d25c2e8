"""NRRD and MetaImage files, by SimpleITK."""

import errno
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813  (its own documentation's name)
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid
from segstudio.data.formats.itk_headers import (
    Fields,
    expect_held,
    expect_whole,
    has_place,
    is_meta,
    unit_in_mm,
)
from segstudio.data.formats.opened import (
    Content,
    Opened,
    expect_axes,
    expect_room,
    in_single,
    reading,
    unplaced_grid,
)
from segstudio.data.placing import angle_doubts, is_possible

KIND = "an NRRD or MetaImage file"
# ITK's world runs to the patient's left, back and head; ours to right, front and head.
TO_RAS = np.diag([-1.0, -1.0, 1.0])
_PROBE = 2**16  # bytes: more than a disk that is full has left in its last block


def open_file(path: Path, content: Content) -> Opened:  # noqa: ARG001  (both are read alike)
    """Return a file whose header was read.

    Raises
    ------
    InputError
        It is damaged, in colour, of more than four axes, its voxels lie in a file elsewhere, or
        its spacing cannot be true.
    """
    fields = expect_whole(path)
    reader = sitk.ImageFileReader()
    # Else ITK tries all its formats, by content, some of which print, or look for other files.
    reader.SetImageIO("MetaImageIO" if is_meta(fields) else "NrrdImageIO")
    reader.SetFileName(str(path))
    reading(path, KIND, reader.ReadImageInformation, RuntimeError)
    if reader.GetNumberOfComponents() > 1:
        raise InputError(
            f"'{path}' holds {reader.GetNumberOfComponents()} numbers a voxel (colour, or several "
            "segments or directions); one is needed. Export one channel of it."
        )
    size = [int(n) for n in reader.GetSize()]
    expect_axes(path, size)
    frames = size[3] if len(size) == 4 else 1
    grid = _grid(reader, size, path, fields)

    def pixels(frame: int) -> NDArray[Any]:
        expect_whole(path, unpacked=True)
        expect_held(path, fields, size, _dtype_of(reader, path))
        return _pixels(reader, size, path, frame)

    return Opened(grid, pixels, frames)


def _grid(reader: Any, size: list[int], path: Path, fields: Fields) -> Grid:
    n = reader.GetDimension()
    # ITK gives numbers as they stand and asks for no unit.
    scale, doubts = unit_in_mm(fields)
    spacing = [s * scale for s in [*reader.GetSpacing()[:3], 1.0][:3]]
    axes, origin = np.eye(3), np.zeros(3)
    k = min(n, 3)
    axes[:k, :k] = np.reshape(reader.GetDirection(), (n, n))[:k, :k]
    origin[:k] = np.array(reader.GetOrigin()[:k]) * scale
    if not (is_possible(spacing, origin) and is_possible([1.0], axes)):
        raise InputError(
            f"The header of '{path}' gives the spacing {spacing}, which cannot be true. Correct "
            "the header, or export the file again."
        )
    planes, rows, columns = [*size[:3], 1][:3][::-1]
    unit = "voxels" if np.allclose(spacing, 1.0) else "mm"
    if not has_place(fields):
        return unplaced_grid(
            (planes, rows, columns), (spacing[2], spacing[1], spacing[0]), unit=unit
        )
    affine = np.eye(4)
    affine[:3, :3] = TO_RAS @ axes @ np.diag(spacing)
    affine[:3, 3] = TO_RAS @ origin
    doubts += angle_doubts(affine)
    shape, along = (planes, rows, columns), (spacing[2], spacing[1], spacing[0])
    return Grid(shape, along, affine, unit, doubts=tuple(doubts))


def _pixels(reader: Any, size: list[int], path: Path, frame: int) -> NDArray[Any]:
    stored = _dtype_of(reader, path)
    expect_room(path, size[:3], stored)
    if len(size) == 4:
        reader.SetExtractSize([*size[:3], 0])
        reader.SetExtractIndex([0, 0, 0, frame])
    image = reading(path, KIND, reader.Execute, RuntimeError)
    data: NDArray[Any] = sitk.GetArrayFromImage(image)
    if data.dtype == np.float64:
        data = in_single(data)
    return data if data.ndim == 3 else data[np.newaxis]


def _dtype_of(reader: Any, path: Path) -> np.dtype[Any]:
    """Return the number type of a voxel."""
    kind = reader.GetPixelID()
    try:
        dtype: np.dtype[Any] = sitk.GetArrayViewFromImage(sitk.Image([1, 1], kind)).dtype
        return dtype
    except (KeyError, RuntimeError, TypeError) as error:
        name = sitk.GetPixelIDValueAsString(kind)
        raise InputError(f"'{path}' holds voxels of a kind that is not read, {name}.") from error


def write_array(path: Path, data: NDArray[Any], grid: Grid) -> None:
    """Write an array ``(Z, Y, X)``, or ``(K, Z, Y, X)`` with K as the file's fourth axis."""
    n = data.ndim
    image = sitk.GetImageFromArray(np.ascontiguousarray(data), isVector=False)
    columns = TO_RAS @ grid.affine[:3, :3]
    lengths = np.linalg.norm(columns, axis=0)
    if not np.allclose(lengths[::-1], grid.spacing, rtol=1e-3):
        raise InputError(
            "The image's header gives two spacings, and this format holds one. Choose it first, "
            "with 'segstudio convert --spacing' or '--place'; or write NIfTI, which holds both."
        )
    direction, origin, spacing = np.eye(n), np.zeros(n), np.ones(n)
    direction[:3, :3] = columns / lengths
    origin[:3] = TO_RAS @ grid.affine[:3, 3]
    spacing[:3] = lengths
    image.SetSpacing(spacing.tolist())
    image.SetOrigin(origin.tolist())
    image.SetDirection(direction.ravel().tolist())
    try:
        sitk.WriteImage(image, str(path), useCompression=True)
        _expect_written(path)
    except (RuntimeError, InputError) as error:
        # ITK never says why, and of an NRRD's last bytes not even that it failed; the disk does.
        with path.open("ab") as file:
            file.write(bytes(_PROBE))
        reason = "the file could not be written whole"
        raise OSError(errno.EIO, reason, str(path)) from error


def _expect_written(path: Path) -> None:
    """Raise an error where a file that was written just now cannot be read as a whole."""
    if not is_meta(expect_whole(path, unpacked=True)):
        reader = sitk.ImageFileReader()
        reader.SetImageIO("NrrdImageIO")
        reader.SetFileName(str(path))
        reader.Execute()
