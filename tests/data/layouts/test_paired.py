"""Any folder: labels in a folder beside the images', fourth axes, files that hold both."""

from pathlib import Path

import h5py
import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from segstudio.data.datasets import load_case, open_dataset

SHAPE = (3, 6, 5)


def picture(path: Path, value: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((8, 9), value, np.uint8)).save(path)


def four(path: Path, frames: int) -> None:
    """Write an image of so many entries; entry k is full of k."""
    entries = np.stack([np.full(SHAPE, k, np.int16) for k in range(frames)])
    array = entries if frames > 1 else entries[0]
    nib.save(nib.Nifti1Image(array.T, np.diag([0.8, 0.7, 5.0, 1])), path)


@pytest.mark.parametrize(
    ("images", "labels", "ending"),
    [
        ("images", "labels", ""),
        ("Images", "Masks", ""),
        ("img", "gt", "_mask"),
        ("images", "masks", "_segmentation"),
        ("images/x", "labels/x", ""),
    ],
)
def test_labels_of_the_same_name_in_a_folder_beside(
    tmp_path: Path, images: str, labels: str, ending: str
) -> None:
    picture(tmp_path / images / "a.jpg")
    picture(tmp_path / labels / f"a{ending}.png", 2)
    (case,) = open_dataset(tmp_path).cases
    assert case.name == ("x/a" if "/" in images else "a")
    assert case.labels == tmp_path / labels / f"a{ending}.png"
    assert Path(labels).name in case.pairing
    assert load_case(case)[1].max() == 2


def test_each_side_may_have_its_two_folders(tmp_path: Path) -> None:
    for side in ("training", "testing"):
        picture(tmp_path / side / "images" / "a.png")
        picture(tmp_path / side / "labels" / "a.png")
    test, train = open_dataset(tmp_path).cases
    assert (test.name, test.official_split) == ("testing/a", "test")
    assert (train.name, train.official_split) == ("training/a", "train")
    assert train.labels == tmp_path / "training" / "labels" / "a.png"


def test_a_fourth_axis_without_labels_is_a_case_for_each_time(tmp_path: Path) -> None:
    four(tmp_path / "cine.nii.gz", 3)
    cases = open_dataset(tmp_path).cases
    assert [c.name for c in cases] == ["cine_t00", "cine_t01", "cine_t02"]
    assert {c.patient for c in cases} == {"cine"}


def test_a_fourth_axis_with_labels_of_three_is_channels(tmp_path: Path) -> None:
    four(tmp_path / "a.nii.gz", 3)
    four(tmp_path / "a_seg.nii.gz", 1)
    (case,) = open_dataset(tmp_path).cases
    assert [int(c.max()) for c in load_case(case)[0].channels] == [0, 1, 2]


def test_a_fourth_axis_with_labels_of_four_is_a_labelled_case_for_each(tmp_path: Path) -> None:
    four(tmp_path / "a.nii.gz", 3)
    four(tmp_path / "a_seg.nii.gz", 3)
    last = open_dataset(tmp_path).cases[-1]
    volume, labels = load_case(last)
    assert (volume.data.max(), labels.max()) == (2, 2)


def test_slices_of_both_belong_to_their_patient(tmp_path: Path) -> None:
    for k in range(3):
        with h5py.File(tmp_path / f"patient001_frame01_slice_{k}.h5", "w") as file:
            file["image"], file["label"] = np.ones((8, 9)), np.full((8, 9), k)
    cases = open_dataset(tmp_path).cases
    assert {c.patient for c in cases} == {"patient001"}
    volume, labels = load_case(cases[2])
    assert volume.data.shape == labels.shape == (1, 8, 9)
    assert labels.max() == 2
    assert cases[0].pairing == "the file holds both"


def test_pictures_beside_medical_images_are_no_cases(tmp_path: Path) -> None:
    four(tmp_path / "a.nii.gz", 1)
    picture(tmp_path / "figure.png")
    np.save(tmp_path / "notes.npy", np.ones(3))
    assert [c.name for c in open_dataset(tmp_path).cases] == ["a"]


def test_labels_of_a_picture_may_be_a_medical_image(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    labels = np.ones((1, 8, 9), np.uint8)
    nib.save(nib.Nifti1Image(labels.T, np.eye(4)), tmp_path / "a_gt.nii.gz")
    (case,) = open_dataset(tmp_path).cases
    assert load_case(case)[1].sum() == 72
