"""What is wrong with a dataset, or may be: a sentence each."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.data.cases import Dataset
from segstudio.data.doctor.examination import CaseReport
from segstudio.data.layouts.beside import image_files, is_label_file
from segstudio.data.splits import Split, split_by_patient

Level = Literal["error", "warning", "note"]
FAR_SPACING = 2.0  # times the median, or below its inverse
FAR_INTENSITY = 6.0  # median absolute deviations of the logarithm
LEAST_DEVIATION = 0.1
LOSSY = (".jpg", ".jpeg")
LEAST_CASES = 5  # of which a median is taken for the rule


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes
    ----------
    level : {'error', 'warning', 'note'}
        ``'error'`` where something is broken and a training would stop or learn nonsense.
    about : str
        The case, or empty for the dataset.
    text : str
        One sentence: what, and what to do.
    """

    level: Level
    about: str
    text: str


def findings(dataset: Dataset, reports: Sequence[CaseReport], classes: ClassTable) -> list[Finding]:
    """Return all that is wrong or doubtful, errors first.

    Parameters
    ----------
    dataset : Dataset
        What was examined.
    reports : sequence of CaseReport
        Of all its cases.
    classes : ClassTable
        The classes that its labels may have.
    """
    checks = (
        [Finding("warning", "", note) for note in dataset.notes],
        _of_cases(reports),
        _stray_values(reports, classes),
        _lossy(reports),
        _missing(reports),
        _twins(reports),
        _unpaired(dataset),
        _spacings(reports),
        _intensities(reports),
        _sides(dataset, reports, classes),
    )
    order = ("error", "warning", "note")
    return sorted((f for found in checks for f in found), key=lambda f: order.index(f.level))


def _of_cases(reports: Sequence[CaseReport]) -> Iterator[Finding]:
    for report in reports:
        name = report.case.name
        if report.problem:
            yield Finding("error", name, report.problem)
        yield from (Finding("warning", name, doubt) for doubt in report.doubts)
        if report.no_numbers:
            text = f"{report.no_numbers} voxels are no numbers; 0 is taken for them."
            yield Finding("warning", name, text)
        if report.has_labels and not report.classes:
            yield Finding("warning", name, "The labels are empty: background alone.")
    unsized = [r for r in reports if r.unit == "voxels"]
    if unsized:
        yield Finding(
            "note",
            "",
            f"{len(unsized)} of {len(reports)} images have no true voxel size in their header (1, "
            "1, 1 or no unit): lengths are in voxels, and HD95 is measured in plane.",
        )


def _stray_values(reports: Sequence[CaseReport], classes: ClassTable) -> Iterator[Finding]:
    known = {*classes.values, classes.ignore}
    for report in reports:
        stray = sorted(set(report.classes) - known)
        if stray:
            values = ", ".join(f"{v} ({report.classes[v].voxels} voxels)" for v in stray[:5])
            text = f"The labels hold values that are no class of this dataset: {values}."
            yield Finding("error", report.case.name, text)


def _lossy(reports: Sequence[CaseReport]) -> Iterator[Finding]:
    labels = [(r.case.name, r.case.labels) for r in reports]
    lossy = [name for name, p in labels if p is not None and p.suffix.lower() in LOSSY]
    if lossy:
        yield Finding(
            "warning",
            lossy[0],
            f"{len(lossy)} label file(s) are JPEG, which changes values: classes appear that "
            "nobody drew. This is the first. Save labels as PNG or NIfTI.",
        )


def _missing(reports: Sequence[CaseReport]) -> Iterator[Finding]:
    readable = [r for r in reports if not r.problem]
    bare = [r for r in readable if not r.has_labels and r.case.official_split != "test"]
    if readable and not any(r.has_labels for r in readable):
        yield Finding("warning", "", "No image has labels: there is nothing to learn from yet.")
    elif bare:
        yield Finding(
            "warning",
            bare[0].case.name,
            f"{len(bare)} of {len(reports)} images have no labels; this is the first. Add them, or "
            "train with skip_unlabelled.",
        )
    channels = {r.channels for r in readable}
    if len(channels) > 1:
        odd = min(readable, key=lambda r: sum(s.channels == r.channels for s in readable))
        yield Finding(
            "error",
            odd.case.name,
            f"It has {odd.channels} channel(s), others have {sorted(channels - {odd.channels})}. "
            "All cases need the same sequences.",
        )


