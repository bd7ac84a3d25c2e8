from functools import cache
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from segstudio.core.errors import InputError
from segstudio.core.volume import Volume
from segstudio.data.datasets import open_dataset
from segstudio.data.phantoms import BRAIN_CLASSES, brain, brain_grid, write_brain_dataset

SEEDS = range(6)


@cache
def made(seed: int) -> tuple[Volume, NDArray[np.uint8]]:
    """A brain of the default shape, made once for all tests."""
    return brain(seed)


def test_a_seed_names_one_image() -> None:
    first, first_labels = made(4)
    again, again_labels = brain(4)
    np.testing.assert_array_equal(first.data, again.data)
    np.testing.assert_array_equal(first_labels, again_labels)


def test_another_seed_is_another_patient() -> None:
    (first, first_labels), (other, other_labels) = made(4), made(5)
    assert (first.data[first.data > 0] != other.data[first.data > 0]).mean() > 0.5
    assert (first_labels != other_labels).any()


def test_image_and_labels_have_the_types_of_the_real_ones() -> None:
    volume, labels = made(0)
    assert volume.data.dtype == np.int16
    assert labels.dtype == np.uint8
    assert volume.data.shape == labels.shape == volume.grid.shape == (24, 192, 192)
    assert set(np.unique(labels)) == {0, *BRAIN_CLASSES}
    assert volume.data.min() == 0


def test_the_real_shape_has_the_real_spacing() -> None:
    assert brain_grid((16, 512, 512)).spacing == pytest.approx((8.0, 0.46875, 0.46875))


def test_the_affine_agrees_with_the_spacing_and_the_file_order() -> None:
    grid = brain(0, shape=(4, 64, 80))[0].grid
    assert grid.file_shape == (80, 64, 4)
    assert grid.unit == "mm"
    lengths = np.linalg.norm(grid.affine[:3, :3], axis=0)
    np.testing.assert_allclose(lengths, grid.spacing[::-1])


@pytest.mark.parametrize("shape", [(24, 192, 192), (8, 64, 64), (1, 64, 96), (12, 96, 64)])
@pytest.mark.parametrize("seed", SEEDS)
def test_lesions_lie_inside_the_brain(seed: int, shape: tuple[int, int, int]) -> None:
    volume, labels = brain(seed, shape=shape)
    assert volume.data.shape == labels.shape == shape
    assert labels.any()
    whole = ndimage.binary_fill_holes((volume.data > 0).any(axis=0))
    assert (volume.data[labels == 1] > 0).all()
    surface = ndimage.binary_dilation(~whole)
    assert not (labels.any(axis=0) & surface).any()


def test_lesions_of_one_to_five_voxels_occur_in_every_brain_and_large_ones_in_some() -> None:
    largest = []
    for seed in SEEDS:
        pieces, _ = ndimage.label(made(seed)[1])
        sizes = np.bincount(pieces.ravel())[1:]
        assert (sizes <= 5).sum() >= 3
        largest.append(sizes.max())
    assert max(largest) > 500


def test_lesions_are_as_rare_as_in_patients() -> None:
    # Three patients: 0.9, 1.6 and 8.5 % of the brain.
    shares = [made(seed)[1].sum() / (made(seed)[0].data > 0).sum() for seed in SEEDS]
    assert min(shares) > 0.001
    assert max(shares) < 0.15
    assert 0.003 < np.median(shares) < 0.05


def test_lesions_are_bright_and_so_is_much_that_is_none() -> None:
    for seed in SEEDS:
        volume, labels = made(seed)
        rest = volume.data[(volume.data > 0) & (labels == 0)]
        lesion = volume.data[labels == 1]
        assert np.median(lesion) > np.percentile(rest, 90)
        assert (rest > np.percentile(lesion, 10)).sum() > 200


def test_fluid_is_dark() -> None:
    for seed in SEEDS:
        volume, _ = made(seed)
        plane = volume.data[15]
        assert np.percentile(plane[plane > 0], 2) < 0.6 * np.median(plane[plane > 0])


def test_a_brain_has_the_size_of_one() -> None:
    millilitres = [(made(s)[0].data > 0).sum() * made(s)[0].grid.voxel_ml for s in SEEDS]
    # The three patients' brains: 1270 to 1520 ml.
    assert all(1100 < ml < 1700 for ml in millilitres)


def test_a_coarse_scan_shows_the_same_brain() -> None:
    fine, coarse = made(2)[0], brain(2, shape=(12, 96, 96))[0]
    millilitres = [(v.data > 0).sum() * v.grid.voxel_ml for v in (fine, coarse)]
    assert millilitres[0] == pytest.approx(millilitres[1], rel=0.05)


def test_the_dataset_has_a_folder_for_each_patient(tmp_path: Path) -> None:
    folder = tmp_path / "phantoms"
    write_brain_dataset(folder, patients=2, seed=7, shape=(4, 64, 64))
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    images = {f"patient{i:03d}/{k}.nii.gz" for i in (1, 2) for k in ("flair", "gt")}
    assert found == images | {"phantom.txt"}
    assert "generated (seed 7)" in (folder / "phantom.txt").read_text(encoding="utf-8")
    assert [c.patient for c in open_dataset(folder).cases] == ["patient001", "patient002"]


def test_written_files_keep_arrays_types_and_geometry(tmp_path: Path) -> None:
    write_brain_dataset(tmp_path, patients=1, seed=7, shape=(4, 64, 80))
    image, labels = (nib.load(tmp_path / "patient001" / f"{k}.nii.gz") for k in ("flair", "gt"))
    own = int(np.random.SeedSequence(7).generate_state(1)[0])
    volume, expected = brain(own, shape=(4, 64, 80))
    np.testing.assert_array_equal(np.asarray(image.dataobj).transpose(2, 1, 0), volume.data)
    np.testing.assert_array_equal(np.asarray(labels.dataobj).transpose(2, 1, 0), expected)
    assert image.get_data_dtype() == np.int16
    assert labels.get_data_dtype() == np.uint8
    for written in (image, labels):
        np.testing.assert_allclose(written.get_sform(), volume.affine, atol=1e-4)
        assert written.header.get_xyzt_units()[0] == "mm"


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match="is not an empty folder"):
        write_brain_dataset(tmp_path, patients=1)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
