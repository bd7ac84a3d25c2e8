from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.data.phantoms import HEART_CLASSES, heart, write_heart_dataset

SEEDS = range(10)


def faces(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The in-plane neighbours of a mask by a face."""
    padded = np.pad(mask, ((0, 0), (1, 1), (1, 1)))
    near = padded[:, 2:, 1:-1] | padded[:, :-2, 1:-1] | padded[:, 1:-1, 2:] | padded[:, 1:-1, :-2]
    return near & ~mask


def test_a_seed_names_one_image() -> None:
    first, first_labels = heart(4)
    again, again_labels = heart(4)
    np.testing.assert_array_equal(first.data, again.data)
    np.testing.assert_array_equal(first_labels, again_labels)


def test_another_seed_is_another_patient() -> None:
    assert (heart(4)[0].data != heart(5)[0].data).mean() > 0.5
    assert (heart(4)[1] != heart(5)[1]).any()


def test_image_and_labels_have_the_types_of_acdc() -> None:
    volume, labels = heart(0)
    assert volume.data.dtype == np.int16
    assert labels.dtype == np.uint8
    assert volume.data.shape == labels.shape == volume.grid.shape == (9, 192, 192)
    assert volume.data.min() >= 0
    assert volume.data.max() <= 511


@pytest.mark.parametrize("phase", ["ED", "ES"])
@pytest.mark.parametrize("seed", SEEDS)
def test_every_class_occurs_but_not_in_the_last_plane(seed: int, phase: str) -> None:
    _, labels = heart(seed, phase=phase)
    assert set(np.unique(labels)) == {0, *HEART_CLASSES}
    assert not (labels[-1] == 1).any()


def test_some_basal_planes_have_no_label() -> None:
    assert any(not heart(seed, phase="ES")[1][0].any() for seed in SEEDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_systole_has_smaller_cavities_and_a_thicker_wall(seed: int) -> None:
    ed, es = heart(seed)[1], heart(seed, phase="ES")[1]
    assert (es == 3).sum() < (ed == 3).sum()
    assert (es == 1).sum() < (ed == 1).sum()
    middle = 4
    thickness = [
        np.sqrt((plane >= 2).sum()) - np.sqrt((plane == 3).sum())
        for plane in (ed[middle], es[middle])
    ]
    assert thickness[0] < thickness[1]


def test_the_phases_share_the_body() -> None:
    ed, es = heart(1)[0].data.astype(float), heart(1, phase="ES")[0].data.astype(float)
    far = heart(1)[1][4] == 0
    assert np.corrcoef(ed[4][far], es[4][far])[0, 1] > 0.9


@pytest.mark.parametrize("shape", [(9, 192, 192), (6, 96, 96), (5, 128, 160)])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_wall_closes_around_the_left_ventricle(seed: int, shape: tuple[int, int, int]) -> None:
    for phase in ("ED", "ES"):
        _, labels = heart(seed, shape=shape, phase=phase)
        cavity = labels == 3
        assert (labels[faces(cavity)] == 2).all()


def test_classes_are_as_rare_as_in_acdc() -> None:
    # ACDC, 50 patients, 192 x 192 around the middle, ED: 5 % to 95 % of the patients have
    # 1.0-3.4 % right ventricle, 1.2-2.9 % myocardium, 1.2-4.6 % left ventricle.
    shares = np.array([np.bincount(heart(s)[1].ravel(), minlength=4)[1:] for s in SEEDS])
    shares = shares / heart(0)[1].size
    assert (shares > 0.003).all()
    assert (shares < 0.07).all()
    median = np.median(shares, axis=0)
    assert (median > [0.010, 0.012, 0.012]).all()
    assert (median < [0.034, 0.029, 0.046]).all()


def test_blood_is_bright_muscle_dark_and_background_reaches_both() -> None:
    for seed in SEEDS:
        volume, labels = heart(seed)
        right, wall, left = (np.median(volume.data[labels == k]) for k in (1, 2, 3))
        assert wall < right
        assert wall < left
        background = volume.data[labels == 0]
        assert (background > left).sum() > (labels == 3).sum() / 4


@pytest.mark.parametrize("shape", [(6, 96, 96), (5, 128, 160), (12, 160, 128)])
def test_another_shape_is_another_scan_of_a_heart(shape: tuple[int, int, int]) -> None:
    volume, labels = heart(2, shape=shape)
    assert labels.shape == shape
    assert set(np.unique(labels)) == {0, 1, 2, 3}
    assert volume.spacing == pytest.approx(
        (80 / (shape[0] - 1), 288 / min(shape[1:]), 288 / min(shape[1:]))
    )
    reference = heart(2)
    millilitres = [(b == 3).sum() * v.grid.voxel_ml for v, b in ((volume, labels), reference)]
    assert millilitres[0] == pytest.approx(millilitres[1], rel=0.25)


def test_one_plane_is_a_plane_through_the_middle() -> None:
    _, labels = heart(3, shape=(1, 96, 96))
    assert set(np.unique(labels)) == {0, 1, 2, 3}


def test_the_affine_agrees_with_the_spacing_and_the_file_order() -> None:
    grid = heart(0, shape=(5, 128, 160))[0].grid
    assert grid.file_shape == (160, 128, 5)
    assert grid.unit == "mm"
    lengths = np.linalg.norm(grid.affine[:3, :3], axis=0)
    np.testing.assert_allclose(lengths, grid.spacing[::-1])


def test_an_unknown_phase_is_refused() -> None:
    with pytest.raises(InputError, match="ED or ES"):
        heart(0, phase="es")  # type: ignore[arg-type]


def test_the_dataset_has_the_layout_of_acdc(tmp_path: Path) -> None:
    folder = tmp_path / "phantoms"
    write_heart_dataset(folder, patients=2, seed=7, shape=(4, 64, 64))
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    images = {
        f"patient{i:03d}/patient{i:03d}_frame{frame}{end}.nii.gz"
        for i in (1, 2)
        for frame in ("01", "12")
        for end in ("", "_gt")
    }
    assert found == images | {"phantom.txt"}
    note = (folder / "phantom.txt").read_text(encoding="utf-8")
    assert "generated (seed 7)" in note


def test_written_files_keep_arrays_types_and_geometry(tmp_path: Path) -> None:
    write_heart_dataset(tmp_path, patients=1, seed=7, shape=(4, 64, 80))
    stem = tmp_path / "patient001" / "patient001_frame12"
    image, labels = nib.load(f"{stem}.nii.gz"), nib.load(f"{stem}_gt.nii.gz")
    own = int(np.random.SeedSequence(7).generate_state(1)[0])
    volume, expected = heart(own, shape=(4, 64, 80), phase="ES")
    np.testing.assert_array_equal(np.asarray(image.dataobj).transpose(2, 1, 0), volume.data)
    np.testing.assert_array_equal(np.asarray(labels.dataobj).transpose(2, 1, 0), expected)
    assert image.get_data_dtype() == np.int16
    assert labels.get_data_dtype() == np.uint8
    for written in (image, labels):
        np.testing.assert_allclose(written.get_sform(), volume.affine, atol=1e-4)
        np.testing.assert_allclose(written.get_qform(), volume.affine, atol=1e-4)
        assert (written.header["sform_code"], written.header["qform_code"]) == (1, 1)
        assert written.header.get_zooms() == pytest.approx(volume.spacing[::-1])
        assert written.header.get_xyzt_units()[0] == "mm"


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match="is not an empty folder"):
        write_heart_dataset(tmp_path, patients=1)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
