"""The sound files that `hostile_files.py` damages: a few of every format, and of every layout."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import nibabel as nib
import numpy as np
import SimpleITK as sitk  # noqa: N813
import tifffile
from numpy.typing import NDArray
from PIL import Image

# Whole numbers from 0 to 3: what is sound is read as an image and as labels.
VOLUME = np.random.default_rng(0).integers(0, 4, (3, 6, 5)).astype(np.int16)
PLANE = VOLUME[0].astype(np.uint8)
TURN = np.array([[0.96, 0.28, 0, 3], [-0.28, 0.96, 0, -7], [0, 0, 1, 11], [0, 0, 0, 1]])
CORNERS = np.stack([np.arange(68) % 2 * 3.0 + 1, np.arange(68) / 2.0], axis=1)
UID = "1.2.826.0.1.3680043.8.498"


@dataclass(frozen=True)
class Seed:
    """A sound file or folder.

    Attributes
    ----------
    files : dict of str to bytes
        What is in the folder, by relative path.
    damaged : tuple of str
        Which of them are damaged, the first the most.
    opened : str
        Which file is read; none where the folder is opened as a dataset.
    """

    files: dict[str, bytes]
    damaged: tuple[str, ...]
    opened: str = ""


def seed_of(write: Callable[[Path], Any], opened: str, *damaged: str) -> Seed:
    """Return what `write` writes into a folder, as a seed."""
    with tempfile.TemporaryDirectory() as name:
        write(Path(name))
        files = {
            p.relative_to(name).as_posix(): p.read_bytes()
            for p in sorted(Path(name).rglob("*"))
            if p.is_file()
        }
    return Seed(files, damaged or (opened,), opened)


def nifti(suffix: str) -> list[Seed]:
    """Return NIfTI files of either version, of several types, with a fourth axis, or scaled."""
    scaled = nib.Nifti1Image(VOLUME.T, TURN)
    scaled.header.set_slope_inter(2, 1)
    extended = nib.Nifti1Image(VOLUME.T, TURN)
    extended.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"a comment"))
    kinds = [
        nib.Nifti1Image(VOLUME.T, TURN),
        nib.Nifti2Image(VOLUME.T.astype(np.uint8), TURN),
        nib.Nifti1Image(VOLUME.T.astype(np.float64), TURN),
        nib.Nifti1Image(np.stack([VOLUME.T] * 3, axis=3), TURN),
        nib.Nifti1Image(VOLUME.T.astype(">i4"), TURN),
        scaled,
        extended,
    ]
    return [seed_of(lambda d, k=k: nib.save(k, d / f"a{suffix}"), f"a{suffix}") for k in kinds]


def analyze(suffix: str) -> list[Seed]:
    """Return the pairs of Analyze and of NIfTI."""
    both = (f"a{suffix}", "a.hdr" if suffix == ".img" else "a.img")
    kinds = (nib.AnalyzeImage, nib.Spm99AnalyzeImage, nib.Nifti1Pair)
    images = [kind(VOLUME.T, np.diag([0.8, 0.7, 5, 1])) for kind in kinds]
    return [seed_of(lambda d, k=k: nib.save(k, d / "a.img"), both[0], *both) for k in images]


def itk(suffix: str) -> list[Seed]:
    """Return NRRD or MetaImage files, raw and packed, of several types, and with a fourth axis."""
    arrays = [VOLUME, VOLUME.astype(np.uint8), VOLUME.astype(float), np.stack([VOLUME] * 2)]
    seeds = []
    for array in arrays:
        image = sitk.GetImageFromArray(array, isVector=False)
        image.SetSpacing((0.8, 0.7, 5.0, 1.0)[: array.ndim])
        seeds += [
            seed_of(
                lambda d, i=image, p=packed: sitk.WriteImage(i, str(d / f"a{suffix}"), p),
                f"a{suffix}",
            )
            for packed in (False, True)
        ]
    if suffix == ".mhd":
        others = [next(name for name in seed.files if name != "a.mhd") for seed in seeds]
        return [Seed(s.files, ("a.mhd", o), "a.mhd") for s, o in zip(seeds, others, strict=True)]
    if suffix == ".nrrd":
        head = b"NRRD0004\ntype: short\ndimension: 3\nsizes: 5 6 3\nencoding: "
        text = head + b"ascii\n\n" + " ".join(map(str, VOLUME.ravel())).encode() + b"\n"
        apart = head + b"raw\nendian: little\ndata file: a.raw\n"
        seeds.append(Seed({"a.nrrd": text}, ("a.nrrd",), "a.nrrd"))
        files = {"a.nrrd": apart, "a.raw": VOLUME.tobytes()}
        seeds.append(Seed(files, ("a.nrrd", "a.raw"), "a.nrrd"))
    return seeds


def tiff(suffix: str) -> list[Seed]:
    """Return TIFF files: plain, of ImageJ, large, tiled, packed in several ways."""
    plain: dict[str, Any] = {"photometric": "minisblack"}
    options: list[tuple[NDArray[Any], dict[str, Any]]] = [
        (VOLUME, plain),
        (VOLUME, {"imagej": True, "metadata": {"axes": "ZYX", "spacing": 2.0, "unit": "mm"}}),
        (np.stack([VOLUME] * 2), {"imagej": True, "metadata": {"axes": "TZYX"}}),
        (VOLUME, plain | {"compression": "lzw"}),
        (VOLUME, plain | {"compression": "deflate", "predictor": True}),
        (VOLUME, plain | {"compression": "packbits"}),
        (VOLUME.astype(np.float32), plain | {"bigtiff": True, "tile": (16, 16)}),
        (VOLUME, plain | {"ome": True, "metadata": {"axes": "ZYX"}}),
        (PLANE * 80, plain | {"compression": "jpeg"}),
    ]
    return [
        seed_of(lambda d, a=a, o=o: tifffile.imwrite(d / f"a{suffix}", a, **o), f"a{suffix}")
        for a, o in options
    ]


def picture(suffix: str) -> list[Seed]:
    """Return pictures: grey, of one bit, with a palette, in colours that are one."""
    grey = Image.fromarray(PLANE)
    palette = Image.fromarray(PLANE)
    palette.putpalette([value for k in range(4) for value in (k, k, k)])
    kinds = [grey, grey.convert("RGB")]
    if suffix in (".png", ".bmp"):
        kinds += [palette, grey.convert("1")]
    if suffix == ".png":
        kinds += [Image.fromarray(PLANE.astype(np.uint16)), grey.convert("LA")]
    name = f"a{suffix}"
    options: list[dict[str, Any]] = [{}] if suffix != ".jpg" else [{}, {"progressive": True}]
    return [
        seed_of(lambda d, k=k, o=o: k.save(d / name, **o), name) for k in kinds for o in options
    ]


def arrays(suffix: str) -> list[Seed]:
    """Return NumPy's files: of several types and orders, alone or in a zip, raw and packed."""
    if suffix == ".npy":
        kinds = [VOLUME, PLANE, VOLUME.astype(">f4"), np.asfortranarray(VOLUME), VOLUME > 1]
        return [seed_of(lambda d, k=k: np.save(d / "a.npy", k), "a.npy") for k in kinds]
    both = {"image": VOLUME.astype(np.float32), "label": VOLUME}
    return [
        seed_of(lambda d, s=save, k=k: s(d / "a.npz", **k), "a.npz")
        for save in (np.savez, np.savez_compressed)
        for k in (both, {"arr_0": VOLUME})
    ]


