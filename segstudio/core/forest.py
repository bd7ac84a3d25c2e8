"""The compiled kernel of `segstudio.core.leaks`: a maximum spanning forest grown from seeds."""

import numpy as np
from numpy.typing import NDArray

from segstudio.core.compiled import compiled


@compiled
def meet(
    u: NDArray[np.int32],
    v: NDArray[np.int32],
    closeness: NDArray[np.float32],
    order: NDArray[np.int64],
    seeds: NDArray[np.int32],
    leak: NDArray[np.float32],
) -> None:
    """Write at both ends of every joint where two trees meet how close it is.

    Parameters
    ----------
    u, v : ndarray of int32, shape (E,)
        The voxels that each joint joins.
    closeness : ndarray of float32, shape (E,)
        Of each joint.
    order : ndarray of int64, shape (E,)
        The joints, closest first.
    seeds : ndarray of int32, shape (V,)
        The number of the tree that starts at a voxel, or 0.
    leak : ndarray of float32, shape (V,)
        Zeros; the largest closeness is kept.
    """
    parent = np.arange(seeds.size)
    tree = seeds.copy()
    for e in order:
        a, b = _root(parent, u[e]), _root(parent, v[e])
        if a == b:
            continue
        if tree[a] and tree[b]:
            if tree[a] != tree[b]:
                leak[u[e]] = max(leak[u[e]], closeness[e])
                leak[v[e]] = max(leak[v[e]], closeness[e])
            continue
        if not tree[a]:
            a, b = b, a
        # What has no seed yet joins what may have one.
        parent[b] = a


@compiled
def _root(parent: NDArray[np.int64], i: int) -> int:
    """Return the root of a voxel's tree, halving the way for the next one who asks."""
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i
