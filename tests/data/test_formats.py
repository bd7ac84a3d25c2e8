from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.core.volume import Grid, Volume
from segstudio.data.formats import read_volume, write_labels, write_maps, write_volume

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
