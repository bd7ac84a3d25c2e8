"""PNG, JPEG and BMP pictures, by Pillow."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segstudio.core.errors import InputError
from segstudio.data.formats.complaints import unwarned
from segstudio.data.formats.opened import (
    Content,
    Opened,
    expect_axes,
    expect_room,
    reading,
    unplaced_grid,
)

KIND = "a picture (PNG, JPEG, BMP)"
ERRORS = (Image.DecompressionBombError, SyntaxError, zlib.error, KeyError, IndexError, TypeError)
FORMATS = ("PNG", "JPEG", "BMP")  # what the suffixes say: no other decoder is tried
# That one byte stands for: deflate unpacks to 1032 bytes of 8 pixels, a BMP's empty rows to more.
_MOST_PIXELS = 1 << 14
_GREY = ("1", "L", "I", "F", "I;16", "I;16B", "I;16L")


def open_file(path: Path, content: Content) -> Opened:
    """Return a picture whose header was read: one plane, its size unknown.

    A picture in colour whose three channels are one is grey. The numbers of a palette are taken
    for labels as they are.

    Raises
    ------
    InputError
        It is damaged, or in colour.
    """
    with _opened(path) as picture:
        columns, rows = picture.size
        mode = picture.mode
    expect_axes(path, (rows, columns))
    return Opened(unplaced_grid((1, rows, columns)), lambda _: _pixels(path, content, mode))


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Yield a picture; Pillow's warnings are dropped: a size is judged by `expect_room`."""
    with (
        unwarned("PIL"),
        reading(path, KIND, lambda: Image.open(path, formats=FORMATS), *ERRORS) as picture,
    ):
        yield picture


def _pixels(path: Path, content: Content, mode: str) -> NDArray[Any]:
    with _opened(path) as picture:
        bands = 1 if mode in (*_GREY, "P") else len(picture.getbands())
        shape, held = (bands, *picture.size), np.dtype(np.int32)
        expect_room(path, shape, held, packed_at_most=_MOST_PIXELS * bands * held.itemsize)
        in_colour = mode == "P" and content == "image"
        data: NDArray[Any] = reading(
            path,
            KIND,
            lambda: np.array(picture.convert("RGB") if in_colour else picture),
            *ERRORS,
        )
    if data.ndim == 3:
        data = _grey(data, path)
    if data.dtype == np.bool_:
        data = data.astype(np.uint8)
    return data[np.newaxis]


def _grey(colour: NDArray[Any], path: Path) -> NDArray[Any]:
    """Return the one channel of a picture that only looks as if it were in colour."""
    red = colour[..., 0]
    shades = colour.shape[-1] - (colour.shape[-1] in (2, 4))  # without what makes it transparent
    if any((colour[..., k] != red).any() for k in range(1, shades)):
        raise InputError(
            f"'{path}' is in colour; a greyscale picture is needed. Save it as greyscale."
        )
    return np.ascontiguousarray(red)
