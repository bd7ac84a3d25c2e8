"""The report of a comparison: one HTML file that needs no other, and its pictures beside it."""

import csv
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from matplotlib.figure import Figure

from segstudio import __version__
from segstudio.compare.region_figures import (
    draw_cases,
    draw_distance_maps,
    draw_regions,
    regions_of,
)
from segstudio.compare.study import Study
from segstudio.compare.study_figures import (
    CaseView,
    ChosenCase,
    choose_cases,
    curves_of,
    draw_predictions,
    draw_study_curves,
)
from segstudio.compare.table import Row, cells, columns, comparisons_of, table_of
from segstudio.core.regions import VoxelCase
from segstudio.data.atomic import write_text, written
from segstudio.data.datasets import Dataset, drawn, load_case

TABLE_NOTE = (
    "Mean ± standard deviation over seeds and folds. Dice is per case and class on the whole "
    "image, then the mean over cases, then over classes; pooled Dice takes all voxels together. "
    "NSD is the share of the contours within 2 mm of each other, or one pixel where the voxel size "
    "is not known. Missed are pairs of volume (plane) and class where the class is there and was "
    "predicted nowhere. Train Dice is that of the best network on the training cases."
)
TESTS_NOTE = (
    "Mean difference over test patients with its 95 % bootstrap interval (bias-corrected and "
    "accelerated); p of the Wilcoxon signed-rank test, and adjusted by Holm's method over the "
    "losses of a measure. Cases, classes and seeds of a patient are averaged first."
)
CURVES_NOTE = "Validation Dice by epoch: thin lines are single runs, thick ones their mean."
CASES_NOTE = (
    "Test cases, chosen by the mean Dice over losses: image, ground truth, and the prediction of "
    "each loss's best network (first seed), on the plane with most labels."
)
REGIONS_NOTE = (
    "Where the predictions are right and wrong, all classes as one: above as sets, below weighted "
    "by the distance to the contour, as the paper's equation 3 counts them. The sums are in "
    "regions.csv."
)
FOUR_CASES_NOTE = (
    "The four cases of a voxel, and what each adds to the boundary loss (equation 1) and to the "
    "sums of the modified one (equation 3), predictions taken as sure. Under equation 1 a missed "
    "voxel (case 1) adds nothing, which is the paper's argument; its gradient by the probability "
    "is as large as anywhere, which `segstudio lens` shows."
)
MAPS_NOTE = (
    "Signed distance maps of the largest classes in the plane: negative (blue) inside, positive "
    "(red) outside, zero at the contour."
)


def write_report(study: Study, dataset: Dataset) -> Path:
    """Write ``report.html`` and the pictures as PNG, SVG and CSV; return the report's path.

    What is there of the same study is replaced.

    Parameters
    ----------
    study : Study
        With a finished part at least.
    dataset : Dataset
        It was run on; the chosen cases are predicted anew from it, by the networks that are there.
    """
    rows = table_of(study)
    patients = {case.name: case.patient for case in dataset.cases}
    page = (
        _environment()
        .get_template("report.html")
        .render(
            title=f"Losses compared on {dataset.name}",
            about=_about(study, dataset),
            table=_table(rows),
            tests=_tests(study, patients),
            figures=_figures(study, dataset),
            settings=_settings(study),
        )
    )
    path = study.path / "report.html"
    write_text(path, page, overwrite=True)
    return path


def _figures(study: Study, dataset: Dataset) -> list[dict[str, str]]:
    """Write the pictures; return what the page shows of them."""
    _write_curves(study)
    curves = draw_study_curves(study)
    shown = [_picture(study, "curves", curves, "Learning curves", CURVES_NOTE)]
    views = _views(study, dataset, choose_cases(study))
    if not views:
        return shown
    _write_regions(study, views)
    # The case that is neither best nor worst stands for all.
    usual = next((view for view in views if "median" in view.title), views[0])
    for name, figure, title, note in (
        ("predictions", draw_predictions(views), "Predictions", CASES_NOTE),
        ("regions", draw_regions(views), "Regions", REGIONS_NOTE),
        ("cases", draw_cases(usual), "The four cases of a voxel", FOUR_CASES_NOTE),
        ("distance_maps", draw_distance_maps(views), "Distance maps", MAPS_NOTE),
    ):
        shown.append(_picture(study, name, figure, title, note))
    return shown


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("segstudio.compare"), autoescape=select_autoescape(), trim_blocks=True
    )


def _about(study: Study, dataset: Dataset) -> str:
    done = [part for part in study.parts if study.is_done(part)]
    sides = study.run_of(done[0]).read_split().as_dict()
    told = ", ".join(f"{len(names)} for {side}" for side, names in sides.items())
    folds = f" and {study.plan.folds} folds" if study.plan.folds else ""
    patients = len({case.patient for case in dataset.cases})
    return (
        f"{study.plan.about} {len(study.plan.titles)} losses, from {study.plan.seeds} seed(s)"
        f"{folds} on: {len(done)} of {len(study.parts)} trainings are finished. "
        f"{len(dataset.cases)} cases of {patients} patients ({dataset.layout}); of the cases "
        f"{told}{' in the first fold' if folds else ''}."
    ).strip()


