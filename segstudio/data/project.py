"""A project: which folders are worked on, with which classes and split, and what came of it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.data.cases import Case, Dataset
from segstudio.data.datasets import open_paths
from segstudio.data.splits import SplitKind

PROJECT_FILE = "project.toml"
AnnotationState = Literal["", "draft", "edited", "reviewed"]


@dataclass(frozen=True)
class SplitSettings:
    """How a project's trainings part its cases; all of them share one split.

    Attributes
    ----------
    how : {'three-way', 'two-way', 'none'}
    seed : int
        Of the split, not of the training.
    folds, fold : int or None, int
        As in a training's settings.
    """

    how: SplitKind = "three-way"
    seed: int = 0
    folds: int | None = None
    fold: int = 0

    def as_training_settings(self) -> dict[str, Any]:
        """Return them under the names a training knows them by."""
        settings = {"split": self.how, "split_seed": self.seed}
        return (
            settings if self.folds is None else settings | {"folds": self.folds, "fold": self.fold}
        )


@dataclass(frozen=True)
class SavedLabels:
    """Labels that were painted on an image, or on some frames of it, and the file they are in."""

    image: Path
    file: Path
    frames: tuple[int, ...] = ()


@dataclass(frozen=True)
class Progress:
    """How far the annotation of an image is.

    Attributes
    ----------
    image, frames : Path, tuple of int
        As in `Case`.
    state : {'', 'draft', 'edited', 'reviewed'}
        Proposed by a network, painted on, or looked through and found good; empty: none of these.
    seconds : int
        Spent painting.
    draft : Path or None
        The file of what the network proposed.
    """

    image: Path
    frames: tuple[int, ...] = ()
    state: AnnotationState = ""
    seconds: int = 0
    draft: Path | None = None


class Place(NamedTuple):
    """Where labels belong: an image, and the project in which they were painted on it.

    Attributes
    ----------
    project : Path or None
        The project's folder; None without one.
    image, frames : Path, tuple of int
        As in `Case`.
    """

    project: Path | None
    image: Path
    frames: tuple[int, ...] = ()


@dataclass(frozen=True)
class Project:
    """What is worked on together, as its file tells it.

    Attributes
    ----------
    root : Path
        The project's folder.
    name : str
        Its dataset goes by this name, and so do its runs.
    folders : tuple of Path
        The dataset's folders, one at least.
    classes : ClassTable or None
        None where the data name their classes, or nobody has.
    split : SplitSettings
        Of its trainings.
    runs_folder : Path or None
        Where its trainings go; None for where all others go.
    runs : tuple of Path
        Its trainings, the newest last.
    labels : tuple of SavedLabels
        What was painted and saved here, the newest last; of an image's, the last that is there
        counts.
    last_case : str
        The case that was in view last; empty if none was.
    unknown : dict
        What a later version wrote into the file; kept when it is written again.
    progress : tuple of Progress
        How far the annotation of its images is.
    locked, hidden : tuple of int
        Values of classes that are not to change, and of those that are not drawn.
    """

    root: Path
    name: str
    folders: tuple[Path, ...]
    classes: ClassTable | None = None
    split: SplitSettings = field(default_factory=SplitSettings)
    runs_folder: Path | None = None
    runs: tuple[Path, ...] = ()
    labels: tuple[SavedLabels, ...] = ()
    last_case: str = ""
    unknown: dict[str, Any] = field(default_factory=dict)
    progress: tuple[Progress, ...] = ()
    locked: tuple[int, ...] = ()
    hidden: tuple[int, ...] = ()

    @property
    def file(self) -> Path:
        """Where it is written."""
        return self.root / PROJECT_FILE

    def labels_file(self, case: Case) -> Path | None:
        """Return the newest file that labels painted on a case were saved to, and that is there.

        None where there is none.
        """
        return next((file for file in reversed(self._files_of(case)) if is_there(file)), None)

    def newest_labels(self, case: Case) -> Path | None:
        """Return the file that labels painted on a case were saved to last, if it is there."""
        known = self._files_of(case)
        return known[-1] if known and is_there(known[-1]) else None

    def _files_of(self, case: Case) -> list[Path]:
        return [s.file for s in self.labels if (s.image, s.frames) == (case.image, case.frames)]

    def with_labels(self, case: Case, file: Path) -> "Project":
        """Return the project with labels saved for a case, which are its newest.

        The file is that of no other case from then on.
        """
        saved = SavedLabels(case.image, file.absolute(), case.frames)
        return replace(self, labels=(*(s for s in self.labels if s.file != saved.file), saved))

    def with_folders(self, folders: Sequence[Path]) -> "Project":
        """Return the project with more folders, where it has not got them."""
        return replace(self, folders=tuple(dict.fromkeys((*self.folders, *folders))))

    def changes_cases_of(self, other: "Project") -> bool:
        """Return whether its cases have other labels, drafts or classes than another state's."""
        there = other.labels, other.progress, other.classes
        return (self.labels, self.progress, self.classes) != there

    def with_progress(self, progress: Progress) -> "Project":
        """Return the project with how far an image is, instead of how far it was."""
        image = (progress.image, progress.frames)
        others = (p for p in self.progress if (p.image, p.frames) != image)
        return replace(self, progress=(*others, progress))

    def with_edited(self, case: Case) -> "Project":
        """Return the project with a case as edited, where something else is known of it."""
        of_case = (p for p in self.progress if (p.image, p.frames) == (case.image, case.frames))
        known = next(of_case, None)
        return self if known is None else self.with_progress(replace(known, state="edited"))

    def with_run(self, run: Path) -> "Project":
        """Return the project with a run, which is its newest."""
        return replace(self, runs=(*(r for r in self.runs if r != run), run))


