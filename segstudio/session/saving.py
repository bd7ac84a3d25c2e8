"""Labels on their way into a file."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid
from segstudio.data.datasets import Case, Dataset, labels_found_again
from segstudio.data.formats import write_labels
from segstudio.data.project import Project
from segstudio.data.recovery import stamp_of
from segstudio.session.paintings import image_of


def place_of(project: Project | None, case: Case) -> object:
    """Return what tells a case's image from all others, in a project or without one."""
    return None if project is None else project.root, image_of(case)


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
    stamp : str, optional
        Of the file that may be replaced, see `stamp_of`: that which is there when it is asked.
    """

    dataset: Dataset
    case: Case
    grid: Grid
    labels: NDArray[np.int32]
    path: Path
    overwrite: bool
    project: Project | None = None
    stamp: str | None = None

    def __post_init__(self) -> None:
        if self.stamp is None:
            object.__setattr__(self, "stamp", stamp_of(self.path))
        if self.path.exists():
            self._expect_no_image()
            self._expect_no_labels_of_others()

    def _expect_no_image(self) -> None:
        images = (
            image for case in self.dataset.cases for image in case.channels if case.labels != image
        )
        if any(image.exists() and image.samefile(self.path) for image in images):
            raise InputError(
                f"'{self.path.name}' is an image of this dataset, and the labels would replace "
                "it. Choose another name."
            )

    def _expect_no_labels_of_others(self) -> None:
        name, own = self.path.name, self.case
        for case in self.dataset.cases:
            labels = case.labels
            if labels is None or labels.name != name or image_of(case) == image_of(own):
                continue
            if labels.exists() and labels.samefile(self.path):
                raise InputError(
                    f"'{name}' holds the labels of '{case.name}', and those of '{own.name}' would "
                    "replace them. Choose another name."
                )

    def after_another(self) -> "SaveRequest":
        """Return the request as it is after another of the same file was done."""
        return replace(self, stamp=stamp_of(self.path))

    def write(self) -> Path | None:
        """Write the file in the geometry of its image; return which labels the case has now.

        Raises
        ------
        InputError
            The file exists and may not be replaced, or is another than when it was asked.
        OSError
            It cannot be written; what was there is as it was.
        """
        if self.overwrite and stamp_of(self.path) not in ("", self.stamp):
            raise InputError(
                f"'{self.path.name}' was written by another program before it could be saved, so "
                f"it is left as it is. The labels of '{self.case.name}' are still in this window: "
                "save them under another name."
            )
        write_labels(
            self.path, self.labels, self.grid, overwrite=self.overwrite, keep_previous=True
        )
        if self.project is not None:
            return self.path  # a project knows what no layout would find
        try:
            return labels_found_again(self.dataset, self.case)
        except (InputError, OSError):
            # They are written, under a name perhaps that no layout bears beside the image's.
            return self.case.labels if self.case.labels and self.case.labels.exists() else None
