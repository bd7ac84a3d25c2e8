"""What to train a dataset with: one recommendation each, and why."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from segstudio.core.labels import ClassTable
from segstudio.data.doctor.examination import CaseReport

THICK = 3.0  # times the in-plane spacing: planes are seen one by one, as their neighbours differ
FEW_PLANES = 24
LARGEST_PLANE = 1024
PIXELS_A_STEP = 8 * 192 * 192  # what a step in 2-D takes at its usual size
PATCH_VOXELS = 96**3
MANY_PIECES = 5
TINY = 40  # voxels


@dataclass(frozen=True)
class Balance:
    """How rare a class is.

    Attributes
    ----------
    value, name : int, str
        Of the class.
    cases : int
        In how many cases it is.
    voxel_share : float
        Its share of all voxels of the labelled cases.
    plane_share : float
        The share of all planes that show it.
    objects : float
        Pieces in the median case that shows it.
    median_object : float
        Voxels of the median piece.
    """

    value: int
    name: str
    cases: int
    voxel_share: float
    plane_share: float
    objects: float
    median_object: float


@dataclass(frozen=True)
class Advice:
    """One setting to choose.

    Attributes
    ----------
    setting : str
        A field of the training's settings.
    value : object
        What to choose.
    reason : str
        Why, in a sentence.
    """

    setting: str
    value: Any
    reason: str


def balances(reports: Sequence[CaseReport], classes: ClassTable) -> list[Balance]:
    """Return how rare each class is among the labelled cases."""
    labelled = [r for r in reports if r.has_labels]
    voxels = sum(math.prod(r.shape) for r in labelled)
    planes = sum(r.shape[0] for r in labelled)
    rows = []
    for row in classes.foreground:
        found = [r.classes[row.value] for r in labelled if row.value in r.classes]
        rows.append(
            Balance(
                row.value,
                row.name,
                len(found),
                sum(f.voxels for f in found) / voxels if voxels else 0.0,
                sum(f.planes for f in found) / planes if planes else 0.0,
                float(np.median([f.objects for f in found])) if found else 0.0,
                float(np.median([f.median for f in found])) if found else 0.0,
            )
        )
    return rows


def advise(reports: Sequence[CaseReport], rows: Sequence[Balance]) -> list[Advice]:
    """Return what to train with; nothing where no image can be read or none has labels."""
    readable = [r for r in reports if r.has_labels]
    present = [row for row in rows if row.cases]
    if not readable or not present:
        return []
    dimensions = _dimensions(readable)
    patch = _patch(readable, int(dimensions.value))
    return [dimensions, patch, _batch(patch), _loss(present), _foreground(present)]


def _dimensions(reports: Sequence[CaseReport]) -> Advice:
    planes = float(np.median([r.shape[0] for r in reports]))
    ratio = float(np.median([r.spacing[0] / max(min(r.spacing[1:]), 1e-6) for r in reports]))
    if planes < FEW_PLANES:
        many = "One plane is" if planes == 1 else f"{planes:.0f} planes in the median image are"
        return Advice("dimensions", 2, f"{many} too few for 3-D.")
    if ratio > THICK:
        return Advice(
            "dimensions",
            2,
            f"Planes lie {ratio:.1f} times as far apart as pixels: neighbours tell little.",
        )
    if any(r.unit == "voxels" and r.spacing == (1.0, 1.0, 1.0) for r in reports):
        return Advice(
            "dimensions",
            3,
            f"{planes:.0f} planes in the median image; how far apart is not known, and 2-D is "
            "worth a try where they are thick.",
        )
    return Advice(
        "dimensions",
        3,
        f"{planes:.0f} planes, {ratio:.1f} times as far apart as pixels: neighbours tell much.",
    )


def _patch(reports: Sequence[CaseReport], dimensions: int) -> Advice:
    if dimensions == 2:
        reach = np.max([r.reach for r in reports], axis=0)
        sizes = tuple(min(LARGEST_PLANE, _upwards(n, 32)) for n in reach)
        reason = f"{reach[0]} × {reach[1]} pixels about the middle hold all that is labelled."
        return Advice("patch_size", sizes, reason)
    sides = np.median([r.shape for r in reports], axis=0)
    while np.prod(sides) > PATCH_VOXELS:
        sides[sides.argmax()] *= 0.9
    sizes = tuple(max(16, _upwards(n, 16)) for n in sides)
    reason = "The shape of the median image, as large as a step's memory allows."
    return Advice("patch_size", sizes, reason)


def _upwards(size: float, step: int) -> int:
    return step * math.ceil(size / step)


def _batch(patch: Advice) -> Advice:
    if len(patch.value) == 3:
        return Advice("batch_size", 2, "Patches of a volume are large; two share the norms.")
    size = PIXELS_A_STEP / math.prod(patch.value)
    batch = int(min(16, max(2, 2 ** round(math.log2(size)))))
    return Advice("batch_size", batch, "So that a step takes about as much as usual.")


def _loss(rows: Sequence[Balance]) -> Advice:
    smallest = min(rows, key=lambda row: row.median_object)
    most = max(rows, key=lambda row: row.objects)
    rarest = min(rows, key=lambda row: row.voxel_share)
    if smallest.median_object < TINY:
        return Advice(
            "loss",
            "dice + modified-boundary-log",
            f"The median piece of '{smallest.name}' has {smallest.median_object:.0f} voxels: a "
            "boundary term sees what Dice hardly counts, and Dice keeps it from going empty.",
        )
    if most.objects >= MANY_PIECES:
        return Advice(
            "loss",
            "dice",
            f"'{most.name}' comes in {most.objects:.0f} pieces an image: on the vertebrae of "
            "spines Dice was above every boundary loss alone, and its sums with "
            "'modified-boundary-log' were not told apart from it, in this program's own benchmark.",
        )
    return Advice(
        "loss",
        "modified-boundary-log",
        f"'{rarest.name}' is {rarest.voxel_share:.2%} of the voxels; on hearts it trained as well "
        "as Dice or a little better in this program's own benchmark.",
    )


def _foreground(rows: Sequence[Balance]) -> Advice:
    rarest = min(rows, key=lambda row: row.plane_share)
    if rarest.plane_share < 0.25:
        return Advice(
            "foreground_share",
            0.5,
            f"'{rarest.name}' shows in {rarest.plane_share:.0%} of the planes: half of the samples "
            "should hold a class.",
        )
    reason = f"Even '{rarest.name}' shows in {rarest.plane_share:.0%} of the planes."
    return Advice("foreground_share", 0.0, reason)
