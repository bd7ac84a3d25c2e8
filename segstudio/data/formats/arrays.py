"""NumPy's own files: an array ``(Z, Y, X)`` or ``(Y, X)``, alone or with others in a zip."""

import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.data.formats.complaints import unwarned
from segstudio.data.formats.opened import (
    MOST_PACKED,
    Content,
    Opened,
    expect_room,
    in_single,
    reading,
    unplaced_grid,
)

KIND = "a NumPy file (.npy, .npz)"
ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    tokenize.TokenError,
    KeyError,
    NotImplementedError,
    SyntaxError,
    RuntimeError,
)
# Of headers that Python 2 wrote, NumPy warns in its caller's name.
_WARNS = "(numpy|segstudio)"
# The keys of the public heart and abdomen sets of slices, and what else they are called.
KEYS = {
    "image": ("image", "img", "data", "arr_0"),
    "labels": ("label", "labels", "mask", "seg", "gt"),
}


def open_file(path: Path, content: Content) -> Opened:
    """Return an array whose header was read.

    Raises
    ------
    InputError
        It is damaged, holds Python objects, which could run code, or no image.
    """
    is_zip = path.suffix.lower() == ".npz"
    read = (lambda: _zip_header(path, content)) if is_zip else (lambda: _header(path))
    with unwarned(_WARNS):
        shape, dtype, key = reading(path, KIND, read, *ERRORS)
    expect_array(path, shape, dtype)
    planes, rows, columns = (1, *shape)[-3:]

    def pixels(_: int) -> NDArray[Any]:
        expect_room(path, shape, dtype, packed_at_most=MOST_PACKED if is_zip else 1)
        with unwarned(_WARNS):
            return as_voxels(reading(path, KIND, lambda: _read(path, key), *ERRORS))

    return Opened(unplaced_grid((planes, rows, columns)), pixels)


def expect_array(path: Path, shape: Sequence[int], dtype: np.dtype[Any]) -> None:
    """Refuse an array that is no image or labels."""
    if dtype.hasobject or dtype.kind not in "biuf":
        raise InputError(
            f"'{path}' holds {'Python objects' if dtype.hasobject else dtype}, not numbers. "
            "Save the array itself as numbers."
        )
    if len(shape) == 3 and shape[-1] in (3, 4) and min(shape[:2]) > 2 * shape[-1]:
        raise InputError(
            f"'{path}' has shape {tuple(shape)}, which looks like a picture in colour; (planes, "
            "rows, columns) is needed. Save one channel of it."
        )
    if len(shape) not in (2, 3) or 0 in shape:
        raise InputError(
            f"'{path}' has shape {tuple(shape)}; (planes, rows, columns) or (rows, columns) is "
            "needed."
        )


def as_voxels(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array ``(Z, Y, X)`` of a type the program computes with."""
    data = array if array.ndim == 3 else array[np.newaxis]
    if data.dtype in (np.float64, np.float16, np.longdouble):
        data = in_single(data)
    if data.dtype == np.bool_:
        data = data.astype(np.uint8)
    native: NDArray[Any] = np.ascontiguousarray(data, data.dtype.newbyteorder("="))
    return native


def key_of(path: Path, keys: Sequence[str], content: Content) -> str:
    """Return under which key of a file its image, or its labels, lie.

    Raises
    ------
    InputError
        None of the usual keys is there, and there is not one alone.
    """
    for key in KEYS[content]:
        if key in keys:
            return key
    if len(keys) == 1:
        return keys[0]
    wanted = ", ".join(KEYS[content][:4])
    raise InputError(
        f"'{path}' holds {', '.join(sorted(keys)[:8]) or 'nothing'}; its {content} should be named "
        f"one of {wanted}."
    )


def keys_in(path: Path) -> list[str]:
    """Return the names of the arrays in a file; none where it is a single one."""
    if path.suffix.lower() != ".npz":
        return []

    def read() -> list[str]:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
        return [name.removesuffix(".npy") for name in names if name.endswith(".npy")]

    found: list[str] = reading(path, KIND, read, *ERRORS)
    return found


def _header(path: Path) -> tuple[tuple[int, ...], np.dtype[Any], str]:
    with path.open("rb") as file:
        return *_read_header(file), ""


def _read_header(file: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = npy.read_magic(file)
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    shape, _, dtype = read[version](file)
    return shape, dtype


def _zip_header(path: Path, content: Content) -> tuple[tuple[int, ...], np.dtype[Any], str]:
    key = key_of(path, keys_in(path), content)
    with zipfile.ZipFile(path) as archive:
        with archive.open(f"{key}.npy") as file:
            shape, dtype = _read_header(file)
        held = archive.getinfo(f"{key}.npy").file_size
    if int(np.prod(shape, dtype=object)) * dtype.itemsize > held:
        raise ValueError("the array is larger than the zip says")
    return shape, dtype, key


def _read(path: Path, key: str) -> NDArray[Any]:
    if not key:
        array: NDArray[Any] = np.load(path, allow_pickle=False)
        return array
    with np.load(path, allow_pickle=False) as archive:
        packed: NDArray[Any] = archive[key]
    return packed