def place_of(project: Project | None, case: Case) -> Place:
    """Return where labels of a case belong that are painted in a project, or without one."""
    return Place(None if project is None else project.root, case.image, case.frames)


def new_project(root: Path, folders: Sequence[Path], classes: ClassTable | None = None) -> Project:
    """Return a project that is still to be written.

    Parameters
    ----------
    root : Path
        Its folder, and with it its name.
    folders : sequence of Path
        Of its dataset; where there are none, its own folder is.
    classes : ClassTable, optional
        As in `Project`.

    Raises
    ------
    InputError
        The folder holds a project already.
    """
    root = root.absolute()
    if (root / PROJECT_FILE).exists():
        raise InputError(
            f"'{root / PROJECT_FILE}' exists already: the folder holds a project. Open it, or "
            "choose another folder for the new one."
        )
    own = tuple(dict.fromkeys(folder.absolute() for folder in folders)) or (root,)
    # Predictions must not come to lie among the images, where they would be taken for cases.
    is_among_images = any(root.is_relative_to(folder) for folder in own)
    runs_folder = None if is_among_images else root / "runs"
    return Project(root, root.name, own, classes, runs_folder=runs_folder)


def dataset_of(project: Project) -> Dataset:
    """Return a project's cases, with its classes, and with the labels that were saved in it.

    Raises
    ------
    InputError
        A folder is missing or holds no image.
    """
    return in_project(open_paths(*project.folders), project)


def in_project(found: Dataset, project: Project) -> Dataset:
    """Return the cases of a project's folders with its classes, drafts, and labels saved in it.

    These come before labels that the folders' own layout finds: they are what somebody made of
    them here.
    """
    drafts = {(p.image, p.frames): p.draft for p in project.progress}
    newest = {(s.image, s.frames): s.file for s in project.labels}
    saved = {(s.image, s.frames): s.file for s in project.labels if is_there(s.file)}
    cases = tuple(
        _with_draft(_with_saved(case, saved.get(image)), drafts.get(image))
        for case in found.cases
        for image in [(case.image, case.frames)]
    )
    lost = [file for image, file in newest.items() if saved.get(image) != file]
    notes = (
        (
            f"{len(lost)} file(s) of labels saved in the project are gone, and earlier labels are "
            f"used, where there are any; the first is '{lost[0]}'.",
        )
        if lost
        else ()
    )
    return replace(
        found,
        name=project.name,
        cases=cases,
        classes=project.classes or found.classes,
        notes=tuple(dict.fromkeys((*found.notes, *notes))),
    )


def _with_draft(case: Case, file: Path | None) -> Case:
    if file is None or case.labels is not None or not is_there(file):
        return case
    return replace(case, draft=file)


def _with_saved(case: Case, file: Path | None) -> Case:
    return case if file is None else with_own_labels(case, file)


def with_own_labels(case: Case, file: Path) -> Case:
    """Return a case with the labels that were saved for it in a project, in a file of their own."""
    if file == case.labels:
        return case
    told = "saved in this project"
    return replace(case, labels=file, labels_frame=None, drawing="one", pairing=told)


def is_there(file: Path) -> bool:
    """Return whether a file is there; one on a disk that is away is not."""
    return os.path.isfile(file)  # noqa: PTH113  (before Python 3.14 a Path raises where a disk fails)
