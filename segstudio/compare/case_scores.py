"""What a run says of one case: its prediction, how good that is, and where it is worst."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.core.metrics import TOGETHER, Score, evaluate, without_ignored
from segstudio.core.regions import errors_by_distance, regions
from segstudio.core.volume import Grid, Volume
from segstudio.data.cases import Dataset
from segstudio.learn.run_folder import RunFolder
from segstudio.learn.timeline import labels_after

PREDICTED = 0.8  # of the work on a case; the rest are scores

Labels = NDArray[np.integer]
Mask = NDArray[np.bool_]
Tell = Callable[[float], None]


class PlaneCounts(NamedTuple):
    """How two masks of a class agree in each plane: voxels, shape ``(Z,)``.

    Attributes
    ----------
    wrong : ndarray of int
        Of one mask and not of the other.
    size : ndarray of int
        Of both together.
    """

    wrong: NDArray[np.intp]
    size: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Found:
    """A run's prediction of a case.

    Attributes
    ----------
    labels : ndarray of int, shape (Z, Y, X)
        Predicted label values, of the smallest type that holds them.
    classes : ClassTable
        What the run was trained to find.
    per_plane : bool
        Whether its network, and so its loss, sees planes and no volume.
    is_saved : bool
        Whether the prediction was kept in the run folder and not made anew.
    scores : tuple of Score
        Against the truth; empty where there is none.
    planes : dict of PlaneCounts
        By label value, None being all classes as one: how each plane compares with the truth.
        Counted anew where they are wanted, if left out.
    """

    labels: Labels
    classes: ClassTable
    per_plane: bool
    is_saved: bool = False
    scores: tuple[Score, ...] = ()
    planes: Mapping[int | None, PlaneCounts] = field(default_factory=dict)


def find_in_case(
    run: Path,
    case: str,
    volume: Volume,
    truth: Labels | None,
    classes: ClassTable,
    *,
    dataset: Dataset | None = None,
    tell: Tell = lambda _: None,
) -> Found:
    """Return what a run's best network predicts of a case, scored.

    Parameters
    ----------
    run : Path
        The run folder.
    case : str
        Its name.
    volume : Volume
        Its image.
    truth : ndarray of int, shape (Z, Y, X), or None
        True label values.
    classes : ClassTable
        Of the truth.
    dataset : Dataset, optional
        What the case is of; where the run was trained on the same and keeps what its best network
        predicted of this case, that is taken.
    tell : callable
        Told the share that is done; an exception it raises ends the work.

    Raises
    ------
    InputError
        The folder is not a run, or its network does not fit the image.
    """
    config, own = RunFolder.opened(run).read_config()
    saved = saved_prediction(run, case, volume.data.shape, dataset)
    labels = _predicted(run, volume, tell) if saved is None else saved
    small = labels.astype(np.min_scalar_type(int(labels.max(initial=0))))
    tell(PREDICTED)
    found = Found(small, own, config.dimensions == 2, saved is not None)
    if truth is None:
        return found
    scores = []
    for share, row in _scored(small, own, truth, classes, volume.grid):
        scores += row
        tell(PREDICTED + (1 - PREDICTED) * share)
    values = (None, *comparable_classes(classes, own).values[1:])
    planes = {value: _plane_counts(*masks_of(found, truth, classes, value)) for value in values}
    return replace(found, scores=tuple(scores), planes=planes)


def _predicted(run: Path, volume: Volume, tell: Tell) -> Labels:
    # Deferred: torch is loaded by who predicts.
    from segstudio.learn.predict import load_predictor

    return load_predictor(run).labels(volume, progress=lambda share: tell(PREDICTED * share))


def saved_prediction(
    run: Path, case: str, shape: tuple[int, ...], dataset: Dataset | None
) -> Labels | None:
    """Return what a finished run keeps of its best network's predictions of a case; None: nothing.

    A case of the same name in another dataset is another case.
    """
    folder = RunFolder.opened(run)
    summary, told = folder.read_summary(), folder.read_dataset()
    if summary is None or dataset is None or told.get("fingerprint") != dataset.fingerprint:
        return None
    try:
        epoch, labels = labels_after(run, case, summary["best_epoch"], shape)
    except InputError:
        return None
    return labels if epoch == summary["best_epoch"] else None


def comparable_classes(classes: ClassTable, predicted: ClassTable) -> ClassTable:
    """Return the classes that mean the same in the truth and in a prediction.

    Those with the same value and name; and classes without a name that the truth of this very
    case does not happen to hold.
    """
    known = {c.value: c.name for c in classes.foreground}
    unnamed = {c.value for c in predicted.foreground if c.name == f"class {c.value}"}
    rows = [c for c in predicted.foreground if known.get(c.value) == c.name]
    rows += [c for c in predicted.foreground if c.value in unnamed - set(known)]
    own = {c.value: c for c in classes.foreground}
    kept = sorted((own.get(c.value, c) for c in rows), key=lambda c: c.value)
    return ClassTable((classes.classes[0], *kept), classes.ignore)


def _as_trained(classes: ClassTable, predicted: ClassTable) -> ClassTable:
    """Return the truth's classes without the value that a training was told to ignore."""
    if predicted.ignore is None or classes.ignore is not None:
        return classes
    return classes.ignoring(predicted.ignore)


