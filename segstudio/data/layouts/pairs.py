"""A folder with a table of pairs: a CSV whose rows name an image and its labels."""

import csv
from collections import Counter
from collections.abc import Sequence
from io import StringIO
from itertools import islice
from pathlib import Path

from segstudio.core.errors import InputError
from segstudio.data.cases import Case, Dataset
from segstudio.data.formats import has_known_suffix, stem
from segstudio.data.layouts.frames import by_frames

IMAGE = ("image", "images", "img", "image_path", "scan")
LABELS = ("label", "labels", "mask", "seg", "segmentation", "gt", "label_path", "mask_path")
PATIENT = ("patient", "patient_id", "subject", "subject_id")
SIDE = {"train": "train", "training": "train", "test": "test", "testing": "test"}
_LARGEST_TABLE = 50_000
_LARGEST_FILE = 1 << 26  # bytes
_LONGEST_NAME = 255  # bytes, as of every system


def find(files: Sequence[Path], root: Path) -> Dataset | None:  # noqa: ARG001  (the table says it)
    """Return the cases that a table in a folder lists; None where there is no such table.

    Parameters
    ----------
    files : sequence of Path
        All that can be read in `root`.
    root : Path
        It holds one CSV file with a column ``image`` and a column ``label`` (or ``mask``,
        ``seg``, ``gt``), and perhaps ``patient`` (or ``subject``) and ``split`` (train, test).
        Paths are relative to the folder and lie in it.

    Raises
    ------
    InputError
        A row names a file that is missing, or lies outside the folder; or there are two tables.
    """
    tables = {p: rows for p in sorted(root.glob("*.csv")) if (rows := _pairs(p))}
    if not tables:
        return None
    if len(tables) > 1:
        first, second = list(tables)[:2]
        raise InputError(
            f"'{root}' holds two tables of pairs, '{first.name}' and '{second.name}'. Keep one."
        )
    ((table, rows),) = tables.items()
    cases = tuple(_case(row, n, table) for n, row in enumerate(rows, 2))
    (twice, times), *_ = Counter(case.name for case in cases).most_common(1)
    if times > 1:
        raise InputError(f"'{table}' lists the image '{twice}' twice. Remove one of the rows.")
    cases = tuple(one for case in cases for one in by_frames(case))
    return Dataset(root.resolve().name, root, cases, None, f"the table {table.name}")


def _pairs(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table that has images and labels, by lower-case column; else none."""
    if not path.is_file() or path.stat().st_size > _LARGEST_FILE:
        return []
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")  # as spreadsheets write it
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    try:
        rows = list(islice(csv.reader(StringIO(text), delimiter=delimiter), _LARGEST_TABLE + 1))
    except csv.Error:
        return []
    head = [name.strip().lower() for name in rows[0]] if rows else []
    if not (_column(head, IMAGE) and _column(head, LABELS)):
        return []
    if len(rows) > _LARGEST_TABLE:
        raise InputError(f"'{path}' has more than {_LARGEST_TABLE} rows. Part it into several.")
    return [
        dict(zip(head, (cell.strip() for cell in row), strict=False)) for row in rows[1:] if row
    ]


def _column(head: Sequence[str], names: Sequence[str]) -> str | None:
    return next((name for name in names if name in head), None)


def _case(row: dict[str, str], number: int, table: Path) -> Case:
    image = _file(row.get(_column(list(row), IMAGE) or "", ""), number, table)
    if image is None:
        raise InputError(f"Row {number} of '{table}' names no image.")
    labels = _file(row.get(_column(list(row), LABELS) or "", ""), number, table)
    place = image.relative_to(table.parent)
    name = "/".join((*place.parts[:-1], stem(image)))
    side = SIDE.get(row.get("split", "").lower())
    patient = row.get(_column(list(row), PATIENT) or "", "")
    pairing = f"row {number} of {table.name}" if labels else ""
    return Case(name, patient or name, image, labels, side, pairing=pairing)


def _file(name: str, number: int, table: Path) -> Path | None:
    """Return the file that a cell names; one outside the folder is refused, and a missing one."""
    if not name:
        return None
    if (
        not name.isprintable()
        or max(len(part.encode()) for part in name.split("/")) > _LONGEST_NAME
    ):
        raise InputError(f"Row {number} of '{table}' names '{name}', which is no file's name.")
    root = table.parent
    path = root / name.replace("\\", "/")
    where = f"Row {number} of '{table}' names '{name}'"
    if Path(name).is_absolute() or not path.resolve().is_relative_to(root.resolve()):
        raise InputError(f"{where}, which lies outside the folder. Copy it in and name it there.")
    if ".." in path.parts:
        path = path.resolve().relative_to(root.resolve())
        path = root / path
    if not path.is_file():
        raise InputError(f"{where}, which does not exist. Correct the row or add the file.")
    if not has_known_suffix(path):
        raise InputError(f"{where}, which is of no known format.")
    return path
