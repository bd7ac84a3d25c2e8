"""What was painted and is not in its case's file, image by image."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid
from segstudio.data.cases import Case
from segstudio.data.project import Project
from segstudio.data.recovery import stamp_of
from segstudio.session.open_case import OpenCase

LARGE = 4_000_000  # voxels that are not compared at each stroke


@dataclass(frozen=True, eq=False)
class _Painting:
    case: Case
    labels: NDArray[np.int32]
    grid: Grid
    began: tuple[Path | None, str]  # the file that it began with, and its stamp as it was read
    project: Project | None  # in which it was painted
    copy: NDArray[np.int32] | None = None  # as another file than the case's own has them
    undone: OpenCase | None = None  # as it was read, where the labels are that again

    @property
    def is_unsaved(self) -> bool:
        return self.copy is None and self.undone is None


class Paintings:
    """Keeps painted labels, so that they are there when their image is shown again."""

    def __init__(self) -> None:
        self._kept: dict[object, _Painting] = {}
        self._being_saved: Counter[object] = Counter()

    @property
    def unsaved(self) -> list[Case]:
        """The cases whose painting is in no file."""
        return [kept.case for kept in self._kept.values() if kept.is_unsaved]

    def __contains__(self, case: Case) -> bool:
        kept = self._kept.get(image_of(case))
        return kept is not None and kept.undone is None

    def is_being_saved(self, case: Case) -> bool:
        """Return whether labels of a case are being written, or wait for it."""
        return self._being_saved[image_of(case)] > 0

    def is_unsaved(self, case: Case) -> bool:
        """Return whether a case has painting that is in no file."""
        kept = self._kept.get(image_of(case))
        return kept is not None and kept.is_unsaved

    def of(self, case: Case) -> NDArray[np.int32] | None:
        """Return what was painted on a case and is not in its own file, if anything was."""
        kept = self._kept.get(image_of(case))
        return None if kept is None else kept.labels

    def grid_of(self, case: Case) -> Grid:
        """Return the grid of a painted case's image."""
        return self._kept[image_of(case)].grid

    def began_of(self, case: Case) -> tuple[Path | None, str] | None:
        """Return the file that a painted case began with, and the stamp it had when it was read."""
        kept = self._kept.get(image_of(case))
        return None if kept is None else kept.began

    def project_of(self, case: Case) -> Project | None:
        """Return the project in which a case was painted on last, if it was in one."""
        kept = self._kept.get(image_of(case))
        return None if kept is None else kept.project

    def expect_fit(self, opened: OpenCase) -> None:
        """Raise `InputError` where an image as it was read has not the shape that was painted."""
        painted, shape = self.of(opened.case), opened.volume.data.shape
        if painted is not None and painted.shape != shape:
            raise InputError(
                f"The image of '{opened.case.name}' is another by now: its size is {shape}, and "
                f"what you painted has {painted.shape}. It is not opened, so that nothing is lost. "
                "Bring the image back as it was."
            )

    def keep(
        self,
        opened: OpenCase | None,
        labels: NDArray[np.int32] | None,
        project: Project | None = None,
    ) -> None:
        """Keep the labels of a case where they differ from what was read; else forget them.

        What is being saved is kept in any case: the file may come to hold what was undone since.
        """
        if opened is None or labels is None:
            return
        base, image = opened.base, image_of(opened.case)
        is_undone = not labels.any() if base is None else np.array_equal(labels, base)
        if is_undone and not self.is_being_saved(opened.case):
            self._kept.pop(image, None)
            return
        kept = self._kept.get(image)
        copy = None if kept is None else kept.copy
        if copy is not None and not np.array_equal(labels, copy):
            copy = None  # changed since, by a script that told nobody
        painting = self._painting(opened, labels, project, copy)
        self._kept[image] = replace(painting, undone=opened if is_undone else None)

    def note(
        self,
        opened: OpenCase | None,
        labels: NDArray[np.int32] | None,
        project: Project | None = None,
        *,
        surely: bool = False,
    ) -> bool:
        """Follow a stroke; return whether the case became unsaved, or is not any more.

        `surely` says that voxels did change, so that a large volume need not be compared.
        """
        if opened is None or labels is None:
            return False
        before, image = self.is_unsaved(opened.case), image_of(opened.case)
        if labels.size <= LARGE:
            self.keep(opened, labels, project)
        elif surely:
            self._kept[image] = self._painting(opened, labels, project)
        if surely and image in self._kept:  # now it is painted here, wherever it was before
            self._kept[image] = replace(self._kept[image], project=project)
        return before != self.is_unsaved(opened.case)

    def _painting(
        self,
        opened: OpenCase,
        labels: NDArray[np.int32],
        project: Project | None,
        copy: NDArray[np.int32] | None = None,
    ) -> _Painting:
        """Return what is painted; with which file it began, and in which project, stays true."""
        kept = self._kept.get(image_of(opened.case))
        began = (opened.base_file, opened.stamp) if kept is None else kept.began
        project = project if kept is None else kept.project
        return _Painting(opened.case, labels, opened.volume.grid, began, project, copy)

    def note_saving(self, case: Case) -> None:
        """Note that a case's labels, as they are now, are to be written."""
        self._being_saved[image_of(case)] += 1

    def note_saving_ended(self, case: Case) -> None:
        """Note that such labels were written, or will not be."""
        self._being_saved[image_of(case)] -= 1
        self._being_saved += Counter()  # which keeps what is above 0

    def forget_undone(self, case: Case) -> None:
        """Forget a case whose labels are what was read, if nothing of it is being written."""
        kept = self._kept.get(image_of(case))
        if kept is not None and kept.undone is not None and not self.is_being_saved(case):
            self.forget(case)

    def note_copy(self, case: Case, labels: NDArray[np.int32]) -> None:
        """Note that a file besides the case's own has these labels, if nothing was painted since.

        Parameters
        ----------
        case : Case
        labels : ndarray of int, shape (Z, Y, X)
            As they were written; nobody paints on these.
        """
        image = image_of(case)
        kept = self._kept.get(image)
        if kept is not None and kept.undone is None and np.array_equal(kept.labels, labels):
            self._kept[image] = replace(kept, copy=labels)

    def note_saved(
        self, case: Case, labels: NDArray[np.int32], *, is_used: bool = True
    ) -> tuple[OpenCase, NDArray[np.int32]] | None:
        """Note that a file has these labels; what was painted since began with it.

        Parameters
        ----------
        case : Case
            With the file as its own.
        labels : ndarray of int32, shape (Z, Y, X)
            As they were written.
        is_used : bool
            Whether the case has these labels in what is open, too.

        Returns
        -------
        (OpenCase, ndarray) or None
            Where the labels are unsaved because of an undo: the case as the file has it, and they.
        """
        image = image_of(case)
        kept = self._kept.get(image)
        if kept is None:
            return None
        began, is_same = (case.labels, stamp_of(case.labels)), np.array_equal(kept.labels, labels)
        if not is_used:
            undone = kept.undone if is_same else None
            self._kept[image] = replace(kept, began=began, undone=undone)
            return None
        if is_same and not self.is_being_saved(case):
            self.forget(case)
            return None
        now, read = replace(kept, case=case, began=began, copy=None, undone=None), None
        if kept.undone is not None:
            read = replace(kept.undone, case=case, truth=labels, draft=None, stamp=began[1])
        if is_same:  # and more is being written
            now = replace(now, undone=read, copy=labels if read is None else None)
        self._kept[image] = now
        return None if read is None or is_same else (read, kept.labels)

    def forget(self, case: Case) -> None:
        """Forget what was painted on a case: it is in its file, or given up."""
        self._kept.pop(image_of(case), None)


def image_of(case: Case) -> object:
    """Return what tells a case's image from all others: a file may hold several in frames."""
    return case.image, case.frames
