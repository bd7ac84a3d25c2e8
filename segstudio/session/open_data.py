"""The data that are open now: dataset, project, the case in view and its labels. No Qt."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.data.datasets import Case, Dataset
from segstudio.data.project import Place, Project, in_project, place_of
from segstudio.session.annotation import Annotation
from segstudio.session.annotation_choices import Ground
from segstudio.session.case_facts import CaseFacts
from segstudio.session.class_counts import count_voxels
from segstudio.session.messages import Message, ReadingRequest
from segstudio.session.open_case import OpenCase, read_case
from segstudio.session.opening import adding_folder, making_project, opening, opening_project
from segstudio.session.paintings import Paintings, image_of
from segstudio.session.project_record import ProjectRecord


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
    unsaved_changed = Signal(str)
    painted = Signal(OpenCase, object, object)  # with the labels, and the project
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
        self.annotation.classes.changed.connect(self._take_classes)
        self.annotation.classes.hidden_changed.connect(self._note_marks)
        self.annotation.limits.locked_changed.connect(self._note_marks)
        self.reading = ""
        self._paintings = Paintings()
        self._projects = ProjectRecord()
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
        if wish.lists_before(dataset):
            dataset = self.list_found(dataset, wish.project)
        opened = read_case(dataset, wish.first_case(dataset))
        if not wish.lists_before(dataset):
            self.list_found(dataset, wish.project)
        self.show_read(opened)

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
        marks = self.annotation.limits.locked, self.annotation.classes.hidden
        self.reading_asked.emit(making_project(root, self.dataset, *marks))

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

    def list_found(self, dataset: Dataset, project: Project | None = None) -> Dataset:
        """Take a dataset that was found, with its project as that is by now; return it as taken.

        Labels may have been saved in it since its folders were asked for.
        """
        now = project
        if project is not None:
            folders = project.folders
            now = self._record(lambda known: known.with_folders(folders), project)
        if project is not None and now is not None and now.changes_cases_of(project):
            dataset = in_project(dataset, now)
        self.list_cases(dataset, now)
        return dataset

    def list_cases(self, dataset: Dataset, project: Project | None = None) -> None:
        """Take a dataset, and its project, for the open one; its cases are still to be read."""
        self._leave_case()
        # Another patient's picture must not stand under the new names while they are read.
        self.open_case, self.labels = None, None
        is_other = self.dataset is None or self.dataset.root != dataset.root
        is_other |= self.project is not None
        self.project = None  # which is not told of what it says itself
        if project is not None or is_other:
            self._take_marks(project)
        self.dataset, self.project = dataset, project
        self.facts.forget()
        self.annotation.take(None)
        self.dataset_opened.emit(dataset)
        self.project_opened.emit(project)

    def show_read(self, opened: OpenCase) -> None:
        """Show a case of the open dataset that was read, and that fits what was painted on it."""
        self._leave_case()
        kept, opened = self._paintings.of(self.place_of(opened.case)), self._as_painted(opened)
        self.open_case = opened
        base = opened.base
        if kept is not None:
            self.labels = kept.labels
        else:
            self.labels = None if base is None else base.copy()
        self.facts.note_left_out(opened.case.name, opened.left_out or opened.stray)
        if opened.truth is not None:
            self.facts.note_present(opened.case.name, opened.present)
        self._annotate()
        self.case_opened.emit(opened)
        self._tell_doubts(opened)
        name = opened.case.name  # and not the case, which a change that waits would keep in memory
        self._record(lambda project: replace(project, last_case=name))

    def _leave_case(self) -> None:
        """Keep the labels of the case that goes out of view, of which a script may have told none.

        Who copies what is painted hears of them before they go.
        """
        opened = self.open_case
        self._keep_labels()
        if opened is not None and self.is_unsaved(opened.case):
            self.painted.emit(opened, self.labels, self.project)

    def place_of(self, case: Case) -> Place:
        """Return where labels of a case belong that are painted now: with the open project."""
        return place_of(self.project, case)

    def _keep_labels(self) -> None:
        """Keep the labels of the case in view, where they are not what was read."""
        self._paintings.keep(self.open_case, self.labels, self.project)

    def _is_listed(self, case: Case) -> bool:
        """Return whether the open dataset has a case's image."""
        cases = self.dataset.cases if self.dataset is not None else ()
        return any(image_of(each) == image_of(case) for each in cases)

    def _as_painted(self, opened: OpenCase) -> OpenCase:
        """Return a case with classes to paint with, where it was painted on and has none."""
        painted = self._paintings.of(self.place_of(opened.case))
        if painted is None or opened.base is not None:
            return opened
        own = {value for value, voxels in count_voxels(painted.labels).items() if voxels}
        return opened.paintable((own | self.facts.values_but(opened.case.name)) - {0})

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

    def _record(
        self,
        changed: Callable[[Project], Project],
        project: Project | None = None,
        file: Path | None = None,
    ) -> Project | None:
        """Change a project, the open one if none is given, and its file; tell if that fails.

        `file` is that of labels of which the change lets the project know.
        """
        open_root = self.project.root if self.project is not None else None
        is_open = project is None or project.root == open_root
        project = self.project if is_open else project
        if project is None:
            return None
        after = self._projects.change(project, changed, file)
        if is_open:
            self.project = after
        if trouble := self._projects.take_trouble(project, file):
            self.say(trouble)
        return after

    def labels_unknown_to_projects(self) -> list[tuple[Project, Path]]:
        """Return the files that were saved and whose projects could not be told, with these."""
        return self._projects.unknown_files()

    def knows_labels(self, place: Place) -> bool:
        """Return whether the project of a place, if it is in one, knows what was saved in it."""
        return self._projects.knows_labels(place.project)

    @property
    def _is_recorded(self) -> bool:
        """Whether the project's file, if there is one, holds what was changed last."""
        return self.project is None or not self._projects.failure

    def is_unsaved(self, case: Case) -> bool:
        """Return whether a case of what is open has painting that is in no file."""
        return self.is_place_unsaved(self.place_of(case))

    def is_painted(self, place: Place) -> bool:
        """Return whether a place has painting that is not in its case's own file."""
        return place in self._paintings

    def is_place_unsaved(self, place: Place) -> bool:
        """Return whether there is painting of a place that is in no file."""
        return self._paintings.is_unsaved(place)

    def _annotate(self) -> None:
        """Let the annotation paint the labels of the case in view."""
        opened, labels = self.open_case, self.labels
        if opened is None or labels is None:
            self.annotation.take(None)
            return
        self.annotation.classes.take(opened.classes)
        self.annotation.take(Ground(labels, opened.volume), opened.truth)

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

    def _take_marks(self, project: Project | None) -> None:
        """Lock and hide what a project says; nothing, without one: values mean something else."""
        locked, hidden = (project.locked, project.hidden) if project is not None else ((), ())
        self.annotation.limits.lock(locked)
        self.annotation.classes.hide(hidden)

    def _note_marks(self) -> None:
        """Let the project's file know which classes are locked and hidden."""
        locked = tuple(sorted(self.annotation.limits.locked))
        hidden = tuple(sorted(self.annotation.classes.hidden))
        self._record(lambda project: replace(project, locked=locked, hidden=hidden))

    def say(self, text: str, *, is_error: bool = True) -> None:
        """Tell the user something."""
        self.said.emit(Message(text, is_error))
