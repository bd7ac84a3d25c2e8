"""Where the planes of a DICOM series lie, and what in their headers cannot be quite true."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError, shortened
from segstudio.core.volume import Grid
from segstudio.data.formats.dicom_planes import Plane, normal_of
from segstudio.data.formats.dicom_series import Stack, depths
from segstudio.data.formats.opened import unplaced_grid

# DICOM's axes run to the patient's left and back, the program's to the right and front.
TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_EVEN = 0.05  # of the spacing
_STRAIGHT = 0.01  # in-plane shift per distance between planes: about half a degree
_UNIT = 1e-2
_MOST_NAMED = 5
_SHORTEST, _LONGEST = 1e-7, 1e5  # mm

Points = NDArray[np.float64]


@dataclass(frozen=True)
class DicomSource:
    """What a segmentation needs of the images it was drawn on.

    Attributes
    ----------
    files : tuple of Path
        Of each plane, in order.
    positions : tuple of tuple of float
        Of the plane's first voxel, as the file has it: LPS, mm. The affine's are evenly spaced.
        Empty where the files have none.
    """

    files: tuple[Path, ...]
    positions: tuple[tuple[float, ...], ...] = ()


def grid_of(stack: Stack, path: Path) -> Grid:
    """Return where the voxels of a stack lie.

    Parameters
    ----------
    stack : Stack
        Its planes.
    path : Path
        Names it in an error.

    Raises
    ------
    InputError
        A spacing or a direction cannot be true.
    """
    planes = stack.frames[0]
    rows, columns = stack.first.size
    in_plane = planes[0].pixel_spacing or (1.0, 1.0)
    expect_possible(planes[0], path)
    shape = (len(planes), rows, columns)
    source = DicomSource(
        tuple(p.file for p in planes),
        tuple(p.position for p in planes if p.position is not None),
    )
    step, doubts = _step(planes)
    # The length of the affine's column, as every format has it: of a tilted stack that is the way
    # from corner to corner, longer than the planes are apart.
    spacing = (float(np.linalg.norm(step)), in_plane[0], in_plane[1])
    placed = planes[0].position is not None and planes[0].orientation is not None
    known = planes[0].pixel_spacing is not None and not np.allclose(spacing, 1.0)
    doubts = [*stack.doubts, *doubts, *_notes(stack)]
    grid = unplaced_grid(shape, spacing, unit="mm" if known else "voxels")
    affine = _affine(planes[0], step) if placed else grid.affine
    return Grid(
        shape, spacing, affine, grid.unit, source, (), is_placed=placed, doubts=tuple(doubts)
    )


def expect_possible(plane: Plane, path: Path) -> None:
    """Refuse a spacing or directions that cannot be true.

    Raises
    ------
    InputError
        A spacing is 0, below 0, absurd or no number; or directions are not at right angles.
    """
    spacing = np.array(plane.pixel_spacing or (1.0, 1.0))
    if not is_length(spacing).all():
        given = [float(s) for s in spacing]
        raise InputError(
            f"The header of '{path}' gives the spacing {given}, which cannot be true. Correct the "
            "header, or export the series again."
        )
    if plane.orientation is None:
        return
    axes = np.reshape(plane.orientation, (2, 3))
    bounded = (np.abs(axes) <= 1 + _UNIT).all()  # so that no infinity is multiplied
    if not (bounded and np.allclose(axes @ axes.T, np.eye(2), atol=_UNIT)):
        raise InputError(
            f"The header of '{path}' gives directions of rows and columns that are not at right "
            "angles, which cannot be true. Export the file again."
        )


def is_length(values: Any) -> Any:
    """Return where a length in mm can be true: a number, over 0, and not absurd."""
    return np.isfinite(values) & (values > _SHORTEST) & (values < _LONGEST)


def _affine(plane: Plane, step: Points) -> Points:
    """Return the affine from ``(x, y, z)`` to RAS+ mm."""
    spacing = plane.pixel_spacing or (1.0, 1.0)
    affine = np.eye(4)
    # The first direction is that of a row, in which the column's number grows.
    affine[:3, 0] = np.array(plane.orientation)[:3] * spacing[1]
    affine[:3, 1] = np.array(plane.orientation)[3:] * spacing[0]
    affine[:3, 2] = step
    affine[:3, 3] = plane.position
    return TO_RAS @ affine


def _step(planes: Sequence[Plane]) -> tuple[Points, list[str]]:
    """Return the way from a plane to the next, LPS mm, and what is doubtful in it."""
    first = planes[0]
    if first.position is None or first.orientation is None:
        return _unplaced_step(planes)
    normal = normal_of(first.orientation)
    if len(planes) == 1:
        thick, doubts = _thickness(first)
        return normal * thick, doubts
    corners = np.array([p.position for p in planes])
    apart = np.diff(depths(planes))
    usual = float(np.median(apart))
    uneven = np.flatnonzero(np.abs(apart - usual) > _EVEN * usual)
    doubts = [_uneven(uneven, apart, usual)] if uneven.size else []
    step = np.asarray((corners[-1] - corners[0]) / (len(planes) - 1))
    if uneven.size:
        step = step * usual / float(step @ normal)
    sideways = step - normal * float(step @ normal)
    tilt = float(np.linalg.norm(sideways)) / float(step @ normal)
    if tilt > _STRAIGHT:
        doubts.append(
            f"The planes are shifted against each other by {np.linalg.norm(sideways):.3g} mm each "
            f"(a tilt of {np.degrees(np.arctan(tilt)):.2g} degrees); they are placed so, and "
            f"distances are measured as if they lay straight, {np.linalg.norm(step):.4g} mm apart."
        )
    doubts.extend(_strays(corners, step, normal))
    return step, doubts


def _strays(corners: Points, step: Points, normal: Points) -> list[str]:
    """Return a sentence where planes lie beside the line through the others."""
    off = corners - corners[0]
    off = off - np.outer(off @ normal, step / float(step @ normal))
    stray = np.flatnonzero(np.linalg.norm(off, axis=1) > max(0.5 * float(step @ normal), 0.5))
    if not stray.size:
        return []
    return [
        f"{_named(stray + 1)} of {len(corners)} lie up to {np.linalg.norm(off, axis=1).max():.3g} "
        "mm beside the line through the others; they are taken as if they lay on it."
    ]


def _uneven(where: NDArray[np.intp], apart: Points, usual: float) -> str:
    gaps = [f"{i + 1} and {i + 2} ({apart[i]:.4g} mm)" for i in where]
    factor = apart[where[0]] / usual
    missing = len(where) == 1 and abs(factor - round(factor)) < _EVEN and round(factor) > 1
    what = "Planes seem to be missing" if missing else "The distance between planes is uneven"
    return (
        f"{what}: between {shortened(gaps, _MOST_NAMED)} of {len(apart) + 1}; the usual "
        f"distance of {usual:.4g} mm is taken for all."
    )


def _named(numbers: NDArray[np.intp]) -> str:
    return f"Plane(s) {shortened([str(n) for n in numbers], _MOST_NAMED)}"


def _unplaced_step(planes: Sequence[Plane]) -> tuple[Points, list[str]]:
    normal = np.array([0.0, 0.0, 1.0])
    if planes[0].pixel_spacing is None:
        return normal, []
    thick, doubts = _thickness(planes[0])
    # A radiograph has no depth to be in doubt of.
    return normal * thick, doubts if len(planes) > 1 else []


def _thickness(plane: Plane) -> tuple[float, list[str]]:
    """Return how deep a voxel is where no neighbour's position tells, and that it was guessed."""
    for value, name in ((plane.between, "spacing between slices"), (plane.thickness, "thickness")):
        if value is not None and is_length(np.abs(value)):
            return abs(value), [
                f"No second position tells how far planes are apart; the header's {name} of "
                f"{abs(value):.4g} mm is taken."
            ]
    return 1.0, ["Nothing tells how far planes are apart; 1 mm is taken."]


def _notes(stack: Stack) -> list[str]:
    notes = []
    if any(h.at_detector for h in stack.headers.values()):
        notes.append(
            "The spacing is that at the detector (ImagerPixelSpacing); in the body lengths are "
            "smaller, by the magnification."
        )
    if any(h.is_inverted for h in stack.headers.values()):
        notes.append(
            "The file shows low values white (MONOCHROME1); its values were turned round, so that "
            "white is high."
        )
    return notes
