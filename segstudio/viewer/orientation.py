"""Which way of the patient each edge of the screen looks."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segstudio.core.volume import Grid
from segstudio.viewer.placement import placement

# World axes are RAS+: what lies at their far ends, and at their near ones.
AHEAD, BEHIND = "RAS", "LPI"
LEAST = 0.2  # of a direction of length 1: less than 12 degrees of tilt are not worth a letter


class Edges(NamedTuple):
    """Letters at the edges of the screen; empty where there are none."""

    left: str = ""
    right: str = ""
    top: str = ""
    bottom: str = ""


def edge_letters(
    grid: Grid,
    displayed: tuple[int, int],
    *,
    flipped: tuple[bool, bool] = (False, False),
    shown: NDArray[np.float64] | None = None,
) -> Edges:
    """Return the directions of the patient that the edges of the screen look to.

    Parameters
    ----------
    grid : Grid
        Of the volume in view.
    displayed : (int, int)
        Which of the viewer's last three axes run down and across the screen; one outside 0 to 2
        is no axis of the volume, as time, and has no letters.
    flipped : (bool, bool)
        Whether the camera shows the first upwards, and the second leftwards.
    shown : ndarray, shape (3, 3), optional
        From voxel steps ``(Z, Y, X)`` to the viewer's; as `placement` has it where not given.

    Returns
    -------
    Edges
        One to three of R, L, A, P, S and I, the strongest first; none where the grid is unplaced.
    """
    if not grid.is_placed:
        return Edges()
    # Steps along the viewer's axes, as voxel steps, as steps in the body.
    to_voxels = np.linalg.pinv(_placed(grid) if shown is None else shown)
    directions = grid.affine[:3, :3][:, ::-1] @ to_voxels
    down, across = (
        directions[:, axis] * (-1 if turned else 1) if 0 <= axis < 3 else np.zeros(3)
        for axis, turned in zip(displayed, flipped, strict=True)
    )
    return Edges(_letters(-across), _letters(across), _letters(-down), _letters(down))


def _placed(grid: Grid) -> NDArray[np.float64]:
    place = placement(grid)
    turn: NDArray[np.float64] = place["affine"][:3, :3] * np.asarray(place["scale"])
    return turn


def _letters(direction: NDArray[np.float64]) -> str:
    """Return a direction in the body in letters, the strongest first."""
    length = float(np.linalg.norm(direction))
    if not np.isfinite(length) or length == 0:
        return ""
    strength = np.abs(direction) / length
    order = [axis for axis in np.argsort(-strength, kind="stable") if strength[axis] >= LEAST]
    return "".join((AHEAD if direction[axis] > 0 else BEHIND)[axis] for axis in order)
