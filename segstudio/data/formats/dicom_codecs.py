"""One packed frame of a DICOM file as numbers: which library unpacks it, and what is asked first.

A packed frame says its own size. It is compared with the header's before a decoder sees it, so that
a damaged file cannot make one take memory that nobody expects.
"""

import os
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import get_decoder

from segstudio.core.errors import InputError
from segstudio.data.formats.dicom_frames import Header
from segstudio.data.formats.dicom_headers import guarded

_JPEG_2000 = (uid.JPEG2000Lossless, uid.JPEG2000)
_HIGH_THROUGHPUT = (uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K)
# Those that GDCM, inside SimpleITK, unpacks where pydicom has nothing that can.
_BY_GDCM = (
    uid.JPEGExtended12Bit,
    uid.JPEGLossless,
    uid.JPEGLosslessSV1,
    uid.JPEGLSLossless,
    uid.JPEGLSNearLossless,
)
_JPEG = (uid.JPEGBaseline8Bit, *_BY_GDCM)
# Start of a frame, of any of JPEG's processes or of JPEG-LS; not of a table (C4, C8, CC).
_FRAME_MARKS = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}

_END = 16
_printing = threading.Lock()


def expect_known(header: Header) -> None:
    """Refuse a file whose voxels are packed in a way that nothing here unpacks: video, or worse.

    Raises
    ------
    InputError
        It names the transfer syntax.
    """
    known = (*_JPEG, *_JPEG_2000, *_HIGH_THROUGHPUT, uid.RLELossless)
    syntax = header.syntax
    if syntax in known or (syntax.is_transfer_syntax and not syntax.is_encapsulated):
        return
    raise InputError(
        f"The voxels of '{header.path}' are packed as '{_name(syntax)}', which cannot be "
        "unpacked here. Export it uncompressed."
    )


def unpacked(frame: bytes, header: Header) -> NDArray[Any]:
    """Return a frame as it is stored.

    Parameters
    ----------
    frame : bytes
        As it is packed.
    header : Header
        Of its file.

    Returns
    -------
    ndarray, shape (rows, columns) or (rows, columns, 3)
        Colours are red, green, blue.

    Raises
    ------
    InputError
        It is damaged, or of another size than the header's.
    """
    syntax = header.syntax
    decoder = uid.JPEG2000 if syntax in _HIGH_THROUGHPUT else syntax
    if syntax in (*_JPEG, *_JPEG_2000, *_HIGH_THROUGHPUT):
        _expect_whole(frame, header)
    precision = _stated(frame, header)[3] if syntax != uid.RLELossless else header.stored
    by_gdcm = syntax in _BY_GDCM and not _pydicom_can(syntax, precision)
    if by_gdcm:
        return guarded(header.path, lambda: _by_gdcm(frame, header), _sentence(header))
    return guarded(header.path, lambda: _by_pydicom(frame, header, decoder), _sentence(header))


def _pydicom_can(syntax: uid.UID, precision: int) -> bool:
    if syntax == uid.JPEGExtended12Bit and precision != 8:
        return False
    return bool(get_decoder(syntax).is_available)


def _sentence(header: Header) -> str:
    return (
        f"The voxels of '{header.path}', packed as '{_name(header.syntax)}', could not be "
        "unpacked: they are damaged, or of a rare kind. Copy it again, or export it uncompressed."
    )


def _name(syntax: uid.UID) -> str:
    if syntax.is_transfer_syntax:
        return str(syntax.name)
    return f"unknown transfer syntax{f' {syntax}' if syntax.is_valid else ''}"


def _expect_whole(frame: bytes, header: Header) -> None:
    """Refuse a frame whose own size differs from the header's, or that has no end."""
    rows, columns, samples, precision = _stated(frame, header)
    if (rows, columns) != header.size or samples != header.samples:
        raise InputError(
            f"'{header.path}' is damaged: its header declares {header.size[0]} × "
            f"{header.size[1]} × {header.samples} values, and the packed frame holds {rows} × "
            f"{columns} × {samples}. Copy or export it again."
        )
    # Frames are padded behind their end mark, by zeros or by what the writer took for one.
    if precision > header.allocated or b"\xff\xd9" not in frame[-_END:]:
        raise InputError(
            f"'{header.path}' is damaged or cut short: a packed frame has no end. Copy or export "
            "it again."
        )


