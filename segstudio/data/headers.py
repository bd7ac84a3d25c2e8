"""A file's header as a grid, and a grid as the header of a file."""

import zlib
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid

_NIBABEL_ERRORS = (ImageFileError, HeaderDataError)
# In voxels. Half a voxel is what programs differ by that count from a voxel's corner or its
# centre; a whole one is a mistake.
MOST_APART = 0.75


def reading(path: Path, read: Callable[[], Any]) -> Any:
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


def file_shape(image: Any) -> tuple[int, ...]:
    """Return the shape in the file's order, without times and channels of one."""
    shape = tuple(int(n) for n in image.shape)
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def grid_of(image: Any, path: Path) -> Grid:
    """Return where the voxels of an opened file lie; `path` names it in an error."""
    shape = file_shape(image)
    zooms = [float(z) for z in image.header.get_zooms()[: len(shape)]] + [1.0] * (3 - len(shape))
    affine = np.asarray(image.affine, dtype=np.float64)
    stored = _stored_spacing(image, path)
    if not np.isfinite(stored).all() or 0 in stored or not np.isfinite(affine).all():
        raise InputError(
            f"The header of '{path}' gives the spacing {stored}, which cannot be true. "
            "Correct the header or export the file again."
        )
    units = _length_unit(image.header)
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

    header = reading(path, read)
    return [float(z) for z in header["pixdim"][1 : len(file_shape(image)) + 1]]


def expect_same_grid(
    path: Path, grid: Grid, other: Grid, others_name: str, *, what: str = "labels"
) -> None:
    """Refuse labels, or channels, that lie elsewhere than what they are laid over.

    Where one of the two headers does not say where its voxels lie, the shapes are compared alone.

    Parameters
    ----------
    path : Path
        The file of the labels.
    grid, other : Grid
        Where the labels lie, and where they should.
    others_name : str
        What lies on the other grid, for the sentence.
    what : str
        What the file holds, in the plural, for the sentence.

    Raises
    ------
    InputError
        The shapes differ, or a corner lies more than `MOST_APART` voxels from its place.
    """
    if grid.shape != other.shape:
        raise InputError(
            f"'{path}' has shape {grid.shape} but {others_name} has {other.shape} (planes, rows, "
            f"columns). {what.capitalize()} must lie on the image's grid."
        )
    if not (_has_place(grid) and _has_place(other)):
        return
    apart = _voxels_apart(grid, other)
    if apart > MOST_APART:
        raise InputError(
            f"'{path}' lies elsewhere than {others_name}: by their headers, the same voxel is up "
            f"to {apart:.3g} voxels away. Export the {what} on the image's grid again."
        )


def _has_place(grid: Grid) -> bool:
    """Return whether a header says where in the body its voxels lie; ACDC's, for one, do not."""
    header = grid.header
    if header is None:
        return True
    if not (header.get("sform_code", 0) or header.get("qform_code", 0)):
        return False
    is_unit = np.allclose(np.abs(grid.affine[:3, :3]), np.eye(3), atol=1e-4)
    return not is_unit or (_length_unit(header) != "unknown" and bool(grid.affine[:3, 3].any()))


def _voxels_apart(grid: Grid, other: Grid) -> float:
    """Return how far a corner is from its place on the other grid, along any of its axes."""
    corners = np.array([(*c, 1) for c in product(*((0, n - 1) for n in other.shape[::-1]))])
    apart = (corners @ (grid.affine - other.affine).T)[:, :3]
    # A pseudo-inverse: a header may flatten an axis.
    return float(np.abs(apart @ np.linalg.pinv(other.affine[:3, :3]).T).max())


def _length_unit(header: Any) -> str:
    return str(getattr(header, "get_xyzt_units", lambda: ("unknown",))()[0])


def header_for(grid: Grid) -> Any:
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
