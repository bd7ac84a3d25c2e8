"""One array of numbers from a MATLAB file, version 5 to 7.

SciPy reads these files too, in compiled code that a damaged one makes crash the program.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_HEAD = 128  # bytes of text and version
_ORDERS = {b"IM": "<", b"MI": ">"}
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8"}
_NAME, _MATRIX, _PACKED = 1, 14, 15
_CLASSES = range(6, 16)  # of arrays of real numbers; text, structures and objects come before
_COMPLEX = 0x0800
_LARGEST = 1 << 22  # bytes of an unpacked array


@dataclass(frozen=True)
class _Element:
    kind: int
    content: bytes


def read_matrix(data: bytes, name: str) -> NDArray[np.float64] | None:
    """Return an array of a file by its name; None where it has none of real numbers.

    Parameters
    ----------
    data : bytes
        The file.
    name : str
        Of the variable.

    Returns
    -------
    ndarray of float64 or None

    Raises
    ------
    ValueError
        The file is damaged, or of another version.
    """
    order = _ORDERS.get(data[_HEAD - 2 : _HEAD])
    if order is None:
        raise ValueError("no MATLAB file of version 5")
    try:
        for element in _elements(data[_HEAD:], order):
            matrix = _unpacked(element, order) if element.kind == _PACKED else element
            if matrix.kind == _MATRIX and (found := _matrix(matrix.content, order, name)):
                return found[0]
    except (struct.error, zlib.error) as error:
        raise ValueError(str(error)) from error
    return None


def _elements(data: bytes, order: str) -> Iterator[_Element]:
    """Yield the pieces that a stretch of a file consists of."""
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from(order + "II", data, at)
        start, next_at = at + 8, at + 8 + size + (-size % 8 if kind != _PACKED else 0)
        if kind >> 16:  # four bytes at most lie in the place of their own size
            kind, size, start, next_at = kind & 0xFFFF, kind >> 16, at + 4, at + 8
        if start + size > len(data) or (start == at + 4 and size > 4):
            raise ValueError("cut short")
        yield _Element(kind, data[start : start + size])
        at = next_at


def _unpacked(element: _Element, order: str) -> _Element:
    stream = zlib.decompressobj()
    whole = stream.decompress(element.content, _LARGEST)
    if not stream.eof:
        raise ValueError("cut short, or larger than landmarks are")
    return next(_elements(whole, order), _Element(0, b""))


def _matrix(data: bytes, order: str, name: str) -> tuple[NDArray[np.float64]] | None:
    """Return an array in a tuple; None where it has another name or holds no real numbers."""
    parts = list(_elements(data, order))
    if len(parts) < 4 or parts[2].kind != _NAME or parts[2].content != name.encode():
        return None
    (flags,) = struct.unpack_from(order + "I", parts[0].content)
    numbers = _NUMBERS.get(parts[3].kind)
    if flags & 0xFF not in _CLASSES or flags & _COMPLEX or numbers is None:
        return None
    shape = struct.unpack(f"{order}{len(parts[1].content) // 4}i", parts[1].content)
    values = np.frombuffer(parts[3].content, np.dtype(order + numbers))
    if not shape or min(shape) < 0 or math.prod(shape) != values.size:
        raise ValueError("the array is not of its size")
    return (values.astype(np.float64).reshape(shape, order="F"),)
