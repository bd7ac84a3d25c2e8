"""Class tables of ITK-SNAP and 3D Slicer, against files as those programs write them."""

from pathlib import Path

import pytest

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable, LabelClass
from segstudio.data.color_tables import Program, read_color_table, write_color_table

SNAP = """\
################################################
# ITK-SnAP Label Description File
# File format:
# IDX   -R-  -G-  -B-  -A--  VIS MSH  LABEL
# Fields:
#    IDX:   Zero-based index
#    -R-:   Red color component (0..255)
#    -A-:   Label transparency (0.00 .. 1.00)
#    VIS:   Label visibility (0 or 1)
#  LABEL:   Label description
################################################
    0     0    0    0        0  0  0    "Clear Label"
    1   255    0    0        1  1  1    "Right ventricle"
    2     0  255    0      0.5  0  1    "Myocardium, \u00e9paissi"
   17   205  133   63        1  1  0    "L5"
"""

SLICER = """\
# Color table file /home/someone/Heart.ctbl
# 4 values
0 background 0 0 0 0
1 Right_ventricle 255 0 0 255
2 Myocardium 0 255 0 0
17 L5 205 133 63 255
"""


def written(tmp_path: Path, text: str, name: str = "table.txt") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_label_description_of_itk_snap_is_read(tmp_path: Path) -> None:
    classes, hidden = read_color_table(written(tmp_path, SNAP))
    assert classes.foreground == (
        LabelClass(1, "Right ventricle", "#ff0000"),
        LabelClass(2, "Myocardium, épaissi", "#00ff00"),
        LabelClass(17, "L5", "#cd853f"),
    )
    assert classes.classes[0] == LabelClass(0, "background", "#000000")
    assert hidden == {2}


def test_a_colour_table_of_3d_slicer_is_read(tmp_path: Path) -> None:
    classes, hidden = read_color_table(written(tmp_path, SLICER, "heart.ctbl"))
    assert classes.foreground == (
        LabelClass(1, "Right ventricle", "#ff0000"),
        LabelClass(2, "Myocardium", "#00ff00"),
        LabelClass(17, "L5", "#cd853f"),
    )
    assert hidden == {2}


@pytest.mark.parametrize("program", ["ITK-SNAP", "3D Slicer"])
def test_a_table_comes_back_as_it_was_written(tmp_path: Path, program: Program) -> None:
    classes = ClassTable.named({1: "left kidney", 2: "cyst", 200: "tumour"})
    path = tmp_path / "table.txt"
    write_color_table(path, classes, program, hidden=frozenset({2}))
    assert read_color_table(path) == (classes, {2})
    with pytest.raises(InputError, match="exists"):
        write_color_table(path, classes, program)


def test_what_is_written_for_itk_snap_is_laid_out_as_its_own(tmp_path: Path) -> None:
    table = ClassTable((LabelClass(0, "background", "#000000"), LabelClass(1, "a", "#ff8000")))
    path = tmp_path / "table.label"
    write_color_table(path, table, "ITK-SNAP")
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    assert lines == [
        '    0     0    0    0        0  0  0    "Clear Label"',
        '    1   255  128    0        1  1  1    "a"',
    ]


def test_what_is_written_for_3d_slicer_has_names_without_spaces(tmp_path: Path) -> None:
    path = tmp_path / "table.ctbl"
    write_color_table(path, ClassTable.named({4: "left  kidney"}), "3D Slicer")
    assert path.read_text().splitlines()[-1] == "4 left_kidney 204 121 167 255"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 liver 255 0 0", "line 1 is neither"),
        ("# only a comment", "names no class"),
        ("0 background 0 0 0 0", "names no class"),
        ("1 liver 256 0 0 255", "colours go to 255"),
        ("70000 liver 1 0 0 255", "values to 65535"),
        ("1 a 1 0 0 255\n1 b 1 0 0 255", "line 2: the value 1 comes twice"),
        ("<xml/>", "line 1 is neither"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_color_table(written(tmp_path, text))


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "table.txt"
    path.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(InputError, match="no text"):
        read_color_table(path)


def test_names_that_come_twice_are_told_apart_by_their_values(tmp_path: Path) -> None:
    path = tmp_path / "a.ctbl"
    rows = ("0 nothing", "1 left_lung", "2 liver", "4 left_lung", "7 background")
    path.write_text("\n".join(f"{row} 10 20 30 255" for row in rows))
    names = {c.value: c.name for c in read_color_table(path).classes.classes}
    assert names == {
        0: "background",
        1: "left lung (1)",
        2: "liver",
        4: "left lung (4)",
        7: "background (7)",
    }


def test_a_name_that_tells_a_class_apart_is_no_other_s(tmp_path: Path) -> None:
    path = tmp_path / "a.ctbl"
    rows = ("1 a", "2 a", "3 a_(2)")
    path.write_text("\n".join(f"{row} 10 20 30 255" for row in rows))
    names = [c.name for c in read_color_table(path).classes.foreground]
    assert len(set(names)) == 3
    assert names[0] == "a (1)"
