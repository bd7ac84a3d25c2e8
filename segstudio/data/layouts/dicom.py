"""Folders of DICOM files: every series is a case."""

from collections.abc import Sequence
from pathlib import Path

from segstudio.data.cases import Case, Dataset
from segstudio.data.formats import is_dicom, stem
from segstudio.data.layouts.beside import (
    LABEL_ENDINGS,
    first_file,
    lies_inside,
    official_side,
    plain_labels,
)


def find(files: Sequence[Path], root: Path) -> Dataset | None:
    """Return the series in a folder and its subfolders as cases; None where there is none.

    A series' labels are a DICOM segmentation that was drawn on it, wherever in the dataset it
    lies; or, of the only series of a folder, a file named ``gt`` or the like in that folder, or
    one named after the folder beside it. What else lies there and is no DICOM is left out, and
    the dataset's notes say so.

    Parameters
    ----------
    files : sequence of Path
        All that can be read in `root`.
    root : Path
        The folder. A case is named by its folder, and numbered where that holds several series;
        a patient is the folder at the top. Nothing is taken from what the files say of a person.
    """
    folders = sorted({p.parent for p in files if is_dicom(p)})
    if not folders:
        return None
    # Deferred: the libraries take a moment to load, and few folders hold such files.
    from segstudio.data.formats.dicom import segmentations_in, series_in, series_of

    drawn = {s: p for folder in folders for s, p in segmentations_in(folder).items()}
    cases = []
    for folder in folders:
        series = series_in(folder)
        for k, group in enumerate(series, 1):
            name = _name(folder, root) + (f"_{k}" if len(series) > 1 else "")
            labels = drawn.get(series_of(group[0]))
            pairing = f"the segmentation '{labels.name}' was drawn on it" if labels else ""
            if labels is None and len(series) == 1:
                labels, pairing = _labels_by_name(folder, root)
            side = official_side(group[0], root)
            case = Case(name, _patient(folder, root), group[0], labels, side, pairing=pairing)
            cases.append(case)
    if not cases:
        return None
    others = set(files) - {p for p in files if is_dicom(p)} - {case.labels for case in cases}
    notes = (f"{len(others)} file(s) that are no DICOM are left out.",) if others else ()
    return Dataset(root.resolve().name, root, tuple(cases), None, "DICOM series", notes)


def _name(folder: Path, root: Path) -> str:
    return folder.relative_to(root).as_posix() if folder != root else folder.resolve().name


def _patient(folder: Path, root: Path) -> str:
    """Return whose images lie in a folder: those of the folder at the top, below its side."""
    parts = folder.relative_to(root).parts
    sides = ("training", "testing")
    return next((part for part in parts if part.lower() not in sides), _name(folder, root))


def _labels_by_name(folder: Path, root: Path) -> tuple[Path | None, str]:
    plain = [p for p in plain_labels(folder) if lies_inside(p, root)]
    if len(plain) == 1:
        return plain[0], f"'{plain[0].name}' lies in the series' folder"
    if folder != root:
        found = (first_file(folder.parent, folder.name + ending) for ending in LABEL_ENDINGS)
        named = next((p for p in found if p is not None and lies_inside(p, root)), None)
        if named is not None:
            return named, f"'{stem(named)}' is named after the folder"
    return None, ""
