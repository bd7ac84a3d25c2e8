"""The labels of a session: painted on, saved, put back after a crash. Free of Qt."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from segstudio.core.editing.edit import LARGEST_LABEL, edit_to
from segstudio.core.errors import InputError
from segstudio.data.cases import Case
from segstudio.data.project import Project, with_own_labels
from segstudio.data.recovery import Recovery, stamp_of
from segstudio.session.class_counts import count_voxels
from segstudio.session.open_case import OpenCase
from segstudio.session.open_data import OpenData
from segstudio.session.opening import opening
from segstudio.session.paintings import image_of
from segstudio.session.recoveries import Recoveries
from segstudio.session.saving import SaveRequest, place_of


@dataclass(frozen=True)
class _Written:
    path: Path
    stamp: str  # as it was written
    began: Path | None  # what the labels begin with since; with others, the file is not theirs


class LabelsSession(OpenData):
    """The part of the session that is about painting and saving; see `Session`.

    Attributes
    ----------
    recoveries : Recoveries
        Copies left by a program that did not end as it should have.
    saving : str
        What is told of the file being written beside the window; empty if none is.
    """

    labels_made = Signal(object)
    save_asked = Signal(SaveRequest)
    saving_changed = Signal(str)
    saved = Signal(Case)

    def __init__(self) -> None:
        super().__init__()
        self.annotation.stepped.connect(self.note_painting)
        self.recoveries = Recoveries()
        self.recoveries.put_back.connect(self._ask_recovered)
        self.saving = ""
        self._written: dict[object, _Written] = {}

    def note_painting(self, *, surely: bool = True) -> None:
        """Note that the labels of the case in view have been changed, or may have been."""
        opened = self.open_case
        if opened is None:
            return
        if self._paintings.note(opened, self.labels, self.project, surely=surely):
            self.unsaved_changed.emit(opened.case.name)
        if surely:
            self.painted.emit(opened, self.labels)

    def take_labels(self, labels: NDArray[np.integer]) -> None:
        """Take what another array holds, as a tool of napari's made it, for one step of painting.

        The labels stay the array that they are. One of another shape, or with values that no
        label has, is told of and left out, and so is what is changed where nothing may change.
        """
        if self.labels is None or labels is self.labels:
            self.note_painting()
        elif labels.shape != self.labels.shape:
            self.say(
                f"The labels that a tool made have the size {labels.shape} and the image "
                f"{self.labels.shape}: they were not taken. What was painted is as it was."
            )
        elif labels.min(initial=0) < 0 or labels.max(initial=0) > LARGEST_LABEL:
            self.say(
                f"A tool made labels from {labels.min()} to {labels.max()}; they run from 0 to "
                f"{LARGEST_LABEL}, so they were not taken. What was painted is as it was."
            )
        else:
            whole = (slice(None),) * labels.ndim
            asked = edit_to(self.labels, whole, labels)
            left = asked.count - self.annotation.do(asked).count
            if left:
                self.say(
                    f"A tool changed {left} voxels where nothing may change now: they were left "
                    "as they are. Lift the locks and limits, and do it again."
                )

    def new_labels(self) -> None:
        """Make empty labels to paint on, where the case in view has none."""
        if self.open_case is None:
            raise InputError("No image is open. Open one first, then label it.")
        if self.labels is None:
            elsewhere = self.facts.values_but(self.open_case.case.name)
            self.open_case = self.open_case.paintable(elsewhere)
            self.labels = np.zeros(self.open_case.volume.data.shape, np.int32)
            self._annotate()
            self.labels_made.emit(self.labels)

    @property
    def unsaved(self) -> list[Case]:
        """The cases, of this dataset and of others, whose painting is in no file."""
        self._keep_labels()
        return self._paintings.unsaved

    @property
    def own_file(self) -> Path | None:
        """The file of the case in view that saving replaces, see `own_file_of`; None: ask."""
        return None if self.open_case is None else self.own_file_of(self.open_case.case)

    def own_file_of(self, case: Case) -> Path | None:
        """Return the file this program wrote a case's labels to, which saving replaces, or None.

        What another program wrote there since is not this one's to replace, nor are labels that
        nobody has seen: the project's file, where it is not what is painted on.
        """
        project = self._project_of(case)
        began, stamp = self._began(case)
        path = project.newest_labels(case) if project is not None else None
        if path != began:
            path = None
        wrote = self._written.get(place_of(project, case))
        if wrote is not None and wrote.began == began:
            path, stamp = wrote.path, wrote.stamp
        return path if stamp_of(path) in ("", stamp) else None

    def _project_of(self, case: Case) -> Project | None:
        """Return the open project for its own cases; for others, that in which they were left."""
        return self.project if self._is_listed(case) else self._paintings.project_of(case)

    def _began(self, case: Case) -> tuple[Path | None, str]:
        """Return the file that the labels of a case began with, and its stamp as it was read."""
        read: tuple[Path | None, str] = (case.labels or case.draft, "")
        if self.open_case is not None and image_of(self.open_case.case) == image_of(case):
            read = self.open_case.base_file, self.open_case.stamp
        return self._paintings.began_of(case) or read

    def ask_save(self, path: Path, *, overwrite: bool = False) -> None:
        """Ask for `save_labels` to be done beside the window; whoever writes there hears it."""
        self._ask_saved(self._save_request(path, overwrite))

    def ask_save_of(self, case: Case, path: Path, *, overwrite: bool = False) -> None:
        """Ask for the labels of an unsaved case, in view or not, to be written beside the window.

        Raises
        ------
        InputError
            The case has none; or the file is an image, or holds the labels of another case.
        """
        painted = self._paintings.of(case)
        if self.dataset is None or painted is None:
            raise InputError(f"There are no labels of '{case.name}' to save.")
        grid, project = self._paintings.grid_of(case), self._project_of(case)
        self._ask_saved(
            SaveRequest(self.dataset, case, grid, painted.copy(), path, overwrite, project)
        )

    def _ask_saved(self, request: SaveRequest) -> None:
        self._paintings.note_saving(request.case)
        self.save_asked.emit(request)

    def note_saving(self, text: str) -> None:
        """Note what is being written beside the window; nothing, if empty."""
        self.saving = text
        self.saving_changed.emit(text)

    def save_labels(self, path: Path, *, overwrite: bool = False) -> None:
        """Write the labels of the case in view, in the geometry of its image.

        Where the file pairs with the image, the case has these labels from then on, and in a
        project under any name; else a copy under another name leaves the case as it was. A file
        that is replaced is kept once, as ``NAME~``.

        Raises
        ------
        InputError
            There are no labels, or the file exists and `overwrite` is false.
        """
        request = self._save_request(path, overwrite)
        self.note_saved(request, request.write())

    def _save_request(self, path: Path, overwrite: bool) -> SaveRequest:
        if self.open_case is None or self.labels is None or self.dataset is None:
            raise InputError("There are no labels to save. Open a case, or make new labels.")
        # Painting goes on while they are written.
        labels, case, grid = self.labels.copy(), self.open_case.case, self.open_case.volume.grid
        return SaveRequest(self.dataset, case, grid, labels, path, overwrite, self.project)

    def note_not_saved(self, request: SaveRequest) -> None:
        """Note that what was asked to be saved will not be: it failed, or newer labels came."""
        self._paintings.note_saving_ended(request.case)
        self._paintings.forget_undone(request.case)

    def note_saved(self, request: SaveRequest, pair: Path | None) -> None:
        """Note that labels were written; `pair` are those that the case has by now."""
        path, case = request.path, request.case
        self._paintings.note_saving_ended(case)
        is_copy = pair is None or not pair.samefile(path)
        began = self._began(case)[0] if is_copy else pair
        self._written[place_of(request.project, case)] = _Written(path, stamp_of(path), began)
        if pair is None or is_copy:
            # What pairs with the image is what is read again, so the painting itself is kept.
            still = f"the case still uses {pair.name}" if pair else "the case still has no labels"
            self._keep_labels()
            self._paintings.note_copy(case, request.labels)
            self.say(f"Saved a copy, {path.name}; {still}.", is_error=False)
        else:
            own = request.project is not None
            has = with_own_labels(case, pair) if own else replace(case, labels=pair)
            self._take_saved(has, request)
            self.say(f"Saved {path.name}{_instead(case.labels, path)}", is_error=False)
        self._paintings.forget_undone(case)
        self.unsaved_changed.emit(case.name)
        self.saved.emit(case)
        if request.project is not None:  # another may be open by now
            self._record(lambda project: project.with_labels(case, path), request.project)

    def _take_saved(self, case: Case, request: SaveRequest) -> None:
        """Take labels that were saved for what their case is known to have."""
        truth = request.labels
        present = tuple(sorted(value for value, voxels in count_voxels(truth).items() if voxels))
        if not self._uses(request):
            self._note_kept(case, truth, is_used=not self._is_listed(case))
            return
        if self.open_case is not None and image_of(self.open_case.case) == image_of(case):
            opened = replace(self.open_case, case=case, truth=truth, present=present, left_out="")
            self.open_case = replace(opened, draft=None, stamp=stamp_of(case.labels))
            self.annotation.limits.note_mask("saved", truth)
            self._paintings.forget(case)
            self._keep_labels()  # painted while they were written
        else:
            self._note_kept(case, truth)
        if self.dataset is None or not self._is_listed(case):
            return
        cases = tuple(case if image_of(c) == image_of(case) else c for c in self.dataset.cases)
        self.dataset = replace(self.dataset, cases=cases)
        self.facts.forget_labels(case.name)
        self.facts.note_present(case.name, present)
        self.dataset_opened.emit(self.dataset)

    def _note_kept(self, case: Case, truth: NDArray[np.int32], *, is_used: bool = True) -> None:
        """Note what a file has of a case that is not in view; what was undone since is unsaved."""
        unsaved = self._paintings.note_saved(case, truth, is_used=is_used)
        if unsaved is not None:
            self.painted.emit(*unsaved)

    def _uses(self, request: SaveRequest) -> bool:
        """Return whether what is open now has its labels from what was saved, if it has the case.

        What was saved in a project is used in no other; what was saved beside an image gives way to
        labels of the project that is open.
        """
        if request.project is None:
            return self.project is None or self.project.labels_file(request.case) is None
        return self.project is not None and self.project.root == request.project.root

    def show_read(self, opened: OpenCase) -> None:
        """Show a case that was read, with what was painted on it before a crash put back."""
        super().show_read(opened)
        recovered = self.recoveries.labels_of(opened, self.labels)
        if recovered is not None:
            # A step: what was painted on the case since the crash comes back with an undo.
            if self.labels is None:
                self.new_labels()
            if not self.annotation.replace(recovered).count:
                self.note_painting()
            told = f"What was painted on '{opened.case.name}' is back. {self.recoveries.doubt}"
            self.say(told.strip(), is_error=False)
        elif self.recoveries.doubt:
            self.say(self.recoveries.doubt)

    @property
    def opens(self) -> tuple[Path, ...]:
        """What to open to have the case in view again: a project, folders, or its file."""
        if self.project is not None:
            return (self.project.root,)
        if self.dataset is None:
            return ()
        if self.open_case is not None and "a file" in self.dataset.layout.split(" + "):
            return (self.open_case.case.image,)
        return self.dataset.roots or (self.dataset.root,)

    def _ask_recovered(self, recovery: Recovery) -> None:
        """Ask for the case of a copy, in what is open or in what was open when it was made."""
        cases = self.dataset.cases if self.dataset is not None else ()
        here = [case.name for case in cases if recovery.is_of(case)]
        if here:
            self.ask_case(here[0])
        else:
            self.reading_asked.emit(replace(opening(*recovery.opens), is_wanted=recovery.is_of))


def _instead(before: Path | None, path: Path) -> str:
    """Return, where a case had other labels until now, which they were."""
    if before is None or before == path or not before.exists():
        return ""
    return f"; the case uses it from now on, and {before.name} is as it was."
