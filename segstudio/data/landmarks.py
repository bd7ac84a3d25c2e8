"""Landmarks on vertebrae, and the labels that they make."""

from pathlib import Path

import numpy as np
import skimage  # its parts load where they are used: a window need not wait for them
from numpy.typing import NDArray

from segstudio.core.editing.polygon import go_round
from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.data.cases import Drawing
from segstudio.data.formats.opened import reading
from segstudio.data.matlab import read_matrix

VERTEBRAE = 17
KEY = "p2"
# Twelve of the chest, five of the loins, from the top.
NAMES = (*(f"T{k}" for k in range(1, 13)), *(f"L{k}" for k in range(1, 6)))
_FARTHEST = 1e6  # pixels: drawing fails on what is much larger
_LARGEST_FILE = 1 << 20


def read_landmarks(path: Path) -> NDArray[np.float64]:
    """Return the corners of the vertebrae in a file of the AASCE challenge.

    Parameters
    ----------
    path : Path
        A MATLAB file with the array ``p2``.

    Returns
    -------
    ndarray of float64, shape (17, 4, 2)
        For each vertebra from the top its top left, top right, bottom left and bottom right
        corner, as ``(column, row)`` in pixels.

    Raises
    ------
    InputError
        The file is damaged, or holds no 68 landmarks.
    """

    def read() -> NDArray[np.float64] | None:
        if not path.stat().st_size <= _LARGEST_FILE:
            raise ValueError("larger than landmarks are")
        return read_matrix(path.read_bytes(), KEY)

    points = reading(path, "a file of landmarks", read)
    is_whole = points is not None and points.shape == (4 * VERTEBRAE, 2)
    if points is None or not is_whole or not (np.abs(points) <= _FARTHEST).all():
        raise InputError(
            f"'{path}' should hold '{KEY}', {4 * VERTEBRAE} landmarks of a column and a row each."
        )
    corners: NDArray[np.float64] = points.reshape(VERTEBRAE, 4, 2)
    return corners


def classes_of(drawing: Drawing) -> ClassTable:
    """Return the classes that landmarks are drawn as: see `draw_landmarks`."""
    names = {
        "one": {1: "vertebra"},
        "each": dict(enumerate(NAMES, 1)),
        "alternating": {1: "odd vertebra", 2: "even vertebra"},
    }
    return ClassTable.named(names[drawing])


def draw_landmarks(
    corners: NDArray[np.float64], shape: tuple[int, int], drawing: Drawing
) -> NDArray[np.int32]:
    """Return labels in which every vertebra is a filled quadrilateral.

    Parameters
    ----------
    corners : ndarray, shape (17, 4, 2)
        As from `read_landmarks`.
    shape : (int, int)
        Rows and columns of the image.
    drawing : {'one', 'each', 'alternating'}
        All of one class; 17 classes from the top; or the first, third … of one class and the
        second, fourth … of another.

    Returns
    -------
    ndarray of int32, shape (1, Y, X)
        Where two overlap, the upper one stays.
    """
    labels = np.zeros(shape, np.int32)
    for k, vertebra in reversed(list(enumerate(corners))):
        value = {"one": 1, "each": k + 1, "alternating": 1 + k % 2}[drawing]
        columns, rows = go_round(vertebra).T
        labels[skimage.draw.polygon(rows, columns, shape)] = value
    return labels[np.newaxis]


def disorder(corners: NDArray[np.float64]) -> str:
    """Return what is out of order in landmarks, for a sentence; nothing where all is well."""
    left, right = corners[:, [0, 2], 0], corners[:, [1, 3], 0]
    top, bottom = corners[:, [0, 1], 1], corners[:, [2, 3], 1]
    turned = np.flatnonzero((left >= right).any(axis=1))
    upside = np.flatnonzero((top >= bottom).any(axis=1))
    middle = corners[:, :, 1].mean(axis=1)
    swapped = np.flatnonzero(np.diff(middle) <= 0)
    found = [
        (turned, "left and right are changed in {}"),
        (upside, "top and bottom are changed in {}"),
        (swapped, "{} is not above the next"),
    ]
    return "; ".join(text.format(_names(which)) for which, text in found if which.size)


def _names(which: NDArray[np.intp]) -> str:
    return ", ".join(NAMES[k] for k in which)
