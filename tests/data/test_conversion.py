"""From one format to another, and headers mended by choice."""

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from segstudio.core.errors import InputError
from segstudio.data.conversion import convert as write
from segstudio.data.formats import read_grid, read_labels, read_volume

SHAPE = (3, 4, 5)
ARRAY = np.arange(60, dtype=np.int16).reshape(SHAPE)
TURN = nib.eulerangles.euler2mat(0.3, -0.2, 0.5)
SFORM = nib.affines.from_matvec(TURN @ np.diag([1.25, 1.5, 6.0]), (3, 2, 1))
QFORM = nib.affines.from_matvec(np.diag([-1.25, -1.5, 6.0]), (30, 20, 10))


def convert(source: Path, target: Path, **choices: Any) -> Path:
    """Convert, and return the new file."""
    write(source, target, **choices)
    return target


def two_places(path: Path) -> Path:
    made = nib.Nifti1Image(ARRAY.T, None)
    made.header.set_xyzt_units("mm")
    made.header.set_qform(QFORM, 1)
    made.header.set_sform(SFORM, 2)
    nib.save(made, path)
    return path


def with_spacing(path: Path, *values: float) -> Path:
    """Put numbers over a file's spacing, as broken exporters do."""
    nib.save(nib.Nifti1Image(ARRAY.T, np.diag([1.25, 1.5, 6, 1])), path)
    content = bytearray(path.read_bytes())
    content[80:92] = np.array(values, "<f4").tobytes()
    path.write_bytes(content)
    return path


def test_two_places_that_differ_are_doubted_and_the_sform_is_used(tmp_path: Path) -> None:
    grid = read_grid(two_places(tmp_path / "a.nii"))
    np.testing.assert_allclose(grid.affine, SFORM, atol=1e-5)
    (doubt,) = grid.doubts
    assert "sform and qform" in doubt
    assert "--place qform" in doubt


@pytest.mark.parametrize(("place", "affine"), [("sform", SFORM), ("qform", QFORM)])
def test_one_place_is_chosen_for_both(tmp_path: Path, place: Any, affine: Any) -> None:
    made = convert(two_places(tmp_path / "a.nii"), tmp_path / "b.nii", place=place)
    grid, header = read_grid(made), nib.load(made).header
    np.testing.assert_allclose(grid.affine, affine, atol=1e-5)
    np.testing.assert_allclose(header.get_qform(), header.get_sform(), atol=1e-5)
    assert grid.doubts == ()
    np.testing.assert_array_equal(read_volume(made).data, ARRAY)


def test_no_place_keeps_the_spacing_alone(tmp_path: Path) -> None:
    grid = read_grid(convert(two_places(tmp_path / "a.nii"), tmp_path / "b.nii", place="none"))
    assert not grid.is_placed
    np.testing.assert_allclose(grid.spacing, (6.0, 1.5, 1.25))


@pytest.mark.parametrize("value", [0.0, float("nan"), -1.5])
def test_a_spacing_that_cannot_be_is_mended_by_choice_only(tmp_path: Path, value: float) -> None:
    source = with_spacing(tmp_path / "a.nii", value, 1.5, 6.0)
    with pytest.raises(InputError, match=r"cannot be true.*convert"):
        read_volume(source)
    before = source.read_bytes()
    made = read_volume(convert(source, tmp_path / "b.nii.gz", spacing=(8.0, 1.5, 1.25)))
    np.testing.assert_allclose(made.spacing, (8.0, 1.5, 1.25))
    assert made.grid.unit == "mm"
    assert made.grid.doubts == ()
    np.testing.assert_array_equal(made.data, ARRAY)
    assert source.read_bytes() == before


def test_a_spacing_keeps_the_directions(tmp_path: Path) -> None:
    made = read_grid(
        convert(two_places(tmp_path / "a.nii"), tmp_path / "b.nrrd", spacing=(3.0, 2.0, 1.0))
    )
    lengths = np.linalg.norm(made.affine[:3, :3], axis=0)
    np.testing.assert_allclose(lengths, (1.0, 2.0, 3.0), rtol=1e-5)
    np.testing.assert_allclose(made.affine[:3, :3] / lengths, TURN, atol=1e-5)


@pytest.mark.parametrize("target", ["b.nrrd", "b.mha", "b.nii.gz"])
def test_another_format_has_the_same_place_by_another_program(tmp_path: Path, target: str) -> None:
    source = convert(two_places(tmp_path / "a.nii"), tmp_path / "one.nii", place="sform")
    first = sitk.ReadImage(str(source))
    second = sitk.ReadImage(str(convert(source, tmp_path / target)))
    np.testing.assert_allclose(first.GetOrigin(), second.GetOrigin(), atol=1e-4)
    np.testing.assert_allclose(first.GetDirection(), second.GetDirection(), atol=1e-5)
    np.testing.assert_allclose(first.GetSpacing(), second.GetSpacing(), rtol=1e-5)


