"""The data that are open now: dataset, project, the case in view and its labels. No Qt."""

from collections.abc import Callable
from dataclasses import replace
from os import W_OK, access
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.data.datasets import Case, Dataset, labels_found_again
from segstudio.data.formats import write_labels
from segstudio.data.project import Project
from segstudio.data.project_file import read_project, write_project
from segstudio.session.annotation import Annotation
from segstudio.session.annotation_choices import Ground
from segstudio.session.case_facts import CaseFacts
from segstudio.session.messages import Message, ReadingRequest
from segstudio.session.open_case import OpenCase, read_case
from segstudio.session.opening import adding_folder, making_project, opening, opening_project
from segstudio.session.paintings import Paintings, image_of


class OpenData:
    """The part of the session that is about data; see `Session`.

    Attributes
    ----------
    dataset : Dataset or None
        The open folder.
    project : Project or None
        The project it is that of, if it is.
    facts : CaseFacts
        What is known of its cases before they are opened.
    open_case : OpenCase or None
        The case in view.
    labels : ndarray of int32, shape (Z, Y, X), or None
        The labels being painted: what was read, or empty ones; edited in place.
    annotation : Annotation
        Paints the labels.
    reading : str
        What is being read beside the window, for the user; empty if nothing is.
    """

    dataset_opened = Signal(Dataset)
    project_opened = Signal(object)
    case_opened = Signal(OpenCase)
    labels_made = Signal(object)
    unsaved_changed = Signal(str)
    reading_asked = Signal(ReadingRequest)
    ahead_asked = Signal(Case)
    reading_changed = Signal(str)
    said = Signal(Message)

    def __init__(self) -> None:
        self.dataset: Dataset | None = None
        self.project: Project | None = None
        self.facts = CaseFacts()
        self.open_case: OpenCase | None = None
        self.labels: NDArray[np.int32] | None = None
        self.annotation = Annotation()
        self.annotation.stepped.connect(self._note_step)
        self.annotation.classes.changed.connect(self._take_classes)
        self.reading = ""
        self._paintings = Paintings()
        self._doubted: set[object] = set()

    def open(self, *paths: str | Path) -> None:
        """Open folders as datasets, files as cases, or a project; show the first case.

        Raises
        ------
        InputError
            A path is missing or cannot be read.
        """
        wish = opening(*paths)
        dataset = wish.find()
        self.list_cases(dataset, wish.project)
        self.show_read(read_case(dataset, wish.first_case(dataset)))

    def show_case(self, name: str) -> None:
        """Read a case of the open dataset and show it."""
        dataset = self._open_dataset()
        self.show_read(read_case(dataset, dataset.case(name)))

    def ask_open(self, *paths: str | Path) -> None:
        """Ask for `open` to be done beside the window; whoever reads there hears it."""
        self.reading_asked.emit(opening(*paths))

    def ask_project(self, path: str | Path) -> None:
        """Ask for a project to be opened beside the window."""
        self.reading_asked.emit(opening_project(path))

    def ask_new_project(self, root: Path) -> None:
        """Ask for a project to be made of what is open, or of the images in its own folder."""
        self.reading_asked.emit(making_project(root, self.dataset))

    def ask_more_folders(self, folder: Path) -> None:
        """Ask for one more folder of images in the open project."""
        if self.project is None:
            raise InputError("No project is open. Make one, or open one, first.")
        self.reading_asked.emit(adding_folder(self.project, folder))

    def ask_reading(self, find: Callable[[], Dataset], text: str) -> None:
        """Ask for a dataset to be found, and its first case read, beside the window."""
        self.reading_asked.emit(ReadingRequest(find, None, text))

    def ask_case(self, name: str) -> None:
        """Ask for `show_case` to be done beside the window."""
        dataset = self._open_dataset()
        self.reading_asked.emit(
            ReadingRequest(lambda: dataset, dataset.case(name), f"Reading {name} …")
        )

    def ask_ahead(self, name: str) -> None:
        """Ask for a case to be read ahead, as it may be the next that is asked for."""
        self.ahead_asked.emit(self._open_dataset().case(name))

    def note_reading(self, text: str) -> None:
        """Note what is being read beside the window; nothing, if empty."""
        self.reading = text
        self.reading_changed.emit(text)

    def _open_dataset(self) -> Dataset:
        if self.dataset is None:
            raise InputError("No dataset is open. Open a folder first.")
        return self.dataset

    def list_cases(self, dataset: Dataset, project: Project | None = None) -> None:
        """Take a dataset, and its project, for the open one; its cases are still to be read."""
        self._paintings.keep(self.open_case, self.labels)
        # Another patient's picture must not stand under the new names while they are read.
        self.open_case, self.labels = None, None
        self.dataset, self.project = dataset, project
        self.facts.forget()
        self.annotation.take(None)
        self.dataset_opened.emit(dataset)
        self.project_opened.emit(project)

    def show_read(self, opened: OpenCase) -> None:
        """Show a case of the open dataset that was read."""
        self._paintings.keep(self.open_case, self.labels)
        kept, opened = self._paintings.of(opened.case), self._as_painted(opened)
        self.open_case = opened
        truth = opened.truth
        self.labels = kept if kept is not None or truth is None else truth.copy()
        self.facts.note_left_out(opened.case.name, opened.left_out or opened.stray)
        if opened.truth is not None:
            self.facts.note_present(opened.case.name, opened.present)
        self._annotate()
        self.case_opened.emit(opened)
        self._tell_doubts(opened)
        self._record(lambda project: replace(project, last_case=opened.case.name))

    def _as_painted(self, opened: OpenCase) -> OpenCase:
        """Return a case with classes to paint with, where it was painted on and has none."""
        painted = opened.case in self._paintings and opened.truth is None
        return opened.paintable() if painted else opened

    def _tell_doubts(self, opened: OpenCase) -> None:
        """Tell what an image's header contradicts itself in, the first time it is shown."""
        image, doubts = image_of(opened.case), opened.volume.grid.doubts
        if doubts and image not in self._doubted:
            self._doubted.add(image)
            self.say(f"{opened.case.name}: {' '.join(doubts)}", is_error=False)
        if opened.left_out:
            self.say(f"The labels of '{opened.case.name}' are not shown. {opened.left_out}")
        elif opened.stray:
            self.say(f"{opened.case.name}: {opened.stray}", is_error=False)

    def _record(self, changed: Callable[[Project], Project]) -> None:
        """Change the open project, and its file where that may be written."""
        if self.project is None:
            return
        # As it is there now: somebody may have edited the file meanwhile.
        before = read_project(self.project.root) if self.project.file.is_file() else self.project
        self.project = changed(before)
        if access(self.project.root, W_OK):
            write_project(self.project)

    def is_unsaved(self, case: Case) -> bool:
        """Return whether a case has painting that is not saved."""
        return case in self._paintings

    def note_painting(self) -> None:
        """Note that the labels of the case in view may have been changed by somebody."""
        self._note_changes(surely=False)

    def _note_changes(self, *, surely: bool) -> None:
        opened = self.open_case
        changed = self._paintings.note(opened, self.labels, surely=surely)
        if changed and opened is not None:
            self.unsaved_changed.emit(opened.case.name)

    def new_labels(self) -> None:
        """Make empty labels to paint on, where the case in view has none."""
        if self.open_case is None:
            raise InputError("No image is open. Open one first, then label it.")
        if self.labels is None:
            self.open_case = self.open_case.paintable()
            self.labels = np.zeros(self.open_case.volume.data.shape, np.int32)
            self._annotate()
            self.labels_made.emit(self.labels)

    def take_labels(self, labels: NDArray[np.int32]) -> None:
        """Paint on another array from now on, as a tool of napari's made it."""
        self.labels = labels
        self._annotate()
        self._note_step()

    def _annotate(self) -> None:
        """Let the annotation paint the labels of the case in view."""
        opened, labels = self.open_case, self.labels
        if opened is None or labels is None:
            self.annotation.take(None)
            return
        self.annotation.classes.take(opened.classes)
        self.annotation.take(Ground(labels, opened.volume), opened.truth)

    def _note_step(self) -> None:
        self._note_changes(surely=True)

    def _take_classes(self, classes: ClassTable) -> None:
        """Give the dataset, and the case in view, the table that the user made; keep it."""
        if self.open_case is None or self.dataset is None:
            return
        elsewhere = self.facts.values_but(self.open_case.case.name)
        self.open_case = replace(self.open_case, classes=classes)
        # What other cases hold stays a class of the dataset, or they could not be read.
        whole = classes.with_values(elsewhere, self.dataset.classes)
        self.dataset = replace(self.dataset, classes=whole)
        self._record(lambda project: replace(project, classes=whole))
        self.dataset_opened.emit(self.dataset)

    def save_labels(self, path: Path, *, overwrite: bool = False) -> None:
        """Write the labels of the case in view, in the geometry of its image.

        Where the file pairs with the image, the case has these labels from then on; a copy under
        another name leaves the case as it was, and the painting unsaved.

        Raises
        ------
        InputError
            There are no labels, or the file exists and `overwrite` is false.
        """
        if self.open_case is None or self.labels is None or self.dataset is None:
            raise InputError("There are no labels to save. Open a case, or make new labels.")
        self._expect_no_image(path)
        write_labels(path, self.labels, self.open_case.volume.grid, overwrite=overwrite)
        case = self.open_case.case
        self._pair(path, labels_found_again(self.dataset, case))
        self._record(lambda project: project.with_labels(case, path))

    def _pair(self, path: Path, pair: Path | None) -> None:
        """Take saved labels for the case's own where they are found again; say which they are."""
        if self.open_case is None or self.labels is None:
            return
        if self.project is not None:
            pair = pair or path  # the project knows what no layout would find
        if pair is None or not pair.samefile(path):
            # What pairs with the image is what is read again, so the painting itself is kept.
            still = f"the case still uses {pair.name}" if pair else "the case still has no labels"
            self.say(f"Saved a copy, {path.name}; {still}.", is_error=False)
            return
        self._take_saved(replace(self.open_case.case, labels=pair), self.labels.copy())
        self.say(f"Saved {path.name}", is_error=False)

    def _take_saved(self, case: Case, truth: NDArray[np.int32]) -> None:
        """Take labels that were saved for what the case in view is known to have."""
        if self.open_case is None or self.dataset is None:
            return
        self._paintings.forget(case)
        present = tuple(np.flatnonzero(np.bincount(truth.ravel())).tolist())
        self.open_case = replace(
            self.open_case, case=case, truth=truth, present=present, left_out=""
        )
        cases = tuple(case if image_of(c) == image_of(case) else c for c in self.dataset.cases)
        self.dataset = replace(self.dataset, cases=cases)
        self.annotation.limits.note_mask("saved", truth)
        self.facts.forget_labels(case.name)
        self.facts.note_present(case.name, present)
        self.dataset_opened.emit(self.dataset)

    def _expect_no_image(self, path: Path) -> None:
        """Refuse to write over an image of the open dataset."""
        cases = self.dataset.cases if self.dataset is not None else ()
        images = (image for case in cases for image in case.channels if case.labels != image)
        if path.exists() and any(image.exists() and image.samefile(path) for image in images):
            raise InputError(
                f"'{path.name}' is an image of this dataset, and the labels would replace it. "
                "Choose another name."
            )

    def say(self, text: str, *, is_error: bool = True) -> None:
        """Tell the user something."""
        self.said.emit(Message(text, is_error))
