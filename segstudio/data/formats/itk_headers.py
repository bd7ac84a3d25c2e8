"""What NRRD's and MetaImage's own headers say that SimpleITK does not ask them."""

import math
import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from segstudio.core.errors import InputError
from segstudio.data.formats.opened import MOST_PACKED, expect_axes, expect_room

Fields = dict[str, str]
_LONGEST = 1 << 20
_LONGEST_VALUE = 1 << 13
_LONG_NUMBER = re.compile(rb"[-+]?[\d.][\w.+-]{100}")  # longer than any identifier
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
# Fields of a number an axis, and of one for each two.
_LISTS = (
    *("DimSize", "ElementSpacing", "ElementSize", "CenterOfRotation"),
    *("Offset", "Position", "Origin"),
)
_TABLES = ("TransformMatrix", "Rotation", "Orientation")
_SWITCH = {"true": True, "false": False, "1": True, "0": False}
# Bytes of voxels in a byte of file; as text, a digit and a space may stand for eight.
_MOST_HELD = {"raw": 1, "gzip": MOST_PACKED, "gz": MOST_PACKED, "hex": 1}
_MOST_HELD |= dict.fromkeys(("ascii", "text", "txt"), 8)
_LAST = "ElementDataFile"  # ends the header of a MetaImage
_META_LINE = re.compile(rb" *([A-Za-z]\w*) *= *([^\r]*)\r?")
_IN_MM = {"mm": 1.0, "millimeter": 1.0, "cm": 10.0, "m": 1000.0, "nm": 1e-6}
_IN_MM |= dict.fromkeys(("um", "µm", "micron", "microns", "micrometer"), 1e-3)
_STEP = 1 << 20
_BYTES = {"CHAR": 1, "SHORT": 2, "INT": 4, "LONG": 4, "LONG_LONG": 8, "FLOAT": 4, "DOUBLE": 8}


def expect_whole(path: Path, *, unpacked: bool = False) -> Fields:
    """Return the header's fields by name in lower case.

    Parameters
    ----------
    path : Path
        The file.
    unpacked : bool
        Whether to unpack a MetaImage's voxels as well, to see that they can be.

    Raises
    ------
    InputError
        The voxels lie in another folder; or those of a MetaImage are cut short or damaged, which
        ITK only prints.
    """
    with path.open("rb") as file:
        head = file.read(_LONGEST)
    if head.startswith(b"NRRD"):
        fields = _nrrd_fields(path, head)
        name = fields.get("data file") or fields.get("datafile", "")
        if name:
            _beside(path, name)
        return fields
    fields, end = _meta_fields(path, head)
    name = fields[_LAST]
    is_local = name in ("LOCAL", "Local", "local")
    voxels = path if is_local else _beside(path, name)
    _expect_meta_voxels(path, voxels, fields, end if is_local else 0, unpacked=unpacked)
    return fields


def expect_held(path: Path, fields: Fields, shape: Sequence[int], dtype: np.dtype[Any]) -> None:
    """Refuse an NRRD whose file cannot hold its voxels: the library reads zeros, for minutes."""
    if is_meta(fields):
        return
    name = fields.get("data file") or fields.get("datafile")
    most = _MOST_HELD.get(fields.get("encoding", "").lower())
    expect_room(path.parent / name if name else path, shape, dtype, packed_at_most=most)


def has_place(fields: Fields) -> bool:
    """Return whether a header says where in the body its voxels lie; MetaImage's always do."""
    return is_meta(fields) or "space" in fields or "space directions" in fields


def unit_in_mm(fields: Fields) -> tuple[float, list[str]]:
    """Return how many mm the header's unit of length is, and a doubt where that is not known."""
    said = fields.get("DistanceUnits", "") if is_meta(fields) else fields.get("space units", "")
    words = {word.strip().lower() for word in said.replace('"', " ").split()} - {"", "???"}
    if not words:
        return 1.0, []
    if len(words) == 1 and (word := words.pop()) in _IN_MM:
        return _IN_MM[word], []
    return 1.0, [f"The header's unit of length, {said!r}, is not known; mm is taken."]


def is_meta(fields: Fields) -> bool:
    """Return whether fields are a MetaImage's, and not of NRRD."""
    return _LAST in fields


def _nrrd_fields(path: Path, head: bytes) -> Fields:
    """Return the fields of an NRRD header as the library behind ITK splits them, or refuse it."""
    fields: Fields = {}
    for line in re.split(rb"\r\n|\r|\n", head):
        if not line:
            return fields
        name, _, value = line.partition(b":")
        if line.startswith(b"#") or value.startswith(b"="):  # a remark, or a word of its own
            continue
        key = _text(name).strip().lower()
        if key in fields:
            raise _damaged(path, "an NRRD file")
        fields[key] = _plain(path, "an NRRD file", value)
    if len(head) == _LONGEST:  # what comes later would not have been looked at
        raise _damaged(path, "an NRRD file")
    return fields


