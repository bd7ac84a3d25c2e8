"""Pictures: a case with its truth, map and prediction; the curves of a run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from segstudio.core.distance import signed_distance
from segstudio.core.labels import IGNORED_COLOR, ClassTable
from segstudio.core.volume import Volume
from segstudio.data.atomic import written
from segstudio.learn.run_folder import RunFolder

MARGIN = 24
_LEGEND: dict[str, Any] = {
    "fontsize": 9,
    "frameon": False,
    "borderpad": 0.2,
    "handletextpad": 0.2,
    "columnspacing": 1.2,
}


def save_figure(figure: Figure, path: Path, *, overwrite: bool = False) -> Path:
    """Write a figure in the format of the path's suffix; return the path."""
    with written(path, overwrite=overwrite) as temporary:
        figure.savefig(temporary, dpi=150, facecolor="white")
    return path


def draw_case(
    volume: Volume,
    truth: NDArray[np.integer],
    prediction: NDArray[np.integer],
    classes: ClassTable,
    *,
    value: int,
    title: str = "",
) -> Figure:
    """Return a row of four: image, truth, distance map of a class, prediction.

    The plane is the middle one of those that are labelled; the view is cut to what is labelled.

    Parameters
    ----------
    volume : Volume
        The image.
    truth, prediction : ndarray of int, shape (Z, Y, X)
        Label values.
    classes : ClassTable
        Names and colours.
    value : int
        The class whose map is drawn.
    title : str
        Above the row.
    """
    labelled = np.flatnonzero((truth > 0).any(axis=(1, 2)))
    z = int(labelled[len(labelled) // 2]) if labelled.size else len(truth) // 2
    box = view_box(truth[z] + prediction[z])
    picture, true, found = (a[z][box] for a in (volume.data, truth, prediction))
    phi = signed_distance(truth[z], volume.spacing[1:], classes=[value])[0][box]
    figure = Figure(figsize=(12, 4.2), layout=ConstrainedLayoutEngine(h_pad=0.1))
    axes: Sequence[Axes] = figure.subplots(1, 4)
    aspect = volume.spacing[1] / volume.spacing[2]
    for axis in axes:
        axis.set_axis_off()
        axis.imshow(picture, cmap="gray", aspect=aspect)
    name = next(c.name for c in classes.classes if c.value == value)
    overlay(axes[1], true, classes, aspect)
    draw_map(figure, axes[2], phi, aspect)
    overlay(axes[3], found, classes, aspect)
    of_map = f"φ of the {name}, in {volume.grid.unit}"
    titles = ("image", "ground truth", of_map, "prediction")
    for axis, text in zip(axes, titles, strict=True):
        axis.set_title(text, fontsize=10)
    class_legend(axes[1], classes)
    if title:
        figure.suptitle(f"{title}, plane {z + 1} of {len(truth)}", fontsize=11)
    return figure


def view_box(mask: NDArray[np.integer] | NDArray[np.bool_]) -> tuple[slice, slice]:
    """Return rows and columns about what is labelled in a plane, with a margin; else all."""
    if not mask.any():
        return slice(None), slice(None)
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return (
        slice(max(0, rows[0] - MARGIN), rows[-1] + MARGIN),
        slice(max(0, columns[0] - MARGIN), columns[-1] + MARGIN),
    )


def overlay(axis: Axes, labels: NDArray[np.integer], classes: ClassTable, aspect: float) -> None:
    """Lay label values ``(Y, X)`` over a picture in the classes' colours."""
    shades = [*(c.color for c in classes.foreground), IGNORED_COLOR]
    colors = [(0, 0, 0, 0), *(to_rgba(shade, 0.55) for shade in shades)]
    indices = np.searchsorted(classes.values, labels)
    if classes.ignore is not None:
        indices[labels == classes.ignore] = len(classes)
    axis.imshow(
        indices,
        cmap=ListedColormap(colors),
        vmin=-0.5,
        vmax=len(classes) + 0.5,
        interpolation="nearest",
        aspect=aspect,
    )


def draw_map(figure: Figure, axis: Axes, phi: NDArray[np.float32], aspect: float) -> None:
    """Draw a signed distance map ``(Y, X)``: blue inside, red outside, the contour black."""
    reach = _reach(phi)
    shown = axis.imshow(phi, cmap="RdBu_r", vmin=-reach, vmax=reach, alpha=0.7, aspect=aspect)
    if min(phi.shape) > 1 and phi.min() < 0 < phi.max():
        axis.contour(phi, levels=[0.0], colors="black", linewidths=1.0)
    extend = "both" if reach < np.abs(phi).max() else "neither"
    # Inset, so that the panel keeps the size of its neighbours.
    beneath = axis.inset_axes((0.05, -0.09, 0.9, 0.05))
    bar = figure.colorbar(shown, cax=beneath, orientation="horizontal", extend=extend)
    bar.ax.tick_params(labelsize=8)


def _reach(phi: NDArray[np.float32]) -> float:
    """Return where the colours end: far outside the map is larger than inside by far."""
    depth, height = float(-phi.min()), float(np.abs(phi).max())
    return min(height, max(4 * depth, height / 2)) or 1.0


def class_legend(axis: Axes, classes: ClassTable) -> None:
    """Write the classes' names with their colours beneath a picture."""
    entries = class_colors(classes)
    legend = axis.legend(
        handles=_patches(axis, entries),
        loc="upper right",
        bbox_to_anchor=(1.0, -0.02),
        ncols=min(len(entries), 4),
        **_LEGEND,
    )
    legend.set_in_layout(False)  # it reaches under the first panel, where there is room


def legend_below(figure: Figure, entries: Sequence[tuple[str, str]]) -> None:
    """Write names with their colours beneath all that a figure holds."""
    figure.legend(
        handles=_patches(figure.axes[0], entries),
        loc="outside lower left",
        ncols=min(len(entries), 6),
        **_LEGEND,
    )


def class_colors(classes: ClassTable) -> list[tuple[str, str]]:
    """Return the colours and names of the foreground, and of what is ignored."""
    entries = [(c.color, c.name) for c in classes.foreground]
    return entries if classes.ignore is None else [*entries, (IGNORED_COLOR, "ignored")]


def _patches(axis: Axes, entries: Sequence[tuple[str, str]]) -> list[Any]:
    return [
        axis.scatter([], [], marker="s", s=50, color=color, label=plain(name))
        for color, name in entries
    ]


def plain(text: str) -> str:
    """Return a text that matplotlib draws as it is; it reads formulas between dollar signs."""
    return text.replace("$", r"\$")


def draw_curves(run: RunFolder) -> Figure:
    """Return the loss of every step, and the validation Dice of every epoch, of a run."""
    records = run.events()
    figure = Figure(figsize=(10, 3.8), layout="constrained")
    loss_axis, dice_axis = figure.subplots(1, 2)
    config, classes = run.read_config()
    _plot_loss(loss_axis, records)
    _plot_dice(dice_axis, records, classes)
    loss_axis.set_ylabel(f"training loss ({config.loss})")
    for axis in (loss_axis, dice_axis):
        axis.set_xlabel("epoch")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.spines[["top", "right"]].set_visible(False)
        # Above the axes: the curves may run anywhere in them.
        axis.legend(
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            ncols=4,
            fontsize=8,
            frameon=False,
            borderpad=0.0,
            handlelength=1.2,
            columnspacing=1.2,
        )
    return figure


def _plot_loss(axis: Axes, records: Sequence[Mapping[str, Any]]) -> None:
    losses = [np.nan if r["loss"] is None else r["loss"] for r in _kind(records, "StepDone")]
    steps = max((r["steps_per_epoch"] for r in _kind(records, "Started")), default=1)
    axis.plot(np.arange(1, len(losses) + 1) / steps, losses, color="#9bbbd4", lw=0.8, label="step")
    epochs = _kind(records, "EpochDone")
    axis.plot(
        [r["epoch"] for r in epochs],
        [r["loss"] for r in epochs],
        "o-",
        color="#0072b2",
        ms=3,
        label="mean of the epoch",
    )


def _plot_dice(axis: Axes, records: Sequence[Mapping[str, Any]], classes: ClassTable) -> None:
    epochs = _kind(records, "EpochDone")
    for c in classes.foreground:
        values = [r["dice"].get(c.name) for r in epochs]
        known = [np.nan if v is None else v for v in values]
        numbers = [r["epoch"] for r in epochs]
        axis.plot(numbers, known, "o-", color=c.color, ms=3, label=c.name, clip_on=False)
    best = [r["epoch"] for r in epochs if r["is_best"]]
    if best:
        axis.axvline(best[-1], color="#888888", lw=0.8, ls=":", label="best epoch")
    axis.set(ylabel="validation Dice", ylim=(0, 1))


def _kind(records: Sequence[Mapping[str, Any]], name: str) -> list[Mapping[str, Any]]:
    return [r for r in records if r["event"] == name]
