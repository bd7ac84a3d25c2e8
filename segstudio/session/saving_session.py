"""The labels of a session on their way into files, and which files are theirs. Free of Qt."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid
from segstudio.data.atomic import stamp_of
from segstudio.data.cases import Case
from segstudio.data.project import Place, Project, place_of, with_own_labels
from segstudio.session.class_counts import count_voxels
from segstudio.session.labels_session import LabelsSession
from segstudio.session.open_case import OpenCase
from segstudio.session.paintings import Painting, image_of
from segstudio.session.saving import Saved, SaveRequest, is_one_file


@dataclass(frozen=True)
class _Written:
    path: Path
    stamp: str  # as it was written
    began: Path | None  # what the labels begin with since; with others, the file is not theirs


class SavingSession(LabelsSession):
    """The part of the session that is about saving; see `Session`.

    Attributes
    ----------
    saving : str
        What is told of the file being written beside the window; empty if none is.
    """

    save_asked = Signal(SaveRequest)
    saving_changed = Signal(str)
    saved = Signal(Case, Place)

    def __init__(self) -> None:
        super().__init__()
        self.saving = ""
        self._written: dict[Place, _Written] = {}
        self._asked: dict[Place, SaveRequest] = {}  # the newest that is not done

    @property
    def unsaved(self) -> list[Painting]:
        """What was painted, in this dataset and project and in others, and is in no file."""
        self._keep_labels()
        return self._paintings.unsaved

    @property
    def own_file(self) -> Path | None:
        """The file of the case in view that saving replaces, see `own_file_of`; None: ask."""
        if self.open_case is None:
            return None
        return self.own_file_of(self.open_case.case, self.project)

    def own_file_of(self, case: Case, project: Project | None) -> Path | None:
        """Return the file to which a case's labels are saved without asking, or None.

        It is the one that this program wrote them to, in the project; or to which they are on
        their way. What another program wrote there since is not this one's to replace, nor are
        labels that nobody has seen: the project's file, where it is not what is painted on.
        """
        own, asked = self._own(case, project), self._asked.get(place_of(project, case))
        if asked is not None:
            return asked.path
        return None if own is None else own[0]

    def _own(self, case: Case, project: Project | None) -> tuple[Path, str] | None:
        """Return the file that this program wrote, with its stamp, if nobody wrote it since."""
        began, stamp = self._began(case, project)
        path = project.newest_labels(case) if project is not None else None
        if path != began:
            path = None
        wrote = self._written.get(place_of(project, case))
        if wrote is not None and wrote.began == began:
            path, stamp = wrote.path, wrote.stamp
        return (path, stamp) if path is not None and stamp_of(path) in ("", stamp) else None

    def _began(self, case: Case, project: Project | None) -> tuple[Path | None, str]:
        """Return the file that the labels of a case began with, and its stamp as it was read."""
        place, opened = place_of(project, case), self.open_case
        painted = self._paintings.of(place)
        if painted is not None:
            return painted.began
        if opened is not None and self.place_of(opened.case) == place:
            return opened.base_file, opened.stamp
        return case.labels or case.draft, ""

    def ask_save(self, path: Path, *, overwrite: bool = False) -> None:
        """Ask for `save_labels` to be done beside the window; whoever writes there hears it."""
        self._ask_saved(self._request_in_view(path, overwrite))

    def ask_save_of(self, painting: Painting, path: Path, *, overwrite: bool = False) -> None:
        """Ask for unsaved labels, in view or not, to be written beside the window.

        Raises
        ------
        InputError
            No folder is open; or the file is an image, or holds the labels of another case.
        """
        self._ask_saved(
            self._request(
                *(painting.case, painting.grid, painting.labels, painting.project),
                *(path, overwrite),
            )
        )

    def _ask_saved(self, request: SaveRequest) -> None:
        self._paintings.note_saving(request.place)
        self._asked[request.place] = request
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
        request = self._request_in_view(path, overwrite)
        self.note_saved(request, request.write())

    def _request_in_view(self, path: Path, overwrite: bool) -> SaveRequest:
        self.annotation.end_stroke()  # what it has done so far is saved, and a step
        if self.open_case is None or self.labels is None:
            raise InputError("There are no labels to save. Open a case, or make new labels.")
        case, grid = self.open_case.case, self.open_case.volume.grid
        return self._request(case, grid, self.labels, self.project, path, overwrite)

    def _request(
        self,
        case: Case,
        grid: Grid,
        labels: NDArray[np.int32],
        project: Project | None,
        path: Path,
        overwrite: bool,
    ) -> SaveRequest:
        """Return a request to write labels as they are now: painting goes on meanwhile."""
        dataset = self._open_dataset()
        asked, own = self._asked.get(place_of(project, case)), self._own(case, project)
        stamp = own[1] if own is not None and own[0] == path else stamp_of(path)
        if asked is not None and asked.path == path:  # on the same terms
            overwrite, stamp = asked.overwrite, asked.stamp
        labels = labels.copy()
        request = SaveRequest(dataset, case, grid, labels, path, overwrite, project, stamp)
        request.expect_no_other_use()
        return request

    def note_save_failed(self, request: SaveRequest) -> None:
        """Note that labels are still to be written: the user may want another file by now."""
        self._asked.pop(request.place, None)

    def note_not_saved(self, request: SaveRequest) -> None:
        """Note that what was asked to be saved will not be: it failed, or newer labels came."""
        self._note_saving_ended(request)
        self._paintings.forget_undone(request.place)

    def _note_saving_ended(self, request: SaveRequest) -> None:
        self._paintings.note_saving_ended(request.place)
        if not self._paintings.is_being_saved(request.place):
            self._asked.pop(request.place, None)

    def note_saved(self, request: SaveRequest, saved: Saved) -> None:
        """Note that labels were written."""
        path, case, place, pair = request.path, request.case, request.place, saved.pair
        self._note_saving_ended(request)
        if asked := self._asked.get(place):
            self._asked[place] = asked.after(request, saved)
        if pair is None or not is_one_file(pair, path):
            began = self._began(case, request.project)[0]
            # What pairs with the image is what is read again, so the painting itself is kept.
            still = f"the case still uses {pair.name}" if pair else "the case still has no labels"
            self._keep_labels()
            self._paintings.note_copy(place, request.labels)
            self.say(f"Saved a copy, {path.name}; {still}.", is_error=False)
        else:
            began, own = pair, request.project is not None
            has = with_own_labels(case, pair) if own else replace(case, labels=pair)
            self._take_saved(has, request, saved.stamp)
            self.say(f"Saved {path.name}{_instead(case.labels, path)}", is_error=False)
        self._written[place] = _Written(path, saved.stamp, began)
        self._paintings.forget_undone(place)
        if request.project is not None:  # another may be open by now
            self._record(lambda project: project.with_labels(case, path), request.project, path)
        self.unsaved_changed.emit(case.name)
        self.saved.emit(case, place)

    def _take_saved(self, case: Case, request: SaveRequest, stamp: str) -> None:
        """Take labels that were saved for what their case is known to have."""
        if not self._uses(request):
            self._note_kept(request, case, stamp)
            return
        opened, voxels = self.open_case, count_voxels(request.labels)
        present = tuple(sorted(value for value, count in voxels.items() if count))
        is_in_view = opened is not None and image_of(opened.case) == image_of(case)
        if opened is not None and is_in_view and self.place_of(opened.case) == request.place:
            opened = replace(opened, case=case, present=present, stamp=stamp)
            self._take_into_view(opened, request)
        else:
            self._note_kept(request, case, stamp)
        if self._is_listed(case):
            self._list_saved(case, present)
            is_elsewhere = self.place_of(case) != request.place
            if is_in_view and is_elsewhere and not self.is_unsaved(case) and not self.reading:
                self.ask_case(case.name)  # what was saved beside the image is the project's, too

    def _take_into_view(self, opened: OpenCase, request: SaveRequest) -> None:
        """Let the case in view be that of the file; what was painted meanwhile differs from it."""
        self.open_case = replace(opened, truth=request.labels, left_out="", draft=None)
        self.annotation.limits.note_mask("saved", request.labels)
        self._paintings.forget(request.place)
        self._keep_labels()

    def _list_saved(self, case: Case, present: tuple[int, ...]) -> None:
        """List a case with what its file has."""
        dataset = self._open_dataset()
        cases = tuple(case if image_of(c) == image_of(case) else c for c in dataset.cases)
        self.dataset = replace(dataset, cases=cases)
        self.facts.forget_labels(case.name)
        self.facts.note_present(case.name, present)
        self.dataset_opened.emit(self.dataset)

    def _note_kept(self, request: SaveRequest, case: Case, stamp: str) -> None:
        """Note what a file has of a case that is not in view; what was undone since is unsaved."""
        unsaved = self._paintings.note_saved(request.place, case, request.labels, stamp)
        if unsaved is not None:
            self.painted.emit(*unsaved, request.project)

    def _uses(self, request: SaveRequest) -> bool:
        """Return whether what is open now has its labels from what was saved, if it has the case.

        What was saved in a project is used in no other; what was saved beside an image gives way to
        labels of the project that is open.
        """
        if request.project is None:
            return self.project is None or self.project.labels_file(request.case) is None
        return self.project is not None and self.project.root == request.project.root


def _instead(before: Path | None, path: Path) -> str:
    """Return, where a case had other labels until now, which they were."""
    if before is None or before == path or not stamp_of(before):
        return ""
    return f"; the case uses it from now on, and {before.name} is as it was."
