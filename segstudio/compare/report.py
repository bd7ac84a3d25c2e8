"""The report of a comparison: one HTML file that needs no other, and its pictures beside it."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape

from segstudio import __version__
from segstudio.compare.paired import NAMES, TESTED, Comparison
from segstudio.compare.report_pictures import write_pictures
from segstudio.compare.results import Result, Results
from segstudio.compare.statistics import FEWEST
from segstudio.compare.study_figures import side_of_epochs
from segstudio.compare.table import Row, cells, columns, table_of
from segstudio.core.metrics import COLLAPSED
from segstudio.data.atomic import write_text
from segstudio.data.datasets import Dataset

TABLE_NOTE = (
    "Mean ± standard deviation over seeds; of folds, over each seed's mean. Dice is per case and "
    "class on the whole image, then the mean over cases, then over classes; pooled Dice takes all "
    "voxels together. A case that holds a class in neither truth nor prediction counts for nothing "
    "there; one where the class was predicted and is not counts 0. HD95 and ASSD: lower is better; "
    "{distances} NSD is the share of the contours within 2 mm of each other, or one pixel where "
    "the voxel size is not known. Missed are pairs of volume (plane) and class where the class is "
    "there and was predicted nowhere, added up over trainings; collapsed, pairs of training and "
    f"class with a pooled test Dice below {COLLAPSED}, wherever it was predicted. Train Dice is "
    "that of the same network on the training cases. The highest test Dice is bold."
)
DISTANCES_NOTE = (
    "where one mask is empty they are the image's diagonal, and 'HD95 where predicted' leaves such "
    "cases out."
)
PLANES_NOTE = (
    "the voxel size is not known, so they are measured in each plane and the mean over planes is "
    "told; a plane where one mask alone is empty counts its diagonal, so that they tell most of "
    "all how many such planes there are."
)
AS_ONE_NOTE = (
    "The losses part the same structures into different classes, so all classes of a training are "
    "compared as one; its own classes, which may be mistaken for each other, are told in 'own "
    "classes' and in what is missed."
)
WATCHED_NOTE = (
    "The last Dice is the paper's protocol: of the epoch that is best on the test patients "
    "themselves, which flatters."
)
TESTS_NOTE = (
    "The difference is that of the loss minus that of {against}, the mean over test patients, "
    "which weigh alike; in Table 1 cases do, so the two may differ. Cases, classes and trainings "
    "of a patient are averaged first, over the seeds and folds that both have. The 95 % "
    f"interval (bias-corrected and accelerated bootstrap, from {FEWEST} patients on) is over "
    "patients, the networks as they are: how much another training would differ is not in it, and "
    "the spread in Table 1 tells it. p of the Wilcoxon signed-rank test, and adjusted by Holm's "
    "method over the losses of a measure; Dice is the primary one, and the p of the others is not "
    "adjusted for being several. Left out are values that one of the two has not: where a class "
    "is not there and one alone predicted it."
)
SHOWN_SETTINGS = ("learning_rate", "maps", "landmarks", "epochs")


def write_report(results: Results, dataset: Dataset, comparisons: Sequence[Comparison]) -> Path:
    """Write ``report.html`` and the pictures as PNG, SVG and CSV; return the report's path.

    What is there of the same study is replaced.

    Parameters
    ----------
    results : Results
        With a finished part at least.
    dataset : Dataset
        It was run on; the chosen cases are predicted anew from it, by the networks that are there.
    comparisons : sequence of Comparison
        From `comparisons_of`.
    """
    page = (
        _environment()
        .get_template("report.html")
        .render(
            title=f"Losses compared on {dataset.name}",
            about=_about(results, dataset),
            table=_table(results),
            tests=_tests(results, comparisons),
            figures=[asdict(picture) for picture in write_pictures(results, dataset)],
            guards=_guards(results),
            own=_own_settings(results),
            settings=_settings(results),
        )
    )
    path = results.study.path / "report.html"
    write_text(path, page, overwrite=True)
    return path


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("segstudio.compare"), autoescape=select_autoescape(), trim_blocks=True
    )


def _about(results: Results, dataset: Dataset) -> list[str]:
    plan = results.study.plan
    patient_of = {case.name: case.patient for case in dataset.cases}
    sides = results.parts[0].split.as_dict()
    told = ", ".join(
        f"{len(names)} cases of {len({patient_of.get(n, n) for n in names})} patients for {side}"
        for side, names in sides.items()
    )
    first = f" in fold {results.parts[0].part.fold}" if plan.folds else ""
    chosen = side_of_epochs(results)
    return [
        plan.about,
        f"{len(results.parts)} of {len(results.study.parts)} trainings are finished, of "
        f"{len(plan.titles)} losses. {dataset.layout.rstrip('.')}: {told}{first}.",
        f"The epoch that is evaluated is the one of the highest mean Dice on the {chosen} side."
        + (" There were too few cases to hold some back for that." if chosen == "training" else ""),
        *_versions(results),
    ]


def _versions(results: Results) -> list[str]:
    """Return what is to be said where parts come of other code than the rest."""
    versions = results.code_versions
    if len(versions) < 2:
        return []
    return [
        f"The trainings were made by {len(versions)} versions of the program, told at the end; "
        "whether their losses differ is not checked."
    ]


def _table(results: Results) -> dict[str, Any]:
    rows = table_of(results)
    head = columns(rows, results.units)
    lines = [cells(row, rows) for row in rows]
    best, column = _best(rows), head.index("test Dice")
    note = TABLE_NOTE.format(distances=PLANES_NOTE if results.counts_planes else DISTANCES_NOTE)
    if results.as_one:
        note = f"{note} {AS_ONE_NOTE}"
    if any("epoch chosen on test" in name for name in head):
        note = f"{note} {WATCHED_NOTE}"
    if len({row.parts for row in rows}) > 1 or results.study.plan.folds:
        note += " Losses with other seeds or folds finished are means over other trainings."
    bold = {(number, column) for number in best}
    return {"head": head, "lines": lines, "best": bold, "note": note}


def _best(rows: Sequence[Row]) -> list[int]:
    """Return which rows have the highest test Dice."""
    dice = [row.values["test Dice"][0] for row in rows]
    known = [value for value in dice if not math.isnan(value)]
    return [i for i, value in enumerate(dice) if known and value == max(known)]


def _tests(results: Results, comparisons: Sequence[Comparison]) -> dict[str, Any]:
    unit = " or ".join(sorted(results.units))
    heads = {
        measure: NAMES[measure] + ("" if more else f" ({unit}; below 0 is better)")
        for measure, more in TESTED.items()
    }
    lines = [
        [
            heads[each.measure],
            each.title,
            str(each.trainings),
            str(each.paired.patients),
            str(each.left_out),
            f"{each.paired.difference:+.4g}",
            _interval(each),
            f"{each.paired.p:.3g}",
            f"{each.p_adjusted:.3g}",
        ]
        for each in comparisons
        if each.paired.patients
    ]
    head = ["", "loss", "trainings", "patients", "left out"]
    head += ["difference", "95 % interval", "p", "p (Holm)"]
    against = results.study.plan.titles[0]
    note = TESTS_NOTE.format(against=against)
    return {"head": head, "lines": lines, "against": against, "note": note}


def _interval(each: Comparison) -> str:
    if math.isnan(each.paired.low):
        return f"none: fewer than {FEWEST} patients"
    return f"{each.paired.low:+.4g} to {each.paired.high:+.4g}"


def _guards(results: Results) -> list[str]:
    """Return what the guards said of each training, a sentence each."""
    return [
        f"{result.part.candidate.title}, seed {result.part.seed}"
        + ("" if result.part.fold is None else f", fold {result.part.fold}")
        + f", epoch {record['epoch']}: {record['text']}"
        for result in results.parts
        for record in result.told
        if record["event"] == "Guarded"
    ]


def _own_settings(results: Results) -> dict[str, Any]:
    """Return what losses brought or were given of their own, as a table."""
    lines = [
        [title, *(_word(getattr(results.of(title)[0].config, name)) for name in SHOWN_SETTINGS)]
        for title in results.titles
    ]
    losses = [results.of(title)[0].config.loss for title in results.titles]
    lines = [[line[0], loss, *line[1:]] for line, loss in zip(lines, losses, strict=True)]
    return {"head": ["", "loss", *(n.replace("_", " ") for n in SHOWN_SETTINGS)], "lines": lines}


def _word(value: Any) -> str:
    if value is None:
        return "none"
    return ", ".join(value.words()) if hasattr(value, "words") else str(value)


def _settings(results: Results) -> str:
    """Return plan, versions and machines as JSON; a part names its own where they differ."""
    told = json.loads((results.study.path / "study.json").read_text(encoding="utf-8"))
    made: dict[str, list[str]] = {}
    for result in results.parts:
        made.setdefault(json.dumps(result.environment), []).append(result.part.name)
    machines = [
        {**json.loads(environment), **({"parts": names} if len(made) > 1 else {})}
        for environment, names in made.items()
    ]
    common = _common(results.parts)
    report = {"report": __version__, **told, "all settings": common, "made with": machines}
    return json.dumps(report, indent=1, ensure_ascii=False)


def _common(parts: Sequence[Result]) -> Mapping[str, Any]:
    """Return the settings that all parts have alike."""
    dumps = [part.config.model_dump(mode="json") for part in parts]
    return {k: v for k, v in dumps[0].items() if all(dump[k] == v for dump in dumps)}
