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

    def after(self, done: "SaveRequest") -> "SaveRequest":
        """Return the request as it is when another is done: a file it made may be replaced."""
        if not self.goes_where(done):
            return self
        return replace(self, overwrite=True, stamp=stamp_of(self.path))

    def write(self) -> Path | None:
        """Write the file in the geometry of its image; return which labels the case has now.

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
        if self.project is not None:
            return self.path  # a project knows what no layout would find
        try:
            return labels_found_again(self.dataset, self.case)
        except (InputError, OSError):
            # They are written, under a name perhaps that no layout bears beside the image's.
            return self.case.labels if stamp_of(self.case.labels) else None

    def _expect_nothing_away(self) -> None:
        """Raise `FileNotFoundError` where a stick or a share is away, or a folder was moved.

        What was there when it was asked would be made anew in its place.
        """
        folder, project = self.path.parent, self.project
        was_there = bool(self.stamp) or not self.case.image.exists()
        if was_there and not folder.is_dir():
            raise FileNotFoundError(ENOENT, os.strerror(ENOENT), str(folder))
        is_gone = bool(self.stamp) and not stamp_of(self.path)
        if is_gone and project is not None and not project.file.is_file():
            raise FileNotFoundError(ENOENT, os.strerror(ENOENT), str(project.file))


def is_one_file(one: Path, other: Path) -> bool:
    """Return whether two paths lead to one file that can be reached."""
    try:
        return one.samefile(other)
    except OSError:
        return False  # one of them is not there, or on a disk that is away
