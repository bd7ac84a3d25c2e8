"""What a DICOM header says of each of its frames, of one or of many, old or enhanced."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import UID

from segstudio.core.errors import InputError
from segstudio.data.formats.dicom_headers import expect_image, guarded, read_header, syntax_of
from segstudio.data.formats.dicom_planes import Plane, planes_of

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
_MOST_FRAMES = 100_000  # where the header does not describe each


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


def _declared_frames(path: Path, ds: Dataset) -> int:
    n = int(ds.get("NumberOfFrames") or 1)
    described = len(ds.get("PerFrameFunctionalGroupsSequence") or ())
    if not 1 <= n <= max(_MOST_FRAMES, described):
        raise InputError(
            f"'{path}' declares {n} frames, which cannot be true. Copy or export it again."
        )
    return n


def _header(path: Path, ds: Dataset) -> Header:
    n = _declared_frames(path, ds)
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
        planes=planes_of(path, ds, n),
        segmentation=str(ds.get("SegmentationType") or ""),
        segments=tuple(int(s.SegmentNumber) for s in ds.get("SegmentSequence") or ()),
        drawn_on=tuple(str(s.get("SeriesInstanceUID") or "") for s in series),
        referenced=sum(len(s.get("ReferencedInstanceSequence") or ()) for s in series),
    )
