"""What a dataset is made of: cases, each an image with, perhaps, its labels."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable

Drawing = Literal["one", "each", "alternating"]


@dataclass(frozen=True)
class Case:
    """One image with, perhaps, its labels; it belongs to one patient.

    Attributes
    ----------
    name : str
        Unique in its dataset.
    patient : str
        Cases of one patient stay on one side of a split.
    image : Path
        The image's file; the first channel's, where there are several.
    labels : Path or None
        The file of its labels, if there is one; it may be the image's own (HDF5, npz).
    official_split : {'train', 'test'} or None
        Where the dataset itself puts the case.
    other_channels : tuple of Path
        The files of further channels, in order.
    frames : tuple of int
        Which entries of the file's fourth axis are the image: one for a time point, several for
        the channels of one image; empty where the file has no such axis.
    labels_frame : int or None
        Which entry of the label file's fourth axis are the labels; None where it has none.
    drawing : {'one', 'each', 'alternating'}
        How landmarks are drawn as labels, where the labels are landmarks.
    pairing : str
        Why these labels are taken for this image's, for the user.
    facts : tuple of (str, str)
        What the dataset says of the case besides: phase, diagnosis, angles.
    draft : Path or None
        Labels that a network proposed, to be corrected: no truth, and never trained on.
    """

    name: str
    patient: str
    image: Path
    labels: Path | None
    official_split: str | None = None
    other_channels: tuple[Path, ...] = ()
    frames: tuple[int, ...] = ()
    labels_frame: int | None = None
    drawing: Drawing = "one"
    pairing: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    draft: Path | None = None

    @property
    def channels(self) -> tuple[Path, ...]:
        """The files of all channels; the first is `image`."""
        return (self.image, *self.other_channels)


@dataclass(frozen=True)
class Dataset:
    """A folder's cases, and their classes where the layout names them.

    Attributes
    ----------
    name : str
        The folder's name.
    root : Path
        The folder.
    cases : tuple of Case
        In order of name.
    classes : ClassTable or None
        None where only the label files can tell; see `class_table`.
    layout : str
        How the folder is laid out, for the user.
    notes : tuple of str
        A sentence for each thing that was left out or looks wrong, found without reading images.
    channel_names : tuple of str
        Of the images' channels, where the layout names them.
    roots : tuple of Path
        Where the cases of several folders were joined, those folders.
    """

    name: str
    root: Path
    cases: tuple[Case, ...]
    classes: ClassTable | None
    layout: str = ""
    notes: tuple[str, ...] = ()
    channel_names: tuple[str, ...] = ()
    roots: tuple[Path, ...] = ()

    @property
    def fingerprint(self) -> str:
        """What tells this dataset from others: a hash of its cases' names and files' sizes."""
        lines = [
            f"{case.name}|{case.patient}|"
            + "|".join(str(_size(p)) for p in (*case.channels, case.labels))
            for case in self.cases
        ]
        return sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]

    def labels_fingerprint(self) -> str:
        """Return a hash of the contents of all label files; reads them, and no image.

        Labels that are corrected keep their size where a file is not compressed, so that
        `fingerprint` stays. Those in the image's own file are not read.
        """
        files = {case.name: case.labels for case in self.cases if case.labels not in case.channels}
        # Several frames may share a file.
        sums = {path: _sum(path) for path in set(files.values()) if path and path.is_file()}
        lines = [f"{name}|{sums[path]}" for name, path in files.items() if path in sums]
        return sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]

    def case(self, name: str) -> Case:
        """Return a case by its name; `InputError` if there is none."""
        for case in self.cases:
            if case.name == name:
                return case
        raise InputError(f"'{self.root}' holds no case '{name}'.")


def _size(path: Path | None) -> int:
    return path.stat().st_size if path is not None and path.is_file() else 0


def _sum(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()