def hdf5(suffix: str) -> list[Seed]:
    """Return HDF5 files of either structure, raw, in chunks, and packed."""

    def write(path: Path, version: str, options: dict[str, Any]) -> None:
        with h5py.File(path, "w", libver=version) as file:
            file.create_dataset("image", data=VOLUME.astype(np.float32), **options)
            file.create_dataset("label", data=VOLUME, **options)

    options: list[dict[str, Any]] = [
        {},
        {"chunks": (1, 6, 5)},
        {"compression": "gzip", "shuffle": True, "fletcher32": True},
        {"compression": "lzf"},
    ]
    name = f"a{suffix}"
    return [
        seed_of(lambda d, v=v, o=o: write(d / name, v, o), name)
        for v in ("earliest", "latest")
        for o in options
    ]


def dicom(suffix: str) -> list[Seed]:
    """Return a series of three files, one file of three frames, and packed ones."""
    import pydicom  # loaded where the program reads its files

    def write(folder: Path, syntax: str, frames: int, files: int) -> None:
        for k in range(files):
            header = pydicom.Dataset()
            header.SOPClassUID, header.SOPInstanceUID = pydicom.uid.MRImageStorage, f"{UID}.{k + 1}"
            header.StudyInstanceUID, header.SeriesInstanceUID = f"{UID}.1.1", f"{UID}.1.2"
            header.PatientID, header.Modality, header.InstanceNumber = "1", "MR", k + 1
            header.ImagePositionPatient, header.PixelSpacing = [0, 0, 5.0 * k], [0.7, 0.8]
            header.ImageOrientationPatient, header.SliceThickness = [1, 0, 0, 0, 1, 0], 5.0
            header.Rows, header.Columns, header.NumberOfFrames = 6, 5, frames
            header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
            header.BitsAllocated = header.BitsStored = 16
            header.HighBit, header.PixelRepresentation = 15, 1
            header.RescaleSlope, header.RescaleIntercept = 1, 0
            header.PixelData = np.stack([VOLUME[k]] * frames).tobytes()
            header.file_meta = pydicom.dataset.FileMetaDataset()
            header.file_meta.TransferSyntaxUID = syntax
            header["PixelData"].VR = "OW"
            if syntax == pydicom.uid.RLELossless:
                header.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
                header.compress(syntax, np.stack([VOLUME[k]] * frames).squeeze())
            header.save_as(folder / f"{k}{suffix}", enforce_file_format=True)

    plain, implicit = pydicom.uid.ExplicitVRLittleEndian, pydicom.uid.ImplicitVRLittleEndian
    deflated, rle = pydicom.uid.DeflatedExplicitVRLittleEndian, pydicom.uid.RLELossless
    kinds = [(plain, 1, 3), (implicit, 1, 1), (plain, 3, 1), (deflated, 1, 1), (rle, 1, 3)]
    return [seed_of(lambda d, k=k: write(d, *k), f"0{suffix}") for k in kinds]
