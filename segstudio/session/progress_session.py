"""How far the annotation of each case is: drafted, edited, reviewed. Free of Qt."""

from dataclasses import replace
from pathlib import Path

from psygnal import Signal

from segstudio.core.errors import InputError
from segstudio.data.cases import Case, Dataset
from segstudio.data.project import Project
from segstudio.session.annotation_progress import AnnotationProgress
from segstudio.session.drafting import DraftRequest, draft_request, drafts_folder
from segstudio.session.labels_session import LabelsSession
from segstudio.session.open_case import OpenCase


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
        self.progress.set_state(self.open_case.case, "reviewed" if reviewed else "edited")

    def ask_drafts(self, run: Path, *names: str) -> None:
        """Ask for a run's predictions as drafts: of cases by name, or of all without labels.

        Raises
        ------
        InputError
            See `draft_request`.
        """
        request = draft_request(
            run, self.dataset, names or None, drafts_folder(self.project, self.dataset)
        )
        self.drafts_asked.emit(request)

    def ask_drafts_stop(self) -> None:
        """Ask for the drafts to stop after the case that is at hand."""
        self.drafts_stop_asked.emit()

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
        known = self.progress.of(case)  # what was painted or looked through stays so
        state = replace(known, state=known.state or "draft", draft=path)
        self.progress.note_draft(state)
        self._record(lambda project: project.with_progress(state))
        self.dataset_opened.emit(self.dataset)
        is_in_view = self.open_case is not None and self.open_case.case == case
        if is_in_view and case not in self._paintings:
            self.ask_case(case.name)
