"""Everything opens by being dropped on the window, with no option given."""

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from segstudio.app import _is_data
from segstudio.core.volume import Grid, Volume
from segstudio.data.formats import WRITABLE_IMAGES, write_volume
from segstudio.session.open_case import read_case
from segstudio.viewer.stage import IMAGE, LABELS

FOLDERS = ("acdc", "aasce", "wmh_flair", "ms_ventricle", "ms_multimodal")


@pytest.mark.parametrize("name", FOLDERS)
def test_each_folder_of_real_data_opens_and_shows_a_labelled_case(
    window, data_folder, name
) -> None:
    folder = data_folder / name
    if not folder.is_dir():
        pytest.skip(f"there is no {name}")
    window.drop(folder)
    opened = window.session.open_case

    assert window.said == []
    assert window.session.dataset.root == folder
    assert opened.truth.any()
    for role in (IMAGE, LABELS):
        layer = window.studio.stage.layer(role)
        assert layer.visible
        assert layer.data.shape == opened.volume.grid.shape
    assert len(window.panel("Data").cases.names()) == len(window.session.dataset.cases)


def test_landmarks_are_drawn_as_labels_over_a_radiograph(window, data_folder) -> None:
    if not (data_folder / "aasce").is_dir():
        pytest.skip("there is no aasce")
    window.drop(data_folder / "aasce")
    opened, labels = window.session.open_case, window.studio.stage.layer(LABELS).data

    assert opened.case.image.suffix.lower() in (".jpg", ".jpeg")
    assert [c.name for c in opened.classes.foreground] == ["vertebra"]
    assert len(labels) == 1
    assert 0.02 < (labels > 0).mean() < 0.4


def test_time_points_are_cases(window, tmp_path) -> None:
    frames = np.arange(3, dtype=np.int16) * np.ones((6, 5, 4, 3), np.int16)
    nib.save(nib.Nifti1Image(frames, np.eye(4)), tmp_path / "a.nii.gz")
    window.drop(tmp_path)
    window.panel("Data").cases.view.selectRow(2)
    window.wait_for_reading()

    assert window.session.open_case.case.name == "a_t02"
    assert (window.studio.stage.layer(IMAGE).data == 2).all()


@pytest.fixture
def one_of_each(tmp_path):
    """An image in every format that is easily written."""
    data = np.arange(120, dtype=np.int16).reshape(4, 5, 6)
    grid = Grid(data.shape, (3.0, 2.0, 1.0), np.diag([-1.0, -2.0, 3.0, 1.0]))
    for suffix in WRITABLE_IMAGES:
        write_volume(tmp_path / f"a{suffix}", Volume(data, grid))
    nib.save(nib.analyze.AnalyzeImage(data.T, None), tmp_path / "b.img")
    np.save(tmp_path / "c.npy", data)
    np.savez(tmp_path / "d.npz", image=data)
    for suffix in (".png", ".jpg", ".tif", ".bmp"):
        Image.fromarray(data[0].astype(np.uint8)).save(tmp_path / f"e{suffix}")
    return sorted(path for path in tmp_path.iterdir() if path.suffix != ".img")


def test_files_of_every_format_dropped_together_are_cases_and_the_rest_is_napari_s(
    window, one_of_each, tmp_path
) -> None:
    (tmp_path / "points.csv").write_text("index,axis-0,axis-1\n0,1,2\n1,3,4\n")
    window.drop(*one_of_each, tmp_path / "points.csv")

    assert window.said == []
    dataset = window.session.dataset
    assert [case.image for case in dataset.cases] == one_of_each
    assert "points" in [layer.name for layer in window.viewer.layers]
    for case in dataset.cases:
        assert read_case(dataset, case).volume.data.size in (30, 120), case.image.name


def test_an_image_dropped_with_its_labels_is_one_case(window, hearts) -> None:
    image = next(hearts.rglob("*frame01.nii.gz"))
    labels = image.with_name(image.name.replace("frame01", "frame01_gt"))
    window.drop(labels, image)

    assert [case.image for case in window.session.dataset.cases] == [image]
    assert window.session.open_case.truth is not None


def test_a_folder_named_as_a_file_is_a_folder(window, hearts, tmp_path) -> None:
    image = next(hearts.rglob("*frame01.nii.gz"))
    folder = tmp_path / "scan.nii.gz"
    folder.mkdir()
    window.drop(folder)
    assert "holds no image" in window.said[-1]
    (folder / "scan.nii.gz").write_bytes(image.read_bytes())
    window.drop(folder)

    assert window.session.open_case.case.image == folder / "scan.nii.gz"


@pytest.mark.parametrize(
    ("name", "ours"),
    [("study", True), ("study.v1", True), ("a.nii.gz", True), ("a.zarr", False), ("a.n5", False)],
)
def test_only_images_that_are_folders_are_left_to_napari(tmp_path, name, ours) -> None:
    (tmp_path / name).mkdir()

    assert _is_data(tmp_path / name) is ours
    assert not _is_data(tmp_path / "missing.nii.gz")
