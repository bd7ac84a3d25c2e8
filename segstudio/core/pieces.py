"""Connected pieces of a class: seventeen vertebrae, a hundred lesions."""

import numpy as np
import scipy  # its parts load where they are used: a window need not wait for them
from numpy.typing import NDArray


def label_pieces(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    """Return the pieces of a mask, numbered from 1 in order of their first axis.

    Voxels that touch, at a corner even, are of one piece: a thin structure that runs aslant
    stays whole.

    Parameters
    ----------
    mask : ndarray of bool, 2-D or 3-D

    Returns
    -------
    (ndarray of int32, int)
        The numbers, 0 off the mask, and how many there are. The order is that of the pieces'
        centres along the first axis, then the second: from the top of a spine downwards.
    """
    found = np.zeros(mask.shape, np.int32)
    count = int(scipy.ndimage.label(mask, structure=np.ones((3,) * mask.ndim), output=found))
    if count < 2:
        return found, count
    centres = scipy.ndimage.center_of_mass(mask, found, range(1, count + 1))
    order = sorted(range(count), key=lambda i: centres[i])
    number = np.zeros(count + 1, np.int32)
    number[1 + np.array(order)] = np.arange(1, count + 1)
    ordered: NDArray[np.int32] = number[found]
    return ordered, count


def split_instances(labels: NDArray[np.integer], *, cycle: int | None = None) -> NDArray[np.int32]:
    """Return labels in which every connected piece is a class of its own.

    Parameters
    ----------
    labels : ndarray of int, shape (Y, X) or (Z, Y, X)
        Class indices; 0 is background.
    cycle : int, optional
        Use that many classes for each class's pieces, over and over: with 2, neighbours along a
        spine alternate. Left out, each piece has its own.

    Returns
    -------
    ndarray of int32, same shape
        1 … n, class by class, and in each class in the order of `label_pieces`; 0 is background.
    """
    split = np.zeros(labels.shape, np.int32)
    used = 0
    for value in np.unique(labels[labels > 0]):
        pieces, count = label_pieces(labels == value)
        inside = pieces > 0
        numbers = pieces[inside] - 1
        split[inside] = used + 1 + (numbers % cycle if cycle else numbers)
        used += min(count, cycle) if cycle else count
    return split
