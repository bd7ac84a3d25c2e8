"""HDF5 files of one slice or volume: ``image`` and ``label``, by h5py."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.data.formats.arrays import as_voxels, expect_array, key_of
from segstudio.data.formats.opened import Content, Opened, expect_room, reading, unplaced_grid

KIND = "an HDF5 file"
ERRORS = (KeyError, RuntimeError, TypeError, AttributeError)


def open_file(path: Path, content: Content) -> Opened:
    """Return a file whose table of contents was read.

    Raises
    ------
    InputError
        It is damaged, lacks the key, or its numbers lie in another file.
    """

    def read() -> tuple[tuple[int, ...], np.dtype[Any], str]:
        with h5py.File(path, "r") as file:
            key = key_of(path, _own(file), content)
            array = file[key]
            if array.is_virtual or array.external:
                raise InputError(
                    f"'{path}' keeps its '{key}' in another file. Save it as a file of its own."
                )
            if array.id.get_storage_size() == 0:
                raise InputError(
                    f"'{path}' declares '{key}' of shape {array.shape}, and no voxel was written. "
                    "Export it again."
                )
            return tuple(array.shape), np.dtype(array.dtype), key

    shape, dtype, key = reading(path, KIND, read, *ERRORS)
    expect_array(path, shape, dtype)
    planes, rows, columns = (1, *shape)[-3:]

    def pixels(_: int) -> NDArray[Any]:
        expect_room(path, shape, dtype)
        return as_voxels(reading(path, KIND, lambda: _read(path, key), *ERRORS))

    return Opened(unplaced_grid((planes, rows, columns)), pixels)


def keys_in(path: Path) -> list[str]:
    """Return the names of the arrays that lie in a file itself."""

    def read() -> list[str]:
        with h5py.File(path, "r") as file:
            return _own(file)

    found: list[str] = reading(path, KIND, read, *ERRORS)
    return found


def _own(file: Any) -> list[str]:
    return [name for name in file if _is_own(file, name)]


def _is_own(file: Any, name: str) -> bool:
    """Return whether an entry is an array of the file itself: a link may lead anywhere."""
    own = isinstance(file.get(name, getlink=True), h5py.HardLink)
    return own and file.get(name, getclass=True) is h5py.Dataset


def _read(path: Path, key: str) -> NDArray[Any]:
    with h5py.File(path, "r") as file:
        array: NDArray[Any] = file[key][()]
        return array
