"""Reading images and labels; `test_writing` has the writing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.data.formats import read_grid, read_labels, read_volume, write_labels

SHAPE = (3, 4, 5)
ONES = np.ones(SHAPE[::-1], np.int16)


def saved(
    path: Path,
    array: NDArray[Any] = ONES,
    *,
    spacing: tuple[float, ...] = (1.25, 1.5, 8.0),
    units: str = "mm",
) -> Path:
    """Write an array ``(x, y, z)`` by nibabel."""
    image = nib.Nifti1Image(array, np.diag([*spacing, 1]))
    image.header.set_xyzt_units(units)
    nib.save(image, path)
    return path


def with_spacing(path: Path, value: float) -> Path:
    """Put a number over the spacing along x of a file, as broken exporters do."""
    saved(path)
    content = bytearray(path.read_bytes())
    content[80:84] = np.array(value, "<f4").tobytes()
    path.write_bytes(content)
    return path


def cut(path: Path, keep: float) -> Path:
    """Cut a file short."""
    noise = np.random.default_rng(0).integers(0, 1000, (20, 20, 20)).astype(np.int16)
    content = saved(path, noise).read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    return path


def content(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    return path


RGB = np.zeros(SHAPE[::-1], [("R", "u1"), ("G", "u1"), ("B", "u1")])
BROKEN: dict[str, tuple[str, Callable[[Path], Path], str]] = {
    "cut in its voxels": ("a.nii.gz", lambda p: cut(p, 0.5), "damaged, cut short"),
    "cut, not packed": ("a.nii", lambda p: cut(p, 0.5), "cut short: its header declares"),
    "cut in its header": ("a.nii.gz", lambda p: cut(p, 0.001), "NIfTI|damaged"),
    "empty": ("a.nii.gz", lambda p: content(p, b""), "not a NIfTI file"),
    "of other content": ("a.nii", lambda p: content(p, b"text" * 200), "not a NIfTI file"),
    "no gzip": ("a.nii.gz", lambda p: content(p, b"text" * 200), "NIfTI|damaged"),
    "of another suffix": ("a.txt", lambda p: content(p, b"PNG"), "known: .nii.gz, .nii"),
    "a folder": ("a.nii.gz", folder, "is a folder"),
    "missing": ("a.nii.gz", lambda p: p, "does not exist"),
    "4-D": ("a.nii.gz", lambda p: saved(p, np.ones((4, 3, 2, 5), np.int16)), "holds 5 entries"),
    "in colour": ("a.nii.gz", lambda p: saved(p, RGB), "in colour"),
    "without voxels": ("a.nii", lambda p: saved(p, np.ones((4, 0, 2), np.int16)), r"\(4, 0, 2\)"),
}


@pytest.mark.parametrize("read", [read_volume, read_labels])
@pytest.mark.parametrize("kind", BROKEN)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, kind: str, read: Callable[[Path], Any]
) -> None:
    name, make, told = BROKEN[kind]
    path = make(tmp_path / name)
    with pytest.raises(InputError, match=told) as caught:
        read(path)
    assert f"'{path}'" in str(caught.value)


@pytest.mark.parametrize("read", [read_volume, read_grid])
@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_a_spacing_that_cannot_be_true_is_refused(
    tmp_path: Path, value: float, read: Callable[[Path], Any]
) -> None:
    path = with_spacing(tmp_path / "a.nii", value)
    with pytest.raises(InputError, match=rf"a\.nii' gives the spacing \[{value}, 1\.5, 8\.0\]"):
        read(path)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".NII.GZ"])
def test_voxels_are_planes_rows_columns(tmp_path: Path, suffix: str) -> None:
    array = np.arange(60, dtype=np.int16).reshape(5, 4, 3)
    volume = read_volume(saved(tmp_path / f"a{suffix}", array))
    assert volume.data.shape == volume.grid.shape == (3, 4, 5)
    assert volume.spacing == (8.0, 1.5, 1.25)
    assert volume.data[2, 1, 4] == array[4, 1, 2]


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 1), (5, 4, 1, 1)])
def test_an_image_of_one_plane_is_a_volume(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = saved(tmp_path / "flat.nii", np.arange(20, dtype=np.int16).reshape(shape))
    volume = read_volume(path)
    assert volume.data.shape == (1, 4, 5)
    assert volume.data[0, 2, 3] == 3 * 4 + 2
    back = write_labels(tmp_path / "labels.nii", volume.data, volume.grid)
    assert nib.load(back).shape == shape


def test_a_stored_scale_is_applied(tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.arange(60, dtype=np.int16).reshape(5, 4, 3), np.eye(4))
    image.header.set_slope_inter(2, -3)
    nib.save(image, tmp_path / "scaled.nii")
    volume = read_volume(tmp_path / "scaled.nii")
    assert volume.data.dtype == np.float32
    assert volume.data[0, 0, 1] == 12 * 2 - 3
    # The scale described the image's intensities: labels beside it are not scaled.
    path = write_labels(tmp_path / "labels.nii", np.full(SHAPE, 7), volume.grid)
    np.testing.assert_array_equal(np.unique(nib.load(path).get_fdata()), [7])


@pytest.mark.parametrize(
    ("spacing", "units", "expected", "unit"),
    [
        ((1.25, 1.5, 8.0), "mm", (8.0, 1.5, 1.25), "mm"),
        ((1250.0, 1500.0, 8000.0), "micron", (8.0, 1.5, 1.25), "mm"),
        ((1.25, 1.5, 8.0), "unknown", (8.0, 1.5, 1.25), "voxels"),
        ((1.0, 1.0, 1.0), "mm", (1.0, 1.0, 1.0), "voxels"),
        ((1.0, 1.0, 1.0), "micron", (1.0, 1.0, 1.0), "voxels"),
    ],
)
def test_spacing_and_affine_are_in_mm_where_the_header_knows(
    tmp_path: Path, spacing: tuple[float, ...], units: str, expected: tuple[float, ...], unit: str
) -> None:
    path = saved(tmp_path / "a.nii", spacing=spacing, units=units)
    grid = read_grid(path)
    assert grid.unit == unit
    assert grid.spacing == pytest.approx(expected)
    np.testing.assert_allclose(np.diag(grid.affine)[:3], expected[::-1], rtol=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", ">i2", "float32", "float64"])
def test_labels_of_any_type_are_taken_if_whole(tmp_path: Path, dtype: str) -> None:
    array = np.array([0, 1, 255] * 20, dtype).reshape(5, 4, 3)
    labels = read_labels(saved(tmp_path / "labels.nii", array))
    np.testing.assert_array_equal(labels, array.T.astype(np.int32), strict=True)


@pytest.mark.parametrize("value", [0.5, -1.0, 65536.0, np.nan, np.inf])
def test_labels_that_are_not_small_whole_numbers_are_refused(tmp_path: Path, value: float) -> None:
    array = ONES.astype(np.float32)
    array[1, 2, 1] = value
    path = saved(tmp_path / "labels.nii", array)
    with pytest.raises(InputError, match=f"(value|to|from) {value:g}") as caught:
        read_labels(path)
    assert str(path) in str(caught.value)


def test_labels_of_another_shape_are_refused_with_both_told(tmp_path: Path) -> None:
    image = read_volume(saved(tmp_path / "image.nii"))
    path = saved(tmp_path / "labels.nii", np.ones((5, 4, 2), np.uint8))
    with pytest.raises(InputError) as caught:
        read_labels(path, like=image)
    for told in ("labels.nii", "(2, 4, 5)", "image.nii", "(3, 4, 5)"):
        assert told in str(caught.value)
