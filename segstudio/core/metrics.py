"""Scores of a prediction against the truth, per case and class, and their means."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
import scipy  # its parts load where they are used: a window need not wait for them
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.core.volume import Grid

Mask = NDArray[np.bool_]
Whole = TypeVar("Whole", bound=np.integer)
# Of NSD: about what two readers differ by; a pixel where the size of one is not known.
TOLERANCE = {"mm": 2.0, "voxels": 1.0}

TOGETHER = "all classes as one"
COLLAPSED = 0.05  # pooled Dice; below it a class is as good as lost, wherever predicted


@dataclass(frozen=True)
class Score:
    """How well one class of one case was found.

    Attributes
    ----------
    case, class_name : str
        Whose score it is.
    dice : float
        2|P∩T| / (|P| + |T|) over the whole image, in [0, 1]; NaN where both are empty.
    hd95, assd : float
        95th percentile of the Hausdorff distance and average symmetric surface distance, in
        `unit`; NaN where both are empty, the image diagonal where one is.
    volume_ml : float
        The predicted volume in ml; a number of voxels where `unit` is ``'voxels'``. As all else
        it is without what the truth ignores.
    unit : {'mm', 'voxels'}
        Of the distances.
    overlap, predicted, true : int
        Voxel counts |P∩T|, |P| and |T|, from which pooled Dice is taken.
    nsd : float
        Normalised surface distance: the share of both contours that lies within `TOLERANCE` of
        the other, in [0, 1] (Nikolov et al. 2018); NaN where both are empty, 0 where one is.
    planes, missed_planes : int
        In how many planes the class is, and in how many of these it was predicted nowhere.
    """

    case: str
    class_name: str
    dice: float
    hd95: float
    assd: float
    volume_ml: float
    unit: str
    overlap: int
    predicted: int
    true: int
    nsd: float = float("nan")
    planes: int = 0
    missed_planes: int = 0

    @property
    def missed(self) -> bool:
        """Whether the class is there and was predicted nowhere."""
        return self.true > 0 and self.predicted == 0


def evaluate(
    prediction: NDArray[np.integer],
    truth: NDArray[np.integer],
    grid: Grid,
    classes: ClassTable,
    *,
    case: str = "",
    together: bool = False,
) -> list[Score]:
    """Return a score for each foreground class of a case.

    Parameters
    ----------
    prediction, truth : ndarray of int, shape (Z, Y, X)
        Label values on the same grid.
    grid : Grid
        Gives spacing and unit. Where the unit is ``'voxels'``, distances are measured in each
        plane and averaged over the planes that hold the class.
    classes : ClassTable
        The classes to score; the first, background, is left out. Voxels of the truth that it
        ignores are in no mask, whatever is predicted there.
    case : str
        A name for the rows.
    together : bool
        Whether, where there are several, a last score tells of all of them taken as one, named
        `TOGETHER`. Predictions that part the same structures into other classes compare by it.

    Returns
    -------
    list of Score

    Raises
    ------
    InputError
        The shapes differ.
    """
    if prediction.shape != truth.shape:
        raise InputError(
            f"The prediction of {case or 'a case'} has shape {prediction.shape} but its truth has "
            f"{truth.shape} (planes, rows, columns). Compare files that lie on the same grid."
        )
    prediction = without_ignored(prediction, truth, classes)
    scores = [
        _score(prediction == c.value, truth == c.value, grid, case, c.name)
        for c in classes.foreground
    ]
    if together and len(scores) > 1:
        found, true = (np.isin(labels, classes.values[1:]) for labels in (prediction, truth))
        scores.append(_score(found, true, grid, case, TOGETHER))
    return scores


def without_ignored(
    prediction: NDArray[Whole], truth: NDArray[np.integer], classes: ClassTable
) -> NDArray[Whole]:
    """Return predicted label values, background where the truth's are to be ignored."""
    if classes.ignore is None:
        return prediction
    kept = prediction.copy()
    kept[truth == classes.ignore] = 0
    return kept


def dice(prediction: Mask, truth: Mask) -> float:
    """Return 2|P∩T| / (|P| + |T|): 1 is perfect, 0 if one mask is empty, NaN if both are."""
    return _dice(*_counts(prediction, truth))


def _counts(prediction: Mask, truth: Mask) -> tuple[int, int, int]:
    overlap, predicted, true = (
        int(np.count_nonzero(mask)) for mask in (prediction & truth, prediction, truth)
    )
    return overlap, predicted, true


def _dice(overlap: int, predicted: int, true: int) -> float:
    return 2 * overlap / (predicted + true) if predicted + true else float("nan")


def _score(prediction: Mask, truth: Mask, grid: Grid, case: str, name: str) -> Score:
    counts = _counts(prediction, truth)
    surface = surface_distances_on(grid, prediction, truth)
    volume_ml = counts[1] * grid.voxel_ml
    there = truth.any(axis=(1, 2))
    missed = there & ~prediction.any(axis=(1, 2))
    return Score(
        case,
        name,
        _dice(*counts),
        surface.hd95,
        surface.assd,
        volume_ml,
        grid.unit,
        *counts,
        nsd=surface.nsd,
        planes=int(there.sum()),
        missed_planes=int(missed.sum()),
    )


class SurfaceDistances(NamedTuple):
    """How far two contours are apart; see `surface_distances`."""

    hd95: float
    assd: float
    nsd: float


