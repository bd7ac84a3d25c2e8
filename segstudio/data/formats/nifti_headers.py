"""A NIfTI or Analyze header as a grid, and a grid as the header of a NIfTI file."""

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid
from segstudio.data.formats.opened import reading
from segstudio.data.placing import angle_doubts, is_possible, voxels_apart

Place = Literal["sform", "qform", "none"]

KIND = "a NIfTI file"
# In voxels, of the farthest corner: less than this is the rounding of a quaternion in float32.
_SAME_FORM = 0.05
_FARTHEST_VOXELS = 1 << 26  # bytes from the beginning of a file
_SAME_SPACING = 1e-3  # relative
_IN_MM = {"micron": 1e-3, "meter": 1e3}


def file_shape(image: Any) -> tuple[int, ...]:
    """Return the shape in the file's order, without further axes of one beyond the third."""
    shape = tuple(int(n) for n in image.shape)
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def expect_near_voxels(path: Path) -> None:
    """Refuse a header that is followed by more than any other says: nibabel reads it whole.

    Raises
    ------
    ValueError
        It is; a packed file of a few bytes can fill all memory with it.
    """
    with (gzip.open if path.suffix.lower() == ".gz" else open)(path, "rb") as file:
        head = file.read(nib.Nifti2Header.sizeof_hdr)
    for kind in (nib.Nifti1Header, nib.Nifti2Header):
        if len(head) >= kind.sizeof_hdr and kind.may_contain_header(head):
            header = kind(head[: kind.sizeof_hdr], check=False)
            if not 0 <= float(header["vox_offset"]) <= _FARTHEST_VOXELS:
                raise ValueError("the voxels lie too far behind the header")


def _one_frame(image: Any) -> tuple[int, ...]:
    """Return the shape in the file of one entry of its fourth axis."""
    whole = tuple(int(n) for n in image.shape)
    return whole if len(file_shape(image)) <= 3 else whole[:3]


def corrected(image: Any, place: Place | None, spacing: Sequence[float] | None) -> Any:
    """Return an image with the place, or the spacing, that somebody chose for it.

    Parameters
    ----------
    image : nibabel image
        As opened.
    place : {'sform', 'qform', 'none'} or None
        Which of the header's two places to keep for both; ``'none'`` keeps the spacing alone.
    spacing : (float, float, float), optional
        Along ``(Z, Y, X)`` in mm: the axes keep their directions and take these lengths.
    """
    header = nib.Nifti1Header.from_header(image.header)  # Analyze has no place to write to
    if isinstance(image.header, nib.Nifti1Header):
        header = image.header.copy()
    zooms = np.array([abs(z) for z in header.get_zooms()[:3]] + [1.0] * 3)[:3]
    zooms = np.array(spacing[::-1]) if spacing is not None else np.where(zooms > 0, zooms, 1.0)
    axes = np.diag([-1.0, -1, 1, 1])
    if place in ("sform", "qform"):
        axes = header.get_sform() if place == "sform" else header.get_qform()
    elif place is None:
        axes = image.affine
    lengths = np.linalg.norm(axes[:3, :3], axis=0)
    usable = np.isfinite(axes).all() and (lengths > 0).all()
    affine = np.array(axes if usable else np.diag([-1.0, -1, 1, 1]), float)
    if spacing is not None:
        affine[:3] *= _IN_MM.get(_length_unit(header), 1.0)
    if spacing is not None or not usable or place == "none":
        affine[:3, :3] *= zooms / np.linalg.norm(affine[:3, :3], axis=0)
    header.set_xyzt_units("mm" if spacing is not None else _length_unit(header))
    header["pixdim"][1:4] = np.linalg.norm(affine[:3, :3], axis=0)
    code = 0 if place == "none" else max(1, _code(header, "sform_code"))
    header.set_sform(affine, code)
    header.set_qform(affine, 0 if angle_doubts(affine) else code)
    best = header.get_best_affine()
    kind = type(image) if isinstance(image, nib.Nifti1Pair) else nib.Nifti1Image
    return kind(image.dataobj, best, header, file_map=image.file_map)


def grid_of(image: Any, path: Path) -> Grid:
    """Return where the voxels of an opened file lie; `path` names it in an error."""
    shape = file_shape(image)[:3]
    zooms = [float(z) for z in image.header.get_zooms()[: len(shape)]] + [1.0] * (3 - len(shape))
    affine = np.asarray(image.affine, dtype=np.float64)
    expect_possible(zooms, affine, path)
    units = _length_unit(image.header)
    known = units != "unknown" and not np.allclose(zooms, 1.0)
    scale = _IN_MM.get(units, 1.0) if known else 1.0
    padded = (1,) * (3 - len(shape)) + shape[::-1]
    grid = Grid(
        shape=(padded[0], padded[1], padded[2]),
        spacing=(zooms[2] * scale, zooms[1] * scale, zooms[0] * scale),
        affine=np.diag([scale, scale, scale, 1.0]) @ affine,
        unit="mm" if known else "voxels",
        header=image.header.copy(),
        file_shape=_one_frame(image),
        is_placed=_is_placed(image.header, affine),
    )
    return Grid(**{**vars(grid), "doubts": _doubts(image.header, grid, scale)})


