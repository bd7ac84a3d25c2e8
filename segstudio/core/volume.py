"""A volume, and the grid its voxels lie on."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Grid:
    """Where voxels lie: everything needed to write an array back beside its source.

    Parameters
    ----------
    shape : (int, int, int)
        Number of planes, rows and columns, ``(Z, Y, X)``.
    spacing : (float, float, float)
        Distance between voxel centres along ``(Z, Y, X)``, in `unit`.
    affine : ndarray, shape (4, 4), float64
        From voxel indices in the file's order ``(x, y, z, 1)`` to world, RAS+ mm.
    unit : {'mm', 'voxels'}
        ``'voxels'`` where the header says nothing true about size: spacing 1, 1, 1 or an
        unknown unit. Lengths are then labelled so, and surface distances measured in plane.
    header : object, optional
        What the source file's format says of it besides, kept so that codes, units and spacing
        are written back exactly.
    file_shape : tuple of int
        The shape in the file's order, before axes were turned or added; empty where it is
        `shape` turned round.
    is_placed : bool
        Whether the file says where in the body its voxels lie.
    doubts : tuple of str
        A sentence for each thing in the header that cannot be quite true, and what was taken.
    """

    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    affine: NDArray[np.float64]
    unit: str = "mm"
    header: Any = None
    file_shape: tuple[int, ...] = ()
    is_placed: bool = True
    doubts: tuple[str, ...] = ()

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel in millilitres; 1 where the unit is ``'voxels'``."""
        return float(np.prod(self.spacing)) / 1000.0 if self.unit == "mm" else 1.0

    @property
    def measured_in_plane(self) -> bool:
        """Whether distances across planes mean nothing here."""
        return self.unit == "voxels"


@dataclass(frozen=True, eq=False)
class Volume:
    """An image on its grid.

    Parameters
    ----------
    data : ndarray, shape (Z, Y, X)
        Intensities; of the first channel, where there are several. A 2-D image is a volume with
        one plane.
    grid : Grid
        Where the voxels lie.
    path : Path, optional
        The file it was read from; the first channel's, where there are several.
    other_channels : tuple of ndarray, shape (Z, Y, X)
        Further channels of the same image, on the same grid.
    """

    data: NDArray[Any]
    grid: Grid
    path: Path | None = field(default=None)
    other_channels: tuple[NDArray[Any], ...] = ()

    @property
    def channels(self) -> tuple[NDArray[Any], ...]:
        """All channels, each ``(Z, Y, X)``; the first is `data`."""
        return (self.data, *self.other_channels)

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Spacing along ``(Z, Y, X)`` in mm, or ones where the header does not know."""
        return self.grid.spacing

    @property
    def affine(self) -> NDArray[np.float64]:
        """Affine from file indices ``(x, y, z, 1)`` to world, RAS+ mm."""
        return self.grid.affine
