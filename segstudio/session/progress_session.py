"""How far the annotation of each case is: drafted, edited, reviewed. Free of Qt."""

from dataclasses import replace
from pathlib import Path

from psygnal import Signal

from segstudio.core.errors import InputError
from segstudio.data.cases import Case, Dataset
from segstudio.data.project import Project
from segstudio.session.annotation_progress import AnnotationProgress
from segstudio.session.drafting import DraftRequest, Work, draft_request, drafts_folder
from segstudio.session.labels_session import LabelsSession
from segstudio.session.open_case import OpenCase

MOST_NAMED = 3


class ProgressSession(LabelsSession):
    """The part of the session that is about drafts, and states of cases; see `Session`.

    Attributes
    ----------
    progress : AnnotationProgress
        How far the annotation of each case is.
    drafting : str
        What is told of the drafts being made beside the window; empty if none is.
    """

    drafts_asked = Signal(DraftRequest)
    drafts_stop_asked = Signal()
    drafting_changed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.progress = AnnotationProgress()
        self.progress.changed.connect(self._note_progress)
        self.drafting = ""

    def note_painting(self, *, surely: bool = True) -> None:
        """Note that the labels of the case in view have been changed, or may have been."""
        if surely and self.open_case is not None:
            self.progress.note_painting(self.open_case.case)
        super().note_painting(surely=surely)

    def list_cases(self, dataset: Dataset, project: Project | None = None) -> None:
        """Take a dataset, and its project, for the open one; its cases are still to be read."""
        self.note_progress()
        self.progress.take(project.progress if project is not None else ())
        super().list_cases(dataset, project)

    def show_read(self, opened: OpenCase) -> None:
        """Show a case that was read; the time spent on it is counted from now."""
        self.note_progress()
        self.progress.begin(opened.case)
        super().show_read(opened)

    def note_progress(self) -> None:
        """Let the project's file know how far the case in view is, with the time spent on it."""
        if self.open_case is not None:
            self._note_progress(self.open_case.case)

    def _note_progress(self, case: Case) -> None:
        """Let the project's file know how far a case is."""
        progress = self.progress.of(case)
        if progress.state or progress.seconds:
            self._record(lambda project: project.with_progress(progress))

    def mark_reviewed(self, reviewed: bool = True) -> None:
        """Say that the labels of the case in view were looked through and found good, or not.

        Raises
        ------
        InputError
            There are none.
        """
        if self.open_case is None or self.labels is None:
            raise InputError("There are no labels to review. Open a case that has some.")
        case = self.open_case.case
        self.progress.set_state(case, "reviewed" if reviewed else "edited")
        if not reviewed:
            return
        told = []
        if case.labels is None or self.is_unsaved(case):
            told.append("Save its labels, too: trainings learn from what is saved.")
        if self.project is None:
            told.append("Without a project this mark is forgotten when the folder is closed.")
        if told:
            self.say(" ".join([f"'{case.name}' is marked as reviewed.", *told]), is_error=False)

    def ask_drafts(self, run: Path, *names: str) -> None:
        """Ask for a run's predictions as drafts: of cases by name, or of all without labels.

        Raises
        ------
        InputError
            See `draft_request`.
        """
        folder = drafts_folder(self.project, self.dataset)
        request = draft_request(run, self.dataset, names or None, folder, self.work)
        self.drafts_asked.emit(request)

    @property
    def work(self) -> Work:
        """What the user has done with the cases so far, which no network may come over."""
        self._paintings.keep(self.open_case, self.labels)
        cases = self.dataset.cases if self.dataset is not None else ()
        labelled = [case.name for case in cases if case.labels is not None]
        return Work(
            frozenset(case.name for case in cases if case in self._paintings),
            frozenset(case.name for case in cases if self.progress.of(case).state == "reviewed"),
            frozenset(v for name in labelled for v in self.facts.present.get(name, ())),
        )

    def ask_drafts_stop(self) -> None:
        """Ask for the drafts to stop after the case that is at hand."""
        self.drafts_stop_asked.emit()

    def tell_unfinished(self) -> None:
        """Say which work a training learns nothing from, and what it learns from unreviewed."""
        cases = self.dataset.cases if self.dataset is not None else ()
        painted = self.work.painted
        unsaved = [case.name for case in cases if case.name in painted or self._is_kept_back(case)]
        edited = [
            case.name
            for case in cases
            if case.labels and case.name not in painted and self.progress.of(case).state == "edited"
        ]
        told = []
        if unsaved:
            told.append(f"Not learned from, as it is not saved: your work on {_names(unsaved)}.")
        if edited:
            told.append(f"Learned from, and not marked as reviewed: {_names(edited)}.")
        if told:
            self.say(" ".join(told), is_error=False)

    def _is_kept_back(self, case: Case) -> bool:
        return case.labels is None and self.progress.of(case).state == "reviewed"

    def note_drafting(self, text: str) -> None:
        """Note how far the drafts are; nothing, if empty."""
        self.drafting = text
        self.drafting_changed.emit(text)

    def note_drafted(self, request: DraftRequest, case: Case, path: Path) -> None:
        """Note that a case has a draft; the one in view shows it, if nothing was painted there."""
        if self.dataset is None or case not in self.dataset.cases:
            return  # another dataset is open by now
        drafted = replace(case, draft=path)
        cases = tuple(drafted if each == case else each for each in self.dataset.cases)
        classes = self.dataset.classes or request.classes
        self.dataset = replace(self.dataset, cases=cases, classes=classes)
        is_painted = case.name in self.work.painted
        known = self.progress.of(case)
        # Nobody has looked at these labels yet, unless they stand back behind what was painted.
        state = replace(known, state=(is_painted and known.state) or "draft", draft=path)
        self.progress.note_draft(state)
        self._record(lambda project: project.with_progress(state))
        self.dataset_opened.emit(self.dataset)
        if is_painted:
            told = f"'{case.name}' has a draft now; what you painted on it meanwhile stays."
            self.say(told, is_error=False)
        elif self.open_case is not None and self.open_case.case == case:
            self.ask_case(case.name)


def _names(names: list[str]) -> str:
    shown = ", ".join(names[:MOST_NAMED])
    return f"{shown} and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else shown
