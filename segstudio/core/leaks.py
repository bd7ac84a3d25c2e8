"""Where a prediction lets two regions of the truth leak into each other."""

import numpy as np
import scipy  # its parts load where they are used: a window need not wait for them
from numpy.typing import NDArray

from segstudio.core.labels import IGNORED

TIE = 1e-9


def leak_map(
    probs: NDArray[np.float32], labels: NDArray[np.integer], depth: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return how strongly the regions of the truth leak into each other at each voxel.

    Neighbours are joined as closely as the prediction says that they are of one class,
    a(u, v) = Σ_k p_k(u) p_k(v). Every region of the truth (a connected piece of a class,
    background included) grows from its deepest voxel along the closest joints: the maximum
    spanning forest of the graph. Two regions meet at the weakest joint of the best path between
    them, a saddle, and how close that joint is says how badly they leak. Where the prediction
    parts them well it is near 0.

    Parameters
    ----------
    probs : ndarray of float32, shape (K, Y, X) or (K, Z, Y, X)
        Predicted probabilities.
    labels : ndarray of int, shape (Y, X) or (Z, Y, X)
        The truth, class indices. A voxel that is `IGNORED` is of no region and has no joints, as
        if it were not there.
    depth : ndarray of float32, shape of `labels`
        How deep each voxel lies in its region; any unit.

    Returns
    -------
    ndarray of float32, shape of `labels`
        In [0, 1]; above 0 on both sides of the joints at which regions meet, the closeness of
        the closest one.

    Notes
    -----
    From the idea of Vũ Ngọc et al., *Introducing the Boundary-Aware loss for deep image
    segmentation*, BMVC 2021: own construction. A joint is a face, in two or three dimensions.
    """
    # Deferred: numba takes longer to load than a window should wait for.
    from segstudio.core.forest import meet

    regions, seeds = _regions(labels, depth)
    u, v, closeness = _joints(probs, labels != IGNORED)
    # Among joints that are equally close, as in a prediction that is sure everywhere, those within
    # a region come first: regions then meet where the truth parts them, and not anywhere.
    within = regions.ravel()[u] == regions.ravel()[v]
    order = np.argsort(-(closeness.astype(np.float64) + TIE * within), kind="stable")
    leak = np.zeros(labels.size, np.float32)
    meet(u, v, closeness, order, seeds.ravel(), leak)
    return leak.reshape(labels.shape)


def _regions(
    labels: NDArray[np.integer], depth: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the regions, numbered from 1, and the same at their deepest voxels, 0 elsewhere."""
    regions, seeds = np.zeros(labels.shape, np.int32), np.zeros(labels.shape, np.int32)
    used = 0
    for value in np.setdiff1d(labels, IGNORED):
        mask = labels == value
        own, count = scipy.ndimage.label(mask)
        regions[mask] = own[mask] + used
        deepest = scipy.ndimage.maximum_position(depth, own, range(1, count + 1))
        seeds[tuple(np.transpose(deepest))] = np.arange(used + 1, used + count + 1)
        used += count
    return regions, seeds


def _joints(
    probs: NDArray[np.float32], counts: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
    """Return the voxels on both sides of every joint of those that count, and how close it is."""
    shape = probs.shape[1:]
    index = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
    first, second, closeness = [], [], []
    for axis in range(len(shape)):
        ahead = tuple(slice(1, None) if a == axis else slice(None) for a in range(len(shape)))
        behind = tuple(slice(None, -1) if a == axis else slice(None) for a in range(len(shape)))
        first.append(index[behind].ravel())
        second.append(index[ahead].ravel())
        sides = probs[(slice(None), *behind)], probs[(slice(None), *ahead)]
        closeness.append(np.einsum("k...,k...->...", *sides).ravel())
    u, v, close = (np.concatenate(parts) for parts in (first, second, closeness))
    if counts.all():
        return u, v, close
    kept = counts.ravel()[u] & counts.ravel()[v]
    return u[kept], v[kept], close[kept]
