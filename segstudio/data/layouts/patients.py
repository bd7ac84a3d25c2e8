"""Whose cases they are, where a layout does not say: by their names."""

import re
from collections.abc import Sequence
from dataclasses import replace

from segstudio.data.cases import Case

_WORDS = r"(?:frame|slice|time|timepoint|tp|t|visit|v|ses|session|scan|study|phase|month|year|day)"
# What follows a patient's name in a file's: _frame01, -ses-2, _visit3, _ED.
_ENDING = re.compile(rf"(?:[_-]{_WORDS}[_-]?\d+|[_-](?:ED|ES|baseline|followup))$", re.IGNORECASE)
_SLICE = re.compile(r"(?<=.)[_-]slice[_-]?\d+$", re.IGNORECASE)
_NUMBER = re.compile(r"\d")
# A folder of one visit: visit0, ses-2, 2019-03-07, baseline.
_VISIT = re.compile(
    rf"(?:{_WORDS}[_-]?\d+|baseline|follow[_-]?up[_-]?\d*|\d{{4}}[_-]?\d\d[_-]?\d\d)", re.IGNORECASE
)


def patient_of(name: str) -> str:
    """Return the patient that a case's name tells, or the name.

    ``anna/visit2`` and ``anna/visit3`` are of ``anna``, ``p7_frame01`` is of ``p7``; ``ct_scan_1``
    is left, as ``ct`` numbers nobody.
    """
    first, *parts = name.split("/")
    visits = [i for i, part in enumerate(parts) if _VISIT.fullmatch(part)]
    kept = [first, *(parts[: visits[0]] if visits else parts)]
    last = kept[-1]
    while (shorter := _ENDING.sub("", last)) != last and _NUMBER.search(shorter):
        last = shorter
    last = _SLICE.sub("", last)
    return "/".join((*kept[:-1], last))


def by_patient(cases: Sequence[Case]) -> tuple[tuple[Case, ...], list[str]]:
    """Return cases with their patients by name, where the layout took each for one of its own.

    Returns
    -------
    (tuple of Case, list of str)
        The cases, and a sentence where some are taken for the same patient's.
    """
    if any(case.patient != case.name and not case.frames for case in cases):
        return tuple(cases), []  # the layout knows them
    patients = [patient_of(case.patient) for case in cases]
    found, before = set(patients), {case.patient for case in cases}
    if len(found) == len(before):
        return tuple(cases), []
    shared = next(p for p in patients if patients.count(p) > 1)
    together = [c.name for c, p in zip(cases, patients, strict=True) if p == shared][:2]
    note = (
        f"{len(cases)} cases are taken for those of {len(found)} patients, by their names: "
        f"'{together[0]}' and '{together[1]}' are of '{shared}'. A table of pairs with a column "
        "'patient' says it otherwise."
    )
    pairs = zip(cases, patients, strict=True)
    return tuple(replace(case, patient=patient) for case, patient in pairs), [note]
