"""What NRRD's and MetaImage's own headers say that SimpleITK does not ask them."""

import re
import zlib
from pathlib import Path

import numpy as np

from segstudio.core.errors import InputError

Fields = dict[str, str]
_LONGEST = 1 << 16
_STEP = 1 << 20
_BYTES = {"CHAR": 1, "SHORT": 2, "INT": 4, "LONG": 4, "LONG_LONG": 8, "FLOAT": 4, "DOUBLE": 8}


def expect_whole(path: Path) -> Fields:
    """Return the header's fields by name in lower case.

    Raises
    ------
    InputError
        The voxels lie in another folder; or those of a MetaImage are cut short or damaged, which
        ITK only prints.
    """
    with path.open("rb") as file:
        head = file.read(_LONGEST)
    is_meta = not head.startswith(b"NRRD")
    fields, end = _fields(head, b"=" if is_meta else b":", last="elementdatafile")
    name = fields.get("elementdatafile" if is_meta else "data file") or fields.get("datafile", "")
    local = name in ("", "LOCAL") if is_meta else name == ""
    voxels = path if local else _beside(path, name)
    if is_meta:
        _expect_meta_voxels(path, voxels, fields, end if local else 0)
    return fields


def has_place(fields: Fields) -> bool:
    """Return whether a header says where in the body its voxels lie; MetaImage's always do."""
    is_nrrd = "elementdatafile" not in fields
    return not is_nrrd or "space" in fields or "space directions" in fields


def _fields(head: bytes, separator: bytes, last: str) -> tuple[Fields, int]:
    """Return the fields of a header, and where it ends."""
    fields: Fields = {}
    at = 0
    for line in head.split(b"\n"):
        at += len(line) + 1
        if not line.strip():  # NRRD's header ends with an empty line
            break
        name, _, value = line.partition(separator)
        key = _text(name).strip().lower()
        fields[key] = _text(value).strip(" \r=")
        if key == last:
            break
    return fields, at


def _text(part: bytes) -> str:
    try:
        return part.decode("utf-8")
    except UnicodeDecodeError:
        return part.decode("latin-1")


def _beside(path: Path, name: str) -> Path:
    """Return the file beside a header that holds its voxels; one elsewhere is refused."""
    voxels = path.parent / name
    is_name = Path(name).name == name and re.fullmatch(r"[^%*\\/:]+", name) is not None
    inside = is_name and voxels.resolve().parent == path.parent.resolve()
    if not inside or name.upper().startswith("LIST"):
        raise InputError(
            f"'{path}' says that its voxels lie in '{name}'. Only one file in the same folder is "
            "read. Save it as a single file (.nrrd, .mha)."
        )
    if not voxels.is_file():
        raise InputError(f"The voxels of '{path}' should lie in '{voxels}', which does not exist.")
    return voxels


def _expect_meta_voxels(path: Path, voxels: Path, fields: Fields, start: int) -> None:
    """Refuse a MetaImage whose voxels are cut short or do not unpack."""
    try:
        shape = [int(n) for n in fields["dimsize"].split()]
        kind = fields["elementtype"].removeprefix("MET_").removesuffix("_ARRAY")
        channels = int(fields.get("elementnumberofchannels", "1"))
        needed = int(np.prod(shape, dtype=object)) * channels * _BYTES[kind.removeprefix("U")]
        skipped = max(0, int(fields.get("headersize", "0")))
    except (KeyError, ValueError) as error:
        raise InputError(
            f"'{path}' is damaged or not a MetaImage file. Copy or export it again."
        ) from error
    is_packed = fields.get("compresseddata", "").lower() == "true"
    start += skipped
    held = _unpacked(voxels, start, needed) if is_packed else voxels.stat().st_size - start
    if held < needed or needed <= 0:
        raise InputError(
            f"'{path}' is damaged or cut short: it should hold {needed} bytes of voxels, and "
            f"{max(held, 0)} are there. Copy or export it again."
        )


def _unpacked(path: Path, start: int, needed: int) -> int:
    """Return how many bytes unpack from a place of a file, up to those needed; 0 if damaged."""
    stream, count = zlib.decompressobj(), 0
    with path.open("rb") as file:
        file.seek(start)
        chunk = file.read(_STEP)
        while chunk and count < needed and not stream.eof:
            try:
                count += len(stream.decompress(chunk, _STEP))
            except zlib.error:
                return 0
            chunk = stream.unconsumed_tail or file.read(_STEP)
        # The check sum comes after the last byte.
        try:
            stream.decompress(chunk + file.read(64), 1)
        except zlib.error:
            return 0
    return count
