"""Whether arrays of two files lie on the same voxels."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid

# In voxels. Half a voxel is what programs differ by that count from a voxel's corner or its
# centre; a whole one is a mistake.
MOST_APART = 0.75
# In mm, or whatever the unit: what lies farther, or is smaller, is damage, and not to be squared.
_FARTHEST, _SMALLEST = 1e12, 1e-12
_SQUARE = 1e-3  # cosine between axes that are taken for at right angles


def expect_same_grid(
    path: Path, grid: Grid, other: Grid, others_name: str, *, what: str = "labels"
) -> None:
    """Refuse labels, or channels, that lie elsewhere than what they are laid over.

    Where one of the two files does not say where its voxels lie, the shapes are compared alone.

    Parameters
    ----------
    path : Path
        The file of the labels.
    grid, other : Grid
        Where the labels lie, and where they should.
    others_name : str
        What lies on the other grid, for the sentence.
    what : str
        What the file holds, in the plural, for the sentence.

    Raises
    ------
    InputError
        The shapes differ, or a corner lies more than `MOST_APART` voxels from its place.
    """
    if grid.shape != other.shape:
        raise InputError(
            f"'{path}' has shape {grid.shape} but {others_name} has {other.shape} (planes, rows, "
            f"columns). {what.capitalize()} must lie on the image's grid."
        )
    if not (grid.is_placed and other.is_placed):
        return
    apart = voxels_apart(grid, other)
    if apart > MOST_APART:
        raise InputError(
            f"'{path}' lies elsewhere than {others_name}: by their headers, the same voxel is up "
            f"to {apart:.3g} voxels away. Export the {what} on the image's grid again."
        )


def is_possible(spacing: Sequence[float], place: ArrayLike) -> bool:
    """Return whether a spacing, and an affine or an origin, can be true."""
    lengths, numbers = np.asarray(spacing, np.float64), np.asarray(place, np.float64)
    if not (np.isfinite(lengths).all() and np.isfinite(numbers).all()):
        return False
    is_long = (lengths >= _SMALLEST).all() and (lengths <= _FARTHEST).all()
    return bool(is_long and (np.abs(numbers) <= _FARTHEST).all())


def voxels_apart(grid: Grid, other: Grid) -> float:
    """Return how far a corner is from its place on the other grid, along any of its axes."""
    corners = np.array([(*c, 1) for c in product(*((0, n - 1) for n in other.shape[::-1]))])
    apart = (corners @ (grid.affine - other.affine).T)[:, :3]
    # A pseudo-inverse: a header may flatten an axis.
    return float(np.abs(apart @ np.linalg.pinv(other.affine[:3, :3]).T).max())


def angle_doubts(affine: NDArray[np.float64]) -> list[str]:
    """Return a sentence where an affine's axes are not at right angles, else nothing."""
    axes = affine[:3, :3] / np.maximum(np.linalg.norm(affine[:3, :3], axis=0), 1e-30)
    cosine = min(1.0, float(np.abs(np.triu(axes.T @ axes, 1)).max()))
    if cosine < _SQUARE:
        return []
    return [
        f"The axes are not at right angles, by {np.degrees(np.arcsin(cosine)):.2g} degrees; "
        "distances are measured as if they were."
    ]
