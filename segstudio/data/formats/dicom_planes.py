"""One frame of a DICOM file: where it lies, and how its numbers are scaled."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from segstudio.core.errors import InputError

_SAME_DIRECTION = 1e-3
_SAME_SPACING = 1e-3  # relative
_LARGEST_SCALE = 1e25  # more than that times any stored number is none in float32
Numbers = tuple[float, ...]


@dataclass(frozen=True)
class Plane:
    """One frame of one file.

    Attributes
    ----------
    file : Path
        Where it is.
    index : int
        Its number in the file, from 0.
    position, orientation : tuple of float or None
        Of its first voxel's centre, mm, and of its rows and columns; to the patient's left, back
        and head, as DICOM has them.
    pixel_spacing : (float, float) or None
        Between rows, between columns; mm.
    between, thickness : float or None
        What the header says is the distance to the next plane, and how thick this one is; mm.
    scale : (float, float)
        Slope and intercept.
    order : tuple of float
        Of what lies at one place: time, acquisition, trigger, echo, diffusion, number.
    segment : int
        Of a segmentation's frame; 0 elsewhere.
    """

    file: Path
    index: int
    position: Numbers | None
    orientation: Numbers | None
    pixel_spacing: Numbers | None
    between: float | None
    thickness: float | None
    scale: tuple[float, float]
    order: Numbers
    segment: int = 0


def planes_of(path: Path, ds: Dataset, n: int) -> tuple[Plane, ...]:
    """Return a file's `n` frames, by its header.

    Raises
    ------
    InputError
        The header describes more frames, or fewer.
    """
    shared = ds.get("SharedFunctionalGroupsSequence") or [Dataset()]
    each = ds.get("PerFrameFunctionalGroupsSequence") or [Dataset()] * n
    if len(each) != n:
        raise InputError(
            f"'{path}' declares {n} frames and describes {len(each)}. Export it again."
        )
    planes = tuple(_plane(path, i, _Lookup(ds, shared[0], each[i])) for i in range(n))
    return _offset_planes(ds, planes)


def _offset_planes(ds: Dataset, planes: tuple[Plane, ...]) -> tuple[Plane, ...]:
    """Return a dose's planes moved to their offsets; many frames at one place have none."""
    if len(planes) == 1:
        return planes
    first = planes[0]
    offsets = _numbers(ds.get("GridFrameOffsetVector"))
    if first.position is None or first.orientation is None or not offsets:
        shared = "PerFrameFunctionalGroupsSequence" not in ds
        # One position for a stack of frames says where one of them is, and not which.
        return tuple(moved(p, None) for p in planes) if shared else planes
    if len(offsets) != len(planes):
        raise ValueError
    along = normal_of(first.orientation)
    start = np.array(first.position)
    return tuple(
        moved(p, tuple((start + (offset - offsets[0]) * along).tolist()))
        for p, offset in zip(planes, offsets, strict=True)
    )


def moved(plane: Plane, position: Numbers | None) -> Plane:
    """Return a plane at another position."""
    return replace(plane, position=position)


def normal_of(orientation: Sequence[float]) -> NDArray[np.float64]:
    """Return the unit vector across planes, from the directions of their rows and columns."""
    across: NDArray[np.float64] = np.cross(orientation[:3], orientation[3:])
    return across / max(float(np.linalg.norm(across)), 1e-12)


def alike(a: Plane, b: Plane) -> bool:
    """Return whether two planes have one direction and spacing, and both a position or neither."""
    return (
        (a.position is None) == (b.position is None)
        and _near(a.orientation, b.orientation, absolute=_SAME_DIRECTION)
        and _near(a.pixel_spacing, b.pixel_spacing, relative=_SAME_SPACING)
    )


def _near(
    one: Numbers | None, other: Numbers | None, *, absolute: float = 0.0, relative: float = 0.0
) -> bool:
    if one is None or other is None:
        return one is other
    # Plain numbers: numpy takes a hundred times as long for two, and a folder has thousands.
    return one == other or all(
        # NaN is alike, too: it is refused as what it is, later.
        math.isclose(a, b, abs_tol=absolute, rel_tol=relative) or (math.isnan(a) and math.isnan(b))
        for a, b in zip(one, other, strict=True)
    )


class _Lookup:
    """Finds an attribute of a frame: in its own groups, in the shared ones, or in the header."""

    def __init__(self, ds: Dataset, shared: Dataset, own: Dataset) -> None:
        self._plain, self._groups = ds, (own, shared)

    def numbers(self, group: str, name: str, count: int = 1) -> Numbers | None:
        value = None
        for holder in self._groups:
            items = holder.get(group) if group else None
            value = items[0].get(name) if items else None
            if value is not None:
                break
        return _numbers(value if value is not None else self._plain.get(name), count)

    def number(self, group: str, name: str) -> float | None:
        found = self.numbers(group, name)
        return found[0] if found else None


def _numbers(value: Any, count: int = 0) -> Numbers | None:
    if value is None or value == "" or (isinstance(value, Sequence) and not value):
        return None
    many = isinstance(value, Sequence) and not isinstance(value, str)
    numbers = tuple(float(v) for v in (value if many else (value,)))
    if count and len(numbers) != count:
        raise ValueError
    return numbers


def _plane(path: Path, index: int, of: _Lookup) -> Plane:
    spacing = of.numbers("PixelMeasuresSequence", "PixelSpacing", 2)
    segment = of.number("SegmentIdentificationSequence", "ReferencedSegmentNumber")
    dose = of.number("", "DoseGridScaling")
    slope = of.number("PixelValueTransformationSequence", "RescaleSlope")
    intercept = of.number("PixelValueTransformationSequence", "RescaleIntercept")
    scale = (1.0 if slope is None else slope, intercept or 0.0) if dose is None else (dose, 0.0)
    if not all(abs(s) < _LARGEST_SCALE for s in scale):
        raise ValueError
    return Plane(
        file=path,
        index=index,
        position=of.numbers("PlanePositionSequence", "ImagePositionPatient", 3),
        orientation=of.numbers("PlaneOrientationSequence", "ImageOrientationPatient", 6),
        pixel_spacing=spacing or of.numbers("", "ImagerPixelSpacing", 2),
        between=of.number("PixelMeasuresSequence", "SpacingBetweenSlices"),
        thickness=of.number("PixelMeasuresSequence", "SliceThickness"),
        scale=scale,
        order=_order(index, of),
        segment=int(segment or 0),
    )


def _order(index: int, of: _Lookup) -> Numbers:
    names = (
        ("FrameContentSequence", "TemporalPositionIndex"),
        ("", "TemporalPositionIdentifier"),
        ("", "AcquisitionNumber"),
        ("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime"),
        ("", "TriggerTime"),
        ("MREchoSequence", "EffectiveEchoTime"),
        ("", "EchoTime"),
        ("MRDiffusionSequence", "DiffusionBValue"),
        ("", "InstanceNumber"),
    )
    return (*(of.number(group, name) or 0.0 for group, name in names), float(index))
