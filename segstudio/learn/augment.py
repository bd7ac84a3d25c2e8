"""Random changes to planes and patches, drawn from a generator that the caller owns.

An image and its labels go through one deformation, each by what suits it. Distance maps are never
deformed: stretched distances are no distances. They are computed anew from the augmented labels.
Runs in threads beside the training: numpy and scipy release the GIL while they work.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from segstudio.core.errors import InputError, near_names
from segstudio.learn.deformation import Array, Deformation, Image

Flips = Literal["none", "left-right", "all"]

MOST = {"probability": 1.0, "rotation": 180.0, "shift": 0.5, "elastic": 0.5}
MOST |= dict.fromkeys(("scale", "gamma", "noise", "bias"), 3.0)
CELLS = 6  # of the elastic control grid along the shorter side of a plane
# Cubic B-splines whose coefficients stay below this share of a cell do not fold, in 2-D and 3-D:
# Choi and Lee, Injectivity conditions of 2D and 3D uniform cubic B-spline functions, 2000.
LARGEST_STEP = 0.4
THICK = 3.0  # times the spacing in plane: nothing is moved through thicker planes


@dataclass(frozen=True)
class Augmentation:
    """How much samples are changed at random; 0 leaves a kind of change out.

    Attributes
    ----------
    probability : float
        That each kind of change is made to a sample. Mirroring has its own, one half an axis.
    rotation : float
        Largest angle in plane, in degrees, either way.
    scale, gamma : float
        Sizes are multiplied by, and intensities stretched to 0 … 1 are raised to, a number from
        1/(1 + s) to 1 + s, log-uniform.
    shift : float
        Largest shift along each axis in plane, as a share of the size, either way.
    flips : {'none', 'left-right', 'all'}
        Axes that may be mirrored: none, the last, or each. Bodies have a left and a right side.
    elastic : float
        Standard deviation of the displacement of control points, as a share of the shorter side
        of a plane. Voxels move about half as far. Never folds.
    noise : float
        Largest standard deviation of white noise, relative to the image's.
    bias : float
        Standard deviation of the slope and of the curvature, along each axis from its middle to
        its end, of the log of a smooth factor.

    Raises
    ------
    InputError
        A number is out of its range, or a word is unknown.

    Notes
    -----
    The defaults lie within those of nnU-Net (Isensee et al., Nature Methods 2021: scale 0.7 … 1.4,
    gamma 0.7 … 1.5) and TorchIO (Pérez-García et al., 2021), to help short trainings as well.
    """

    probability: float = 0.5
    rotation: float = 15.0
    scale: float = 0.2
    shift: float = 0.05
    flips: Flips = "none"
    elastic: float = 0.02
    gamma: float = 0.3
    noise: float = 0.1
    bias: float = 0.15

    def __post_init__(self) -> None:
        for name, most in MOST.items():
            if not 0 <= getattr(self, name) <= most:
                wrong = f"The {name} of the augmentation, {getattr(self, name)},"
                raise InputError(f"{wrong} is not a number from 0 to {most:g}.")
        if self.flips not in get_args(Flips):
            hint = near_names(self.flips, get_args(Flips))
            raise InputError(f"There is no kind of flips '{self.flips}'. {hint}")


def draw_deformation(
    rng: np.random.Generator,
    options: Augmentation,
    size: Sequence[int],
    spacing: Sequence[float],
    center: Sequence[float],
) -> Deformation:
    """Return a random deformation, the identity where nothing was drawn to happen.

    Parameters
    ----------
    rng, options
        What all numbers are drawn from, and how much is changed.
    size, spacing : sequence of int and of float
        Voxels of what the network sees, ``(Y, X)`` or ``(Z, Y, X)``, the unit of shifts; and
        their mm. Circles in mm stay circles.
    center : sequence of float
        Voxel about which is turned and mirrored; multiples of ½ mirror voxels onto voxels.
    """
    ndim, steps = len(size), np.asarray(spacing, np.float64)
    movable = np.append(steps[:-2] <= THICK * steps[-2:].min(), [True, True])
    turns, scales, shifts, bends = rng.random(4) < options.probability
    degrees = options.rotation * rng.uniform(-1, 1) if turns else 0.0
    zoom = (1 + options.scale) ** rng.uniform(-1, 1) if scales else 1.0
    shift = np.zeros(ndim)
    if shifts:
        shift[-2:] = options.shift * rng.uniform(-1, 1, 2) * size[-2:]
    flips = {"none": 0, "left-right": 1, "all": ndim}[options.flips]
    signs = np.append(np.ones(ndim - flips), rng.choice((-1.0, 1.0), flips))
    matrix = linear_map(degrees, np.where(movable, zoom, 1.0), steps) * signs
    control = None
    if bends and options.elastic:
        drawn = _draw_control(rng, options.elastic, size, steps)
        control = np.tensordot(matrix * movable, drawn, 1).astype(np.float32)
    return Deformation(matrix, np.asarray(center, np.float64), shift, control, tuple(size))


def linear_map(degrees: float, zooms: Array, spacing: Array) -> Array:
    """Return the matrix, in voxels, to the source of what is turned and enlarged in mm.

    It turns in plane from the last axis towards the one before; `zooms` are along each axis.
    """
    turn, angle = np.eye(len(spacing)), math.radians(degrees)
    turn[-2:, -2:] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    matrix: Array = turn * (spacing / spacing[:, None]) / zooms
    return matrix


def _draw_control(
    rng: np.random.Generator, elastic: float, size: Sequence[int], spacing: Array
) -> Array:
    """Return displacements ``(ndim, *points)`` of a grid of nearly cubic cells, in voxels."""
    extent = np.asarray(size) * spacing
    cells = np.maximum(1, np.rint(CELLS * extent / extent[-2:].min())).astype(int)
    drawn = elastic * extent[-2:].min() * rng.standard_normal((len(cells), *(cells + 3)))
    column = (-1, *(1,) * len(cells))
    most = (LARGEST_STEP * extent / cells).reshape(column)
    displacements: Array = np.clip(drawn, -most, most) / spacing.reshape(column)
    return displacements


def draw_intensity_changes(
    rng: np.random.Generator, options: Augmentation
) -> tuple[bool, bool, bool]:
    """Return whether an image gets a bias field, another contrast, and noise."""
    shades, bends, blurs = (rng.random(3) < options.probability).tolist()
    return shades, bends, blurs


def change_intensities(image: Image, rng: np.random.Generator, options: Augmentation) -> Image:
    """Return an image under a bias field, with another contrast and with noise, as a new array.

    Its mean and standard deviation stay but for the noise. Each channel of ``(C, *space)`` is
    changed by amounts of its own, drawn from `rng`.
    """
    changed = image.astype(np.float32)
    shades, bends, blurs = draw_intensity_changes(rng, options)
    for target in changed:
        channel, mean, spread = target, target.mean(), target.std()
        if not spread > 0:
            continue
        if shades and options.bias:
            channel = _shaded(channel, rng, options.bias)
        if bends and options.gamma:
            channel = _bent(channel, rng, options.gamma)
        if channel is not target:
            target[...] = (channel - channel.mean()) * (spread / channel.std()) + mean
        if blurs and options.noise:
            noise = rng.standard_normal(target.shape, np.float32)
            noise *= spread * np.float32(rng.uniform(0, options.noise))
            np.add(target, noise, out=target)
    return changed


def _shaded(channel: Image, rng: np.random.Generator, bias: float) -> Image:
    """Return a channel with what exceeds its darkest value times a factor along each axis."""
    shaded: Image = channel - channel.min()
    for axis, n in enumerate(channel.shape):
        slope, curvature = rng.normal(0, bias, 2)
        t = (2 * np.arange(n) + 1) / n - 1
        factor = np.exp(slope * t + curvature * (t**2 - 1 / 3)).astype(np.float32)
        shaded *= factor.reshape(-1, *(1,) * (channel.ndim - axis - 1))
    return shaded


def _bent(channel: Image, rng: np.random.Generator, gamma: float) -> Image:
    """Return a channel, stretched to 0 … 1, raised to a power."""
    bent: Image = channel - channel.min()
    bent /= bent.max()
    bent **= np.float32((1 + gamma) ** rng.uniform(-1, 1))
    return bent
