"""Folders of DICOM files: every series is a case."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from segstudio.data.cases import Case, Dataset
from segstudio.data.formats import SUFFIXES, is_dicom, stem, suffix_of
from segstudio.data.layouts.beside import (
    LABEL_ENDINGS,
    first_file,
    lies_inside,
    named_after,
    official_side,
    plain_labels,
)
from segstudio.data.layouts.frames import by_frames

if TYPE_CHECKING:
    from segstudio.data.formats.dicom import Drawn, Series


def find(files: Sequence[Path], root: Path) -> Dataset | None:
    """Return the series in a folder and its subfolders as cases; None where there is none.

    A series' labels are a DICOM segmentation that was drawn on it, wherever in the dataset it
    lies; or a file named after its first; or, of the only series of a folder, one named ``gt`` or
    the like in that folder, or after the folder beside it. Several images at one place, as of a
    time series, are a case each, or the channels of one where their labels have no fourth axis.
    What else lies there is left out, and the dataset's notes say so.

    Parameters
    ----------
    files : sequence of Path
        All that can be read in `root`.
    root : Path
        The folder. A case is named by its folder, and numbered where that holds several series;
        a patient is the folder at the top. Nothing is taken from what the files say of a person.
    """
    images = {p for p in files if _is_dicom(p)}
    if not images:
        return None
    # Deferred: the libraries take a moment to load, and few folders hold such files.
    from segstudio.data.formats.dicom import contents_of

    top = root.resolve()
    contents = {folder: contents_of(folder, top) for folder in sorted({p.parent for p in images})}
    known = {one.uid for series, _ in contents.values() for one in series} - {""}
    drawn = [one for _, segmentations in contents.values() for one in segmentations]
    labels = _Labels(root, drawn, known)
    cases = [
        case
        for folder, (series, _) in contents.items()
        for k, one in enumerate(series, 1)
        for case in _cases(one, k if len(series) > 1 else 0, folder, labels)
    ]
    if not cases:
        return None
    used = {case.labels for case in cases}
    others = len(set(files) - images - used)
    notes = [f"{others} file(s) that are no DICOM are left out."] if others else []
    notes += _unused([one for one in drawn if one.file not in used], known)
    return Dataset(root.resolve().name, root, tuple(cases), None, "DICOM series", tuple(notes))


def _is_dicom(path: Path) -> bool:
    """Return whether one of the files that can be read is DICOM.

    All of them without a known suffix are: they were looked into, and need not be again.
    """
    return suffix_of(path).lower() not in SUFFIXES or is_dicom(path)


class _Labels:
    """Finds the labels of a series: a segmentation that was drawn on it, or a file by its name.

    Parameters
    ----------
    root : Path
        The dataset.
    drawn : sequence of Drawn
        Its segmentations. Of several on one series the last by name counts: programs number them.
    known : set of str
        Its series. A segmentation of one of them is not taken by its name for another.
    """

    def __init__(self, root: Path, drawn: Sequence["Drawn"], known: set[str]) -> None:
        self.root = root
        by_name = sorted(drawn, key=lambda one: (one.file.name, one.file))
        self._drawn = {uid: one.file for one in by_name for uid in one.series if uid in known}
        self._taken = {one.file for one in drawn if known & set(one.series)}

    def of(self, series: "Series", folder: Path, *, is_only: bool) -> tuple[Path | None, str]:
        """Return a series' labels, and why they are; by name of the only series of a folder."""
        if (found := self._drawn.get(series.uid)) is not None:
            return found, f"the segmentation '{found.name}' was drawn on it"
        found = named_after(series.files[0])
        if found is not None and self._is_free(found):
            return found, f"'{found.name}' is named after the first file of the series"
        return self._by_name(folder) if is_only else (None, "")

    def _by_name(self, folder: Path) -> tuple[Path | None, str]:
        plain = [p for p in plain_labels(folder) if self._is_free(p)]
        if len(plain) == 1:
            return plain[0], f"'{plain[0].name}' lies in the series' folder"
        if folder != self.root:
            found = (first_file(folder.parent, folder.name + ending) for ending in LABEL_ENDINGS)
            named = next((p for p in found if p is not None and self._is_free(p)), None)
            if named is not None:
                return named, f"'{stem(named)}' is named after the folder"
        return None, ""

    def _is_free(self, path: Path) -> bool:
        return path not in self._taken and lies_inside(path, self.root)


def _unused(drawn: Sequence["Drawn"], known: set[str]) -> list[str]:
    """Return a sentence for each kind of segmentation that is of no case."""
    replaced = sorted(one.file for one in drawn if known & set(one.series))
    strange = sorted(one.file for one in drawn if not known & set(one.series))
    notes = []
    if replaced:
        notes.append(
            f"{len(replaced)} segmentation(s) are left out, as of several on one series the last "
            f"by name is taken; the first is '{replaced[0].name}'. Keep the one to learn from."
        )
    if strange:
        notes.append(
            f"{len(strange)} segmentation(s) were drawn on series that are not in the dataset and "
            f"are left out; the first is '{strange[0].name}'. Add the images."
        )
    return notes


def _cases(series: "Series", number: int, folder: Path, of: _Labels) -> list[Case]:
    """Return the case of a series; of one with several images at a place what these are."""
    image, root = series.files[0], of.root
    labels, pairing = of.of(series, folder, is_only=not number)
    name = _name(folder, root) + (f"_{number}" if number else "")
    side = official_side(image, root)
    case = Case(name, _patient(folder, root), image, labels, side, pairing=pairing)
    return by_frames(case) if series.frames > 1 else [case]


def _name(folder: Path, root: Path) -> str:
    return folder.relative_to(root).as_posix() if folder != root else folder.resolve().name


def _patient(folder: Path, root: Path) -> str:
    """Return whose images lie in a folder: those of the folder at the top, below its side."""
    parts = folder.relative_to(root).parts
    sides = ("training", "testing")
    return next((part for part in parts if part.lower() not in sides), _name(folder, root))
