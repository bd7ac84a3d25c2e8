from dataclasses import replace
from errno import ENOSPC
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid, Volume
from segstudio.data.formats import (
    read_grid,
    read_labels,
    read_volume,
    write_labels,
    write_maps,
    write_volume,
)

SHAPE = (3, 4, 5)
SPACING = (8.0, 1.5, 1.25)


def new_grid(*, flat: bool = False) -> Grid:
    """A turned grid that came from no file; flat: of one plane, 2-D in its file."""
    turn = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
    affine = np.eye(4)
    affine[:3, :3] = turn * SPACING[::-1]
    affine[:3, 3] = -20, 30, 40
    if flat:
        return Grid((1, *SHAPE[1:]), SPACING, affine, file_shape=SHAPE[:0:-1])
    return Grid(SHAPE, SPACING, affine)


def ramp(dtype: str) -> Volume:
    """A volume whose voxels all differ."""
    return Volume(np.arange(60).reshape(SHAPE).astype(dtype), new_grid())


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32"])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_a_written_volume_is_read_back_as_it_was(tmp_path: Path, suffix: str, dtype: str) -> None:
    volume = ramp(dtype)
    path = write_volume(tmp_path / f"image{suffix}", volume)
    back = read_volume(path)
    np.testing.assert_array_equal(back.data, volume.data, strict=True)
    np.testing.assert_allclose(back.affine, volume.affine, atol=1e-5)
    assert back.spacing == pytest.approx(SPACING)
    assert back.grid.unit == "mm"


def test_negative_intensities_survive(tmp_path: Path) -> None:
    volume = replace(ramp("int16"), data=ramp("int16").data - np.int16(1000))
    back = read_volume(write_volume(tmp_path / "ct.nii.gz", volume))
    np.testing.assert_array_equal(back.data, volume.data, strict=True)


def test_a_volume_keeps_its_type_on_the_grid_of_a_file_of_another_type(tmp_path: Path) -> None:
    source = read_volume(write_volume(tmp_path / "source.nii.gz", ramp("uint8")))
    volume = replace(source, data=source.data.astype(np.int16) * np.int16(500))
    back = read_volume(write_volume(tmp_path / "image.nii.gz", volume))
    np.testing.assert_array_equal(back.data, volume.data, strict=True)
    np.testing.assert_array_equal(back.affine, source.affine)


@pytest.mark.parametrize("kind", ["volume", "labels", "maps"])
def test_a_grid_from_no_file_is_written_in_mm_with_both_forms(tmp_path: Path, kind: str) -> None:
    path, volume = tmp_path / "new.nii.gz", ramp("int16")
    if kind == "volume":
        write_volume(path, volume)
    elif kind == "labels":
        write_labels(path, volume.data, volume.grid)
    else:
        write_maps(path, np.zeros((2, *SHAPE), np.float32), volume.grid)
    header = nib.load(path).header
    assert (header["sform_code"], header["qform_code"]) == (1, 1)
    np.testing.assert_allclose(header.get_sform(), volume.affine, atol=1e-5)
    np.testing.assert_allclose(header.get_qform(), volume.affine, atol=1e-5)
    assert header.get_xyzt_units()[0] == "mm"


def test_a_flat_grid_from_no_file_has_the_plane_distance_in_both_forms(tmp_path: Path) -> None:
    grid = new_grid(flat=True)
    path = write_volume(tmp_path / "flat.nii.gz", Volume(np.ones(grid.shape, np.int16), grid))
    header = nib.load(path).header
    assert header.get_data_shape() == (5, 4)
    np.testing.assert_allclose(header.get_sform(), grid.affine, atol=1e-5)
    np.testing.assert_allclose(header.get_qform(), grid.affine, atol=1e-5)


def test_codes_of_a_source_are_written_as_they_were(tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.zeros(SHAPE[::-1], np.int16), new_grid().affine)
    nib.save(image, tmp_path / "source.nii.gz")
    source = read_volume(tmp_path / "source.nii.gz")
    header = nib.load(write_volume(tmp_path / "copy.nii.gz", source)).header
    assert (header["sform_code"], header["qform_code"]) == (2, 0)


