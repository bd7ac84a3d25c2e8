"""One plane of a case with the truth and each run beside it, as a picture, and as a table."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from segstudio.compare.case_scores import Found, knows_class, masks_of
from segstudio.compare.figure import class_colors, legend_below, overlay, plain, view_box
from segstudio.compare.region_figures import FALSE_ALARM, FOUND, MISSED, REGION_COLORS
from segstudio.compare.study_figures import CaseView, image_grid
from segstudio.core.metrics import Score
from segstudio.core.regions import VoxelCase, errors_by_distance, regions
from segstudio.core.volume import Grid
from segstudio.data.atomic import written

COLUMNS = (
    *("case", "run", "class", "dice", "hd95", "assd", "nsd", "unit"),
    *("predicted_volume", "true_volume", "volume_unit", "planes", "missed_planes", "collapsed"),
)
OPAQUE = 0.75


@dataclass(frozen=True, eq=False)
class PlaneOfCase(CaseView):
    """A case as it is seen: the plane in view, cut to what is labelled or predicted in it.

    Attributes
    ----------
    chosen : int
        The plane.
    is_labelled : bool
        Whether there is a truth; where there is none, `truth` is empty.
    contrast : (float, float)
        The values drawn black and white.
    """

    chosen: int = 0
    is_labelled: bool = True
    contrast: tuple[float, float] = (0.0, 1.0)

    @property
    def plane(self) -> int:
        """The plane in view."""
        return self.chosen

    @property
    def box(self) -> tuple[slice, slice]:
        """The rows and columns of all that is labelled or predicted: no false alarm is cut off."""
        there = self.labelled[self.plane].copy()
        for labels, _ in self.predicted.values():
            there |= labels[self.plane] > 0
        return view_box(there)

    def show_image(self, axis: Axes) -> None:
        """Draw the image in grey, as bright as in the viewer."""
        low, high = self.contrast
        picture = self.volume.data[self.plane][self.box]
        axis.imshow(picture, cmap="gray", aspect=self.aspect, vmin=low, vmax=high)
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)


def draw_plane(
    view: PlaneOfCase, found: Mapping[str, Found] | None = None, value: int | None = None
) -> Figure:
    """Return the truth and each prediction side by side (Figure 4 of the paper).

    Parameters
    ----------
    view : PlaneOfCase
        The plane, with the prediction of each run.
    found : mapping, optional
        By the same names: where given, two rows more show where each run is right and wrong, as
        sets and weighted by distance (Figure 3), which is measured in this plane.
    value : int, optional
        Label value of the class whose regions are drawn; left out, all classes are taken as one.
    """
    names = list(view.predicted)
    titles = ["ground truth" if view.is_labelled else "image", *names]
    rows = [view] * (3 if found else 1)
    figure, axes = image_grid(rows, titles)
    shown = [(view.truth, view.classes), *view.predicted.values()]
    for axis, (labels, classes) in zip(axes[0], shown, strict=True):
        view.show_image(axis)
        overlay(axis, labels[view.plane][view.box], classes, view.aspect)
    axes[0][0].set_ylabel(view.where, fontsize=8)
    entries = class_colors(view.classes)
    if found:
        for line, is_weighted in zip(axes[1:], (False, True), strict=True):
            _draw_regions(line, view, found, value, is_weighted=is_weighted)
        entries = [*entries, *REGION_COLORS]
    legend_below(figure, entries)
    return figure


def _draw_regions(
    line: Sequence[Axes],
    view: PlaneOfCase,
    found: Mapping[str, Found],
    value: int | None,
    *,
    is_weighted: bool,
) -> None:
    """Draw a row of regions; its first picture has the truth's outline."""
    plane = slice(view.plane, view.plane + 1)
    truth = view.truth[plane]
    for axis in line:
        view.show_image(axis)
    of_class = "all classes" if value is None else _name(view, value)
    kind = "by distance" if is_weighted else "regions"
    line[0].set_ylabel(plain(f"{of_class},\n{kind}"), fontsize=8)
    drawn, axes = [], []
    for axis, one in zip(line[1:], found.values(), strict=True):
        if not knows_class(one, view.classes, value):
            axis.set_xlabel("trained on other classes", fontsize=7)
            continue
        axes.append(axis)
        here = Found(one.labels[plane], one.classes, one.per_plane)
        predicted, true = masks_of(here, truth, view.classes, value)
        ignored = None if view.classes.ignore is None else truth == view.classes.ignore
        cases = regions(predicted, true, ignored)[0]
        far = errors_by_distance(cases, true[0], view.volume.spacing[1:])
        drawn.append((cases, np.abs(far), true[0]))
    # One measure for all runs: that of the deepest voxel that any of them missed.
    missed = [float(far[cases == VoxelCase.MISSED].max(initial=0)) for cases, far, _ in drawn]
    reach = max(missed, default=0.0) or max((float(f.max()) for _, f, _ in drawn), default=0.0)
    for axis, (cases, far, _) in zip(axes, drawn, strict=True):
        strength = np.minimum(far / (reach or 1.0), 1.0) if is_weighted else np.ones(far.shape)
        axis.imshow(_colored(cases, strength)[view.box], aspect=view.aspect)
    mask = drawn[0][2][view.box] if drawn else np.zeros((1, 1), bool)
    if mask.any() and not mask.all():
        line[0].contour(mask, levels=[0.5], colors="white", linewidths=0.8)


def _name(view: CaseView, value: int) -> str:
    return next((c.name for c in view.classes.foreground if c.value == value), f"class {value}")


def _colored(cases: NDArray[np.uint8], strength: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return regions as colours with opacity, shape ``(Y, X, 4)``."""
    picture = np.zeros((*cases.shape, 4))
    colors = {VoxelCase.FOUND: FOUND, VoxelCase.MISSED: MISSED, VoxelCase.FALSE_ALARM: FALSE_ALARM}
    for case, color in colors.items():
        mask = cases == case
        picture[mask, :3] = to_rgb(color)
        picture[mask, 3] = OPAQUE * strength[mask]
    return picture


def score_rows(
    case: str, scores: Mapping[str, Sequence[Score]], grid: Grid
) -> list[dict[str, str]]:
    """Return the scores of each run and class as rows of a table, by column."""
    volume_unit = "ml" if grid.unit == "mm" else "voxels"
    rows = []
    for run, of_run in scores.items():
        for score in of_run:
            numbers = (score.dice, score.hd95, score.assd, score.nsd)
            volumes = (score.volume_ml, score.true * grid.voxel_ml)
            cells = [
                *(case, run, score.class_name, *(_number(n) for n in numbers), score.unit),
                *(*(f"{v:.6g}" for v in volumes), volume_unit),
                *(str(score.planes), str(score.missed_planes), "yes" if score.missed else "no"),
            ]
            rows.append(dict(zip(COLUMNS, cells, strict=True)))
    return rows


def _number(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.6g}"


def write_score_rows(
    path: Path, rows: Sequence[Mapping[str, str]], *, overwrite: bool = False
) -> None:
    """Write a table of scores as CSV, whole or not at all."""
    with (
        written(path, overwrite=overwrite) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)