def surface_distances(
    prediction: Mask, truth: Mask, spacing: Sequence[float], tolerance: float = TOLERANCE["mm"]
) -> SurfaceDistances:
    """Return HD95, ASSD and NSD between the contours of two masks.

    A mask's contour is its voxels with a face on the outside. HD95 is the larger of the two
    directed 95th percentiles; ASSD the mean over the voxels of both contours; NSD the share of
    the voxels of both contours that lie within a tolerance of the other.

    Parameters
    ----------
    prediction, truth : ndarray of bool, 2-D or 3-D
        Masks of the same shape.
    spacing : sequence of float
        Along the axes; its unit is that of the result.
    tolerance : float
        Of NSD, in that unit.

    Returns
    -------
    SurfaceDistances
        NaN where both masks are empty; the image diagonal, and NSD 0, where one is, so that an
        empty prediction never improves a mean.
    """
    if not prediction.any() and not truth.any():
        return SurfaceDistances(*[float("nan")] * 3)
    if not prediction.any() or not truth.any():
        diagonal = float(np.linalg.norm(np.multiply(prediction.shape, spacing)))
        return SurfaceDistances(diagonal, diagonal, 0.0)
    box = _bounding_box(prediction | truth)
    p, t = _contour(prediction[box]), _contour(truth[box])
    to_truth = scipy.ndimage.distance_transform_edt(~t, sampling=spacing)[p]
    to_prediction = scipy.ndimage.distance_transform_edt(~p, sampling=spacing)[t]
    hd95 = max(np.percentile(to_truth, 95), np.percentile(to_prediction, 95))
    both = np.concatenate([to_truth, to_prediction])
    return SurfaceDistances(float(hd95), float(both.mean()), float((both <= tolerance).mean()))


def surface_distances_on(grid: Grid, prediction: Mask, truth: Mask) -> SurfaceDistances:
    """Return the distances on a grid: in plane where distances across planes mean nothing."""
    measure = _distances_in_planes if grid.measured_in_plane else surface_distances
    return measure(prediction, truth, grid.spacing, TOLERANCE[grid.unit])


def _distances_in_planes(
    prediction: Mask, truth: Mask, spacing: Sequence[float], tolerance: float
) -> SurfaceDistances:
    planes = [
        surface_distances(p, t, spacing[1:], tolerance)
        for p, t in zip(prediction, truth, strict=True)
    ]
    return SurfaceDistances(*(mean_of(values) for values in zip(*planes, strict=True)))


def _bounding_box(mask: Mask) -> tuple[slice, ...]:
    found: tuple[slice, ...] = scipy.ndimage.find_objects(mask.astype(np.uint8))[0]
    return found


def _contour(mask: Mask) -> Mask:
    inside: Mask = scipy.ndimage.binary_erosion(mask)
    return mask & ~inside


def mean_of(values: Iterable[float]) -> float:
    """Return the mean of what is not NaN; NaN if nothing is left."""
    kept = [v for v in values if not np.isnan(v)]
    return float(np.mean(kept)) if kept else float("nan")


def summarise(scores: Sequence[Score]) -> dict[str, Any]:
    """Return the means of many scores: over cases, then over classes.

    Parameters
    ----------
    scores : sequence of Score
        Of any number of cases.

    Returns
    -------
    dict
        ``mean_dice``; ``pooled_dice`` (all voxels of all cases of a class taken together, then
        the mean over classes); ``per_class``, for each class name its ``dice``,
        ``pooled_dice``, ``hd95``, ``hd95_where_predicted`` (without the cases where the
        prediction is empty), ``assd``, ``nsd``, ``unit`` (``'mixed'`` where cases differ in it),
        ``cases`` that hold the class and ``missed``, how many of them were predicted empty, and
        the same of ``planes`` and ``missed_planes``; ``together``, the same of all classes as
        one where it was scored, and in no mean.
        What cannot be said is None.
    """
    names = list(dict.fromkeys(s.class_name for s in scores))
    rows = {n: _summarise_class([s for s in scores if s.class_name == n]) for n in names}
    together = rows.pop(TOGETHER, None)
    found: dict[str, Any] = {
        "mean_dice": _known(mean_of(r["dice"] for r in rows.values())),
        "pooled_dice": _known(mean_of(r["pooled_dice"] for r in rows.values())),
        "per_class": {n: {k: _known(v) for k, v in r.items()} for n, r in rows.items()},
    }
    if together:
        found["together"] = {k: _known(v) for k, v in together.items()}
    return found


def _summarise_class(scores: Sequence[Score]) -> dict[str, Any]:
    pooled = _dice(
        sum(s.overlap for s in scores),
        sum(s.predicted for s in scores),
        sum(s.true for s in scores),
    )
    units = {s.unit for s in scores}
    return {
        "dice": mean_of(s.dice for s in scores),
        "pooled_dice": pooled,
        "hd95": mean_of(s.hd95 for s in scores),
        "hd95_where_predicted": mean_of(s.hd95 for s in scores if s.predicted and s.true),
        "assd": mean_of(s.assd for s in scores),
        "nsd": mean_of(s.nsd for s in scores),
        "unit": units.pop() if len(units) == 1 else "mixed",
        "cases": sum(s.true > 0 for s in scores),
        "missed": sum(s.missed for s in scores),
        "planes": sum(s.planes for s in scores),
        "missed_planes": sum(s.missed_planes for s in scores),
    }


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and np.isnan(value) else value
