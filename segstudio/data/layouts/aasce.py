"""The AASCE 2019 challenge's layout: spine radiographs, and 68 landmarks on 17 vertebrae each."""

import csv
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from segstudio.core.errors import InputError
from segstudio.data.cases import Case, Dataset
from segstudio.data.landmarks import VERTEBRAE, classes_of, disorder, read_landmarks
from segstudio.data.layouts.beside import lies_inside

SIDES = {"training": "train", "test": "test"}
_LARGEST_TABLE = 1 << 22  # bytes
# As the challenge orders a row of its angles.
ANGLES = ("Cobb angle 1", "Cobb angle 2", "Cobb angle 3")


def find(files: Sequence[Path], root: Path) -> Dataset | None:
    """Return the radiographs of a folder in AASCE's layout as cases; None for another folder.

    Parameters
    ----------
    files : sequence of Path
        All that can be read in `root`.
    root : Path
        ``data/training``, ``data/test`` hold the images, ``labels/training``, ``labels/test``
        their landmarks ``NAME.jpg.mat`` and, in ``filenames.csv`` and ``angles.csv``, their Cobb
        angles, which become facts of the cases. The official sides are kept.
    """
    images = [p for p in files if p.parent.parent == root / "data" and p.parent.name in SIDES]
    if not any(list((root / "labels" / side).glob("*.mat")) for side in SIDES) or not images:
        return None
    angles = {side: _angles(root / "labels" / side, root) for side in SIDES}
    cases = tuple(_case(p, root, angles[p.parent.name].get(p.name, ())) for p in images)
    notes = _disordered(cases)
    name = root.resolve().name
    return Dataset(name, root, cases, classes_of("one"), "AASCE", notes)


def _case(image: Path, root: Path, angles: Sequence[str]) -> Case:
    side = image.parent.name
    landmarks = root / "labels" / side / f"{image.name}.mat"
    labels = landmarks if landmarks.is_file() and lies_inside(landmarks, root) else None
    pairing = f"{VERTEBRAE} vertebrae in a file of its name" if labels else ""
    return Case(
        f"{side}/{image.stem}",
        _patient(image),
        image,
        labels,
        SIDES[side],
        pairing=pairing,
        facts=tuple(zip(ANGLES, angles, strict=False)),
    )


def _patient(image: Path) -> str:
    """Return whose radiograph it is: a number, after the day and before the letter of the view.

    The same number on another day is taken for the same person: on one side of a split they do no
    harm if they are two.
    """
    words = image.stem.split()
    return words[0].rsplit("-", 1)[-1] if len(words) > 1 else image.stem


def _angles(folder: Path, root: Path) -> dict[str, list[str]]:
    """Return the angles of each image, by its file's name; none where the tables do not agree."""
    tables = [folder / "filenames.csv", folder / "angles.csv"]
    if not all(p.is_file() and lies_inside(p, root) for p in tables):
        return {}
    names, rows = (_rows(p) for p in tables)
    if len(names) != len(rows):
        return {}
    told = zip(names, rows, strict=True)
    return {name[0]: [f"{angle[:8]}°" for angle in row] for name, row in told if name}


def _rows(path: Path) -> list[list[str]]:
    if path.stat().st_size > _LARGEST_TABLE:
        return []
    with (
        suppress(csv.Error),  # of a cell without an end: angles are only told, not learned from
        path.open(encoding="utf-8", errors="replace", newline="") as file,
    ):
        return list(csv.reader(file))
    return []


def _disordered(cases: Sequence[Case]) -> tuple[str, ...]:
    """Return a sentence for each case whose landmarks are out of order."""
    found = ((case.name, _disorder_of(case)) for case in cases)
    return tuple(
        f"The landmarks of '{name}' are out of order: {what}." for name, what in found if what
    )


def _disorder_of(case: Case) -> str:
    if case.labels is None:
        return ""
    with suppress(InputError):  # told when the case is read, or by the doctor
        return disorder(read_landmarks(case.labels))
    return ""
