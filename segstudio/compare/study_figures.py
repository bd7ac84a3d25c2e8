"""The pictures of a comparison: learning curves, and predictions on chosen cases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from segstudio.compare.figure import class_colors, legend_below, overlay, view_box
from segstudio.compare.study import Study
from segstudio.compare.table import compared_scores
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
    for title in study.plan.titles:
        runs = [study.run_of(part) for part in study.done_parts(title)]
        curves = [_mean_dice(run.events()) for run in runs]
        if curves:
            longest = max(len(curve) for curve in curves)
            found[title] = np.array([c + [np.nan] * (longest - len(c)) for c in curves])
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
        for row in compared_scores(study, part):
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


@dataclass(frozen=True, eq=False)
class CaseView:
    """A case as the figures show it: one plane, cut to what is labelled.

    Attributes
    ----------
    title : str
        Its name, and why it is shown.
    volume : Volume
        The image.
    truth : ndarray of int, shape (Z, Y, X)
        True label values.
    classes : ClassTable
        Of the truth.
    predicted : mapping
        For each candidate the predicted label values ``(Z, Y, X)``, and their classes.
    """

    title: str
    volume: Volume
    truth: NDArray[np.integer]
    classes: ClassTable
    predicted: Mapping[str, tuple[NDArray[np.integer], ClassTable]]

    @property
    def plane(self) -> int:
        """The plane with most labelled voxels."""
        return int((self.truth > 0).sum(axis=(1, 2)).argmax())

    @property
    def box(self) -> tuple[slice, slice]:
        """The rows and columns that are shown."""
        return view_box(self.truth[self.plane])

    @property
    def aspect(self) -> float:
        """A pixel's height by its width."""
        return self.volume.spacing[1] / self.volume.spacing[2]

    @property
    def ratio(self) -> float:
        """The picture's height by its width."""
        rows, columns = self.truth[self.plane][self.box].shape
        return float(self.aspect * rows / columns)

    def show_image(self, axis: Axes) -> None:
        """Draw the image in grey."""
        axis.imshow(self.volume.data[self.plane][self.box], cmap="gray", aspect=self.aspect)
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)


def image_grid(
    rows: Sequence[CaseView], titles: Sequence[str], *, text: float = 0.15
) -> tuple[Figure, NDArray[Any]]:
    """Return a figure and its axes ``(rows, columns)``, high enough for what each row shows.

    Parameters
    ----------
    rows : sequence of CaseView
        What each row shows.
    titles : sequence of str
        Of the columns.
    text : float
        Inches of text beneath a picture.
    """
    heights = [WIDTH * view.ratio + text for view in rows]
    figure = Figure(figsize=(WIDTH * len(titles) + 0.4, sum(heights) + 0.6), layout="constrained")
    axes = figure.subplots(len(rows), len(titles), squeeze=False, height_ratios=heights)
    for axis, title in zip(axes[0], titles, strict=True):
        axis.set_title("\n".join(wrap(title, 30)), fontsize=9)
    return figure, axes


def draw_predictions(views: Sequence[CaseView]) -> Figure:
    """Return a grid: for each case its image, the truth, and each candidate's prediction.

    Parameters
    ----------
    views : sequence of CaseView
        The cases; at least one, with the same candidates.
    """
    names = list(views[0].predicted)[: MOST_COLUMNS - 2]
    figure, axes = image_grid(views, ["image", "ground truth", *names])
    for line, view in zip(axes, views, strict=True):
        shown = [None, (view.truth, view.classes), *(view.predicted[name] for name in names)]
        for axis, labels in zip(line, shown, strict=True):
            view.show_image(axis)
            if labels is not None:
                overlay(axis, labels[0][view.plane][view.box], labels[1], view.aspect)
        where = f"plane {view.plane + 1} of {len(view.truth)}"
        line[0].set_ylabel(f"{view.title}\n{where}", fontsize=8)
    legend_below(figure, class_colors(views[0].classes))
    return figure