def test_labels_take_the_smallest_type(tmp_path: Path) -> None:
    nib.save(nib.Nifti1Image((ARRAY.T % 3).astype(np.float64), SFORM), tmp_path / "a.nii")
    made = convert(tmp_path / "a.nii", tmp_path / "b.nii", as_labels=True)
    assert read_volume(made).data.dtype == np.uint8
    np.testing.assert_array_equal(read_labels(made), ARRAY % 3)


def test_an_entry_of_a_fourth_axis_is_taken(tmp_path: Path) -> None:
    four = np.stack([ARRAY, ARRAY + 100])
    nib.save(nib.Nifti1Image(four.T, SFORM), tmp_path / "a.nii")
    made = convert(tmp_path / "a.nii", tmp_path / "b.nii", frame=1)
    np.testing.assert_array_equal(read_volume(made).data, ARRAY + 100)
    for choice in ({}, {"spacing": (1.0, 2.0, 3.0)}):
        with pytest.raises(InputError, match="2 entries"):
            convert(tmp_path / "a.nii", tmp_path / "c.nii", **choice)
        with pytest.raises(InputError, match="no entry 2"):
            convert(tmp_path / "a.nii", tmp_path / "c.nii", frame=2, **choice)


@pytest.mark.parametrize(
    ("target", "choice", "told"),
    [
        ("a.nii", {}, "exists already"),
        ("b.png", {}, "should end in"),
        ("b.nii", {"spacing": (1.0, 0.0, 1.0)}, "cannot be"),
        ("b.nii", {"frame": 3}, "no entry 3"),
    ],
)
def test_a_choice_that_does_not_fit_is_told(
    tmp_path: Path, target: str, choice: dict[str, Any], told: str
) -> None:
    two_places(tmp_path / "a.nii")
    with pytest.raises(InputError, match=told):
        convert(tmp_path / "a.nii", tmp_path / target, **choice)


def test_a_place_is_chosen_of_nifti_only(tmp_path: Path) -> None:
    convert(two_places(tmp_path / "a.nii"), tmp_path / "b.nrrd")
    with pytest.raises(InputError, match="no NIfTI"):
        convert(tmp_path / "b.nrrd", tmp_path / "c.nrrd", place="qform")


def test_what_stays_doubtful_is_told(tmp_path: Path) -> None:
    (doubt,) = write(two_places(tmp_path / "a.nii"), tmp_path / "b.nii")
    assert "sform and qform" in doubt
    assert write(tmp_path / "a.nii", tmp_path / "c.nii", place="qform") == ()


def test_microns_become_mm_with_their_place(tmp_path: Path) -> None:
    made = nib.Nifti1Image(ARRAY.T, None)
    made.header.set_xyzt_units("micron")
    affine = nib.affines.from_matvec(np.diag([500.0, 500, 2000]), (10000, 20000, 30000))
    made.header.set_sform(affine, 1)
    made.header.set_qform(affine, 1)
    nib.save(made, tmp_path / "a.nii")
    np.testing.assert_allclose(read_grid(tmp_path / "a.nii").affine[:3, 3], (10, 20, 30))
    grid = read_grid(convert(tmp_path / "a.nii", tmp_path / "b.nii", spacing=(2.0, 0.5, 0.5)))
    np.testing.assert_allclose(grid.affine[:3, 3], (10, 20, 30), rtol=1e-5)
    np.testing.assert_allclose(grid.spacing, (2.0, 0.5, 0.5))


def test_an_analyze_header_is_mended_as_nifti(tmp_path: Path) -> None:
    nib.save(nib.AnalyzeImage(ARRAY.T, None), tmp_path / "a.img")
    grid = read_grid(convert(tmp_path / "a.hdr", tmp_path / "b.nii", spacing=(3.0, 2.0, 1.5)))
    np.testing.assert_allclose(grid.spacing, (3.0, 2.0, 1.5))


def test_two_spacings_are_not_written_as_one(tmp_path: Path) -> None:
    made = nib.Nifti1Image(ARRAY.T, None)
    made.header.set_xyzt_units("mm")
    made.header.set_sform(np.diag([1.25, 1.5, 10, 1]), 1)
    made.header["pixdim"][1:4] = 1.25, 1.5, 8
    nib.save(made, tmp_path / "a.nii")
    with pytest.raises(InputError, match="two spacings"):
        write(tmp_path / "a.nii", tmp_path / "b.nrrd")
    grid = read_grid(convert(tmp_path / "a.nii", tmp_path / "b.nrrd", spacing=(8, 1.5, 1.25)))
    np.testing.assert_allclose(grid.spacing, (8, 1.5, 1.25))
