"""What is measured of each case: its header, its intensities, its labels."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b

import numpy as np
import scipy  # its parts load where they are used: a window need not wait for them
from numpy.typing import NDArray

from segstudio.core.errors import InputError, sentence
from segstudio.core.volume import Volume
from segstudio.data.cases import Case, Dataset
from segstudio.data.datasets import read_case_labels, read_image

Shape = tuple[int, int, int]
Spacing = tuple[float, float, float]
QUANTILES = (0.01, 0.5, 0.99)
_MOST_SAMPLES = 1_000_000  # intensities that quantiles are taken of
MOST_CLASSES = 255  # with background, as of a training


@dataclass(frozen=True)
class ClassReport:
    """What one label value is like in one case.

    Attributes
    ----------
    voxels, planes, objects : int
        How many voxels it has, in how many planes, in how many connected pieces.
    largest, median : float
        Voxels of its largest piece, and of the median one.
    """

    voxels: int
    planes: int
    objects: int
    largest: float
    median: float


@dataclass(frozen=True)
class CaseReport:
    """What was found in one case.

    Attributes
    ----------
    case : Case
        Which.
    problem : str
        Why its image cannot be read, or its labels cannot; empty where both can.
    shape : (int, int, int)
        ``(Z, Y, X)``; zeros where the image cannot be read.
    spacing : (float, float, float)
        Along ``(Z, Y, X)``, in `unit`.
    unit : {'mm', 'voxels'}
    channels : int
    doubts : tuple of str
        What its header contradicts itself in.
    intensities : tuple of float
        The 1 %, 50 % and 99 % quantiles of the first channel.
    no_numbers : int
        Voxels that are not finite, over all channels.
    digest : str
        The same for two images of the same voxels.
    classes : dict of int to ClassReport
        By label value, background left out; empty where there are no labels.
    reach : (int, int)
        Rows and columns of the smallest rectangle about the middle that holds all foreground.
    has_labels : bool
        Whether labels were read.
    """

    case: Case
    problem: str = ""
    shape: Shape = (0, 0, 0)
    spacing: Spacing = (0.0, 0.0, 0.0)
    unit: str = ""
    channels: int = 0
    doubts: tuple[str, ...] = ()
    intensities: tuple[float, ...] = ()
    no_numbers: int = 0
    digest: str = ""
    classes: dict[int, ClassReport] = field(default_factory=dict)
    reach: tuple[int, int] = (0, 0)
    has_labels: bool = False


def examine(dataset: Dataset) -> Iterator[CaseReport]:
    """Yield a report of each case of a dataset, one case in memory at a time."""
    for case in dataset.cases:
        yield examine_case(case)


def examine_case(case: Case) -> CaseReport:
    """Return what is found in a case; a file that cannot be read is a finding, no error."""
    try:
        volume = read_image(case)
    except (InputError, OSError) as error:
        return CaseReport(case, problem=sentence(error))
    report = _image_report(case, volume)
    if case.labels is None:
        return report
    try:
        labels = read_case_labels(case, volume)
    except (InputError, OSError) as error:
        return replace(report, problem=sentence(error))
    values = int(np.count_nonzero(np.bincount(labels.ravel())))
    if values > MOST_CLASSES:
        text = (
            f"'{case.labels}' holds {values} values, {MOST_CLASSES} are the most. Is it an image?"
        )
        return replace(report, problem=text)
    return replace(report, classes=_classes(labels), reach=_reach(labels), has_labels=True)


def _image_report(case: Case, volume: Volume) -> CaseReport:
    digest = blake2b(digest_size=16)
    for channel in volume.channels:
        digest.update(str((channel.shape, channel.dtype)).encode())
        digest.update(np.ascontiguousarray(channel).data)
    sample = volume.data.ravel()[:: max(1, volume.data.size // _MOST_SAMPLES)]
    sample = sample[np.isfinite(sample)] if sample.dtype.kind == "f" else sample
    quantiles = np.quantile(sample, QUANTILES) if sample.size else [np.nan] * len(QUANTILES)
    floats = [c for c in volume.channels if c.dtype.kind == "f"]
    return CaseReport(
        case,
        shape=volume.grid.shape,
        spacing=volume.spacing,
        unit=volume.grid.unit,
        channels=len(volume.channels),
        doubts=volume.grid.doubts,
        intensities=tuple(float(q) for q in quantiles),
        no_numbers=sum(c.size - int(np.isfinite(c).sum()) for c in floats),
        digest=digest.hexdigest(),
    )


def _classes(labels: NDArray[np.int32]) -> dict[int, ClassReport]:
    found: dict[int, ClassReport] = {}
    for value, box in enumerate(scipy.ndimage.find_objects(labels), 1):
        if box is None:
            continue
        mask = labels[box] == value
        numbers, objects = scipy.ndimage.label(mask, np.ones((3, 3, 3)))
        sizes = np.bincount(numbers.ravel())[1:]
        found[value] = ClassReport(
            voxels=int(mask.sum()),
            planes=int(mask.any(axis=(1, 2)).sum()),
            objects=int(objects),
            largest=float(sizes.max()),
            median=float(np.median(sizes)),
        )
    return found


def _reach(labels: NDArray[np.int32]) -> tuple[int, int]:
    shown = np.logical_or.reduce(labels != 0, axis=0)
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))

    def across(where: NDArray[np.intp], length: int) -> int:
        return int(np.abs(2 * where + 1 - length).max(initial=-1)) + 1

    return across(rows, shown.shape[0]), across(columns, shown.shape[1])
