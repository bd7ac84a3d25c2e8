"""The paper's figures 2, 3 and 5 for a comparison: cases of a voxel, regions, distance maps."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from segstudio.compare.figure import class_colors, draw_map, legend_below, overlay, plain
from segstudio.compare.study_figures import MOST_COLUMNS, CaseView, image_grid
from segstudio.core.distance import signed_distance
from segstudio.core.labels import IGNORED, LabelClass
from segstudio.core.regions import CASE_COLORS, CASE_NAMES, RegionMaps, VoxelCase, region_maps

MOST_MAPS = 4
FOUND, MISSED, FALSE_ALARM = CASE_COLORS.values()
REGION_COLORS = tuple((CASE_COLORS[case], name) for case, name in CASE_NAMES.items())
CASES = (
    (VoxelCase.MISSED, "1: target predicted as background", MISSED),
    (VoxelCase.FOUND, "2: target predicted as target", FOUND),
    (VoxelCase.LEFT_ALONE, "3: background predicted as background", "#56b4e9"),
    (VoxelCase.FALSE_ALARM, "4: background predicted as target", FALSE_ALARM),
)


def draw_regions(views: Sequence[CaseView]) -> Figure:
    """Return where each prediction is right and wrong, plain and weighted by distance (Figure 3).

    All classes are taken as one. In the second row of a case a region is the brighter, the more
    a voxel weighs in equation 3: φ_t where it was found or missed, φ_bg where it is a false alarm.

    Parameters
    ----------
    views : sequence of CaseView
        The cases; at least one, with the same candidates.
    """
    titles = list(views[0].predicted)[:MOST_COLUMNS]
    rows = [view for view in views for _ in range(2)]
    figure, axes = image_grid(rows, titles)
    for number, (line, view) in enumerate(zip(axes, rows, strict=True)):
        is_weighted = bool(number % 2)
        for axis, title in zip(line, titles, strict=True):
            view.show_image(axis)
            found = regions_of(view, title)
            axis.imshow(_colored(found, view.box, weighted=is_weighted), aspect=view.aspect)
        line[0].set_ylabel("by distance" if is_weighted else view.where, fontsize=8)
    legend_below(figure, REGION_COLORS)
    return figure


def regions_of(view: CaseView, title: str, value: int | None = None) -> RegionMaps:
    """Return the regions of a prediction in the plane that is shown.

    Parameters
    ----------
    view : CaseView
        The case.
    title : str
        The candidate.
    value : int, optional
        Label value of a class; left out, all classes are taken as one.
    """
    labels, classes = view.predicted[title]
    predicted, true = (
        (plane[view.plane] == value if value else np.isin(plane[view.plane], table.values[1:]))
        for plane, table in ((labels, classes), (view.truth, view.classes))
    )
    target = true.astype(np.uint8)
    if view.classes.ignore is not None:
        target[view.truth[view.plane] == view.classes.ignore] = IGNORED
    return region_maps(
        predicted.astype(np.uint8),
        target,
        view.volume.spacing[1:],
        classes=[1],
        ignore=IGNORED,
    )


def _colored(found: RegionMaps, box: tuple[slice, slice], *, weighted: bool) -> NDArray[np.float64]:
    """Return the regions as colours with opacity, shape ``(Y, X, 4)``."""
    weights = (found.true_positive, found.false_negative, found.false_positive)
    shown = (VoxelCase.FOUND, VoxelCase.MISSED, VoxelCase.FALSE_ALARM)
    picture = np.zeros((*found.cases[0][box].shape, 4))
    # The deepest target voxel has the full colour: far false alarms would dim all else.
    reach = max(float((weights[0] + weights[1]).max()), 1e-6)
    for case, weight, color in zip(shown, weights, (FOUND, MISSED, FALSE_ALARM), strict=True):
        mask = found.where(case)[0][box]
        picture[mask, :3] = to_rgb(color)
        strength = np.minimum(weight[0][box] / reach, 1.0) if weighted else np.ones(mask.shape)
        picture[mask, 3] = 0.75 * strength[mask]
    return picture


def draw_cases(view: CaseView) -> Figure:
    """Return the four cases of a voxel, and what each adds to equations 1 and 3 (Figure 2).

    The class with most voxels in the plane, a row for each candidate; predictions are taken as
    sure, s being 0 or 1, as the paper's argument does.
    """
    titles = list(view.predicted)
    figure, axes = image_grid([view] * len(titles), [name for _, name, _ in CASES], text=0.5)
    chosen = _largest(view, 1)[0]
    for line, title in zip(axes, titles, strict=True):
        has_class = any(c.name == chosen.name for c in view.predicted[title][1].foreground)
        found = regions_of(view, title, chosen.value if has_class else None)
        for axis, (case, _, color) in zip(line, CASES, strict=True):
            view.show_image(axis)
            mask = found.where(case)[0]
            shade = np.zeros((*mask[view.box].shape, 4))
            shade[mask[view.box]] = (*to_rgb(color), 0.6)
            axis.imshow(shade, aspect=view.aspect)
            axis.set_xlabel(_added(found, case, view.volume.grid.unit), fontsize=7)
        whose = chosen.name if has_class else "all classes"
        line[0].set_ylabel(plain(f"{title}\n{whose}"), fontsize=8)
    figure.suptitle(view.where.replace("\n", ", "), fontsize=9)
    return figure


def _added(found: RegionMaps, case: VoxelCase, unit: str) -> str:
    """Return what the voxels of a case add to the two equations, in words."""
    mask = found.where(case)
    true, missed, alarm = (
        float(part[mask].sum())
        for part in (found.true_positive, found.false_negative, found.false_positive)
    )
    of_ratio = {
        VoxelCase.MISSED: f"{missed:+,.0f} FN",
        VoxelCase.FOUND: f"{true:+,.0f} TP",
        VoxelCase.LEFT_ALONE: "nothing",
        VoxelCase.FALSE_ALARM: f"{alarm:+,.0f} FP",
    }[case]
    told = f"{mask.sum():,} voxels\n(1): {alarm - true:+,.0f} {unit}\n(3): {of_ratio}"
    return told.replace("-", "−")


def draw_distance_maps(views: Sequence[CaseView]) -> Figure:
    """Return the signed distance maps of the largest classes of each case (Figure 5).

    Blue is inside, red outside, the contour black; in each plane for itself, as a 2-D network's
    loss sees them, before a loss caps or scales them.
    """
    most = min(MOST_MAPS, max(len(view.classes.foreground) for view in views))
    names = [f"φ, class {i + 1} by size" for i in range(most)] if most > 1 else ["φ"]
    figure, axes = image_grid(views, ["ground truth", *names], text=0.45)
    for line, view in zip(axes, views, strict=True):
        view.show_image(line[0])
        overlay(line[0], view.truth[view.plane][view.box], view.classes, view.aspect)
        line[0].set_ylabel(view.where, fontsize=8)
        for axis in line[1:]:
            axis.set_visible(False)
        for axis, one in zip(line[1:], _largest(view, most), strict=False):
            axis.set_visible(True)
            view.show_image(axis)
            spacing = view.volume.spacing[1:]
            phi = signed_distance(view.truth[view.plane], spacing, classes=[one.value])[0]
            draw_map(figure, axis, phi[view.box], view.aspect)
            axis.set_title(plain(f"φ of the {one.name}, in {view.volume.grid.unit}"), fontsize=8)
    legend_below(figure, class_colors(views[0].classes))
    return figure


def _largest(view: CaseView, most: int) -> list[LabelClass]:
    """Return the classes with most voxels in the plane, the largest first; at least one."""
    plane: Any = view.truth[view.plane]
    sizes = {c: int(np.count_nonzero(plane == c.value)) for c in view.classes.foreground}
    order = sorted(sizes, key=lambda c: -sizes[c])
    return [c for c in order if sizes[c]][:most] or order[:1]
