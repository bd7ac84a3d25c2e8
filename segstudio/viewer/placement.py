"""Where a volume lies in the viewer: scale, orientation and unit of its layers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.volume import Grid

RIGHT_LEFT, BACK_FRONT, FEET_HEAD = 0, 1, 2


def placement(grid: Grid) -> dict[str, Any]:
    """Return the layer arguments that put a volume where it belongs.

    The planes shown are those that were acquired, turned as radiologists hold them once the
    viewer has the `screen_order`: the patient's left on the right of the screen, front or head
    up. Spacing is the layer's scale; turning and position are its affine, along the nearest
    world axes, so that an oblique volume is shown on its own voxels and not cut across them. The
    exact affine stays with the grid, and is what is written.

    Parameters
    ----------
    grid : Grid
        Of the volume.

    Returns
    -------
    dict
        ``scale`` (3,), ``affine`` (4, 4) and ``units`` (3,) for napari.
    """
    unit = "mm" if grid.unit == "mm" else "pixel"
    return {"scale": grid.spacing, "affine": _turn(grid), "units": (unit,) * 3}


def screen_order(grid: Grid) -> tuple[int, int, int]:
    """Return the viewer's order of axes: planes, then what runs down the screen and across it.

    Left and right run across; where a plane has neither (sagittal), front and back. It is the
    viewer's and not in the layer's affine, since napari takes a layer whose axes change places
    there for oblique as soon as another axis is looked along, and shows another slice of it.
    """
    world, _ = _nearest_axes(grid.affine)
    axes_across = RIGHT_LEFT if RIGHT_LEFT in world[1:] else BACK_FRONT
    across = 1 + world[1:].index(axes_across)
    return (0, 3 - across, across)


def placement_in_order(grid: Grid) -> dict[str, Any]:
    """Return the `placement` for a viewer whose order of axes is not ours to choose."""
    place = placement(grid)
    return place | {"affine": place["affine"][[*screen_order(grid), 3]]}


def _turn(grid: Grid) -> NDArray[np.float64]:
    """Return the affine from scaled voxel axes (Z, Y, X) to the viewer's axes."""
    world, direction = _nearest_axes(grid.affine)
    centre = (np.array(grid.shape) - 1) / 2
    at = grid.affine @ [*centre[::-1], 1.0]
    turn = np.eye(4)
    for axis in range(3):
        # Screens run rightwards and downwards: towards the patient's left, back and feet.
        wanted = 1.0 if axis == 0 else -1.0
        turn[axis, axis] = sign = wanted * direction[axis]
        here = sign * centre[axis] * grid.spacing[axis]
        turn[axis, 3] = wanted * at[world[axis]] - here
    return turn


def _nearest_axes(affine: NDArray[np.float64]) -> tuple[list[int], list[float]]:
    """Return for each voxel axis (Z, Y, X) the nearest world axis, and its direction along it."""
    columns = affine[:3, :3][:, ::-1] / np.linalg.norm(affine[:3, :3], axis=0)[::-1]
    world, direction = [0, 0, 0], [1.0, 1.0, 1.0]
    strength = np.abs(columns)
    for _ in range(3):
        # The surest match first, so that two oblique axes never claim the same world axis.
        row, axis = np.unravel_index(strength.argmax(), strength.shape)
        world[axis], direction[axis] = int(row), float(np.sign(columns[row, axis]))
        strength[row, :] = strength[:, axis] = -1.0
    return world, direction
