"""Files that are made to do harm: to fill memory, to hang, or to fetch what lies elsewhere."""

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import h5py
import nibabel as nib
import numpy as np
import pytest
import tifffile

from segstudio.core.errors import InputError
from segstudio.data.formats import read_labels, read_volume

VOLUME = np.random.default_rng(0).integers(0, 4, (3, 6, 5)).astype(np.int16)
MOST_MIB = 300  # that any of these files may take


def kib(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))


@pytest.fixture(autouse=True)
def nothing_else_happens(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Check that nothing was printed, and memory stayed bounded where the system tells."""
    is_linux = Path("/proc/self/clear_refs").exists()
    if is_linux:
        Path("/proc/self/clear_refs").write_text("5")
    before = kib("VmRSS") if is_linux else 0
    yield
    assert not is_linux or (kib("VmHWM") - before) / 1024 < MOST_MIB
    assert capfd.readouterr() == ("", "")


def refused(path: Path, told: str = ".") -> None:
    """Check that a file is refused as image and labels, in a line that names it, and untouched."""
    there = sorted(p.name for p in path.parent.iterdir())
    for read in (read_volume, read_labels):
        with pytest.raises(InputError, match=told) as caught:
            read(path)
        assert path.name in str(caught.value)
        assert str(caught.value).isprintable()
    assert sorted(p.name for p in path.parent.iterdir()) == there


def nifti(shape: tuple[int, ...], dtype: str = "int64", **fields: float) -> bytes:
    header = nib.Nifti1Header()
    header.set_data_dtype(dtype)
    header.set_data_shape(shape)
    header["magic"], header["vox_offset"] = b"n+1", 352
    for name, value in fields.items():
        if name == "pixdim":
            header[name][1] = value
        else:
            header[name] = value
    return bytes(header.binaryblock) + bytes(4)


def png(columns: int, rows: int) -> bytes:
    def part(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content))
            + name
            + content
            + struct.pack(">I", zlib.crc32(name + content))
        )

    size = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    packed = zlib.compress(bytes(10_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", size) + part(b"IDAT", packed) + part(b"IEND", b"")


def bmp(columns: int, rows: int) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, columns, rows, 1, 8, 1, 0, 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 2000, 0, 0, 1078) + head + bytes(2000)


def tiff(columns: int, rows: int) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, VOLUME[0], photometric="minisblack", compression="deflate")
    data = bytearray(file.getvalue())
    n_tags = struct.unpack_from("<H", data, 8)[0]
    for at in range(10, 10 + 12 * n_tags, 12):
        tag = struct.unpack_from("<H", data, at)[0]
        if tag in (256, 257, 278):
            value = columns if tag == 256 else rows
            data[at + 2 : at + 12] = struct.pack("<HII", 4, 1, value)
    return bytes(data)


def npy(shape: str) -> bytes:
    text = f"{{'descr': '<i2', 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


NRRD = b"NRRD0004\ntype: short\ndimension: 3\nsizes: %s\nencoding: %s\n\n" + bytes(180)
META = b"ObjectType = Image\nNDims = 3\nDimSize = %s\nElementType = MET_SHORT\n%s"
LOCAL = b"ElementDataFile = LOCAL\n"
HUGE = {
    "a.nii": nifti((32767,) * 3),
    "a.nii.gz": gzip.compress(nifti((32767,) * 3)),
    "bomb.nii.gz": gzip.compress(nifti((1024, 1024, 1024), "uint8") + bytes(50_000_000)),
    "far.nii.gz": gzip.compress(nifti((2, 2, 2), vox_offset=2e9) + bytes(50_000_000)),
    "raw.nrrd": NRRD % (b"1000000000 1000000000 1000000000", b"raw"),
    "zeros.nrrd": NRRD % (b"5 6 100000000", b"raw"),
    "packed.nrrd": NRRD % (b"1000000000 1000000000 1000000000", b"gzip"),
    "negative.nrrd": NRRD % (b"-5 6 3", b"raw"),
    "a.mha": META % (b"1000000000 1000000000 1000000000", LOCAL) + bytes(180),
    "packed.mha": META % (b"100000 100000 100000", b"CompressedData = True\n" + LOCAL)
    + zlib.compress(bytes(10**6)),
    "negative.mha": META % (b"-5 -6 3", LOCAL) + bytes(180),
    "a.png": png(2**31 - 1, 2**31 - 1),
    "bomb.png": png(100_000, 100_000),
    "a.bmp": bmp(2**31 - 1, 2**31 - 1),
    "a.tif": tiff(2**31 - 1, 2**31 - 1),
    "a.npy": npy("(1000000, 1000000, 1000000)"),
    "negative.npy": npy("(-3, 6, 5)"),
    "deep.npy": npy("(" + "(" * 200 + ")" * 200 + ")"),
}


@pytest.mark.parametrize("name", HUGE)
def test_a_size_that_no_file_holds_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(HUGE[name])
    refused(tmp_path / name)


def test_hdf5_whose_voxels_were_never_written_is_refused(tmp_path: Path) -> None:
    for name, shape in (("a.h5", (10_000,) * 3), ("b.h5", (100, 1000, 1000))):
        with h5py.File(tmp_path / name, "w") as file:
            file.create_dataset("image", shape, np.int16, chunks=(1, 100, 100))
        refused(tmp_path / name, "no voxel was written")


@pytest.mark.parametrize("spacing", [-1.0, np.nan, np.inf, 0.0, 1e30])
def test_a_spacing_that_cannot_be_true_is_told(tmp_path: Path, spacing: float) -> None:
    (tmp_path / "a.nii").write_bytes(nifti((5, 6, 3), "int16", pixdim=spacing) + bytes(180))
    text = META % (b"5 6 3", f"ElementSpacing = {spacing} 1 1\n".encode() + LOCAL)
    (tmp_path / "a.mha").write_bytes(text + bytes(180))
    for name in ("a.nii", "a.mha"):
        refused(tmp_path / name, "spacing|damaged")


ELSEWHERE = {
    "blank line.mhd": META % (b"5 6 3", b"\nElementDataFile = ../secret.raw\n"),
    "colon.mhd": META % (b"5 6 3", b"ElementDataFile : ../secret.raw\n" + LOCAL) + bytes(180),
    "long.mhd": META % (b"5 6 3", b"A = x\n" * 200_000 + b"ElementDataFile = ../secret.raw\n"),
    "long.nrrd": NRRD[:-181] % (b"5 6 3", b"raw")
    + b"# x\n" * 300_000
    + b"data file: ../secret.raw\n\n",
    "line ends.nrrd": (NRRD[:-182] % (b"5 6 3", b"raw")) + b"\rdata file: ../secret.raw\n\n",
    "two.nrrd": (NRRD[:-181] % (b"5 6 3", b"raw"))
    + b"data file: ../secret.raw\ndata file:=a.raw\n\n",
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_header_cannot_hide_where_its_voxels_lie(tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.raw").write_bytes(VOLUME.tobytes())
    (tmp_path / "in" / name).write_bytes(ELSEWHERE[name])
    refused(tmp_path / "in" / name, "same folder|damaged")


def test_a_number_without_an_end_is_refused(tmp_path: Path) -> None:
    digits = b"9" * 5000
    head = NRRD.replace(b"\n\n", b"\nspace: left-posterior-superior\nspace origin: (%s,0,0)\n\n")
    (tmp_path / "a.nrrd").write_bytes(head % (b"5 6 3", b"raw", digits))
    (tmp_path / "a.mha").write_bytes(META % (b"5 6 3", b"Offset = 0 0 " + digits + b"\n" + LOCAL))
    for name in ("a.nrrd", "a.mha"):
        refused(tmp_path / name, "damaged")


@pytest.mark.parametrize("field", ["", "CompressedDataSize = 0\n", "HeaderSize = 3\n"])
def test_packed_voxels_of_a_size_that_is_not_said_are_refused(tmp_path: Path, field: str) -> None:
    head = META % (b"5 6 3", b"CompressedData = True\n" + field.encode() + LOCAL)
    (tmp_path / "a.mha").write_bytes(head + zlib.compress(VOLUME.tobytes()))
    refused(tmp_path / "a.mha", "damaged")


def test_ome_tiff_that_names_another_file_is_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "secret.tif", VOLUME, photometric="minisblack")
    (tmp_path / "in").mkdir()
    text = (
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0">'
        '<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="int16" SizeX="5" SizeY="6" SizeZ="3" '
        'SizeC="1" SizeT="1"><Channel ID="Channel:0:0" SamplesPerPixel="1"/><TiffData IFD="0" '
        'PlaneCount="3"><UUID FileName="../secret.tif">urn:uuid:0</UUID></TiffData></Pixels>'
        "</Image></OME>"
    )
    path = tmp_path / "in" / "a.tif"
    tifffile.imwrite(path, VOLUME * 0, photometric="minisblack", description=text, metadata=None)
    refused(path, "several files")


def test_pages_that_lead_back_to_themselves_are_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", VOLUME[0], photometric="minisblack")
    data = bytearray((tmp_path / "a.tif").read_bytes())
    end = 10 + 12 * struct.unpack_from("<H", data, 8)[0]
    data[end : end + 4] = struct.pack("<I", 8)
    (tmp_path / "a.tif").write_bytes(data)
    refused(tmp_path / "a.tif", "damaged")


def zipped(path: Path, *entries: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def test_zips_that_are_no_arrays_are_refused(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.npz", ("image.npy", bytes(10**7))).read_bytes()
    refused(zipped(tmp_path / "nested.npz", ("image.npy", inner)), "damaged")
    refused(zipped(tmp_path / "text.npz", ("image.txt", b"text")), "nothing")
    entries = bytearray(
        zipped(tmp_path / "a.npz", ("image.npy", npy("(3, 6)") + bytes(36))).read_bytes()
    )
    at = entries.index(b"PK\x01\x02")
    entries[at + 42 : at + 46] = struct.pack("<I", 10)  # where the entry should begin
    (tmp_path / "overlapping.npz").write_bytes(entries)
    refused(tmp_path / "overlapping.npz", "damaged")


def test_an_entry_named_to_leave_its_folder_is_read_and_never_unpacked(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = zipped(tmp_path / "in" / "a.npz", ("../../image.npy", npy("(2, 3)") + bytes(12)))
    assert read_volume(path).data.shape == (1, 2, 3)
    assert [p.name for p in tmp_path.rglob("*")] == ["in", "a.npz"]


def test_gzip_of_something_else_is_refused(tmp_path: Path) -> None:
    for name, content in (
        ("a", b"#!/bin/sh\n" * 99),
        ("b", png(3, 3)),
        ("c", b""),
        ("d", b"\0" * 999),
    ):
        (tmp_path / f"{name}.nii.gz").write_bytes(gzip.compress(content))
        refused(tmp_path / f"{name}.nii.gz", "damaged")
