"""What a scene is painted on and with: outlines by angle, roundish spots, smooth textures.

An outline is a distance from an axis as a function of the angle about it, `ANGLES` values at
`THETA`. One look-up by angle then says how deep inside it a voxel lies, which gives the labels
and the soft edges of partial volume at once.
"""

from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

Array = NDArray[np.float32]

ANGLES = 1024
THETA = np.linspace(-np.pi, np.pi, ANGLES, endpoint=False)


@dataclass(frozen=True)
class Spot:
    """A roundish shape in one plane: place from the axis and size in mm, and its value."""

    y: float
    x: float
    radius: float
    value: float
    aspect: float = 1.0
    turn: float = 0.0
    wobble: float = 0.0


class Canvas:
    """An image being painted, and each voxel's place about an axis.

    Parameters
    ----------
    centres : ndarray, shape (Z, 2)
        Where the axis meets each plane, ``(y, x)``, mm from the middle of the image.
    shape : (int, int, int)
        ``(Z, Y, X)``.
    pixel : float
        In-plane spacing, mm.
    edge : ndarray, shape (Z, 1, 1)
        Width of an outline's edge, mm.
    """

    def __init__(
        self, centres: Array, shape: tuple[int, int, int], pixel: float, edge: Array
    ) -> None:
        y, x = (((np.arange(n) - (n - 1) / 2) * pixel).astype(np.float32) for n in shape[1:])
        self.y = (y - centres[:, :1])[:, :, None]
        self.x = (x - centres[:, 1:])[:, None, :]
        self.edge = edge
        self.window: tuple[slice, slice, slice] = np.s_[:, :, :]
        self.radius: Array = np.sqrt(self.y**2 + self.x**2)
        turn = np.arctan2(self.y, self.x) * np.float32(ANGLES / (2 * np.pi)) + ANGLES / 2
        self.cell = turn.astype(np.int32) % ANGLES
        self.cell += (np.arange(shape[0], dtype=np.int32) * ANGLES)[:, None, None]
        self.image: Array = np.full(shape, 3.0, np.float32)

    def depth(self, outline: Array) -> Array:
        """Return how deep inside an outline each voxel lies along its ray, mm."""
        depth: Array = outline.astype(np.float32, copy=False).ravel()[self.cell]
        depth -= self.radius
        return depth

    def share(self, outline: Array) -> Array:
        """Return the share of each voxel inside an outline, 0 to 1: its partial volume."""
        share = self.depth(outline)
        share /= self.edge
        share += np.float32(0.5)
        return np.clip(share, 0, 1, out=share)

    def within(self, reach: float) -> "Canvas":
        """Return the part of the canvas nearer than ``reach`` mm to the axis; it shares memory."""
        rows = np.flatnonzero((np.abs(self.y) < reach).any(axis=(0, 2)))
        cols = np.flatnonzero((np.abs(self.x) < reach).any(axis=(0, 1)))
        part = copy(self)
        part.window = np.s_[:, rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
        part.y, part.x = self.y[:, part.window[1]], self.x[:, :, part.window[2]]
        part.radius, part.cell = self.radius[part.window], self.cell[part.window]
        part.image = self.image[part.window]
        return part

    def paint(self, value: Array | float, share: Array) -> None:
        """Lay a tissue over the image where it has a share of the voxel."""
        self.image += share * (value - self.image)

    def spot_share(self, plane: int, spot: Spot) -> tuple[tuple[int, slice, slice], Array]:
        """Return the window of a roundish spot in one plane, and its share of the voxels in it."""
        y, x = self.y[plane, :, 0] - spot.y, self.x[plane, 0] - spot.x
        reach = 1.3 * max(spot.radius * spot.aspect, spot.radius / spot.aspect) + 3
        rows = slice(*np.searchsorted(y, (-reach, reach)))
        cols = slice(*np.searchsorted(x, (-reach, reach)))
        cos, sin = float(np.cos(spot.turn)), float(np.sin(spot.turn))
        along = (cos * x[None, cols] + sin * y[rows, None]) / spot.aspect
        across = (cos * y[rows, None] - sin * x[None, cols]) * spot.aspect
        radius = np.sqrt(along**2 + across**2) + np.float32(1e-3)
        # cos(3 angle) without an angle: this runs a hundred times per image.
        lobes = (along**3 - 3 * along * across**2) / radius**3
        depth = spot.radius * (1 + spot.wobble * lobes) - radius
        share = np.clip(depth / float(self.edge[plane, 0, 0]) + 0.5, 0, 1)
        return (plane, rows, cols), share

    def paint_spot(self, plane: int, spot: Spot) -> None:
        """Lay a roundish spot over one plane."""
        place, share = self.spot_share(plane, spot)
        window = self.image[place]
        window += share * (spot.value - window)


def smooth_field(
    rng: np.random.Generator, shape: tuple[int, ...], modes: int, scale: float
) -> Array:
    """Return a random field of deviation 1, a sum of cosines that change from plane to plane.

    Parameters
    ----------
    rng : Generator
        Draws the coefficients.
    shape : (int, int, int)
        ``(Z, Y, X)``.
    modes : int
        Cosines along each side of a plane: the finest detail.
    scale : float
        Cosines with more half waves than this fade: the coarsest detail.

    Returns
    -------
    ndarray of float32, shape (Z, Y, X)
    """
    k = np.arange(modes, dtype=np.float32)
    square = k[:, None] ** 2 + k**2
    first, second = rng.standard_normal((2, modes, modes), np.float32) / (1 + square / scale**2)
    turn = np.linspace(0, 1, shape[0], dtype=np.float32)[:, None, None] * np.sqrt(square) * 0.35
    mixed = first * np.cos(turn) + second * np.sin(turn)
    # Not a product with cosines: BLAS would wake its threads for it, at ten times the cost.
    field: Array = dctn(mixed, type=3, s=shape[1:], axes=(1, 2))
    field /= field.std()
    return field
