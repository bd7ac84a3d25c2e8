"""The doctor: what is in a dataset, what is wrong with it, and what to train it with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from segstudio.core.labels import ClassTable
from segstudio.data.cases import Dataset
from segstudio.data.doctor.advice import Advice, Balance, advise, balances
from segstudio.data.doctor.examination import CaseReport, examine
from segstudio.data.doctor.findings import Finding, findings

__all__ = ["Advice", "Balance", "CaseReport", "Diagnosis", "Finding", "diagnose", "examine"]


@dataclass(frozen=True)
class Diagnosis:
    """All that the doctor says of a dataset.

    Attributes
    ----------
    dataset : Dataset
        What was examined.
    reports : tuple of CaseReport
        Of each case.
    findings : tuple of Finding
        Errors first.
    balances : tuple of Balance
        Of each class.
    advice : tuple of Advice
        What to train it with.
    """

    dataset: Dataset
    reports: tuple[CaseReport, ...]
    findings: tuple[Finding, ...]
    balances: tuple[Balance, ...]
    advice: tuple[Advice, ...]

    @property
    def is_broken(self) -> bool:
        """Whether something is broken, so that a training would stop or learn nonsense."""
        return any(finding.level == "error" for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        return {
            "dataset": self.dataset.name,
            "layout": self.dataset.layout,
            "is_broken": self.is_broken,
            "cases": [_case_dict(report) for report in self.reports],
            "classes": [vars(row) for row in self.balances],
            "findings": [vars(finding) for finding in self.findings],
            "advice": [vars(each) for each in self.advice],
        }


def diagnose(dataset: Dataset, reports: Sequence[CaseReport]) -> Diagnosis:
    """Return what the reports of all cases of a dataset come to; see `examine`."""
    values = {value for report in reports for value in report.classes}
    classes = dataset.classes or ClassTable.found_in(values)
    rows = balances(reports, classes)
    found = findings(dataset, reports, classes)
    return Diagnosis(
        dataset, tuple(reports), tuple(found), tuple(rows), tuple(advise(reports, rows))
    )


def _case_dict(report: CaseReport) -> dict[str, Any]:
    case = report.case
    kept = ("problem", "shape", "spacing", "unit", "channels", "doubts", "no_numbers")
    return {
        "name": case.name,
        "patient": case.patient,
        "side": case.official_split,
        "pairing": case.pairing,
        "facts": dict(case.facts),
        **{name: getattr(report, name) for name in kept},
        "intensities": report.intensities,
        "classes": {str(value): vars(found) for value, found in report.classes.items()},
    }