def test_a_file_is_overwritten_only_when_told(tmp_path: Path) -> None:
    path = write_volume(tmp_path / "image.nii.gz", ramp("int16"))
    with pytest.raises(InputError, match="exists already"):
        write_volume(path, ramp("uint8"))
    assert read_volume(path).data.dtype == np.int16
    write_volume(path, ramp("uint8"), overwrite=True)
    assert read_volume(path).data.dtype == np.uint8


ONES = np.ones(SHAPE[::-1], np.int16)
TURN = nib.eulerangles.euler2mat(0.3, -0.2, 0.5)
AFFINES = {
    "identity": np.eye(4),
    "scaled": np.diag([1.25, 1.5, 8, 1]),
    "flipped": np.diag([-1.25, -1.5, 8, 1]),
    "permuted": np.array([[0, 0, 8, -7], [-1.25, 0, 0, 5], [0, 1.5, 0, 3], [0, 0, 0, 1.0]]),
    "oblique": nib.affines.from_matvec(TURN @ np.diag([1.25, 1.5, 8]), [-91.3, 40.7, 12.1]),
    "oblique, mirrored": nib.affines.from_matvec(TURN @ np.diag([-0.9, 0.9, 6.5]), [1, 2, 3]),
}
GEOMETRY = (
    "dim", "pixdim", "xyzt_units", "qform_code", "sform_code", "quatern_b", "quatern_c",
    "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z", "srow_x", "srow_y", "srow_z",
)  # fmt: skip


def saved(
    path: Path,
    array: NDArray[Any] = ONES,
    affine: NDArray[Any] = AFFINES["scaled"],
    *,
    codes: tuple[int, int] = (1, 1),
    units: str = "mm",
    kind: type = nib.Nifti1Image,
) -> Path:
    """Write an array ``(x, y, z)`` by nibabel; `codes` are those of the qform and sform."""
    image = kind(array, affine)
    image.set_qform(affine, codes[0])
    # The two forms differ, so that one written for the other would be seen.
    image.set_sform(nib.affines.from_matvec(np.eye(3), [0.5, 0, 0]) @ affine, codes[1])
    image.header.set_xyzt_units(units)
    nib.save(image, path)
    return path


@pytest.mark.parametrize("codes", [(1, 1), (1, 0), (0, 2), (3, 4), (0, 0)])
@pytest.mark.parametrize("turn", AFFINES)
def test_labels_lie_exactly_where_their_image_does(
    tmp_path: Path, turn: str, codes: tuple[int, int]
) -> None:
    source = saved(tmp_path / "image.nii", affine=AFFINES[turn], codes=codes)
    assert_geometry_kept(source, tmp_path / "labels.nii")


@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("units", ["mm", "micron", "unknown"])
def test_version_and_units_of_the_image_are_kept(
    tmp_path: Path, kind: type, suffix: str, units: str
) -> None:
    source = saved(tmp_path / f"image{suffix}", units=units, kind=kind)
    assert_geometry_kept(source, tmp_path / f"labels{suffix}")


def assert_geometry_kept(source: Path, path: Path) -> None:
    grid = read_grid(source)
    values = np.arange(60).reshape(SHAPE)
    write_labels(path, values, grid)
    before, after = nib.load(source), nib.load(path)
    assert type(after) is type(before)
    assert {n: after.header[n].tobytes() for n in GEOMETRY} == {
        n: before.header[n].tobytes() for n in GEOMETRY
    }
    np.testing.assert_array_equal(after.affine, before.affine)
    np.testing.assert_array_equal(read_labels(path), values)


NUMBERS = st.floats(-20, 20, width=32)


@settings(max_examples=30, deadline=None)
@given(st.lists(NUMBERS, min_size=12, max_size=12))
def test_any_affine_is_written_back(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[float]
) -> None:
    affine = np.vstack([np.reshape(numbers, (3, 4)), [0, 0, 0, 1]])
    assume(abs(np.linalg.det(affine)) > 0.1)
    place = tmp_path_factory.mktemp("affine")
    nib.save(nib.Nifti1Image(ONES, affine), place / "image.nii")
    grid = read_grid(place / "image.nii")
    path = write_labels(place / "labels.nii", np.arange(60).reshape(SHAPE), grid)
    np.testing.assert_array_equal(nib.load(path).affine, affine)
    np.testing.assert_array_equal(read_grid(path).affine, grid.affine)


