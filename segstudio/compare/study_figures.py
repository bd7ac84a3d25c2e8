"""The pictures of a comparison: learning curves, and predictions on chosen cases."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from segstudio.compare.figure import class_colors, legend_below, overlay, plain, view_box
from segstudio.compare.results import Results
from segstudio.core.labels import PALETTE, ClassTable
from segstudio.core.volume import Volume

MOST_COLUMNS = 20  # beyond it a picture is wider than any page
WIDTH = 2.1  # inches of a picture


@dataclass(frozen=True)
class ChosenCase:
    """A test case that is shown, and why."""

    name: str
    why: str


def side_of_epochs(results: Results) -> str:
    """Return which side the epoch was chosen on, as figures and captions call it."""
    return "training" if results.study.plan.base.split == "none" else "validation"


def curves_of(results: Results) -> dict[str, NDArray[np.float64]]:
    """Return each candidate's Dice by epoch on the side that chooses the epoch.

    Shape ``(parts, epochs)``, NaN after a part's last epoch and where no class was.
    """
    found = {}
    for title in results.titles:
        curves = [_mean_dice(part.told) for part in results.of(title)]
        longest = max(len(curve) for curve in curves)
        found[title] = np.array([c + [np.nan] * (longest - len(c)) for c in curves])
    return found


def _mean_dice(records: Sequence[Mapping[str, Any]]) -> list[float]:
    """Return the Dice of every epoch of a run's log."""
    told = [r["mean_dice"] for r in records if r["event"] == "EpochDone"]
    return [np.nan if value is None else float(value) for value in told]


def draw_study_curves(results: Results) -> Figure:
    """Return the Dice of all losses by epoch: thin lines are runs, thick ones means."""
    curves = curves_of(results)
    figure = Figure(figsize=(8, 4 + 0.18 * max(0, len(curves) - 8)), layout="constrained")
    axis = figure.subplots()
    lines = itertools.product(("-", "--", ":"), _colors())  # a style for each round of colours
    for (title, table), (style, color) in zip(curves.items(), itertools.cycle(lines), strict=False):
        epochs = np.arange(1, table.shape[1] + 1)
        for curve in table if len(table) > 1 else ():
            axis.plot(epochs, curve, style, color=color, lw=0.8, alpha=0.5)
        # No mean of the survivors alone, where one stopped early.
        axis.plot(epochs, table.mean(axis=0), style, color=color, lw=2, label=plain(title))
    whose = ", mean over own classes" if results.as_one else ""
    axis.set(xlabel="epoch", ylabel=f"{side_of_epochs(results)} Dice{whose}", ylim=(0, 1))
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def _colors() -> list[str]:
    return [*PALETTE, "#444444", "#999999", "#882255", "#44aa99", "#117733"]


def choose_cases(results: Results) -> list[ChosenCase]:
    """Return test cases to show: where the losses did best, as usual, worst, and the smallest.

    Best, median and worst go by the mean Dice over losses and classes; the smallest is the case
    with the fewest labelled voxels. A case that is several is shown once.
    """
    dice: dict[str, list[float]] = {}
    size: dict[str, int] = {}
    for result in results.first:
        for row in results.test_scores(result):
            if row["dice"] != "nan":
                dice.setdefault(row["case"], []).append(float(row["dice"]))
            if result is results.first[0]:
                # Runs of earlier versions told planes alone.
                size[row["case"]] = size.get(row["case"], 0) + int(
                    row.get("true_voxels") or row["planes"]
                )
    if not dice:
        return []
    order = sorted(dice, key=lambda name: float(np.mean(dice[name])))
    wanted = [(order[-1], "best"), (order[len(order) // 2], "median"), (order[0], "worst")]
    if labelled := [name for name in order if size[name]]:
        wanted.append((min(labelled, key=lambda name: size[name]), "smallest"))
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
        return int(self.labelled.sum(axis=(1, 2)).argmax())

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """Where some class is; what is ignored is none."""
        return np.isin(self.truth, self.classes.values[1:])

    @property
    def where(self) -> str:
        """The title, and which plane is shown."""
        return plain(f"{self.title}\nplane {self.plane + 1} of {len(self.truth)}")

    @property
    def box(self) -> tuple[slice, slice]:
        """The rows and columns that are shown."""
        return view_box(self.labelled[self.plane])

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
        axis.set_title("\n".join(wrap(plain(title), 26)), fontsize=9)
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
        line[0].set_ylabel(view.where, fontsize=8)
    legend_below(figure, class_colors(views[0].classes))
    return figure
