"""Class tables of other programs: ITK-SNAP's label descriptions and 3D Slicer's colour tables."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable, LabelClass
from segstudio.data.atomic import write_text

Program = Literal["ITK-SNAP", "3D Slicer"]
SUFFIXES: dict[Program, tuple[str, ...]] = {"ITK-SNAP": (".label", ".txt"), "3D Slicer": (".ctbl",)}

_LARGEST = 1 << 20  # bytes: sixty-five thousand classes are fewer
_MOST_VALUE = 65535
# IDX, red, green, blue from 0 to 255, opacity from 0 to 1, visible, visible in 3-D, "name"
_SNAP = re.compile(r'(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+([\d.eE+-]+)\s+([01])\s+([01])\s+"(.*)"')
# value, name with underscores for spaces, red, green, blue, opacity from 0 to 255
_SLICER = re.compile(r"(\d+)\s+(\S+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)")
_SNAP_HEAD = """\
################################################
# ITK-SnAP Label Description File
# File format:
# IDX   -R-  -G-  -B-  -A--  VIS MSH  LABEL
# Fields:
#    IDX:   Zero-based index
#    -R-:   Red color component (0..255)
#    -G-:   Green color component (0..255)
#    -B-:   Blue color component (0..255)
#    -A-:   Label transparency (0.00 .. 1.00)
#    VIS:   Label visibility (0 or 1)
#    IDX:   Label mesh visibility (0 or 1)
#  LABEL:   Label description
################################################
"""


class ColorTable(NamedTuple):
    """The classes of a file, and those of them that are not drawn."""

    classes: ClassTable
    hidden: frozenset[int] = frozenset()


def read_color_table(path: Path) -> ColorTable:
    """Return the classes in a file of ITK-SNAP's or of 3D Slicer's; its lines tell which.

    Lines that begin with '#' are comments. The value 0 is background whatever it is called. Names
    that come twice have their value behind them, in brackets.

    Raises
    ------
    InputError
        The file is neither, a line has a mistake, or it names no class.
    """
    if path.stat().st_size > _LARGEST:
        raise InputError(f"'{path}' is too large for a table of classes.")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"'{path}' is no text file. Choose a table of classes.") from error
    rows: dict[int, LabelClass] = {}
    hidden: set[int] = set()
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        row, is_hidden = _row(text, f"'{path}', line {number}")
        if row.value in rows:
            raise InputError(f"'{path}', line {number}: the value {row.value} comes twice.")
        rows[row.value] = row
        hidden |= {row.value} if is_hidden else set()
    rows.pop(0, None)
    if not rows:
        raise InputError(f"'{path}' names no class. Choose a table of classes.")
    background = LabelClass(0, "background", "#000000")
    table = ClassTable((background, *_told_apart([rows[value] for value in sorted(rows)])))
    return ColorTable(table, frozenset(hidden - {0}))


def _told_apart(rows: list[LabelClass]) -> list[LabelClass]:
    """Return classes whose names differ: scores and curves go by them."""
    names = Counter(["background", *(row.name for row in rows)])
    if max(names.values()) == 1:
        return rows
    # Once more: a class may have had the name by which another is told apart now.
    return _told_apart(
        [
            row if names[row.name] == 1 else replace(row, name=f"{row.name} ({row.value})")
            for row in rows
        ]
    )


def write_color_table(
    path: Path,
    classes: ClassTable,
    program: Program,
    *,
    hidden: frozenset[int] = frozenset(),
    overwrite: bool = False,
) -> None:
    """Write a class table as another program reads it.

    Parameters
    ----------
    path : Path
    classes : ClassTable
    program : {'ITK-SNAP', '3D Slicer'}
        3D Slicer writes names without spaces: there they become underscores.
    hidden : frozenset of int
        Classes that are not drawn.
    overwrite : bool
        Whether a file that is there may be replaced.
    """
    if program not in get_args(Program):
        raise InputError(f"Tables are written for {' and '.join(get_args(Program))}.")
    if program == "ITK-SNAP":
        head, rows = _SNAP_HEAD, [_snap_line(row, hidden) for row in classes.classes]
    else:
        rows = [_slicer_line(row, hidden) for row in classes.classes]
        head = f"# Color table file\n# {len(rows)} values\n"
    write_text(path, head + "".join(f"{row}\n" for row in rows), overwrite=overwrite)


def _row(text: str, where: str) -> tuple[LabelClass, bool]:
    """Return the class of a line, and whether it is hidden."""
    snap, slicer = _SNAP.fullmatch(text), _SLICER.fullmatch(text)
    if snap is not None:
        value, red, green, blue, _, visible, _, name = snap.groups()
        is_hidden = visible == "0"
    elif slicer is not None:
        value, name, red, green, blue, opacity = slicer.groups()
        name, is_hidden = name.replace("_", " "), int(opacity) == 0
    else:
        raise InputError(
            f"{where} is neither a label description of ITK-SNAP's, such as 1 255 0 0 1 1 1 "
            '"liver", nor a line of a colour table of 3D Slicer\'s, such as 1 liver 255 0 0 255.'
        )
    channels = [int(c) for c in (red, green, blue)]
    if max(channels) > 255 or int(value) > _MOST_VALUE:
        raise InputError(f"{where}: colours go to 255, and values to {_MOST_VALUE}.")
    name = "".join(c for c in name if c.isprintable()).strip() or f"class {int(value)}"
    return LabelClass(int(value), name, "#" + "".join(f"{c:02x}" for c in channels)), is_hidden


def _channels(row: LabelClass) -> tuple[int, int, int]:
    red, green, blue = (int(row.color[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue


def _snap_line(row: LabelClass, hidden: frozenset[int]) -> str:
    red, green, blue = _channels(row)
    shown = int(row.value != 0 and row.value not in hidden)
    name = "Clear Label" if row.value == 0 else row.name.replace('"', "'")
    opacity = int(row.value != 0)
    return (
        f"{row.value:5d} {red:5d} {green:4d} {blue:4d} {opacity:8d} {shown:2d} {shown:2d}"
        f'    "{name}"'
    )


def _slicer_line(row: LabelClass, hidden: frozenset[int]) -> str:
    red, green, blue = _channels(row)
    opacity = 0 if row.value == 0 or row.value in hidden else 255
    return f"{row.value} {'_'.join(row.name.split())} {red} {green} {blue} {opacity}"
