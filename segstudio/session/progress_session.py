"""How far the annotation of each case is: drafted, edited, reviewed. Free of Qt."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
from psygnal import Signal

from segstudio.core.errors import InputError, shortened
from segstudio.data.cases import Case, Dataset
from segstudio.data.project import Project
from segstudio.session.annotation_progress import AnnotationProgress
from segstudio.session.drafting import DraftRequest, Work, draft_request, drafts_folder
from segstudio.session.open_case import OpenCase
from segstudio.session.paintings import image_of
from segstudio.session.saving import Saved, SaveRequest
from segstudio.session.saving_session import SavingSession

MOST_NAMED = 3


class ProgressSession(SavingSession):
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
    taken_along = Signal(Case)  # into the open project, with what was painted on it without one

    def __init__(self) -> None:
        super().__init__()
        self.progress = AnnotationProgress()
        self.progress.changed.connect(self._note_progress)
        self.drafting = ""

    def note_painting(self, *, surely: bool = True) -> None:
        """Note that the labels of the case in view have been changed, or may have been."""
        case = None if self.open_case is None else self.open_case.case
        was_saved = case is not None and self.place_of(case) not in self._paintings
        super().note_painting(surely=surely)
        if surely and case is not None:
            self.progress.note_painting(case, was_saved=was_saved)
            if not self.is_unsaved(case):
                self.progress.note_back(case)

    def note_saved(self, request: SaveRequest, saved: Saved) -> None:
        """Follow a save; what was undone while it was written is in the file, unreviewed."""
        super().note_saved(request, saved)
        case, painted = request.case, self._paintings.of(request.place)
        differs = painted is not None and not np.array_equal(painted.labels, request.labels)
        if self._uses(request) and self._is_listed(case):
            self.progress.note_saved(case)
            if differs and self.progress.of(case).state != "edited":
                self.progress.set_state(case, "edited")
        elif differs and request.project is not None:
            self._record(lambda project: project.with_edited(case), request.project)

    def list_found(self, dataset: Dataset, project: Project | None = None) -> Dataset:
        """Take a dataset that was found, with its project as that is by now; return it as taken."""
        self.note_progress()  # which belongs to it
        return super().list_found(dataset, project)

    def list_cases(self, dataset: Dataset, project: Project | None = None) -> None:
        """Take a dataset, and its project, for the open one; its cases are still to be read."""
        if self.drafting and self.dataset is not None and self.dataset.root != dataset.root:
            self.ask_drafts_stop()  # they are of cases that go out of sight
        self.note_progress()
        self.progress.take(project.progress if project is not None else ())
        super().list_cases(dataset, project)
        if project is not None and not project.labels and not project.progress:
            # Nothing was done in it yet: what is painted on its images is its beginning.
            for case in self._paintings.take_along(dataset.cases, project):
                self.progress.set_state(case, "edited")
                self.taken_along.emit(case)
        self._tell_painted_elsewhere()

    def _tell_painted_elsewhere(self) -> None:
        """Say which of the cases have painting that belongs to another project, or to none."""
        images = {image_of(case) for case in self._cases}
        elsewhere = [
            painting.case.name
            for painting in self._paintings.unsaved
            if image_of(painting.case) in images and painting.place != self.place_of(painting.case)
        ]
        if elsewhere:
            self.say(
                f"Not shown here: what you painted elsewhere on {shortened(elsewhere, MOST_NAMED)} "
                "and have not saved. It is there when you open that project or folder again.",
                is_error=False,
            )

    def show_read(self, opened: OpenCase) -> None:
        """Show a case that was read; the time spent on it is counted from now."""
        self.note_progress()
        self.progress.begin(opened.case)
        super().show_read(opened)

    def note_progress(self) -> None:
        """Let the project's file know how far the case in view is, with the time spent on it."""
        self.annotation.end_stroke()  # a stroke that lasts until now is a step of this case
        if self.open_case is None:
            return
        case = self.open_case.case
        if self.progress.may_go_back(case):
            self._keep_labels()  # at strokes no large one is compared
            if not self.is_unsaved(case):
                self.progress.note_back(case)
        known = self.progress.of(case)
        if known.state or known.seconds:
            self._note_progress(case)

    def _note_progress(self, case: Case) -> None:
        """Let the project's file know how far a case is."""
        progress = self.progress.of(case)
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
        self._keep_labels()
        cases, waiting = self._cases, self.recoveries.waiting
        states = {case.name: self.progress.of(case).state for case in cases}
        return Work(
            frozenset(
                case.name
                for case, place in ((each, self.place_of(each)) for each in cases)
                if place in self._paintings or any(copy.goes_to(place) for copy in waiting)
            ),
            frozenset(name for name, state in states.items() if state == "reviewed"),
            frozenset(name for name, state in states.items() if state == "edited"),
            frozenset(v for c in cases if c.labels for v in self.facts.present.get(c.name, ())),
        )

    @property
    def _cases(self) -> tuple[Case, ...]:
        return self.dataset.cases if self.dataset is not None else ()

    def ask_drafts_stop(self) -> None:
        """Ask for the drafts to stop after the case that is at hand."""
        self.drafts_stop_asked.emit()

    def tell_unfinished(self) -> None:
        """Say which work a training learns nothing from, and what it learns from unreviewed."""
        work = self.work
        bare = {case.name for case in self._cases if case.labels is None}
        unsaved = work.painted | (work.reviewed & bare)
        told = []
        if unsaved:
            told.append(
                f"Not learned from: your work on {self._named(unsaved)}, which is not saved as the "
                "labels of its image."
            )
        if edited := work.edited - bare - work.painted:
            told.append(f"Learned from, and not marked as reviewed: {self._named(edited)}.")
        if told:
            self.say(" ".join(told), is_error=False)

    def _named(self, names: Collection[str]) -> str:
        """Return names in the order of the cases, the first of them."""
        return shortened([case.name for case in self._cases if case.name in names], MOST_NAMED)

    def note_drafting(self, text: str) -> None:
        """Note how far the drafts are; nothing, if empty."""
        self.drafting = text
        self.drafting_changed.emit(text)

    def note_drafted(self, request: DraftRequest, case: Case, path: Path) -> bool:
        """Take a draft for a case, and show it where that is in view; return whether it was taken.

        It comes over no work of the user's that was begun while it was made.
        """
        # Another dataset may be open by now, or the case have labels.
        is_here, work = case in self._cases, self.work
        if not is_here or case.name in work.painted | work.reviewed:
            if is_here:
                begun = "painted on" if case.name in work.painted else "marked as reviewed"
                told = f"'{case.name}' was {begun} meanwhile, so its draft was dropped."
                self.say(told, is_error=False)
            path.unlink(missing_ok=True)
            return False
        self._take_draft(request, case, path)
        if self.open_case is not None and self.open_case.case == case and not self.reading:
            self.ask_case(case.name)
        before = case.draft
        # A project's file that could not be written names it still.
        if before not in (None, path) and before.parent == request.folder and self._is_recorded:
            before.unlink(missing_ok=True)
        return True

    def tell_drafted(self, request: DraftRequest, taken: int) -> None:
        """Say how many cases were drafted, by which network, and how long that is remembered."""
        told = request.told(taken)
        if self.project is None:
            told += " Without a project, drafts are forgotten when the folder is closed."
        self.say(told, is_error=False)

    def _take_draft(self, request: DraftRequest, case: Case, path: Path) -> None:
        assert self.dataset is not None  # noqa: S101  (it has the case)
        drafted = replace(case, draft=path)
        cases = tuple(drafted if each == case else each for each in self.dataset.cases)
        classes = self.dataset.classes or request.classes
        self.dataset = replace(self.dataset, cases=cases, classes=classes)
        state = replace(self.progress.of(case), state="draft", draft=path)
        self.progress.note_draft(state)
        self._record(lambda project: project.with_progress(state))
        self.dataset_opened.emit(self.dataset)
