"""The labels of a session: painted on, and put back after a crash. Free of Qt."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from segstudio.core.editing.edit import LARGEST_LABEL, edit_to
from segstudio.core.errors import InputError
from segstudio.data.recovery import Recovery
from segstudio.session.open_case import OpenCase
from segstudio.session.open_data import OpenData
from segstudio.session.opening import opening
from segstudio.session.paintings import image_of
from segstudio.session.recoveries import Recoveries


class LabelsSession(OpenData):
    """The part of the session that is about painting; see `Session`.

    Attributes
    ----------
    recoveries : Recoveries
        Copies left by a program that did not end as it should have.
    """

    labels_made = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.annotation.stepped.connect(self.note_painting)
        self.recoveries = Recoveries()
        self.recoveries.put_back.connect(self._ask_recovered)

    def note_painting(self, *, surely: bool = True) -> None:
        """Note that the labels of the case in view have been changed, or may have been."""
        opened = self.open_case
        if opened is None:
            return
        if self._paintings.note(opened, self.labels, self.project, surely=surely):
            self.unsaved_changed.emit(opened.case.name)
        if surely:
            self.painted.emit(opened, self.labels, self.project)

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

    def show_read(self, opened: OpenCase) -> None:
        """Show a case that was read, with what was painted on it before a crash put back."""
        super().show_read(opened)
        recovered = self.recoveries.labels_of(opened, self.place_of(opened.case), self.labels)
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
        here = [case.name for case in cases if recovery.goes_to(self.place_of(case))]
        if here:
            self.ask_case(here[0])
        else:
            wish, image = opening(*recovery.opens), (recovery.image, recovery.frames)
            wanted = replace(wish, is_wanted=lambda case: image_of(case) == image)
            self.reading_asked.emit(wanted)
