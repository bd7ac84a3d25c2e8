"""What was painted and is not saved yet, image by image."""

import numpy as np
from numpy.typing import NDArray

from segstudio.data.cases import Case
from segstudio.session.open_case import OpenCase

LARGE = 4_000_000  # voxels that are not compared at each stroke


class Paintings:
    """Keeps unsaved labels, so that they are there when their image is shown again."""

    def __init__(self) -> None:
        self._unsaved: dict[object, NDArray[np.int32]] = {}

    def __contains__(self, case: Case) -> bool:
        return image_of(case) in self._unsaved

    def of(self, case: Case) -> NDArray[np.int32] | None:
        """Return what was painted on a case and not saved, if anything was."""
        return self._unsaved.get(image_of(case))

    def keep(self, opened: OpenCase | None, labels: NDArray[np.int32] | None) -> None:
        """Keep the labels of a case where they differ from what was read; else forget them."""
        if opened is None or labels is None:
            return
        truth, image = opened.truth, image_of(opened.case)
        if not labels.any() if truth is None else np.array_equal(labels, truth):
            self._unsaved.pop(image, None)
        else:
            self._unsaved[image] = labels

    def note(
        self, opened: OpenCase | None, labels: NDArray[np.int32] | None, *, surely: bool = False
    ) -> bool:
        """Follow a stroke; return whether the case became painted on, or is not any more.

        `surely` says that voxels did change, so that a large volume need not be compared.
        """
        if opened is None or labels is None:
            return False
        before = opened.case in self
        if labels.size <= LARGE:
            self.keep(opened, labels)
        elif surely:
            self._unsaved[image_of(opened.case)] = labels
        return before != (opened.case in self)

    def forget(self, case: Case) -> None:
        """Forget what was painted on a case: it is saved."""
        self._unsaved.pop(image_of(case), None)


def image_of(case: Case) -> object:
    """Return what tells a case's image from all others: a file may hold several in frames."""
    return case.image, case.frames
