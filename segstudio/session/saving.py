"""Labels on their way into a file."""

import os
from dataclasses import dataclass, replace
from errno import ENOENT
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid
from segstudio.data.atomic import stamp_of
from segstudio.data.datasets import Case, Dataset, labels_found_again
from segstudio.data.formats import write_labels
from segstudio.data.project import Place, Project, place_of
from segstudio.session.paintings import image_of


@dataclass(frozen=True)
class Saved:
    """What came of a request.

    Attributes
    ----------
    pair : Path or None
        The labels that the case has by now: the file, or others where that is a copy.
    stamp : str
        Of the file as it was written.
    """

    pair: Path | None
    stamp: str


@dataclass(frozen=True, eq=False)
class SaveRequest:
    """Labels that are to be written.

    Attributes
    ----------
    dataset : Dataset
        Of the case.
    case : Case
    grid : Grid
        Of its image.
    labels : ndarray of int32, shape (Z, Y, X)
        As they were when it was asked: nobody paints on these.
    path : Path
        The file.
    overwrite : bool
        Whether a file that is there may be replaced; it is kept once, as ``NAME~``.
    project : Project or None
        The one that was open when it was asked, and is to know of the file.
    stamp : str
        Of the file that may be replaced, see `stamp_of`; empty where none was there.
    """

    dataset: Dataset
    case: Case
    grid: Grid
    labels: NDArray[np.int32]
    path: Path
    overwrite: bool
    project: Project | None
    stamp: str

    @property
    def place(self) -> Place:
        """Where the labels belong."""
        return place_of(self.project, self.case)

    def expect_no_other_use(self) -> None:
        """Raise `InputError` where the file is an image, or holds the labels of another case."""
        if not stamp_of(self.path):
            return  # it is no file yet
        name, own = self.path.name, self.case
        for case in self.dataset.cases:
            for image in case.channels:
                if image != case.labels and is_one_file(image, self.path):
                    raise InputError(
                        f"'{name}' is an image of this dataset, and the labels would replace it. "
                        "Choose another name."
                    )
            if case.labels is None or case.labels.name != name or image_of(case) == image_of(own):
                continue
            if is_one_file(case.labels, self.path):
                raise InputError(
                    f"'{name}' holds the labels of '{case.name}', and those of '{own.name}' would "
                    "replace them. Choose another name."
                )

    def goes_where(self, other: "SaveRequest") -> bool:
        """Return whether it puts labels of the same case into the same file as another."""
        return (self.place, self.path) == (other.place, other.path)

    def after(self, done: "SaveRequest", saved: Saved) -> "SaveRequest":
        """Return the request as it is when another is done: a file it made may be replaced."""
        if not self.goes_where(done):
            return self
        return replace(self, overwrite=True, stamp=saved.stamp)

    def write(self) -> Saved:
        """Write the file in the geometry of its image.

        Raises
        ------
        InputError
            The file exists and may not be replaced, or is another than when it was asked.
        OSError
            It cannot be written; what was there is as it was.
        """
        self._expect_nothing_away()
        write_labels(
            *(self.path, self.labels, self.grid),
            overwrite=self.overwrite,
            keep_previous=True,
            stamp=self.stamp,
        )
        stamp = stamp_of(self.path)  # before another program may have written it
        return Saved(self._pair_now(), stamp)

    def _pair_now(self) -> Path | None:
        """Return which labels the case has, now that the file is written."""
        if self.project is not None:
            return self.path  # a project knows what no layout would find
        try:
            return labels_found_again(self.dataset, self.case)
        except (InputError, OSError):
            # They are written, under a name perhaps that no layout bears beside the image's.
            return self.case.labels if stamp_of(self.case.labels) else None

    def _expect_nothing_away(self) -> None:
        """Raise `FileNotFoundError` where a stick or a share seems away, or a folder was moved.

        No folder is made anew then, and nothing written where it is mounted else.
        """
        folder, project = self.path.parent, self.project
        is_image_gone = not self.case.image.exists()
        is_expected = bool(self.stamp) or folder == self.case.image.parent
        if (is_expected or is_image_gone) and not folder.is_dir():
            raise FileNotFoundError(ENOENT, os.strerror(ENOENT), str(folder))
        if is_expected and not stamp_of(self.path):
            is_project_gone = project is not None and not project.file.is_file()
            if is_image_gone or (self.stamp and is_project_gone):
                raise FileNotFoundError(ENOENT, os.strerror(ENOENT), str(self.path))


def is_one_file(one: Path, other: Path) -> bool:
    """Return whether two paths lead to one file that can be reached."""
    try:
        return one.samefile(other)
    except OSError:
        return False  # one of them is not there, or on a disk that is away
