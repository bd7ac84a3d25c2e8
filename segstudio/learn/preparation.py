"""What a network is shown of an image: its grid and its intensities. The way back, too."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import skimage  # its parts load where they are used: a window need not wait for them
from numpy.typing import NDArray

from segstudio.core.errors import InputError, near_names
from segstudio.core.volume import Grid, Volume

Normalisation = Literal["z-score", "percentile", "ct-window"]
PERCENTILES = (0.5, 99.5)

Shape = tuple[int, int, int]
Spacing = tuple[float, float, float]


@dataclass(frozen=True)
class Preparation:
    """How images are resampled and normalised before a network sees them.

    Attributes
    ----------
    spacing : (float, float, float) or None
        Of the network's grid along ``(Z, Y, X)``, in mm. None: every image keeps its own grid. An
        image whose header knows no spacing is not touched by it.
    normalisation : {'z-score', 'percentile', 'ct-window'}
        Mean 0 and standard deviation 1; the same after values are cut at the percentiles 0.5 and
        99.5; or a window of values, as of a CT in Hounsfield units, stretched to −1 … 1.
    window : (float, float)
        The lowest and the highest value of that window.
    rescale : (float, float, float) or None
        Factors along ``(Z, Y, X)`` for the number of voxels of an image whose header knows no
        spacing, as of a photograph or a scanned film; other images are not touched by it. Lengths
        in 'mm' are then in voxels of the file, those in 'voxels' in voxels of the network's grid.

    Raises
    ------
    InputError
        A word is unknown, or a number will not do.
    """

    spacing: Spacing | None = None
    normalisation: Normalisation = "z-score"
    window: tuple[float, float] = (-160.0, 240.0)
    rescale: Spacing | None = None

    def __post_init__(self) -> None:
        if self.normalisation not in get_args(Normalisation):
            hint = near_names(self.normalisation, get_args(Normalisation))
            raise InputError(f"There is no normalisation '{self.normalisation}'. {hint}")
        if self.spacing is not None and not all(0 < s < np.inf for s in self.spacing):
            raise InputError(f"A spacing of {self.spacing} mm is not three numbers above 0.")
        if self.rescale is not None and not all(0 < s < np.inf for s in self.rescale):
            raise InputError(f"To rescale by {self.rescale} is not by three numbers above 0.")
        if not self.window[0] < self.window[1]:
            raise InputError(f"The window {self.window} should be a lower and a higher value.")

    def shape(self, grid: Grid) -> Shape:
        """Return planes, rows and columns of a grid when it is resampled."""
        before, after = grid.spacing, self.spacing or grid.spacing
        if grid.unit == "voxels":
            after = (1.0, 1.0, 1.0)
            before = self.rescale or after
        sizes = zip(grid.shape, before, after, strict=True)
        planes, rows, columns = (max(1, round(n * own / new)) for n, own, new in sizes)
        return planes, rows, columns

    def leaves(self, grid: Grid) -> bool:
        """Return whether resampling is asked for that does not concern an image on this grid."""
        here, elsewhere = self.spacing, self.rescale
        if grid.unit == "voxels":
            here, elsewhere = elsewhere, here
        return here is None and elsewhere is not None

    def spacing_of(self, grid: Grid) -> Spacing:
        """Return the spacing of a grid when it is resampled, in its unit.

        It differs a little from the one asked for: the image's extent is kept exactly.
        """
        sizes = zip(grid.shape, grid.spacing, self.shape(grid), strict=True)
        z, y, x = (n * own / new for n, own, new in sizes)
        return z, y, x

    def image(self, volume: Volume) -> NDArray[np.float32]:
        """Return all channels ``(C, Z, Y, X)`` on the network's grid, normalised one by one."""
        shape = self.shape(volume.grid)
        return np.stack([self.normalised(_resized(c, shape, 1)) for c in volume.channels])

    def labels(self, indices: NDArray[np.uint8], grid: Grid) -> NDArray[np.uint8]:
        """Return class indices ``(Z, Y, X)`` on the network's grid, by the nearest voxel."""
        return _resized(indices, self.shape(grid), 0)

    def back(self, maps: NDArray[np.float32], grid: Grid) -> NDArray[np.float32]:
        """Return maps ``(K, z, y, x)`` of the network's grid on the source's ``(K, Z, Y, X)``."""
        return np.stack([_resized(m, grid.shape, 1) for m in maps])

    def labels_back(self, maps: NDArray[np.float32], grid: Grid) -> NDArray[np.intp]:
        """Return on the source's grid which of the maps ``(K, z, y, x)`` is largest.

        Never holds all maps on that grid, which may be a large one.
        """
        if maps.shape[1:] == grid.shape:
            where: NDArray[np.intp] = maps.argmax(axis=0)
            return where
        largest = _resized(maps[0], grid.shape, 1)
        found = np.zeros(grid.shape, np.intp)
        for k, one in enumerate(maps[1:], start=1):
            values = _resized(one, grid.shape, 1)
            found[values > largest] = k
            np.maximum(largest, values, out=largest)
        return found

    def normalised(self, data: NDArray[np.generic]) -> NDArray[np.float32]:
        """Return an image normalised; voxels that are not finite become 0 before."""
        values = np.nan_to_num(data.astype(np.float32), posinf=0.0, neginf=0.0)
        if self.normalisation == "ct-window":
            low, high = self.window
            return (np.clip(values, low, high) - low) * np.float32(2 / (high - low)) - 1
        if self.normalisation == "percentile":
            np.clip(values, *np.percentile(values, PERCENTILES), out=values)
        # In float64: the square of a large float32 is not finite.
        mean, spread = values.mean(dtype=np.float64), values.std(dtype=np.float64)
        values -= np.float32(mean)
        values /= np.float32(spread if spread > 0 else 1.0)
        return values


def _resized(data: NDArray[Any], shape: Sequence[int], order: int) -> NDArray[Any]:
    """Return an array on another number of voxels over the same extent."""
    if data.shape == tuple(shape):
        return data
    is_image = order > 0
    shrinks = any(new < old for new, old in zip(shape, data.shape, strict=True))
    values = np.nan_to_num(data.astype(np.float32)) if is_image else data
    resized: NDArray[Any] = skimage.transform.resize(
        values,
        shape,
        order=order,
        mode="edge",
        anti_aliasing=is_image and shrinks,
        preserve_range=True,
    )
    return resized.astype(np.float32 if is_image else data.dtype)


def fit(array: NDArray[Any], size: Sequence[int], fill: float | None = None) -> NDArray[Any]:
    """Return an array cropped or padded about its centre along its last axes.

    Parameters
    ----------
    array : ndarray, shape (..., Y, X) or (..., Z, Y, X)
        Images, labels or maps.
    size : sequence of int
        What the last axes shall be.
    fill : float, optional
        What to pad with; left out, the least value, an image's dark surround.
    """
    box, widths = [slice(None)] * array.ndim, [(0, 0)] * array.ndim
    for axis, wanted in enumerate(size, start=array.ndim - len(size)):
        have = array.shape[axis]
        start, missing = max(0, (have - wanted) // 2), max(0, wanted - have)
        box[axis] = slice(start, start + wanted)
        widths[axis] = (missing // 2, missing - missing // 2)
    cut: NDArray[Any] = array[tuple(box)]
    if not any(before or after for before, after in widths):
        return cut
    return np.pad(cut, widths, constant_values=array.min() if fill is None else fill)
