"""The pictures of a comparison: learning curves, and predictions on chosen cases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from segstudio.compare.figure import class_legend, overlay, view_box
from segstudio.compare.study import Study
from segstudio.compare.table import read_scores
from segstudio.core.labels import PALETTE, ClassTable
from segstudio.core.volume import Volume

MOST_COLUMNS = 8
WIDTH = 2.1  # inches of a picture


@dataclass(frozen=True)
class ChosenCase:
    """A test case that is shown, and why."""

    name: str
    why: str


def curves_of(study: Study) -> dict[str, NDArray[np.float64]]:
    """Return each loss's validation Dice, shape ``(parts, epochs)``, NaN where there is none."""
    found = {}
    for loss in study.losses:
        runs = [study.run_of(p) for p in study.parts if p.loss == loss and study.is_done(p)]
        curves = [_mean_dice(run.events()) for run in runs]
        if curves:
            longest = max(len(curve) for curve in curves)
            found[loss] = np.array([c + [np.nan] * (longest - len(c)) for c in curves])
    return found


def _mean_dice(records: Sequence[Mapping[str, Any]]) -> list[float]:
    """Return the validation Dice of every epoch of a run's log."""
    told = [r["mean_dice"] for r in records if r["event"] == "EpochDone"]
    return [np.nan if value is None else float(value) for value in told]


def draw_study_curves(study: Study) -> Figure:
    """Return the validation Dice of all losses by epoch: thin lines are runs, thick ones means."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axis = figure.subplots()
    for (loss, curves), color in zip(curves_of(study).items(), _colors(), strict=False):
        epochs = np.arange(1, curves.shape[1] + 1)
        for curve in curves if len(curves) > 1 else ():
            axis.plot(epochs, curve, color=color, lw=0.8, alpha=0.5)
        axis.plot(epochs, np.nanmean(curves, axis=0), color=color, lw=2, label=loss)
    axis.set(xlabel="epoch", ylabel="validation Dice", ylim=(0, 1))
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, fontsize=9)
    return figure


def _colors() -> list[str]:
    return [*PALETTE, "#444444", "#999999", "#882255", "#44aa99", "#117733"]


def choose_cases(study: Study) -> list[ChosenCase]:
    """Return test cases to show: where the losses did best, as usual, worst, and the smallest.

    Best, median and worst go by the mean Dice over losses and classes; the smallest is the case
    whose labelled planes, over its classes, are fewest. A case that is several is shown once.
    """
    dice: dict[str, list[float]] = {}
    planes: dict[str, int] = {}
    parts = study.first_parts
    for part in parts:
        for row in read_scores(study, part):
            if row["split"] != "test":
                continue
            if row["dice"] != "nan":
                dice.setdefault(row["case"], []).append(float(row["dice"]))
            if part == parts[0]:
                planes[row["case"]] = planes.get(row["case"], 0) + int(row["planes"])
    if not dice:
        return []
    order = sorted(dice, key=lambda name: float(np.mean(dice[name])))
    smallest = min((name for name in order if planes[name]), key=lambda name: planes[name])
    wanted = [
        (order[-1], "best"),
        (order[len(order) // 2], "median"),
        (order[0], "worst"),
        (smallest, "smallest"),
    ]
    reasons: dict[str, list[str]] = {}
    for name, why in wanted:
        reasons.setdefault(name, []).append(why)
    return [ChosenCase(name, ", ".join(why)) for name, why in reasons.items()]


def _view(
    volume: Volume, truth: NDArray[np.integer]
) -> tuple[int, tuple[slice, slice], float, tuple[int, int]]:
    """Return the plane to show, what of it, a pixel's height by its width, and rows and columns."""
    z = int((truth > 0).sum(axis=(1, 2)).argmax())
    box = view_box(truth[z])
    rows, columns = truth[z][box].shape
    return z, box, volume.spacing[1] / volume.spacing[2], (rows, columns)


def draw_predictions(
    rows: Sequence[tuple[str, Volume, NDArray[np.integer], Mapping[str, NDArray[np.integer]]]],
    classes: ClassTable,
) -> Figure:
    """Return a grid: for each case its image, the truth, and each loss's prediction.

    Parameters
    ----------
    rows : sequence
        Title, image, true label values ``(Z, Y, X)``, and by loss the predicted ones. The plane
        with most labelled voxels is shown, cut to what is labelled.
    classes : ClassTable
        Names and colours.
    """
    losses = list(rows[0][3])[: MOST_COLUMNS - 2]
    views = [_view(volume, truth) for _, volume, truth, _ in rows]
    ratios = [aspect * shape[0] / shape[1] for _, _, aspect, shape in views]
    size = (WIDTH * (2 + len(losses)), sum(WIDTH * ratio + 0.15 for ratio in ratios) + 0.6)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(len(rows), 2 + len(losses), squeeze=False, height_ratios=ratios)
    for line, view, (title, volume, truth, predicted) in zip(axes, views, rows, strict=True):
        z, box, aspect, _ = view
        shown: list[NDArray[np.integer] | None] = [None, truth, *(predicted[n] for n in losses)]
        for axis, labels in zip(line, shown, strict=True):
            axis.imshow(volume.data[z][box], cmap="gray", aspect=aspect)
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
            if labels is not None:
                overlay(axis, labels[z][box], classes, aspect)
        line[0].set_ylabel(f"{title}\nplane {z + 1} of {len(truth)}", fontsize=8)
    for axis, name in zip(axes[0], ("image", "ground truth", *losses), strict=True):
        axis.set_title(name, fontsize=9, wrap=True)
    class_legend(axes[-1][1], classes)
    return figure