def _table(rows: Sequence[Row]) -> dict[str, Any]:
    lines = [cells(row, rows) for row in rows]
    best = set()
    values = {3: [r.test_dice[0] for r in rows], 2: [r.train_dice[0] for r in rows]}
    for column, numbers in values.items():
        winner = max(range(len(rows)), key=lambda i: numbers[i])
        best.add((column, lines[winner][column]))
    return {"head": columns(rows), "lines": lines, "best": best, "note": TABLE_NOTE}


def _tests(study: Study, patients: Mapping[str, str]) -> dict[str, Any]:
    lines = [
        [
            f"{measure}: {loss}",
            str(t.patients),
            f"{t.difference:+.4g}",
            f"{t.low:+.4g} to {t.high:+.4g}",
            f"{t.p:.3g}",
            f"{p:.3g}",
        ]
        for measure, loss, _, t, p in comparisons_of(study, patients)
        if t.patients
    ]
    head = ["", "patients", "difference", "95 % interval", "p", "p (Holm)"]
    return {"head": head, "lines": lines, "against": study.plan.titles[0], "note": TESTS_NOTE}


def _settings(study: Study) -> str:
    told = json.loads((study.path / "study.json").read_text(encoding="utf-8"))
    environment = study.run_of(study.parts[0]).path / "environment.json"
    machine = json.loads(environment.read_text(encoding="utf-8")) if environment.exists() else {}
    return json.dumps({"segstudio": __version__, **told, "machine": machine}, indent=1)


def _picture(study: Study, name: str, figure: Figure, title: str, caption: str) -> dict[str, str]:
    """Write a picture as PNG and SVG; return what the page shows of it."""
    for suffix in ("png", "svg"):
        with written(study.path / f"{name}.{suffix}", overwrite=True) as temporary:
            figure.savefig(temporary, dpi=150, facecolor="white", format=suffix)
    buffer = BytesIO()
    figure.savefig(buffer, dpi=110, facecolor="white", format="png")
    png = b64encode(buffer.getvalue()).decode("ascii")
    return {"title": title, "caption": caption, "png": png}


def _write_curves(study: Study) -> None:
    text = StringIO()
    rows = csv.writer(text)
    rows.writerow(["loss", "run", "epoch", "validation Dice"])
    for loss, curves in curves_of(study).items():
        for run, curve in enumerate(curves):
            rows.writerows([loss, run, epoch, f"{v:.6g}"] for epoch, v in enumerate(curve, 1))
    write_text(study.path / "curves.csv", text.getvalue(), overwrite=True)


def _write_regions(study: Study, views: Sequence[CaseView]) -> None:
    text = StringIO()
    rows = csv.writer(text)
    names = ("true positive", "false positive", "false negative")
    rows.writerow(["case", "loss", *(f"{n}, voxels" for n in names), *names])
    for view in views:
        for title in view.predicted:
            found = regions_of(view, title)
            sets = (VoxelCase.FOUND, VoxelCase.FALSE_ALARM, VoxelCase.MISSED)
            sums = (found.true_positive, found.false_positive, found.false_negative)
            counts = [int(found.where(case).sum()) for case in sets]
            weighed = [f"{part.sum():.6g}" for part in sums]
            rows.writerow([view.title.replace("\n", " "), title, *counts, *weighed])
    write_text(study.path / "regions.csv", text.getvalue(), overwrite=True)


def _views(study: Study, dataset: Dataset, chosen: Sequence[ChosenCase]) -> list[CaseView]:
    """Return the chosen cases with the predictions of all networks that are there."""
    # Deferred: torch is loaded by who predicts.
    from segstudio.learn.predict import load_predictor

    parts = [part for part in study.first_parts if study.run_of(part).best.exists()]
    if not parts:
        return []
    config, classes = study.run_of(parts[0]).read_config()
    cases = drawn(dataset, config.landmarks) if config.landmarks else dataset
    loaded = [(c, *load_case(cases.case(c.name))) for c in chosen]
    predicted: list[dict[str, Any]] = [{} for _ in loaded]
    for part in parts:
        predictor = load_predictor(study.run_of(part).path)
        for found, (_, volume, _) in zip(predicted, loaded, strict=True):
            found[part.candidate.title] = predictor.labels(volume), predictor.classes
    return [
        CaseView(f"{c.name}\n({c.why})", volume, truth, classes, found)
        for (c, volume, truth), found in zip(loaded, predicted, strict=True)
    ]
