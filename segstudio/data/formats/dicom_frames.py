"""What a DICOM header says of each of its frames, of one or of many, old or enhanced."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import UID

from segstudio.core.errors import InputError
from segstudio.data.formats.dicom_headers import expect_image, guarded, read_header, syntax_of

_PLAIN = (
    "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "InstanceNumber", "Modality",
    "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PlanarConfiguration",
    "PhotometricInterpretation", "BitsAllocated", "BitsStored", "PixelRepresentation",
    "PixelSpacing", "ImagerPixelSpacing", "SliceThickness", "SpacingBetweenSlices",
    "ImagePositionPatient", "ImageOrientationPatient", "RescaleSlope", "RescaleIntercept",
    "ModalityLUTSequence", "TemporalPositionIdentifier", "AcquisitionNumber", "TriggerTime",
    "EchoTime", "DiffusionBValue", "FrameIncrementPointer", "FrameTime", "FrameTimeVector",
    "GridFrameOffsetVector", "DoseGridScaling", "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence", "SegmentationType", "SegmentSequence",
    "ReferencedSeriesSequence",
)  # fmt: skip
_FRAME_TIMES = (0x00181063, 0x00181065)
_TIME_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.3.1",  # ultrasound
    "1.2.840.10008.5.1.4.1.1.12.1",  # angiography
    "1.2.840.10008.5.1.4.1.1.12.2",  # fluoroscopy
)
_LARGEST_SCALE = 1e25  # more than that times any stored number is none in float32
_MOST_FRAMES = 100_000  # where the header does not describe each
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


@dataclass(frozen=True)
class Header:
    """What is kept of one file's header: nothing of the patient.

    Attributes
    ----------
    path : Path
        The file.
    kind, instance, series : str
        Unique identifiers of its class, of itself and of its series.
    syntax : UID
        How its voxels are packed.
    size : (int, int)
        Rows and columns.
    samples, planar, allocated, stored : int
        Values a voxel, whether they lie in planes of their own, and bits.
    is_signed, is_inverted, has_table, at_detector, is_time : bool
        Of the stored numbers; whether white is low (MONOCHROME1); whether a table turns stored
        numbers into values; whether spacing is measured at a detector; whether frames without a
        position follow in time.
    colours : str
        The photometric interpretation.
    planes : tuple of Plane
        Its frames.
    segmentation : str
        ``'BINARY'``, ``'FRACTIONAL'`` or ``'LABELMAP'`` of a segmentation, else empty.
    segments : tuple of int
        The segments' numbers.
    drawn_on : tuple of str
        The series of the images it was drawn on.
    referenced : int
        How many images these are.
    """

    path: Path
    kind: str
    instance: str
    series: str
    syntax: UID
    size: tuple[int, int]
    samples: int
    planar: int
    allocated: int
    stored: int
    is_signed: bool
    is_inverted: bool
    has_table: bool
    at_detector: bool
    is_time: bool
    colours: str
    planes: tuple[Plane, ...]
    segmentation: str = ""
    segments: tuple[int, ...] = ()
    drawn_on: tuple[str, ...] = ()
    referenced: int = 0

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of a stored number."""
        return np.dtype(f"{'i' if self.is_signed else 'u'}{max(1, self.allocated // 8)}")


def header_of(path: Path) -> Header:
    """Return what is needed of a file's header.

    Raises
    ------
    InputError
        It is no image, no DICOM file, or a damaged one.
    """
    dataset = read_header(path, list(_PLAIN))
    guarded(path, lambda: expect_image(path, dataset))
    return guarded(path, lambda: _header(path, dataset))


def _header(path: Path, ds: Dataset) -> Header:
    n = int(ds.get("NumberOfFrames") or 1)
    described = len(ds.get("PerFrameFunctionalGroupsSequence") or ())
    if not 1 <= n <= max(_MOST_FRAMES, described):
        raise InputError(
            f"'{path}' declares {n} frames, which cannot be true. Copy or export it again."
        )
    allocated = int(ds.get("BitsAllocated") or 16)
    stored = int(ds.get("BitsStored") or allocated)
    if allocated not in (1, 8, 16, 32, 64) or not 1 <= stored <= allocated:
        raise ValueError
    colours = str(ds.get("PhotometricInterpretation") or "MONOCHROME2")
    kind = str(ds.get("SOPClassUID") or "")
    series = ds.get("ReferencedSeriesSequence") or ()
    pointed = ds.get("FrameIncrementPointer") or ()
    pointers = {int(t) for t in (pointed if isinstance(pointed, Sequence) else (pointed,))}
    return Header(
        path=path,
        kind=kind,
        instance=str(ds.get("SOPInstanceUID") or path.name),
        series=str(ds.get("SeriesInstanceUID") or ""),
        syntax=syntax_of(ds),
        size=(int(ds.Rows), int(ds.Columns)),
        samples=int(ds.get("SamplesPerPixel") or 1),
        planar=int(ds.get("PlanarConfiguration") or 0),
        allocated=allocated,
        stored=stored,
        is_signed=bool(ds.get("PixelRepresentation") or 0),
        is_inverted=colours == "MONOCHROME1",
        has_table=bool(ds.get("ModalityLUTSequence")),
        at_detector=not ds.get("PixelSpacing") and bool(ds.get("ImagerPixelSpacing")),
        is_time=bool(pointers & set(_FRAME_TIMES)) or kind.startswith(_TIME_CLASSES),
        colours=colours,
        planes=_planes(path, ds, n),
        segmentation=str(ds.get("SegmentationType") or ""),
        segments=tuple(int(s.SegmentNumber) for s in ds.get("SegmentSequence") or ()),
        drawn_on=tuple(str(s.get("SeriesInstanceUID") or "") for s in series),
        referenced=sum(len(s.get("ReferencedInstanceSequence") or ()) for s in series),
    )


def _planes(path: Path, ds: Dataset, n: int) -> tuple[Plane, ...]:
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
