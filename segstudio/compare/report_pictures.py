"""The pictures of a report, with their captions: written as PNG, SVG and CSV beside it."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from segstudio.compare.region_figures import (
    draw_cases,
    draw_distance_maps,
    draw_regions,
    regions_of,
)
from segstudio.compare.results import Results
from segstudio.compare.study_figures import (
    MOST_COLUMNS,
    CaseView,
    ChosenCase,
    choose_cases,
    curves_of,
    draw_predictions,
    draw_study_curves,
    side_of_epochs,
)
from segstudio.compare.table import write_csv
from segstudio.core.regions import VoxelCase
from segstudio.data.atomic import written
from segstudio.data.datasets import Dataset, drawn, load_case

CASES_NOTE = (
    "Test cases, chosen by the mean Dice over losses: image, ground truth, and the prediction of "
    "each loss's best network, on the plane with most labels."
)
REGIONS_NOTE = (
    "Where the predictions are right and wrong, all classes as one: above as sets, below weighted "
    "by the distance to the contour in this plane, as a 2-D network's loss weighs them in the "
    "paper's equation 3. The counts and the sums, in voxels and in the unit of length, are in "
    "regions.csv."
)
FOUR_CASES_NOTE = (
    "The four cases of a voxel, and what each adds to the boundary loss (equation 1) and to the "
    "sums of the modified one (equation 3), predictions taken as sure and distances measured in "
    "this plane. Under equation 1 a missed voxel (case 1) adds nothing, which is the paper's "
    "argument; its gradient by the probability is as large as anywhere, which `segstudio lens` "
    "shows."
)
MAPS_NOTE = (
    "Signed distance maps of the largest classes, measured in this plane: negative (blue) inside, "
    "positive (red) outside, zero at the contour."
)


@dataclass(frozen=True)
class Picture:
    """A picture as the page shows it: its title, what to say beneath, and its PNG as base64."""

    title: str
    caption: str
    png: str


def write_pictures(results: Results, dataset: Dataset) -> list[Picture]:
    """Write all pictures and their numbers; return what the page shows of them.

    Parameters
    ----------
    results : Results
        With a finished part at least.
    dataset : Dataset
        The chosen cases are predicted anew from it, by the networks that are there.
    """
    folder = results.study.path
    side = side_of_epochs(results)
    caption = f"{side.capitalize()} Dice by epoch: thin lines are runs, thick ones their mean."
    _write_curves(results, side)
    curves = draw_study_curves(results)
    shown = [_written(folder, "curves", curves, "Learning curves", caption)]
    views = _views(results, dataset, choose_cases(results))
    if not views:
        return shown
    _write_regions(folder, views)
    whose = _whose(results, views)
    # The case that is neither best nor worst stands for all.
    usual = next((view for view in views if "median" in view.title), views[0])
    for name, figure, title, note in (
        ("predictions", draw_predictions(views), "Predictions", f"{CASES_NOTE} {whose}"),
        ("regions", draw_regions(views), "Regions", REGIONS_NOTE),
        ("cases", draw_cases(usual), "The four cases of a voxel", FOUR_CASES_NOTE),
        ("distance_maps", draw_distance_maps(views), "Distance maps", MAPS_NOTE),
    ):
        shown.append(_written(folder, name, figure, title, note))
    return shown


def _whose(results: Results, views: Sequence[CaseView]) -> str:
    """Return which trainings predicted, and how many losses are not shown."""
    seed, fold = results.first[0].at
    told = f"Seed {seed}" + ("." if fold is None else f", fold {fold}.")
    shown, all_of = len(views[0].predicted), len(results.titles)
    fits = min(shown, MOST_COLUMNS - 2)
    if fits < all_of:
        told += f" Shown are {fits} of {all_of} losses: of others no network is kept here, or "
        told += "there is no room."
    return told


def _written(folder: Path, name: str, figure: Figure, title: str, caption: str) -> Picture:
    """Write a picture as PNG and SVG; return what the page shows of it."""
    for suffix in ("png", "svg"):
        with written(folder / f"{name}.{suffix}", overwrite=True) as temporary:
            figure.savefig(temporary, dpi=150, facecolor="white", format=suffix)
    buffer = BytesIO()
    figure.savefig(buffer, dpi=110, facecolor="white", format="png")
    return Picture(title, caption, b64encode(buffer.getvalue()).decode("ascii"))


def _write_curves(results: Results, side: str) -> None:
    lines = [
        [title, str(result.part.seed), _fold(result.part.fold), str(epoch), f"{dice:.6g}"]
        for title, curves in curves_of(results).items()
        for result, curve in zip(results.of(title), curves, strict=True)
        for epoch, dice in enumerate(curve, 1)
    ]
    head = ["loss", "seed", "fold", "epoch", f"{side} Dice"]
    write_csv(results.study.path / "curves.csv", head, lines)


def _fold(fold: int | None) -> str:
    return "" if fold is None else str(fold)


def _write_regions(folder: Path, views: Sequence[CaseView]) -> None:
    names = ("true positive", "false positive", "false negative")
    lines = []
    for view in views:
        for title in view.predicted:
            found = regions_of(view, title)
            sets = (VoxelCase.FOUND, VoxelCase.FALSE_ALARM, VoxelCase.MISSED)
            sums = (found.true_positive, found.false_positive, found.false_negative)
            counts = [str(int(found.where(case).sum())) for case in sets]
            weighed = [f"{part.sum():.6g}" for part in sums]
            lines.append([view.title.replace("\n", " "), title, *counts, *weighed])
    unit = views[0].volume.grid.unit
    head = ["case", "loss", *(f"{n}, voxels" for n in names), *(f"{n}, {unit}" for n in names)]
    write_csv(folder / "regions.csv", head, lines)


def _views(results: Results, dataset: Dataset, chosen: Sequence[ChosenCase]) -> list[CaseView]:
    """Return the chosen cases with the predictions of all networks that are there."""
    # Deferred: torch is loaded by who predicts.
    from segstudio.learn.predict import load_predictor

    parts = [result for result in results.first if result.run.best.exists()]
    if not parts:
        return []
    config, classes = parts[0].run.read_config()
    cases = drawn(dataset, config.landmarks) if config.landmarks else dataset
    loaded = [(c, *load_case(cases.case(c.name))) for c in chosen]
    predicted: list[dict[str, Any]] = [{} for _ in loaded]
    for result in parts:
        predictor = load_predictor(result.run.path)
        for found, (_, volume, _) in zip(predicted, loaded, strict=True):
            found[result.part.candidate.title] = predictor.labels(volume), predictor.classes
    return [
        CaseView(f"{c.name}\n({c.why})", volume, truth, classes, found)
        for (c, volume, truth), found in zip(loaded, predicted, strict=True)
    ]
