"""Damage to the bytes of a file, by chance: see `hostile_files.py`."""

import gzip
import io
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence

HEAD = 512  # where headers lie: they are hit more often than voxels
GZIP, ZIP, PNG = b"\x1f\x8b", b"PK\x03\x04", b"\x89PNG\r\n\x1a\n"
ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
NUMBER = re.compile(rb"[-+]?\d+(\.\d+)?")
TEXTS = (
    *(
        b"0 -1 1 2 3 255 256 32767 65535 65536 2147483647 2147483648 4294967295 4294967296 "
        b"9223372036854775807 99999999999999999999 -9223372036854775808 1e9 1e308 1e999 0.0 -0.5 "
        b"nan inf -inf NaN 0x10 1000000 100000000 '' null [] {} ../../x /etc/passwd"
    ).split(),
    *(b"", b" ", b"\n", b"\0", b"9" * 5000, "ä€".encode()),
)
WHOLE = (0, 1, 2, 127, 255, 256, 32767, 65535, 2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1, 10**9)
REAL = (0.0, -1.0, 1e-30, 1e30, float("nan"), float("inf"), float("-inf"))
Change = Callable[[bytes, random.Random, Sequence[bytes]], bytes]


def place(data: bytes, rng: random.Random) -> int:
    """Return a place in a file: in its head, at its end, or anywhere."""
    end = max(1, len(data))
    kind = rng.random()
    if kind < 0.6:
        return rng.randrange(min(HEAD, end))
    return max(0, end - rng.randint(1, 100)) if kind < 0.75 else rng.randrange(end)


def cut(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    """Return the beginning of a file."""
    return data[: rng.choice((place(data, rng), len(data) - 1, len(data) // 2, 0, 1))]


def flip(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    """Return a file with one bit flipped, or several."""
    changed = bytearray(data)
    for _bit in range(rng.choice((1, 1, 1, 2, 4, 16))):
        if changed:
            changed[place(data, rng)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def set_bytes(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    """Return a file with some bytes of its head replaced."""
    changed = bytearray(data)
    for _byte in range(rng.choice((1, 2, 4, 8))):
        if changed:
            at = rng.randrange(min(HEAD, len(changed)))
            changed[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    return bytes(changed)


def set_number(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    """Return a file with a binary number, where one may be, replaced by an unlikely one."""
    kind = rng.choice("hHiIqQfd")
    order = rng.choice("<>")
    size = struct.calcsize(kind)
    at = place(data, rng)
    at -= at % rng.choice((1, 2, size))
    value = rng.choice(REAL) if kind in "fd" else rng.choice(WHOLE) * rng.choice((1, 1, -1))
    if kind in "fd":
        packed = struct.pack(order + kind, value)
    else:
        bits = int(value) % 256**size
        packed = bits.to_bytes(size, "little" if order == "<" else "big")
    return data[:at] + packed + data[at + size :]


def set_text(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    """Return a file with a number, written in letters, replaced by an unlikely one."""
    found = list(NUMBER.finditer(data[: 8 * HEAD]))
    for _number in range(rng.choice((1, 1, 2))):
        if not found:
            return set_number(data, rng, ())
        where = found.pop(rng.randrange(len(found)))
        data = data[: where.start()] + rng.choice(TEXTS) + data[where.end() :]
        found = [other for other in found if other.end() < where.start()]
    return data


def insert(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    """Return a file with bytes put in."""
    at, many = place(data, rng), rng.choice((1, 2, 3, 8, 100))
    return data[:at] + rng.choice((bytes(many), rng.randbytes(many), b"\n" * many)) + data[at:]


def remove(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    """Return a file with bytes, or a line, taken out."""
    at = place(data, rng)
    if rng.random() < 0.3:
        return data[:at] + data[data.find(b"\n", at) + 1 or len(data) :]
    return data[:at] + data[at + rng.choice((1, 2, 4, 64)) :]


def append(data: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    """Return a file with something after its end."""
    return data + rng.choice((b"\0" * 700, rng.randbytes(50), data, rng.choice(others)))


def splice(data: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    """Return the beginning of a file and the end of another."""
    other = rng.choice(others)
    return data[: place(data, rng)] + other[place(other, rng) :]


def repeat(data: bytes, rng: random.Random, _: Sequence[bytes]) -> bytes:
    """Return a file with a part of it repeated, or laid over another part."""
    at, to, size = place(data, rng), place(data, rng), rng.choice((4, 16, 80))
    return data[:to] + data[at : at + size] + data[to + rng.choice((0, size)) :]


CHANGES: tuple[Change, ...] = (
    *(cut, flip, flip, set_bytes, set_bytes, set_number, set_number, set_number),
    *(set_text, set_text, insert, remove, append, splice, repeat),
)


def changed(data: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    """Return a damaged file; what is packed is, half the time, damaged inside."""
    if rng.random() < 0.5 and (inside := _inside(data, rng, others)) is not None:
        return inside
    for _time in range(rng.choice((1, 1, 1, 2))):
        data = rng.choice(CHANGES)(data, rng, others)
    return data


def _inside(data: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes | None:
    """Return a file damaged within what it packs, and packed again; None where nothing is."""
    change = rng.choice(CHANGES)
    if data.startswith(GZIP):
        return gzip.compress(change(gzip.decompress(data), rng, others), 1, mtime=0)
    if data.startswith(ZIP):
        return _zip(data, lambda part: change(part, rng, others), rng)
    if data.startswith(PNG):
        return _png(data, lambda part: change(part, rng, others), rng)
    return _stream(data, lambda part: change(part, rng, others), rng)


def _zip(data: bytes, change: Callable[[bytes], bytes], rng: random.Random) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(packed, "w") as new:
        hit = rng.choice(old.namelist())
        for entry in old.infolist():
            content = old.read(entry)
            new.writestr(entry, change(content) if entry.filename == hit else content)
    return packed.getvalue()


def _png(data: bytes, change: Callable[[bytes], bytes], rng: random.Random) -> bytes:
    """Return a picture with a part damaged, whose check sum is right nevertheless."""
    parts, at = [], len(PNG)
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        parts.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += size + 12
    hit = rng.randrange(len(parts))
    made = PNG
    for k, (name, content) in enumerate(parts):
        if k == hit:
            is_packed = name == b"IDAT" and rng.random() < 0.7
            whole = zlib.decompress(content) if is_packed else content
            content = zlib.compress(change(whole)) if is_packed else change(whole)  # noqa: PLW2901
        made += struct.pack(">I", len(content)) + name + content
        made += struct.pack(">I", zlib.crc32(name + content))
    return made


def _stream(data: bytes, change: Callable[[bytes], bytes], rng: random.Random) -> bytes | None:
    """Return a file whose zlib or gzip stream, wherever it starts, is damaged inside."""
    starts = [m.start() for m in ZLIB.finditer(data)] + [m.start() for m in re.finditer(GZIP, data)]
    rng.shuffle(starts)
    for at in starts:
        stream = zlib.decompressobj(zlib.MAX_WBITS | 32)
        try:
            whole = stream.decompress(data[at:], 1 << 20)
        except zlib.error:
            continue
        if whole and stream.eof:
            is_gzip = data[at : at + 2] == GZIP
            packed = (
                gzip.compress(change(whole), mtime=0) if is_gzip else zlib.compress(change(whole))
            )
            return data[:at] + packed + stream.unused_data
    return None
