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
from segstudio.compare.study import Study
from segstudio.compare.study_figures import (
    ChosenCase,
    choose_cases,
    curves_of,
    draw_predictions,
    draw_study_curves,
)
from segstudio.compare.table import Row, cells, columns, comparisons_of, table_of
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


def write_report(study: Study, dataset: Dataset) -> Path:
    """Write ``report.html`` and the pictures as PNG, SVG and CSV; return the report's path.

    What is there of the same study is replaced.

    Parameters
    ----------
    study : Study
        With a finished part at least.
    dataset : Dataset
        It was run on; the chosen cases are predicted anew from it.
    """
    curves = draw_study_curves(study)
    _write_curves(study)
    chosen = choose_cases(study)
    pictures = [_picture(study, "curves", curves, "Learning curves", CURVES_NOTE)]
    if chosen:
        grid = draw_predictions(*_predicted(study, dataset, chosen))
        pictures.append(_picture(study, "predictions", grid, "Predictions", CASES_NOTE))
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
            figures=pictures,
            settings=_settings(study),
        )
    )
    path = study.path / "report.html"
    write_text(path, page, overwrite=True)
    return path


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("segstudio.compare"), autoescape=select_autoescape(), trim_blocks=True
    )


def _about(study: Study, dataset: Dataset) -> str:
    done = sum(study.is_done(part) for part in study.parts)
    split = study.run_of(study.parts[0]).read_split()
    sides = ", ".join(f"{len(names)} {side}" for side, names in split.as_dict().items())
    folds = f", {study.folds} folds" if study.folds else ""
    patients = len({case.patient for case in dataset.cases})
    return (
        f"{len(study.losses)} losses, {study.seeds} seed(s){folds}: {done} of {len(study.parts)} "
        f"trainings finished. {len(dataset.cases)} cases of {patients} patients ({sides} cases in "
        f"the first split), layout: {dataset.layout}."
    )


def _table(rows: Sequence[Row]) -> dict[str, Any]:
    lines = [cells(row) for row in rows]
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
    return {"head": head, "lines": lines, "against": study.losses[0], "note": TESTS_NOTE}


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


def _predicted(study: Study, dataset: Dataset, chosen: Sequence[ChosenCase]) -> tuple[Any, Any]:
    """Return the rows that `draw_predictions` shows, and the classes."""
    # Deferred: torch is loaded by who predicts.
    from segstudio.learn.predict import load_predictor

    parts = study.first_parts
    config, classes = study.run_of(parts[0]).read_config()
    cases = drawn(dataset, config.landmarks) if config.landmarks else dataset
    loaded = [(c, *load_case(cases.case(c.name))) for c in chosen]
    predicted: list[dict[str, Any]] = [{} for _ in loaded]
    for part in parts:
        predictor = load_predictor(study.run_of(part).path)
        for found, (_, volume, _) in zip(predicted, loaded, strict=True):
            found[part.loss] = predictor.labels(volume)
    rows = [
        (f"{c.name}\n({c.why})", volume, truth, found)
        for (c, volume, truth), found in zip(loaded, predicted, strict=True)
    ]
    return rows, classes
