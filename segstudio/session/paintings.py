"""What was painted and is not in its case's file: image by image, in each project by itself."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid
from segstudio.data.cases import Case
from segstudio.data.project import Place, Project, place_of
from segstudio.session.open_case import OpenCase

LARGE = 4_000_000  # voxels that are not compared at each stroke


@dataclass(frozen=True, eq=False)
class Painting:
    """Labels that were painted on a case.

    Attributes
    ----------
    case : Case
    labels : ndarray of int32, shape (Z, Y, X)
        Those that are painted on.
    grid : Grid
        Of its image.
    began : (Path or None, str)
        The file that they began with, and its stamp as it was read.
    project : Project or None
        In which they are painted.
    copy : ndarray of int32, shape (Z, Y, X), or None
        As another file than the case's own has them.
    undone : OpenCase or None
        As it was read, where the labels are that again.
    """

    case: Case
    labels: NDArray[np.int32]
    grid: Grid
    began: tuple[Path | None, str]
    project: Project | None
    copy: NDArray[np.int32] | None = None
    undone: OpenCase | None = None

    @property
    def place(self) -> Place:
        """Where the labels belong."""
        return place_of(self.project, self.case)

    @property
    def is_unsaved(self) -> bool:
        """Whether they are in no file."""
        return self.copy is None and self.undone is None


class Paintings:
    """Keeps painted labels, so that they are there when their image is shown again."""

    def __init__(self) -> None:
        self._kept: dict[Place, Painting] = {}
        self._being_saved: Counter[Place] = Counter()

    @property
    def unsaved(self) -> list[Painting]:
        """Those that are in no file."""
        return [kept for kept in self._kept.values() if kept.is_unsaved]

    def __contains__(self, place: Place) -> bool:
        kept = self._kept.get(place)
        return kept is not None and kept.undone is None

    def is_being_saved(self, place: Place) -> bool:
        """Return whether labels of a place are being written, or wait for it."""
        return self._being_saved[place] > 0

    def is_unsaved(self, place: Place) -> bool:
        """Return whether a place has painting that is in no file."""
        kept = self._kept.get(place)
        return kept is not None and kept.is_unsaved

    def of(self, place: Place) -> Painting | None:
        """Return what was painted and is not in the case's own file, if anything was."""
        return self._kept.get(place)

    def expect_fit(self, opened: OpenCase, project: Project | None) -> None:
        """Raise `InputError` where an image as it was read has not the shape that was painted."""
        painted, shape = self.of(place_of(project, opened.case)), opened.volume.data.shape
        if painted is not None and painted.labels.shape != shape:
            raise InputError(
                f"The image of '{opened.case.name}' is another by now: its size is {shape}, and "
                f"what you painted has {painted.labels.shape}. It is not opened, so that nothing "
                "is lost. Bring the image back as it was."
            )

    def keep(
        self, opened: OpenCase | None, labels: NDArray[np.int32] | None, project: Project | None
    ) -> None:
        """Keep the labels of a case where they differ from what was read; else forget them.

        What is being saved is kept in any case: the file may come to hold what was undone since.
        """
        if opened is None or labels is None:
            return
        base, place = opened.base, place_of(project, opened.case)
        is_undone = not labels.any() if base is None else np.array_equal(labels, base)
        if is_undone and not self.is_being_saved(place):
            self._kept.pop(place, None)
            return
        kept = self._kept.get(place)
        copy = None if kept is None else kept.copy
        if copy is not None and not np.array_equal(labels, copy):
            copy = None  # changed since, by a script that told nobody
        painting = self._painting(opened, labels, project)
        self._kept[place] = replace(painting, copy=copy, undone=opened if is_undone else None)

    def note(
        self,
        opened: OpenCase | None,
        labels: NDArray[np.int32] | None,
        project: Project | None,
        *,
        surely: bool = False,
    ) -> bool:
        """Follow a stroke; return whether the case became unsaved, or is not any more.

        `surely` says that voxels did change, so that a large volume need not be compared.
        """
        if opened is None or labels is None:
            return False
        place = place_of(project, opened.case)
        before = self.is_unsaved(place)
        if labels.size <= LARGE:
            self.keep(opened, labels, project)
        elif surely:
            self._kept[place] = self._painting(opened, labels, project)
        return before != self.is_unsaved(place)

    def _painting(
        self, opened: OpenCase, labels: NDArray[np.int32], project: Project | None
    ) -> Painting:
        """Return what is painted; with which file it began stays true."""
        kept = self._kept.get(place_of(project, opened.case))
        began = (opened.base_file, opened.stamp) if kept is None else kept.began
        return Painting(opened.case, labels, opened.volume.grid, began, project)

    def take_along(self, cases: Collection[Case], project: Project) -> list[Case]:
        """Make a project's own what was painted on its cases without one; return those cases.

        What is being saved stays where it was when that was asked for. A file that has the labels
        as a copy is none that the project knows.
        """
        taken = []
        for case in cases:
            before, now = place_of(None, case), place_of(project, case)
            if before in self._kept and now not in self._kept and not self.is_being_saved(before):
                kept = self._kept.pop(before)
                self._kept[now] = replace(kept, project=project, case=case, copy=None)
                taken.append(case)
        return taken

    def note_saving(self, place: Place) -> None:
        """Note that a place's labels, as they are now, are to be written."""
        self._being_saved[place] += 1

    def note_saving_ended(self, place: Place) -> None:
        """Note that such labels were written, or will not be."""
        self._being_saved[place] -= 1
        self._being_saved += Counter()  # which keeps what is above 0

    def forget_undone(self, place: Place) -> None:
        """Forget a case whose labels are what was read, if nothing of it is being written."""
        kept = self._kept.get(place)
        if kept is not None and kept.undone is not None and not self.is_being_saved(place):
            self.forget(place)

    def note_copy(self, place: Place, labels: NDArray[np.int32]) -> None:
        """Note that a file besides the case's own has these labels, if nothing was painted since.

        Parameters
        ----------
        place : Place
        labels : ndarray of int, shape (Z, Y, X)
            As they were written; nobody paints on these.
        """
        kept = self._kept.get(place)
        if kept is not None and kept.undone is None and np.array_equal(kept.labels, labels):
            self._kept[place] = replace(kept, copy=labels)

    def note_saved(
        self, place: Place, case: Case, labels: NDArray[np.int32], stamp: str
    ) -> tuple[OpenCase, NDArray[np.int32]] | None:
        """Note that a file has these labels; what was painted since began with it.

        Parameters
        ----------
        place : Place
        case : Case
            With the file as its own.
        labels : ndarray of int32, shape (Z, Y, X)
            As they were written.
        stamp : str
            Of the file as it was written.

        Returns
        -------
        (OpenCase, ndarray) or None
            Where the labels are unsaved because of an undo: the case as the file has it, and they.
        """
        kept = self._kept.get(place)
        if kept is None:
            return None
        began, is_same = (case.labels, stamp), np.array_equal(kept.labels, labels)
        if is_same and not self.is_being_saved(place):
            self.forget(place)
            return None
        now, read = replace(kept, case=case, began=began, copy=None, undone=None), None
        if kept.undone is not None:
            read = replace(kept.undone, case=case, truth=labels, draft=None, stamp=stamp)
        if is_same:  # and more is being written
            now = replace(now, undone=read, copy=labels if read is None else None)
        self._kept[place] = now
        return None if read is None or is_same else (read, kept.labels)

    def forget(self, place: Place) -> None:
        """Forget what was painted: it is in its file, or given up."""
        self._kept.pop(place, None)


def image_of(case: Case) -> tuple[Path, tuple[int, ...]]:
    """Return what tells a case's image from all others: a file may hold several in frames."""
    return case.image, case.frames