@pytest.mark.parametrize(
    ("largest", "dtype"), [(0, "u1"), (255, "u1"), (256, "u2"), (65535, "u2"), (65536, "u4")]
)
def test_labels_are_written_in_the_smallest_type_that_holds_them(
    tmp_path: Path, largest: int, dtype: str
) -> None:
    labels = np.zeros(SHAPE, np.int64)
    labels[1, 2, 3] = largest
    image = nib.load(write_labels(tmp_path / "labels.nii", labels, new_grid()))
    assert image.get_data_dtype() == np.dtype(dtype)
    assert np.asarray(image.dataobj).max() == largest


@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
def test_no_text_about_a_patient_is_copied(tmp_path: Path, kind: type) -> None:
    image = kind(ONES, np.eye(4))
    for name in {"descrip", "aux_file", "intent_name", "db_name", "data_type"} & {*image.header}:
        image.header[name] = b"SMITH"
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"SMITH, born 1950"))
    nib.save(image, tmp_path / "image.nii")
    grid = read_grid(tmp_path / "image.nii")
    labels = write_labels(tmp_path / "labels.nii", np.ones(SHAPE, int), grid)
    maps = write_maps(tmp_path / "maps.nii", np.ones((2, *SHAPE), np.float32), grid)
    assert b"SMITH" in (tmp_path / "image.nii").read_bytes()
    assert b"SMITH" not in labels.read_bytes() + maps.read_bytes()
    assert len(grid.header.extensions) == 1


@pytest.mark.parametrize("shape", [(5, 4, 3), (5, 4, 1), (5, 4)])
def test_maps_are_the_fourth_axis_of_their_file(tmp_path: Path, shape: tuple[int, ...]) -> None:
    grid = read_grid(saved(tmp_path / "image.nii", np.ones(shape, np.int16)))
    maps = np.random.default_rng(0).random((2, *grid.shape), np.float32)
    image = nib.load(write_maps(tmp_path / "maps.nii", maps, grid))
    assert image.shape == (5, 4, grid.shape[0], 2)
    assert image.get_data_dtype() == np.float32
    np.testing.assert_array_equal(np.asarray(image.dataobj), maps.transpose(3, 2, 1, 0))
    np.testing.assert_array_equal(image.affine, grid.affine)


@pytest.mark.parametrize("shape", [(5, 4, 3), (5, 4, 1), (5, 4)])
def test_one_map_has_the_shape_of_its_source(tmp_path: Path, shape: tuple[int, ...]) -> None:
    grid = read_grid(saved(tmp_path / "image.nii", np.ones(shape, np.int16)))
    path = write_maps(tmp_path / "map.nii", np.ones(grid.shape, np.float32), grid)
    assert nib.load(path).shape == shape


def test_an_array_off_the_grid_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\(3, 4, 4\) does not lie on the grid \(3, 4, 5\)"):
        write_labels(tmp_path / "labels.nii", np.ones((3, 4, 4), int), new_grid())


def test_a_name_without_a_known_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"labels\.png' should end in \.nii\.gz, \.nii"):
        write_labels(tmp_path / "labels.png", np.ones(SHAPE, int), new_grid())


def fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nibabel write half a file, then fail."""

    def save(_image: object, path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(nib, "save", save)


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_the_disk(monkeypatch)
    with pytest.raises(OSError, match="No space left"):
        write_labels(tmp_path / "labels.nii.gz", np.ones(SHAPE, int), new_grid())
    assert list(tmp_path.iterdir()) == []


def test_a_failed_overwrite_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_labels(tmp_path / "labels.nii.gz", np.ones(SHAPE, int), new_grid())
    fill_the_disk(monkeypatch)
    with pytest.raises(OSError, match="No space left"):
        write_labels(path, np.zeros(SHAPE, int), new_grid(), overwrite=True)
    assert list(tmp_path.iterdir()) == [path]
    assert read_labels(path).all()