def expect_possible(stored: list[float], affine: NDArray[np.float64], path: Path) -> None:
    """Refuse a spacing of 0, below 0 or that is no number."""
    if is_possible(stored, affine):
        return
    raise InputError(
        f"The header of '{path}' gives the spacing {stored}, which cannot be true. Correct the "
        "header, export the file again, or give it a spacing: 'segstudio convert --help'."
    )


def stored_spacing(image: Any, path: Path) -> list[float]:
    """Return the spacing as the file has it: nibabel takes a 0 for a 1."""

    def read() -> Any:
        # An Analyze header, and half of some NIfTI ones, is a file of its own.
        holder = image.file_map.get("header", image.file_map["image"])
        if holder.filename is None and holder.fileobj is None:
            holder = image.file_map["image"]
        with holder.get_prepare_fileobj("rb") as file:
            return type(image.header).from_fileobj(file, check=False)

    header = reading(path, KIND, read)
    return [float(z) for z in header["pixdim"][1 : len(file_shape(image)[:3]) + 1]]


def _is_placed(header: Any, affine: NDArray[np.float64]) -> bool:
    """Return whether a header says where in the body its voxels lie; ACDC's, for one, do not."""
    if not (_code(header, "sform_code") or _code(header, "qform_code")):
        return False
    is_unit = np.allclose(np.abs(affine[:3, :3]), np.eye(3), atol=1e-4)
    return not is_unit or (_length_unit(header) != "unknown" and bool(affine[:3, 3].any()))


def _code(header: Any, name: str) -> int:
    return int(header[name]) if name in header else 0


def _doubts(header: Any, grid: Grid, scale: float) -> tuple[str, ...]:
    """Return a sentence for each part of a header that contradicts another."""
    doubts = []
    if _code(header, "sform_code") and _code(header, "qform_code"):
        other = Grid(grid.shape, grid.spacing, np.diag([scale] * 3 + [1.0]) @ header.get_qform())
        apart = voxels_apart(other, grid)
        if apart > _SAME_FORM:
            doubts.append(
                f"The header's two places (sform and qform) differ by up to {apart:.3g} voxels; "
                "the sform is used. 'segstudio convert --place qform' makes a file of the other."
            )
    doubts += angle_doubts(grid.affine)
    lengths = np.linalg.norm(grid.affine[:3, :3], axis=0)
    if not np.allclose(lengths[::-1], grid.spacing, rtol=_SAME_SPACING):
        given = " × ".join(f"{s:.4g}" for s in grid.spacing)
        placed = " × ".join(f"{s:.4g}" for s in lengths[::-1])
        doubts.append(
            f"The header's spacing is {given} and its place says {placed} (planes, rows, "
            "columns); the first is used for distances. 'segstudio convert --spacing' corrects it."
        )
    return tuple(doubts)


def _length_unit(header: Any) -> str:
    try:
        return str(getattr(header, "get_xyzt_units", lambda: ("unknown",))()[0])
    except KeyError:  # a code that means nothing
        return "unknown"


def header_for(grid: Grid) -> Any:
    """Return the source's header without what described its intensities or the patient.

    A grid that came from no NIfTI file gets a new one, in mm, its affine in both forms.
    """
    if not isinstance(grid.header, nib.Nifti1Header):
        return _new_header(grid)
    kind = nib.Nifti2Header if isinstance(grid.header, nib.Nifti2Header) else nib.Nifti1Header
    header = kind.from_header(grid.header.copy())
    for name in ("descrip", "aux_file", "intent_name", "db_name", "data_type"):
        if name in header:
            header[name] = b""
    for name in ("cal_min", "cal_max", "intent_code"):
        header[name] = 0
    header.extensions.clear()
    return header


def _new_header(grid: Grid) -> Any:
    header = nib.Nifti1Header()
    # Before the forms: a new shape resets the spacing of the axes it lacks.
    header.set_data_shape(grid.file_shape or grid.shape[::-1])
    header.set_xyzt_units("mm" if grid.unit == "mm" or grid.is_placed else "unknown")
    code = "scanner" if grid.is_placed else "unknown"
    # Programs differ in the form they trust; nibabel, given an affine, sets only the sform.
    header.set_sform(grid.affine, code=code)
    # A quaternion cannot say axes that are not at right angles.
    is_square = not angle_doubts(grid.affine)
    header.set_qform(grid.affine, code=code if is_square else "unknown")
    return header
