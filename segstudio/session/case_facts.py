"""What is known of the cases of the open dataset before they are opened."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from psygnal import Signal

from segstudio.data.cases import Case, Dataset
from segstudio.data.doctor import Diagnosis, Finding
from segstudio.data.headers import CaseHeader
from segstudio.learn.run_cases import RunCases

BROKEN, DOUBTFUL = "error", "warning"


@dataclass(frozen=True)
class Badge:
    """What is wrong with a case: the worst level of its findings, and a sentence for each."""

    level: str
    texts: tuple[str, ...]


class CaseFacts:
    """Collects facts by case name, from headers, label files, the doctor and a run.

    Attributes
    ----------
    headers : dict of str to CaseHeader
        Of cases whose headers have been read.
    present : dict of str to tuple of int
        The label values, without background, of cases whose labels have been read.
    run : RunCases or None
        The run whose split and scores are shown.
    """

    changed = Signal(object)

    def __init__(self) -> None:
        self.headers: dict[str, CaseHeader] = {}
        self.present: dict[str, tuple[int, ...]] = {}
        self.run: RunCases | None = None
        self._findings: dict[str, list[Finding]] = {}
        self._left_out: dict[str, str] = {}

    def forget(self) -> None:
        """Forget everything: another dataset is open."""
        self.headers, self.present, self.run = {}, {}, None
        self._findings, self._left_out = {}, {}
        self.changed.emit(())

    def forget_labels(self, name: str) -> None:
        """Forget what was read of a case's labels, which are others now."""
        for known in (self.headers, self.present, self._findings, self._left_out):
            known.pop(name, None)
        self.changed.emit((name,))

    def note_headers(self, headers: Mapping[str, CaseHeader]) -> None:
        """Note what headers say."""
        self.headers.update(headers)
        self.changed.emit(tuple(headers))

    def note_present(self, name: str, values: Iterable[int]) -> None:
        """Note which label values a case has."""
        self.present[name] = tuple(sorted(set(values) - {0}))
        self.changed.emit((name,))

    def note_left_out(self, name: str, reason: str) -> None:
        """Note why the labels of a case that was opened are not shown; empty, if they are."""
        self._left_out[name] = reason
        self.changed.emit((name,))

    def note_run(self, run: RunCases | None) -> None:
        """Note a run's split and scores instead of those before."""
        self.run = run
        self.changed.emit(())

    def note_diagnosis(self, diagnosis: Diagnosis) -> None:
        """Note what an examination of the open dataset found."""
        self._findings = {}
        for finding in diagnosis.findings:
            if finding.about and finding.level != "note":
                self._findings.setdefault(finding.about, []).append(finding)
        for report in diagnosis.reports:
            if report.has_labels:
                self.present[report.case.name] = tuple(sorted(report.classes))
        self.changed.emit(())

    def values_but(self, name: str) -> set[int]:
        """Return the label values that are known of all cases but one."""
        return {v for other, values in self.present.items() if other != name for v in values}

    def badge(self, case: Case, dataset: Dataset) -> Badge | None:
        """Return what is wrong with a case of a dataset; None where nothing is, or is known."""
        header = self.headers.get(case.name)
        problems = (header.problem if header is not None else "", self._left_out.get(case.name, ""))
        errors = [problem for problem in problems if problem]
        warnings = list(header.doubts) if header is not None else []
        warnings += [note for note in dataset.notes if _is_about(note, case)]
        for finding in self._findings.get(case.name, []):
            (errors if finding.level == BROKEN else warnings).append(finding.text)
        texts = tuple(dict.fromkeys((*errors, *warnings)))
        return Badge(BROKEN if errors else DOUBTFUL, texts) if texts else None


def _is_about(note: str, case: Case) -> bool:
    return f"'{case.name}'" in note or f"'{case.image}'" in note
