"""Where a prediction is right and wrong: the regions and the four cases that the paper draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from segstudio.core.distance import halves, signed_distance
from segstudio.core.errors import InputError


class VoxelCase(IntEnum):
    """The four cases of a voxel, numbered as in Figure 2 of the paper."""

    MISSED = 1  # target predicted as background
    FOUND = 2  # target predicted as target
    LEFT_ALONE = 3  # background predicted as background
    FALSE_ALARM = 4  # background predicted as target


# Told apart by readers who do not see all colours.
CASE_COLORS = {
    VoxelCase.FOUND: "#009e73",
    VoxelCase.MISSED: "#cc79a7",
    VoxelCase.FALSE_ALARM: "#e69f00",
}
CASE_NAMES = {
    VoxelCase.FOUND: "found",
    VoxelCase.MISSED: "missed",
    VoxelCase.FALSE_ALARM: "false alarm",
}


@dataclass(frozen=True, eq=False)
class RegionMaps:
    """The regions of every class, as sets and weighted by distance (Figure 3 of the paper).

    Attributes
    ----------
    cases : ndarray of uint8, shape (K, ...)
        A `VoxelCase` for each voxel and class; 0, which is none, where the truth is ignored.
    true_positive, false_positive, false_negative : ndarray of float32, shape (K, ...)
        φ_t s, φ_bg s and φ_t (1 − s): their sums are what equation 3 of the paper takes its ratio
        of, and true positives and false negatives sum to Σ φ_t. 0 where the truth is ignored.
    """

    cases: NDArray[np.uint8]
    true_positive: NDArray[np.float32]
    false_positive: NDArray[np.float32]
    false_negative: NDArray[np.float32]

    def where(self, case: VoxelCase) -> NDArray[np.bool_]:
        """Return the set of voxels of a case, shape (K, ...)."""
        mask: NDArray[np.bool_] = self.cases == case
        return mask


def region_maps(
    prediction: NDArray[np.integer] | NDArray[np.floating],
    labels: NDArray[np.integer],
    spacing: Sequence[float],
    *,
    classes: Sequence[int] | None = None,
    per_plane: bool = False,
    ignore: int | None = None,
) -> RegionMaps:
    """Return where a prediction is right and wrong, class by class.

    Parameters
    ----------
    prediction : ndarray
        Predicted class indices, of the shape of `labels`; or the probabilities s of all classes,
        0 to the last, before that shape. A voxel is predicted as its most probable class.
    labels : ndarray of int, shape (Y, X) or (Z, Y, X)
        The truth.
    spacing : sequence of float
        In mm, along the axes of `labels`.
    classes : sequence of int, optional
        By default 0 to the largest in the labels, or as many as there are probabilities.
    per_plane : bool
        Measure every plane for itself, as a 2-D network's loss does.
    ignore : int, optional
        What the labels hold where they are to be ignored; `IGNORED` in class indices.

    Returns
    -------
    RegionMaps

    Raises
    ------
    InputError
        The shapes do not fit.
    """
    soft = prediction.dtype.kind == "f"
    if classes is None:
        known = labels[labels != ignore] if ignore is not None else labels
        largest = max(int(known.max(initial=0)), 0 if soft else int(prediction.max()))
        classes = range(len(prediction) if soft else largest + 1)
    if prediction.shape[1 if soft else 0 :] != labels.shape or (
        soft and max(classes, default=0) >= len(prediction)
    ):
        raise InputError(
            f"A prediction of shape {prediction.shape} does not fit labels of {labels.shape}: "
            "give class indices of the same shape, or one probability per class before it."
        )
    values = np.asarray(classes).reshape(-1, *[1] * labels.ndim)
    if soft:
        predicted, s = prediction.argmax(axis=0) == values, prediction[list(classes)]
    else:
        predicted = prediction == values
        s = predicted
    sdm = signed_distance(labels, spacing, classes=classes, per_plane=per_plane)
    cases = _cases(predicted, labels == values)
    if ignore is not None:
        sdm[:, labels == ignore], cases[:, labels == ignore] = 0, 0
    phi_t, phi_bg = halves(sdm)
    return RegionMaps(
        cases,
        *(part.astype(np.float32) for part in (phi_t * s, phi_bg * s, phi_t * (1.0 - s))),
    )


def _cases(predicted: NDArray[np.bool_], true: NDArray[np.bool_]) -> NDArray[np.uint8]:
    on_target = np.where(predicted, VoxelCase.FOUND, VoxelCase.MISSED)
    off_target = np.where(predicted, VoxelCase.FALSE_ALARM, VoxelCase.LEFT_ALONE)
    cases: NDArray[np.uint8] = np.where(true, on_target, off_target).astype(np.uint8)
    return cases


def regions(
    predicted: NDArray[np.bool_], true: NDArray[np.bool_], ignored: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """Return the `VoxelCase` of each voxel as sets alone; 0 where there is nothing to find.

    Parameters
    ----------
    predicted, true : ndarray of bool
        Masks of one class, of the same shape.
    ignored : ndarray of bool, optional
        Where the truth is unknown, which is 0 too.
    """
    cases = _cases(predicted, true)
    cases[cases == VoxelCase.LEFT_ALONE] = 0
    if ignored is not None:
        cases[ignored] = 0
    return cases


def errors_by_distance(
    cases: NDArray[np.uint8],
    true: NDArray[np.bool_],
    spacing: Sequence[float],
    *,
    per_plane: bool = False,
) -> NDArray[np.float32]:
    """Return how far from the contour the errors lie: +|φ| where missed, −|φ| at false alarms.

    Parameters
    ----------
    cases : ndarray of uint8, shape (Y, X) or (Z, Y, X)
        As `regions` returns them.
    true : ndarray of bool
        The mask of the class, of the same shape.
    spacing : sequence of float
        In mm, along the axes.
    per_plane : bool
        Measure every plane for itself.

    Returns
    -------
    ndarray of float32
        0 where there is no error. By size they are φ_t (1 − s) and φ_bg s of a sure prediction.
    """
    phi = signed_distance(true.astype(np.uint8), spacing, classes=[1], per_plane=per_plane)[0]
    is_error = (cases == VoxelCase.MISSED) | (cases == VoxelCase.FALSE_ALARM)
    far: NDArray[np.float32] = np.where(is_error, -phi, np.float32(0))
    return far