def _stated(frame: bytes, header: Header) -> tuple[int, int, int, int]:
    """Return rows, columns, values a voxel and bits as the packed frame says them."""
    of = _jpeg_frame if header.syntax in _JPEG else _jpeg_2000_frame
    return guarded(header.path, lambda: of(frame))


def _jpeg_2000_frame(frame: bytes) -> tuple[int, int, int, int]:
    start = frame.index(b"\xff\x4f\xff\x51")
    x, y, x_off, y_off = struct.unpack_from(">4I", frame, start + 8)
    tile_x, tile_y = struct.unpack_from(">2I", frame, start + 24)
    samples, depth = struct.unpack_from(">HB", frame, start + 40)
    # Thousands of tiny tiles cost a decoder far more than their voxels.
    if tile_x == 0 or tile_y == 0 or (x // tile_x + 1) * (y // tile_y + 1) > 1 << 14:
        raise ValueError
    return y - y_off, x - x_off, samples, (depth & 0x7F) + 1


def _jpeg_frame(frame: bytes) -> tuple[int, int, int, int]:
    at = 2
    while True:
        while frame[at] == 0xFF and frame[at + 1] == 0xFF:
            at += 1
        mark, length = struct.unpack_from(">xBH", frame, at)
        if mark in _FRAME_MARKS:
            depth, rows, columns, samples = struct.unpack_from(">BHHB", frame, at + 4)
            return rows, columns, samples, depth
        if frame[at] != 0xFF or length < 2:
            raise ValueError
        at += 2 + length


def _by_pydicom(frame: bytes, header: Header, syntax: uid.UID) -> NDArray[Any]:
    array: NDArray[Any] = get_decoder(syntax).as_array(
        encapsulate([frame]),
        raw=False,
        rows=header.size[0],
        columns=header.size[1],
        samples_per_pixel=header.samples,
        photometric_interpretation=header.colours,
        bits_allocated=header.allocated,
        bits_stored=header.stored,
        pixel_representation=int(header.is_signed),
        planar_configuration=header.planar,
        number_of_frames=1,
        pixel_keyword="PixelData",
    )[0]
    return array


def _by_gdcm(frame: bytes, header: Header) -> NDArray[Any]:
    """Return a frame that GDCM unpacks, from a file that holds nothing but it."""
    import SimpleITK as sitk  # noqa: N813  (slow to load, and few files need it)

    bare = Dataset()
    bare.file_meta = FileMetaDataset()
    bare.file_meta.TransferSyntaxUID = header.syntax
    bare.SOPClassUID = bare.file_meta.MediaStorageSOPClassUID = uid.SecondaryCaptureImageStorage
    bare.SOPInstanceUID = bare.file_meta.MediaStorageSOPInstanceUID = uid.generate_uid()
    bare.Rows, bare.Columns = header.size
    bare.SamplesPerPixel = header.samples
    bare.PhotometricInterpretation = header.colours if header.samples == 1 else "RGB"
    if header.samples > 1:
        bare.PlanarConfiguration = 0
    bare.BitsAllocated, bare.BitsStored = header.allocated, header.stored
    bare.HighBit, bare.PixelRepresentation = header.stored - 1, int(header.is_signed)
    bare.PixelData = encapsulate([frame])
    bare["PixelData"].is_undefined_length = True
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "frame.dcm"
        pydicom.dcmwrite(file, bare, enforce_file_format=True)
        with _nothing_printed():
            array = sitk.GetArrayFromImage(sitk.ReadImage(str(file), imageIO="GDCMImageIO"))
    return np.asarray(array.reshape(*header.size, *((3,) if header.samples == 3 else ())))


@contextmanager
def _nothing_printed() -> Iterator[None]:
    """Keep GDCM from the terminal: for twelve bits, it tries eight first and prints that it fails.

    It prints from C, where Python's own `sys.stderr` has no say.
    """
    with _printing:
        try:
            kept = os.dup(2)
        except OSError:  # a program without a terminal
            yield
            return
        try:
            with Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
