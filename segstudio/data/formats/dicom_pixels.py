"""The voxels of DICOM planes, as the values that they stand for."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.pixels import apply_color_lut, apply_modality_lut, get_decoder

from segstudio.core.errors import InputError
from segstudio.data.formats.dicom_codecs import unpacked
from segstudio.data.formats.dicom_frames import Header
from segstudio.data.formats.dicom_headers import guarded, read_whole
from segstudio.data.formats.dicom_planes import Plane
from segstudio.data.formats.opened import MOST_PACKED, expect_room

_WHOLE_TYPES = (np.int16, np.uint16, np.int32)
_FLOATS = ("FloatPixelData", "DoubleFloatPixelData")


def expect_held(header: Header) -> None:
    """Refuse an uncompressed file that is too small for what its header declares."""
    deflated = header.syntax == uid.DeflatedExplicitVRLittleEndian
    packed = header.syntax.is_transfer_syntax and header.syntax.is_encapsulated
    most = (MOST_PACKED if deflated else 1) * (8 if header.allocated == 1 else 1)
    shape = (len(header.planes), *header.size)
    expect_room(header.path, shape, header.dtype, packed_at_most=None if packed else most)


def values_of(planes: Sequence[Plane], headers: dict[Path, Header], path: Path) -> NDArray[Any]:
    """Return the values of planes.

    Parameters
    ----------
    planes : sequence of Plane
        In the order wanted.
    headers : dict of Path to Header
        Of their files.
    path : Path
        Names them in an error.

    Returns
    -------
    ndarray, shape (Z, Y, X)
        Slope and intercept applied; MONOCHROME1 turned round. Whole numbers where slope and
        intercept are, else float32.

    Raises
    ------
    InputError
        A file is damaged, cut short, in colour or packed in a way that nothing here unpacks; or
        memory does not suffice.
    """
    kept = _value_type([(headers[p.file], p) for p in planes])
    size = headers[planes[0].file].size
    expect_room(path, (len(planes), *size), kept)
    for header in {p.file: headers[p.file] for p in planes}.values():
        expect_held(header)
    values: NDArray[Any] | None = None
    places = {(p.file, p.index): i for i, p in enumerate(planes)}
    ordered = sorted(planes, key=lambda p: (str(p.file), p.index))
    for file, group in groupby(ordered, key=lambda p: p.file):
        for plane, found in _file_values(headers[file], list(group), kept):
            if values is None:
                whole = np.promote_types(kept, found.dtype)
                kind = found.dtype if found.dtype.kind == "f" else whole
                values = np.empty((len(planes), *size), kind)
            if found.shape != size:
                raise InputError(f"'{file}' has changed while it was read. Open it again.")
            values[places[file, plane.index]] = found
    if values is None:
        raise ValueError
    return _smallest(values)


def _smallest(values: NDArray[Any]) -> NDArray[Any]:
    """Return four-byte whole numbers in two where they fit: CT with an offset always does."""
    if values.dtype != np.int32:
        return values
    low, high = int(values.min()), int(values.max())
    fits = np.iinfo(np.int16).min <= low and high <= np.iinfo(np.int16).max
    return values.astype(np.int16) if fits else values


def _value_type(pairs: Sequence[tuple[Header, Plane]]) -> np.dtype[Any]:
    """Return the type that holds every value these planes could have."""
    if len({(h.dtype, p.scale) for h, p in pairs}) == 1 and pairs[0][1].scale == (1.0, 0.0):
        return pairs[0][0].dtype
    lows, highs = [], []
    for header, plane in pairs:
        slope, intercept = plane.scale
        if not (slope.is_integer() and intercept.is_integer()):
            return np.dtype(np.float32)
        low = -(2 ** (header.stored - 1)) if header.is_signed else 0
        ends = [int(slope) * n + int(intercept) for n in (low, low + 2**header.stored - 1)]
        lows.append(min(ends))
        highs.append(max(ends))
    fits = (
        kind
        for kind in _WHOLE_TYPES
        if np.iinfo(kind).min <= min(lows) and max(highs) <= np.iinfo(kind).max
    )
    return np.dtype(next(fits, np.float32))


def _file_values(
    header: Header, planes: Sequence[Plane], kept: np.dtype[Any]
) -> Iterator[tuple[Plane, NDArray[Any]]]:
    dataset = read_whole(header.path)
    if not any(name in dataset for name in ("PixelData", *_FLOATS)):
        raise InputError(
            f"'{header.path}' is a DICOM file without an image: its voxels are missing. Export it "
            "again."
        )
    stored = _stored(header, dataset, [p.index for p in planes])
    for plane, frame in zip(planes, stored, strict=True):
        yield plane, _scaled(_grey(frame, header, dataset), header, plane, dataset, kept)


def _stored(header: Header, dataset: Dataset, wanted: Sequence[int]) -> Iterator[NDArray[Any]]:
    """Yield frames as they are stored, ``(rows, columns)`` or with three colours."""
    if not header.syntax.is_transfer_syntax or header.syntax.is_encapsulated:
        frames = guarded(header.path, lambda: _packed(header, dataset))
        for index in wanted:
            yield unpacked(frames[index], header)
        return
    if header.syntax != uid.DeflatedExplicitVRLittleEndian:
        expect_held(header)
    decoder = get_decoder(header.syntax)
    for index in wanted:
        if header.allocated == 1 and header.syntax.is_little_endian:
            yield _bits(header, dataset.get("PixelData", b""), index)
            continue
        read = partial(decoder.as_array, dataset, index=index, raw=False)
        yield guarded(header.path, read)[0]


def _bits(header: Header, content: bytes, index: int) -> NDArray[np.uint8]:
    """Return a frame of one bit a voxel; pydicom reads no frame that begins within a byte."""
    rows, columns = header.size
    first, last = (n * rows * columns for n in (index, index + 1))
    held = np.frombuffer(content, np.uint8)[first // 8 : -(-last // 8)]
    bits = np.unpackbits(held, bitorder="little")[first % 8 :][: last - first]
    return guarded(header.path, lambda: bits.reshape(header.size))


def _packed(header: Header, dataset: Dataset) -> list[bytes]:
    extended = None
    if dataset.get("ExtendedOffsetTable") and dataset.get("ExtendedOffsetTableLengths"):
        extended = (dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths)
    frames = list(
        generate_frames(
            dataset.PixelData, number_of_frames=len(header.planes), extended_offsets=extended
        )
    )
    if len(frames) < len(header.planes):
        raise ValueError
    return frames


def _grey(frame: NDArray[Any], header: Header, dataset: Dataset) -> NDArray[Any]:
    """Return a frame of one value a voxel; refuse one in colour unless the colours are equal."""
    if header.colours == "PALETTE COLOR" and not header.segmentation:
        frame = guarded(header.path, lambda: apply_color_lut(frame, dataset))
    if frame.ndim == 2:
        return frame
    if frame.ndim == 3 and (frame == frame[..., :1]).all():
        return frame[..., 0]
    raise InputError(
        f"'{header.path}' is in colour ({header.colours}); a greyscale image is needed. Export "
        "one channel of it."
    )


def _scaled(
    frame: NDArray[Any], header: Header, plane: Plane, dataset: Dataset, kept: np.dtype[Any]
) -> NDArray[Any]:
    slope, intercept = plane.scale
    if frame.dtype.kind == "f":
        with np.errstate(all="ignore"):  # a file may hold NaN, and numbers beyond float32
            return (frame * slope + intercept).astype(np.float32)
    if header.is_inverted:
        ends = 2 ** (header.stored - 1) if header.is_signed else 0
        frame = (2**header.stored - 1 - 2 * ends) - frame.astype(np.int64)
    if header.has_table:
        return guarded(header.path, lambda: apply_modality_lut(frame, dataset))
    if (slope, intercept) == (1.0, 0.0):
        return frame.astype(kept, copy=False)
    if kept.kind == "f":
        return (frame * slope + intercept).astype(np.float32)
    return (frame.astype(np.int64) * int(slope) + int(intercept)).astype(kept)