def _meta_fields(path: Path, head: bytes) -> tuple[Fields, int]:
    """Return the fields of a MetaImage header, and where it ends; refuse what is no such line.

    ITK goes on past lines that it does not know and prints what it misses: all that is not plain
    is refused, so that nothing is read in another way than here.
    """
    fields: Fields = {}
    at = 0
    for line in head.split(b"\n"):
        at += len(line) + 1
        if not line.strip():
            continue
        match = _META_LINE.fullmatch(line)
        if match is None or _text(match[1]) in fields:
            break
        fields[_text(match[1])] = _plain(path, "a MetaImage file", match[2])
        if match[1] == _LAST.encode():
            return fields, at
    raise _damaged(path, "a MetaImage file")


def _plain(path: Path, kind: str, value: bytes) -> str:
    """Return a field's text; refuse what the libraries behind ITK keep too little room for."""
    if len(value) > _LONGEST_VALUE or _LONG_NUMBER.search(value) or b"\0" in value:
        raise _damaged(path, kind)
    return _text(value).strip()


def _damaged(path: Path, kind: str) -> InputError:
    return InputError(f"'{path}' is damaged or not {kind}. Copy or export it again.")


def _text(part: bytes) -> str:
    return part.strip().decode("utf-8", "surrogateescape")  # as the system names files


def _beside(path: Path, name: str) -> Path:
    """Return the file beside a header that holds its voxels; one elsewhere is refused."""
    voxels = path.parent / name
    is_name = Path(name).name == name and re.fullmatch(r"[^%*\\/:]{1,200}", name) is not None
    inside = is_name and voxels.resolve().parent == path.parent.resolve()
    if not inside or name.upper().startswith("LIST"):
        raise InputError(
            f"'{path}' says that its voxels lie in '{name}'. Only one file in the same folder is "
            "read. Save it as a single file (.nrrd, .mha)."
        )
    if not voxels.is_file():
        raise InputError(f"The voxels of '{path}' should lie in '{voxels}', which does not exist.")
    return voxels


def _expect_meta_voxels(
    path: Path, voxels: Path, fields: Fields, start: int, *, unpacked: bool
) -> None:
    """Refuse a MetaImage whose voxels are cut short or do not unpack."""
    try:
        n_axes = int(fields["NDims"])
        shape = [int(n) for n in fields["DimSize"].split()]
        kind = fields["ElementType"].removeprefix("MET_").removesuffix("_ARRAY")
        channels = int(fields.get("ElementNumberOfChannels", "1"))
        needed = int(np.prod(shape, dtype=object)) * channels * _BYTES[kind.removeprefix("U")]
        skipped = int(fields.get("HeaderSize", "0"))
        packed = int(fields.get("CompressedDataSize", "0"))
    except (KeyError, ValueError) as error:
        raise _damaged(path, "a MetaImage file") from error
    switches = [fields.get(name, "0").lower() for name in ("BinaryData", "CompressedData")]
    is_sound = _have_their_numbers(fields, n_axes) and all(s in _SWITCH for s in switches)
    if not is_sound:
        raise _damaged(path, "a MetaImage file")
    expect_axes(path, shape)
    if not _SWITCH[fields.get("BinaryData", "True").lower()]:
        raise InputError(f"'{path}' holds its voxels as text. Save it as binary (.mha, .nrrd).")
    is_packed = _SWITCH[fields.get("CompressedData", "False").lower()]
    # ITK takes it for a place in the file, or, below 0, as said from the end; and gives whatever
    # is in memory for packed voxels that follow a header without saying their size.
    if (skipped and (start or is_packed)) or (start and is_packed and not packed):
        raise _damaged(path, "a MetaImage file")
    start += max(0, skipped)
    held = voxels.stat().st_size - start
    if is_packed:
        size = packed or held
        can_be = 0 <= packed <= held and needed <= MOST_PACKED * size
        held = needed if can_be else 0
        if can_be and unpacked:
            held = _unpacked(voxels, start, needed, size)
    if held < needed or needed <= 0:
        raise InputError(
            f"'{path}' is damaged or cut short: it should hold {needed} bytes of voxels, and "
            f"{max(held, 0)} are there. Copy or export it again."
        )


def _have_their_numbers(fields: Fields, n_axes: int) -> bool:
    """Return whether lists are as long as they should be: ITK goes on reading in the next line."""
    names = list(fields)
    for name, many in {
        **dict.fromkeys(_LISTS, n_axes),
        **dict.fromkeys(_TABLES, n_axes**2),
    }.items():
        if name not in fields:
            continue
        words = fields[name].split()
        if len(words) != many or not all(_is_number(word) for word in words):
            return False
        if names.index("NDims") > names.index(name):
            return False
    return True


def _is_number(word: str) -> bool:
    return _NUMBER.fullmatch(word) is not None and math.isfinite(float(word))


def _unpacked(path: Path, start: int, needed: int, size: int) -> int:
    """Return how many bytes unpack from a stretch of a file, up to those needed; 0 if damaged."""
    stream, count = zlib.decompressobj(), 0
    with path.open("rb") as file:
        file.seek(start)
        chunk = file.read(min(_STEP, size))
        while chunk and not stream.eof:
            try:
                part = stream.decompress(chunk, _STEP)
            except zlib.error:
                return 0
            count += len(part)
            if count > needed:
                break
            size -= len(chunk) - len(stream.unconsumed_tail)
            chunk = stream.unconsumed_tail or file.read(min(_STEP, size))
    # The check sum comes after the last byte, and is read with it; ITK takes no more than it needs.
    return count if stream.eof and count <= needed else 0