def _twins(reports: Sequence[CaseReport]) -> Iterator[Finding]:
    same: dict[str, list[CaseReport]] = defaultdict(list)
    for report in reports:
        if report.digest:
            same[report.digest].append(report)
    for first, *others in same.values():
        for other in others:
            text = f"The image is that of '{first.case.name}', voxel by voxel."
            if first.case.patient != other.case.patient:
                text += " They count as two patients, who may come to lie on two sides of a split."
            yield Finding("warning", other.case.name, text)


def _unpaired(dataset: Dataset) -> Iterator[Finding]:
    """Yield a finding where there are label files that belong to no image."""
    if not dataset.root.is_dir():
        return
    used = {path for case in dataset.cases for path in (*case.channels, case.labels)}
    named = (p for p in image_files(dataset.root) if is_label_file(p, dataset.root))
    alone = [p for p in named if p not in used]
    if alone:
        yield Finding(
            "warning",
            "",
            f"{len(alone)} label file(s) belong to no image; the first is '{alone[0]}'. Add the "
            "image, or correct the name.",
        )


def _spacings(reports: Sequence[CaseReport]) -> Iterator[Finding]:
    sized = [r for r in reports if r.unit == "mm"]
    if len(sized) < LEAST_CASES:
        return
    usual = np.median([r.spacing for r in sized], axis=0)
    for report in sized:
        ratio = np.array(report.spacing) / usual
        if (np.maximum(ratio, 1 / ratio) > FAR_SPACING).any():
            here, there = (" × ".join(f"{s:.3g}" for s in n) for n in (report.spacing, usual))
            text = f"The spacing {here} mm is far from the usual {there} mm."
            yield Finding("warning", report.case.name, text)


def _intensities(reports: Sequence[CaseReport]) -> Iterator[Finding]:
    """Yield images of one value, and those whose values span far more or less than others'."""
    read = [r for r in reports if r.intensities and np.isfinite(r.intensities).all()]
    # Spreads are compared, not levels: images are normalised one by one.
    spreads = np.array([r.intensities[-1] - r.intensities[0] for r in read])
    for report, spread in zip(read, spreads, strict=True):
        if spread <= 0:
            yield Finding("warning", report.case.name, "Nearly all of the image is of one value.")
    if len(read) < LEAST_CASES:
        return
    logs = np.log(np.maximum(spreads, 1e-6))
    usual = float(np.median(logs))
    deviation = max(float(np.median(np.abs(logs - usual))), LEAST_DEVIATION)
    for report, spread, log in zip(read, spreads, logs, strict=True):
        if spread > 0 and abs(log - usual) > FAR_INTENSITY * deviation:
            yield Finding(
                "warning",
                report.case.name,
                f"Its intensities span {spread:.4g}, others' {np.exp(usual):.4g}: another scanner, "
                "unit or scaling?",
            )


def _sides(
    dataset: Dataset, reports: Sequence[CaseReport], classes: ClassTable
) -> Iterator[Finding]:
    by_patient: dict[str, set[str]] = defaultdict(set)
    for case in dataset.cases:
        if case.official_split:
            by_patient[case.patient].add(case.official_split)
    both = [patient for patient, sides in by_patient.items() if len(sides) > 1]
    if both:
        yield Finding(
            "warning",
            "",
            f"{len(both)} patient(s) lie on both of the dataset's own sides; the first is "
            f"'{both[0]}'. Their training cases are left to the test side.",
        )
    labelled = [r.case for r in reports if r.has_labels]
    if not labelled:
        return
    try:
        split = split_by_patient(labelled, seed=0, presence=_presence(reports))
    except InputError as error:
        yield Finding("warning", "", str(error))
        return
    yield from _absent(split, reports, classes)


def _presence(reports: Sequence[CaseReport]) -> dict[str, frozenset[int]]:
    """Return the label values in each case, as a training sees them, background among them."""
    whole = {r.case.name: math.prod(r.shape) for r in reports}
    return {
        r.case.name: frozenset(r.classes)
        | ({0} if sum(c.voxels for c in r.classes.values()) < whole[r.case.name] else set())
        for r in reports
        if r.has_labels
    }


def _absent(split: Split, reports: Sequence[CaseReport], classes: ClassTable) -> Iterator[Finding]:
    """Yield a finding for each class that one side of a split lacks."""
    present = {r.case.name: set(r.classes) for r in reports}
    for side, names in split.as_dict().items():
        there = set().union(*(present[name] for name in names))
        for row in classes.foreground:
            if row.value not in there and any(row.value in found for found in present.values()):
                yield Finding(
                    "warning",
                    "",
                    f"No case of the {side} side has '{row.name}' (seed 0). Choose another "
                    "seed, or add cases.",
                )
