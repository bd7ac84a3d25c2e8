"""What every reader of this room hands over, and what it must ask before it reads voxels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.memory import GIB, free_memory
from segstudio.core.volume import Grid

Content = Literal["image", "labels"]
# No stream that deflate packs grows more than this when unpacked.
MOST_PACKED = 1032


@dataclass(frozen=True, eq=False)
class Opened:
    """A file whose header was read, and whose voxels were not.

    Attributes
    ----------
    grid : Grid
        Where the voxels lie.
    read : callable
        Returns the voxels ``(Z, Y, X)`` of an entry along the file's fourth axis, from 0.
    frames : int
        How many entries the fourth axis has: time points or channels; 1 where there is none.
    read_all : callable or None
        Returns all entries, where that is cheaper than one after the other.
    """

    grid: Grid
    read: Callable[[int], NDArray[Any]]
    frames: int = 1
    read_all: Callable[[], Sequence[NDArray[Any]]] | None = None


def reading(path: Path, kind: str, read: Callable[[], Any], *errors: type[BaseException]) -> Any:
    """Return what `read` returns, its many ways to fail told as one.

    Parameters
    ----------
    path : Path
        The file.
    kind : str
        What it should be, ``'a NIfTI file'``.
    read : callable
        Calls a library.
    *errors : type
        Further errors that the library raises.

    Raises
    ------
    InputError
        It failed: the file is missing, damaged or something else.
    """
    known: tuple[type[BaseException], ...] = (EOFError, OSError, ValueError, OverflowError, *errors)
    try:
        return read()
    except (InputError, PermissionError, MemoryError):
        raise
    except FileNotFoundError:
        raise InputError(f"'{path}' does not exist. Check the path.") from None
    except known as error:
        raise InputError(
            f"'{path}' is damaged, cut short or not {kind}. Copy or export it again."
        ) from error


def expect_room(
    path: Path, shape: Sequence[int], dtype: np.dtype[Any], *, packed_at_most: float | None = None
) -> None:
    """Refuse to read voxels that the file cannot hold, or that memory cannot.

    Parameters
    ----------
    path : Path
        The file.
    shape : sequence of int
        What its header declares.
    dtype : dtype
        Of one voxel, as it is held.
    packed_at_most : float, optional
        How many bytes one byte of the file can stand for; unlimited where None.

    Raises
    ------
    InputError
        The header declares more.
    """
    needed = int(np.prod([int(n) for n in shape], dtype=object)) * dtype.itemsize
    declared = " × ".join(str(int(n)) for n in shape)
    size = reading(path, "a file", lambda: path.stat().st_size)
    if packed_at_most is not None and needed > packed_at_most * size:
        raise InputError(
            f"'{path}' is damaged or cut short: its header declares {declared} voxels, and its "
            f"{size} bytes cannot hold them. Copy or export it again."
        )
    if needed > free_memory():
        raise InputError(
            f"'{path}' declares {declared} voxels, {needed / GIB:.1f} GiB, and "
            f"{free_memory() / GIB:.1f} GiB of memory are free. Crop it, or close other programs."
        )


def expect_axes(path: Path, shape: Sequence[int]) -> None:
    """Refuse an image that is neither 2-D, 3-D nor 4-D, or that holds no voxel."""
    if 2 <= len(shape) <= 4 and 0 not in shape:
        return
    raise InputError(
        f"'{path}' has shape {tuple(int(n) for n in shape)}; images of two or three axes can be "
        "read, and of four where the last is time or channel. Export a part of it."
    )


def in_single(data: NDArray[Any]) -> NDArray[Any]:
    """Return numbers of any precision as float32, the largest as infinity."""
    with np.errstate(over="ignore"):
        return data.astype(np.float32)


def unplaced_grid(
    shape: tuple[int, int, int],
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    *,
    unit: str = "voxels",
) -> Grid:
    """Return the grid of an image that says nothing of its place in the body.

    Columns run to the patient's left and rows to the back, so that it is shown as it is stored.

    Parameters
    ----------
    shape : (int, int, int)
        ``(Z, Y, X)``.
    spacing : (float, float, float)
        Along ``(Z, Y, X)``, in `unit`.
    unit : {'mm', 'voxels'}
        ``'voxels'`` where the file does not know.
    """
    z, y, x = spacing
    return Grid(shape, spacing, np.diag([-x, -y, z, 1.0]), unit, is_placed=False)
