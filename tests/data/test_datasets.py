from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.data.datasets import (
    ACDC_CLASSES,
    LABEL_ENDINGS,
    Case,
    Dataset,
    class_table,
    labelled_cases,
    load_case,
    open_dataset,
)


def touched(root: Path, *names: str) -> Path:
    """Make empty files: opening a dataset reads no image."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def test_acdc_is_known_by_its_layout(hearts: Path) -> None:
    dataset = open_dataset(hearts)
    assert [c.name for c in dataset.cases] == [
        f"patient00{i}_frame{frame}" for i in (1, 2, 3, 4) for frame in ("01", "12")
    ]
    assert [c.patient for c in dataset.cases[:3]] == ["patient001", "patient001", "patient002"]
    assert dataset.name == hearts.name
    assert class_table(dataset) is ACDC_CLASSES


def test_a_case_is_loaded_with_labels_that_fit(hearts: Path) -> None:
    case = open_dataset(hearts).case("patient002_frame12")
    volume, labels = load_case(case)
    assert volume.data.shape == labels.shape == (4, 48, 48)
    assert set(np.unique(labels)) == set(ACDC_CLASSES.values)


def test_other_files_beside_acdc_frames_are_no_cases(tmp_path: Path) -> None:
    folder = tmp_path / "patient001"
    names = ("frame01", "frame01_gt", "4d")
    touched(folder, *[f"patient001_{n}.nii.gz" for n in names], "Info.cfg", "._x.nii.gz")
    assert [c.name for c in open_dataset(tmp_path).cases] == ["patient001_frame01"]


def test_the_official_sides_are_told_by_folders(tmp_path: Path) -> None:
    sides = {"training/patient001": "train", "testing/patient101": "test"}
    for folder in sides:
        touched(tmp_path / folder, f"{Path(folder).name}_frame01.nii.gz")
    assert {c.patient: c.official_split for c in open_dataset(tmp_path).cases} == {
        "patient001": "train",
        "patient101": "test",
    }


@pytest.mark.parametrize("ending", LABEL_ENDINGS)
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_labels_are_found_beside_their_image(tmp_path: Path, ending: str, suffix: str) -> None:
    touched(tmp_path, f"a{suffix}", f"a{ending}{suffix}", f"b{suffix}", "notes.txt")
    a, b = open_dataset(tmp_path).cases
    assert (a.name, a.labels) == ("a", tmp_path / f"a{ending}{suffix}")
    assert (b.name, b.labels) == ("b", None)
    assert a.official_split is None


def test_files_of_one_name_in_two_folders_are_two_patients(tmp_path: Path) -> None:
    touched(tmp_path, "x/scan.nii", "y/scan.nii")
    assert [(c.name, c.patient) for c in open_dataset(tmp_path).cases] == [
        ("x/scan", "x/scan"),
        ("y/scan", "y/scan"),
    ]


@pytest.mark.parametrize(
    ("names", "folder", "told"),
    [
        ((), "none", "'.*none' does not exist"),
        (("file.nii",), "file.nii", "'.*file.nii' is a file; a dataset is a folder"),
        (("notes.txt",), "", "holds no image"),
        (("a_gt.nii.gz",), "", "holds no image"),
    ],
)
def test_a_folder_without_images_is_refused(
    tmp_path: Path, names: tuple[str, ...], folder: str, told: str
) -> None:
    touched(tmp_path, *names)
    with pytest.raises(InputError, match=told):
        open_dataset(tmp_path / folder)


def test_a_missing_label_file_is_told_with_the_name_it_should_have(tmp_path: Path) -> None:
    dataset = open_dataset(touched(tmp_path, "a.nii", "a_gt.nii", "b.nii", "c.nii"))
    with pytest.raises(InputError) as caught:
        labelled_cases(dataset)
    assert f"2 of 3 images in '{tmp_path}' have no label file" in str(caught.value)
    assert f"the first is '{tmp_path / 'b.nii'}' ('b_gt' is expected" in str(caught.value)
    with pytest.raises(InputError, match=r"b\.nii' has no label file"):
        load_case(dataset.case("b"))


def test_images_without_labels_are_skipped_when_told(tmp_path: Path) -> None:
    dataset = open_dataset(touched(tmp_path, "a.nii", "a_gt.nii", "b.nii"))
    assert [c.name for c in labelled_cases(dataset, skip_unlabelled=True)] == ["a"]


def test_a_test_side_may_keep_its_labels_to_itself(tmp_path: Path) -> None:
    touched(tmp_path, "training/a.nii", "training/a_gt.nii", "testing/b.nii")
    assert [c.name for c in labelled_cases(open_dataset(tmp_path))] == ["training/a"]


@pytest.mark.parametrize("skip", [True, False])
@pytest.mark.parametrize("side", ["training", "testing"])
def test_a_dataset_without_any_labels_is_refused(tmp_path: Path, side: str, skip: bool) -> None:
    dataset = open_dataset(touched(tmp_path, f"{side}/a.nii", "testing/b.nii"))
    with pytest.raises(InputError, match="2 of 2 images"):
        labelled_cases(dataset, skip_unlabelled=skip)


def labelled_with(root: Path, **values: list[int]) -> Dataset:
    """Return a dataset whose label files hold these values."""
    for name, found in values.items():
        touched(root, f"{name}.nii")
        labels = np.array(found, np.uint8).reshape(-1, 1, 1)
        nib.save(nib.Nifti1Image(labels, np.eye(4)), root / f"{name}_seg.nii")
    return open_dataset(root)


def test_classes_are_found_in_all_label_files(tmp_path: Path) -> None:
    table = class_table(labelled_with(tmp_path, a=[0, 1], b=[0, 255, 1], c=[7]))
    assert table.values == (0, 1, 7, 255)
    assert [c.name for c in table.foreground] == ["class 1", "class 7", "class 255"]


def test_classes_that_are_known_are_not_looked_for(tmp_path: Path) -> None:
    dataset = replace(labelled_with(tmp_path, a=[9]), classes=ACDC_CLASSES)
    assert class_table(dataset) is ACDC_CLASSES


def test_a_fingerprint_of_labels_tells_their_contents_and_reads_no_image(tmp_path: Path) -> None:
    labels, both = tmp_path / "a_labels.npz", tmp_path / "b.npz"
    labels.write_bytes(b"one")
    both.write_bytes(b"image and labels")
    cases = (
        Case("a", "a", tmp_path / "unreadable.npz", labels),
        Case("b", "b", both, both),
        Case("c", "c", tmp_path / "c.npz", None),
    )
    dataset = Dataset("set", tmp_path, cases, None)
    before, size = dataset.labels_fingerprint(), dataset.fingerprint
    both.write_bytes(b"image and others")
    assert dataset.labels_fingerprint() == before
    labels.write_bytes(b"two")
    assert dataset.labels_fingerprint() != before
    assert dataset.fingerprint == size
