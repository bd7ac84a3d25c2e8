"""DICOM files for the tests, written with a name, an id and dates that must never be seen again."""

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, generate_uid

SECRETS = (
    "DOE^JANE", "DOE", "MRN-778899", "19540321", "20190807", "101112", "ACC-4711", "HOUSE^GREGORY",
    "ST ELSEWHERE", "OPERATOR^ONE", "STUDY-0815",
)  # fmt: skip
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
OBLIQUE = (0.9, 0.3, np.sqrt(1 - 0.81 - 0.09), -0.3162277660168379, 0.9486832980505138, 0.0)


def identity(ds: Dataset) -> None:
    ds.PatientName, ds.PatientID = "DOE^JANE", "MRN-778899"
    ds.PatientBirthDate, ds.PatientSex, ds.PatientAge = "19540321", "F", "065Y"
    for name in ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"):
        setattr(ds, name, "20190807")
    for name in ("StudyTime", "SeriesTime", "AcquisitionTime", "ContentTime"):
        setattr(ds, name, "101112")
    ds.AccessionNumber, ds.StudyID = "ACC-4711", "STUDY-0815"
    ds.ReferringPhysicianName, ds.OperatorsName = "HOUSE^GREGORY", "OPERATOR^ONE"
    ds.InstitutionName = "ST ELSEWHERE"
    ds.StudyDescription = ds.SeriesDescription = "DOE scan"


def image(pixels: np.ndarray, **given: Any) -> Dataset:
    """Return a CT plane of the stored numbers given; attributes replace, None removes."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = given.pop("syntax", ExplicitVRLittleEndian)
    identity(ds)
    ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, generate_uid()
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.3.4", "1.2.3.4.5"
    ds.FrameOfReferenceUID, ds.Modality = "1.2.3.4.6", "CT"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.Rows, ds.Columns = pixels.shape[-2:]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = pixels.dtype.itemsize * 8
    ds.HighBit, ds.PixelRepresentation = ds.BitsStored - 1, int(pixels.dtype.kind == "i")
    ds.PixelSpacing, ds.SliceThickness = [0.7, 0.5], 3.0
    ds.ImageOrientationPatient, ds.ImagePositionPatient = list(AXIAL), [0.0, 0.0, 0.0]
    ds.InstanceNumber = 1
    for name, value in given.items():
        if value is None:
            if name in ds:
                delattr(ds, name)
        else:
            setattr(ds, name, value)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.PixelData = pixels.tobytes()
    ds["PixelData"].VR = "OW" if pixels.dtype.itemsize > 1 else "OB"
    return ds


def save(ds: Dataset, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(path, ds, enforce_file_format=True)
    return path


def numbers(shape: tuple[int, ...], dtype: Any = np.int16, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 200, shape).astype(dtype)


def series(
    folder: Path,
    data: np.ndarray,
    *,
    orientation: tuple[float, ...] = AXIAL,
    step: float | tuple[float, float, float] = 2.5,
    start: tuple[float, float, float] = (-10.0, 20.0, 30.0),
    depth: list[float] | None = None,
    prefix: str = "",
    **given: Any,
) -> list[Path]:
    """Write a plane a file, in an order of names and numbers that is not that of their places."""
    normal = np.cross(orientation[:3], orientation[3:])
    paths = []
    for z in range(len(data)):
        way = np.array(step) if isinstance(step, tuple) else normal * step
        at = np.array(start) + (way * z if depth is None else normal * depth[z])
        number = (z * 7 + 3) % len(data) if len(data) % 7 else z
        ds = image(
            data[z],
            **{
                "ImagePositionPatient": [float(f"{v:.8g}") for v in at],
                "ImageOrientationPatient": [float(f"{v:.10g}") for v in orientation],
                "InstanceNumber": number + 1,
                **given,
            },
        )
        paths.append(save(ds, folder / f"{prefix}{number:03d}.dcm"))
    return paths


def enhanced(data: np.ndarray, **given: Any) -> Dataset:
    """Return an enhanced MR of many frames, each with its own place and scale, in reverse order."""
    ds = image(data[::-1].copy(), **given)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.4.1")
    ds.Modality, ds.NumberOfFrames = "MR", len(data)
    for name in ("PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient"):
        delattr(ds, name)
    shared = Dataset()
    shared.PixelMeasuresSequence = Sequence([Dataset()])
    shared.PixelMeasuresSequence[0].PixelSpacing = [0.7, 0.5]
    shared.PlaneOrientationSequence = Sequence([Dataset()])
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = list(AXIAL)
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    items = []
    for z in reversed(range(len(data))):
        item = Dataset()
        item.PlanePositionSequence = Sequence([Dataset()])
        item.PlanePositionSequence[0].ImagePositionPatient = [1.0, 2.0, 3.0 + 2.0 * z]
        item.PixelValueTransformationSequence = Sequence([Dataset()])
        item.PixelValueTransformationSequence[0].RescaleSlope = 1 + z
        item.PixelValueTransformationSequence[0].RescaleIntercept = -z
        items.append(item)
    ds.PerFrameFunctionalGroupsSequence = Sequence(items)
    return ds
