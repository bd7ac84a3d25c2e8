"""The film a radiograph is painted on: lengths in units of its height, densities that add up.

A length of 1 is the height of the film. x runs from the film's middle to the right, y from its
top down. Every tissue adds its density along the ray, and the exposure comes last.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.data.phantoms.canvas import Array, smooth_field

Window = tuple[slice, slice]


@dataclass(frozen=True)
class Local:
    """A window of the film in the coordinates of a quadrilateral.

    ``u`` is -1 at its left side and 1 at its right, ``v`` -1 at its top and 1 at its bottom,
    each (rows, columns); ``du`` and ``dv`` are the size of a pixel in them.
    """

    window: Window
    u: Array
    v: Array
    du: float
    dv: float


class Film:
    """A film being exposed.

    Parameters
    ----------
    rows, columns : int
        Its size in pixels. A film narrower than a trunk is one squeezed from side to side.
    """

    def __init__(self, rows: int, columns: int) -> None:
        self.pixel = 1 / rows
        self._across = min(rows, 3.6 * columns)
        self._middle = (columns - 1) / 2
        self.half_width = self._middle / self._across
        self.y: Array = (np.arange(rows) / rows).astype(np.float32)[:, None]
        x = (np.arange(columns) - self._middle) / self._across
        self.x: Array = x.astype(np.float32)[None, :]
        self.density: Array = np.zeros((rows, columns), np.float32)

    def to_pixels(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return points ``(x, y)``, (..., 2), in pixels: 0 is the middle of the first one."""
        scale = self._across, self.density.shape[0]
        pixels: NDArray[np.float64] = points * scale + (self._middle, 0)
        return pixels

    def texture(self, rng: np.random.Generator, modes: int, scale: float) -> Array:
        """Return a `smooth_field` over the film, as fine across as down."""
        rows, columns = self.density.shape
        side = max(rows, columns)
        return smooth_field(rng, (1, side, side), modes, scale)[0, :rows, :columns]

    def window(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> Window:
        """Return the part of the film between two corners ``(x, y)``; it may be empty."""
        columns = np.searchsorted(self.x[0], (low[0], high[0]))
        rows = np.searchsorted(self.y[:, 0], (low[1], high[1]))
        return slice(*rows.tolist()), slice(*columns.tolist())

    def local(self, corners: NDArray[np.float64], reach: tuple[float, float]) -> Local:
        """Return the film about a quadrilateral in its own coordinates.

        Parameters
        ----------
        corners : ndarray, shape (4, 2)
            Top left, top right, bottom left, bottom right; ``(x, y)``.
        reach : (float, float)
            How far the window reaches in ``u`` and ``v``.
        """
        tl, tr, bl, br = corners
        centre = corners.mean(axis=0)
        across, down = (tr + br - tl - bl) / 4, (bl + br - tl - tr) / 4
        twist = (tl + br - tr - bl) / 4
        extent = np.abs(across) * reach[0] + np.abs(down) * reach[1]
        window = self.window(centre - extent, centre + extent)
        x, y = self.x[:, window[1]] - centre[0], self.y[window[0]] - centre[1]
        area = across[0] * down[1] - across[1] * down[0]
        u = v = np.zeros((1, 1), np.float32)
        # The sides are nearly parallel: the third step finds the corners to a tenth of a pixel.
        for _ in range(3):
            bend = np.clip(u * v, -1.5, 1.5)
            dx, dy = x - twist[0] * bend, y - twist[1] * bend
            u = ((dx * down[1] - dy * down[0]) / area).astype(np.float32)
            v = ((dy * across[0] - dx * across[1]) / area).astype(np.float32)
        size = self.pixel / np.hypot(*across), self.pixel / np.hypot(*down)
        return Local(window, u, v, float(size[0]), float(size[1]))

    def add_curve(self, curve: Array, width: float, values: tuple[float, float]) -> None:
        """Add a bone seen from its side: a stripe along ``y = curve(x)``, brighter at its rims.

        Parameters
        ----------
        curve : ndarray of float32, shape (columns,)
            NaN where there is no stripe.
        width : float
            Half the stripe's thickness.
        values : (float, float)
            Density of the middle and what the rims have more.
        """
        there = np.flatnonzero(np.isfinite(curve))
        if there.size < 2:
            return
        columns = slice(there[0], there[-1] + 1)
        line = curve[columns]
        steep = np.sqrt(1 + (np.gradient(line) * self._across * self.pixel) ** 2)
        reach = 3 * width * float(np.nanmax(steep[np.isfinite(steep)], initial=1.0))
        low, high = np.nanmin(line) - reach, np.nanmax(line) + reach
        rows = slice(*np.searchsorted(self.y[:, 0], (low, high)).tolist())
        off = np.abs(self.y[rows] - line) / (steep * width)
        soft = max(0.25, 1.2 * self.pixel / width)
        profile = values[0] * np.clip((1 - off) / soft + 0.5, 0, 1)
        profile += values[1] * np.exp(-(((off - 0.85) / (1.2 * soft)) ** 2))
        self.density[rows, columns] += np.nan_to_num(profile)


def soft_step(depth: NDArray[Any], edge: float) -> Array:
    """Return 0 outside, 1 inside and a smooth step over ``edge`` between, by depth."""
    t = np.clip(depth / edge + 0.5, 0, 1).astype(np.float32)
    step: Array = t * t * (3 - 2 * t)
    return step