def score_case(
    predicted: Labels, predicted_classes: ClassTable, truth: Labels, classes: ClassTable, grid: Grid
) -> list[Score]:
    """Return the scores of a prediction, class by class; several classes as one come last."""
    return [
        row
        for _, rows in _scored(predicted, predicted_classes, truth, classes, grid)
        for row in rows
    ]


def _scored(
    predicted: Labels, predicted_classes: ClassTable, truth: Labels, classes: ClassTable, grid: Grid
) -> Iterable[tuple[float, list[Score]]]:
    """Yield the scores of one class after another, and the share that is done."""
    if predicted.shape != truth.shape:
        raise InputError(
            f"The prediction has shape {predicted.shape} but the truth has {truth.shape} (planes, "
            "rows, columns). Open the labels that belong to this image."
        )
    classes = _as_trained(classes, predicted_classes)
    table = comparable_classes(classes, predicted_classes)
    predicted = without_ignored(predicted, truth, classes)
    several = max(len(classes.foreground), len(predicted_classes.foreground)) > 1
    steps = len(table.foreground) + several
    for number, one in enumerate(table.foreground, 1):
        only = ClassTable((table.classes[0], one), table.ignore)
        yield number / steps, evaluate(predicted, truth, grid, only)
    if several:
        found, true = (
            np.isin(labels, own.values[1:]).astype(np.uint8)
            for labels, own in ((predicted, predicted_classes), (truth, classes))
        )
        yield 1.0, evaluate(found, true, grid, ClassTable.named({1: TOGETHER}))


def knows_class(found: Found, classes: ClassTable, value: int | None) -> bool:
    """Return whether a run was trained on a class of the truth; None, all as one: always."""
    classes = _as_trained(classes, found.classes)
    return value is None or value in comparable_classes(classes, found.classes).values[1:]


def masks_of(
    found: Found, truth: Labels, classes: ClassTable, value: int | None
) -> tuple[Mask, Mask]:
    """Return where a class was predicted, and where it truly is.

    Parameters
    ----------
    found : Found
        The prediction.
    truth : ndarray of int, shape (Z, Y, X)
        True label values.
    classes : ClassTable
        Of the truth.
    value : int or None
        Label value of the class; None: all classes as one.

    Raises
    ------
    InputError
        The run knows no such class.
    """
    classes = _as_trained(classes, found.classes)
    predicted = without_ignored(found.labels, truth, classes)
    if value is None:
        return np.isin(predicted, found.classes.values[1:]), np.isin(truth, classes.values[1:])
    if not knows_class(found, classes, value):
        raise InputError("This run was trained on other classes. Compare all classes as one.")
    return predicted == value, truth == value


def regions_of_case(
    found: Found,
    truth: Labels,
    classes: ClassTable,
    grid: Grid,
    *,
    value: int | None,
    weighted: bool,
) -> NDArray[np.uint8] | NDArray[np.float32]:
    """Return where a prediction is right and wrong: `regions`, or `errors_by_distance`.

    Distances are measured as the run's own loss sees them: in each plane, or in the volume.
    """
    predicted, true = masks_of(found, truth, classes, value)
    ignore = _as_trained(classes, found.classes).ignore
    cases = regions(predicted, true, None if ignore is None else truth == ignore)
    if not weighted:
        return cases
    return errors_by_distance(cases, true, grid.spacing, per_plane=found.per_plane)


def worst_plane(predicted: Mask, true: Mask, *, by: str = "dice") -> int | None:
    """Return the plane where two masks agree least; None where both are empty.

    Parameters
    ----------
    predicted, true : ndarray of bool, shape (Z, Y, X)
        Of one class.
    by : {'dice', 'voxels'}
        The lowest Dice, and of equal ones that with most wrong voxels; or most wrong voxels.
    """
    return _worst(_plane_counts(predicted, true), by)


def _plane_counts(predicted: Mask, true: Mask) -> PlaneCounts:
    wrong, found, there = (
        np.count_nonzero(mask, axis=(1, 2)) for mask in (predicted ^ true, predicted, true)
    )
    return PlaneCounts(wrong, found + there)


def _worst(counts: PlaneCounts, by: str) -> int | None:
    wrong, size = counts
    if not size.any():
        return None
    if by == "voxels":
        return int(wrong.argmax())
    # Dice is 1 − wrong / size.
    lack = np.where(size > 0, wrong / np.maximum(size, 1), -1.0)
    return int(np.lexsort((wrong, lack))[-1])


def worst_of(
    found: Mapping[Path, Found],
    truth: Labels,
    classes: ClassTable,
    *,
    value: int | None,
    by: str = "dice",
) -> tuple[Path, int] | None:
    """Return the run and the plane that are worst; None where no class is, found or true.

    Runs that know no such class are left out.

    Raises
    ------
    InputError
        None of them knows it.
    """
    places, lack = [], None
    for run, one in found.items():
        try:
            counts = one.planes.get(value) or _plane_counts(*masks_of(one, truth, classes, value))
        except InputError as error:
            lack = error
            continue
        plane = _worst(counts, by)
        if plane is not None:
            wrong, size = int(counts.wrong[plane]), int(counts.size[plane])
            places.append((wrong / size if by == "dice" else 0.0, wrong, run, plane))
    if not places:
        if lack is not None:
            raise lack
        return None
    _, _, run, plane = max(places, key=lambda place: place[:2])
    return run, plane
