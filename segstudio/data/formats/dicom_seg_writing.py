"""Labels as a DICOM segmentation that refers to the images they were drawn on, by highdicom."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.valuerep import DS

from segstudio import __version__
from segstudio.core.errors import InputError
from segstudio.core.volume import Grid
from segstudio.data.formats.dicom_headers import guarded, quiet, read_header
from segstudio.data.formats.dicom_place import TO_RAS, DicomSource
from segstudio.data.formats.dicom_planes import normal_of

# All that a segmentation takes over of its source. Names, numbers and dates are not among them.
_TAKEN = (
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID",
    "FrameOfReferenceUID", "Modality", "Rows", "Columns", "NumberOfFrames",
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness",
    "SpacingBetweenSlices", "ImageType", "InstanceNumber",
)  # fmt: skip
_GROUPS = {
    "PlanePositionSequence": ("ImagePositionPatient",),
    "PlaneOrientationSequence": ("ImageOrientationPatient",),
    "PixelMeasuresSequence": ("PixelSpacing", "SliceThickness", "SpacingBetweenSlices"),
}
_BLANK = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime",
    "AccessionNumber", "ReferringPhysicianName", "StudyID", "ContentDate", "ContentTime",
    "ContentCreatorName",
)  # fmt: skip
_DATES = ("DA", "TM", "DT")
# Beyond, a binary segmentation, which holds a plane for each label, grows large.
_MOST_BINARY = 16


def write_segmentation(
    path: Path, data: NDArray[Any], grid: Grid, names: Mapping[int, str] | None = None
) -> None:
    """Write labels as a DICOM segmentation.

    It names no patient, no physician, no institution and no date: those attributes are empty,
    which the standard allows for most of them, and `ContentDate` for none. It keeps the unique
    identifiers of study, series, images and frame of reference, without which it would belong to
    nothing; some scanners make these of a date and a serial number.

    Parameters
    ----------
    path : Path
        The file.
    data : ndarray of int, shape (Z, Y, X)
        Label values; 0 is background. Up to 16 are written as a binary segmentation, larger ones
        as a label map.
    grid : Grid
        Read from the DICOM images.
    names : mapping of int to str, optional
        What a label is called; ``'class 1'`` where None.

    Raises
    ------
    InputError
        The grid is of no DICOM images, or these do not say where they lie; the data are no
        labels; highdicom is not installed; or an image is no longer there.
    """
    _expect_labels(path, data)
    source = _expect_source(path, grid)
    highdicom = _library(path)
    images = _source_images(source)
    labels = data.astype(np.uint8 if data.max() < 256 else np.uint16)
    present = [int(n) for n in np.unique(labels) if n] or [1]  # a segmentation has a segment
    binary = max(present) <= _MOST_BINARY
    numbers = range(1, max(present) + 1) if binary else present
    segments = [_described(highdicom, n, (names or {}).get(n, f"class {n}")) for n in numbers]
    written = guarded(
        source.files[0],
        lambda: _segmentation(highdicom, images, labels, grid, segments, is_binary=binary),
        f"No DICOM segmentation can be made of the images of '{source.files[0]}': their headers "
        "lack what one needs, or are of a kind that has none. Save the labels as '.nii.gz'.",
    )
    _make_nameless(written)
    with quiet():
        pydicom.dcmwrite(path, written, enforce_file_format=True)


def _expect_labels(path: Path, data: NDArray[Any]) -> None:
    shown = f"'*{path.suffix}'"
    if data.ndim != 3 or data.dtype.kind not in "ui" or data.size == 0 or data.min() < 0:
        raise InputError(
            f"A DICOM file ({shown}) can be written of labels only, whole numbers from 0, and not "
            "of an image or a map. Save it as '.nii.gz'."
        )
    if data.max() > np.iinfo(np.uint16).max:
        raise InputError(f"Labels in a DICOM file ({shown}) run to 65535. Save it as '.nii.gz'.")


def _expect_source(path: Path, grid: Grid) -> DicomSource:
    if not isinstance(grid.header, DicomSource):
        raise InputError(
            f"A DICOM segmentation ('*{path.suffix}') refers to the DICOM images it was drawn on, "
            "and this image was read from another kind of file. Save it as '.nii.gz'."
        )
    if not grid.is_placed:
        raise InputError(
            "A DICOM segmentation needs images that say where they lie, and the header of "
            f"'{grid.header.files[0]}' does not. Save it as '.nii.gz'."
        )
    return grid.header


def _library(path: Path) -> ModuleType:
    if find_spec("highdicom") is None:
        raise InputError(
            f"Writing a DICOM segmentation ('*{path.suffix}') needs the package highdicom. Get it "
            "with \"pip install 'segstudio[dicom]'\", or save it as '.nii.gz'."
        )
    import highdicom
    import highdicom.seg

    return highdicom


def _source_images(source: DicomSource) -> list[Dataset]:
    """Return the headers of the images, without anything that is not in `_TAKEN`."""
    return [_bare(file) for file in dict.fromkeys(source.files)]


def _bare(file: Path) -> Dataset:
    sequences = ["SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"]
    header = read_header(file, [*_TAKEN, *sequences])

    def take() -> Dataset:
        bare = _only(header, _TAKEN)
        for name in _BLANK:
            setattr(bare, name, "")
        for name in sequences:
            if name in header:
                setattr(bare, name, [_groups(item) for item in header[name].value])
        return bare

    return guarded(file, take)


def _only(dataset: Dataset, names: Sequence[str]) -> Dataset:
    bare = Dataset()
    for name in names:
        if name in dataset:
            bare[name] = dataset[name]
    return bare


def _groups(item: Dataset) -> Dataset:
    bare = Dataset()
    for name, taken in _GROUPS.items():
        if name in item:
            setattr(bare, name, [_only(one, taken) for one in item[name].value])
    return bare


def _described(highdicom: ModuleType, number: int, name: str) -> Any:
    from highdicom.sr.coding import CodedConcept

    return highdicom.seg.SegmentDescription(
        segment_number=number,
        segment_label=name,
        # The most general codes there are: what a class means is not known here.
        segmented_property_category=CodedConcept("123037004", "SCT", "Anatomical Structure"),
        segmented_property_type=CodedConcept("113343008", "SCT", "Organ"),
        algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.SEMIAUTOMATIC,
        algorithm_identification=highdicom.AlgorithmIdentificationSequence(
            name="segstudio",
            version=__version__,
            family=CodedConcept("123109", "DCM", "Manual Processing"),
        ),
    )


def _maker(highdicom: ModuleType) -> dict[str, Any]:
    return {
        "series_instance_uid": highdicom.UID(),
        "series_number": 1,
        "sop_instance_uid": highdicom.UID(),
        "instance_number": 1,
        "manufacturer": "segstudio",
        "manufacturer_model_name": "segstudio",
        "software_versions": __version__,
        "device_serial_number": "0",
        "content_label": "SEGMENTATION",
    }


def _segmentation(
    highdicom: ModuleType,
    images: Sequence[Dataset],
    labels: NDArray[Any],
    grid: Grid,
    segments: Sequence[Any],
    *,
    is_binary: bool,
) -> Dataset:
    affine = TO_RAS @ grid.affine
    across, down = affine[:3, 0], affine[:3, 1]
    spacing = [float(np.linalg.norm(down)), float(np.linalg.norm(across))]
    orientation = [*(across / spacing[1]), *(down / spacing[0])]
    # Between planes, at right angles to them: the grid's is the way from corner to corner.
    between = abs(float(normal_of(orientation) @ affine[:3, 2]))
    corners = grid.header.positions
    frame = highdicom.CoordinateSystemNames.PATIENT
    written: Dataset = highdicom.seg.Segmentation(
        source_images=images,
        pixel_array=labels,
        segmentation_type="BINARY" if is_binary else "LABELMAP",
        segment_descriptions=segments,
        **_maker(highdicom),
        pixel_measures=highdicom.PixelMeasuresSequence(spacing, between, between),
        plane_orientation=highdicom.PlaneOrientationSequence(frame, orientation),
        plane_positions=[highdicom.PlanePositionSequence(frame, list(c)) for c in corners],
        # A reader could not know of an empty first or last plane that is left out.
        omit_empty_frames=False,
    )
    measures = written.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    # highdicom puts 1 where there is a single plane.
    measures.SpacingBetweenSlices = DS(between, auto_format=True)
    return written


def _make_nameless(dataset: Dataset) -> None:
    """Empty every date and name that is there, also inside of sequences."""

    def blank(holder: Dataset, element: Any) -> None:
        if element.VR in _DATES or element.VR == "PN":
            holder[element.tag].value = ""

    dataset.walk(blank)
    for name in _BLANK:
        if name in dataset:
            setattr(dataset, name, "")
    for name in ("InstitutionName", "OperatorsName", "StationName", "PatientAge", "PatientWeight"):
        if name in dataset:
            delattr(dataset, name)
