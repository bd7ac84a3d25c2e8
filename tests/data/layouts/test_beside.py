"""Which files belong together: a folder for each case, and what lies beside a file."""

from pathlib import Path

import pytest

from segstudio.core.errors import InputError
from segstudio.data.datasets import labelled_cases, load_case, open_dataset, open_paths
from segstudio.data.layouts.beside import (
    LABEL_NAMES,
    all_channels,
    image_beside,
    labels_beside,
)


def touched(root: Path, *names: str) -> Path:
    """Make empty files: finding them reads no image."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def names_of(root: Path) -> list[str]:
    return [c.name for c in open_dataset(root).cases]


@pytest.mark.parametrize("label", LABEL_NAMES)
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_a_folders_images_are_the_channels_of_one_case(
    tmp_path: Path, label: str, suffix: str
) -> None:
    for case in ("p2", "p1"):
        touched(tmp_path / case, f"t1{suffix}", f"flair{suffix}", label + suffix, "notes.txt")
    first, second = open_dataset(tmp_path).cases
    assert (first.name, first.patient, second.name) == ("p1", "p1", "p2")
    assert [p.name for p in first.channels] == [f"flair{suffix}", f"t1{suffix}"]
    assert first.labels == tmp_path / "p1" / (label + suffix)
    assert first.official_split is None


def test_nested_case_folders_are_named_by_their_place_and_side(tmp_path: Path) -> None:
    touched(tmp_path / "training" / "x" / "p1", "flair.nii", "gt.nii")
    touched(tmp_path / "testing" / "x" / "p1", "flair.nii")
    test, train = open_dataset(tmp_path).cases
    assert (test.name, test.labels, test.official_split) == ("testing/x/p1", None, "test")
    assert (train.name, train.patient) == ("training/x/p1", "training/x/p1")
    assert [c.name for c in labelled_cases(open_dataset(tmp_path))] == ["training/x/p1"]


def test_the_folder_of_one_case_is_a_dataset_too(tmp_path: Path) -> None:
    (case,) = open_dataset(touched(tmp_path / "p1", "flair.nii", "t1.nii", "gt.nii")).cases
    assert (case.name, len(case.channels)) == ("p1", 2)


@pytest.mark.parametrize("images", [("flair.nii",), ("flair.nii", "t2.nii")])
def test_folders_of_other_images_are_refused(tmp_path: Path, images: tuple[str, ...]) -> None:
    touched(tmp_path / "p1", "flair.nii", "t1.nii", "gt.nii")
    touched(tmp_path / "p2", *images, "gt.nii")
    with pytest.raises(InputError, match=r"p2' holds .* but '.*p1' holds flair, t1"):
        open_dataset(tmp_path)


def test_a_folder_with_two_label_files_is_refused(tmp_path: Path) -> None:
    touched(tmp_path / "p1", "flair.nii", "gt.nii", "mask.nii")
    with pytest.raises(InputError, match=r"p1' holds several label files, 'gt\.nii' and 'mask"):
        open_dataset(tmp_path)


def test_labels_saved_under_an_images_name_come_first_and_make_no_channel(tmp_path: Path) -> None:
    touched(tmp_path / "p1", "flair.nii", "gt.nii", "flair_gt.nii", "flair_copy1_gt.nii")
    touched(tmp_path / "p2", "flair.nii", "gt.nii")
    first, second = open_dataset(tmp_path).cases
    assert first.labels == tmp_path / "p1" / "flair_gt.nii"
    assert first.other_channels == second.other_channels == ()


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (("p1/a.nii", "p1/a_gt.nii", "p1/mask.nii", "p2/b.nii"), ["p1/a", "p1/mask", "p2/b"]),
        (("p/ed.nii", "p/es.nii", "p/es_gt.nii", "p/gt.nii"), ["p/ed", "p/es", "p/gt"]),
        (("images/a.nii", "labels/gt.nii"), ["images/a"]),
    ],
)
def test_images_with_labels_named_after_them_are_cases_as_before(
    tmp_path: Path, files: tuple[str, ...], names: list[str]
) -> None:
    assert names_of(touched(tmp_path, *files)) == names


def test_hidden_files_and_links_that_leave_the_dataset_are_left_out(tmp_path: Path) -> None:
    root = touched(tmp_path / "set", "p1/flair.nii", "p1/gt.nii", "p1/.t1.nii", ".p2/flair.nii")
    outside = touched(tmp_path / "outside", "t2.nii", "flair.nii", "gt.nii")
    (root / "p1" / "t2.nii").symlink_to(outside / "t2.nii")
    (root / "p3").symlink_to(outside, target_is_directory=True)
    (case,) = open_dataset(root).cases
    assert (case.name, case.other_channels) == ("p1", ())


def test_links_within_a_dataset_are_followed(tmp_path: Path) -> None:
    touched(tmp_path, "p1/flair.nii", "p1/gt.nii", "p2/flair.nii")
    (tmp_path / "p2" / "gt.nii").symlink_to(tmp_path / "p1" / "gt.nii")
    assert [c.labels is not None for c in open_dataset(tmp_path).cases] == [True, True]


def test_a_file_of_nnunets_finds_its_channels_and_labels(tmp_path: Path) -> None:
    touched(tmp_path, "imagesTr/a_0000.nii.gz", "imagesTr/a_0001.nii.gz", "labelsTr/a.nii.gz")
    image, labels = tmp_path / "imagesTr" / "a_0000.nii.gz", tmp_path / "labelsTr" / "a.nii.gz"
    assert labels_beside(image) == labels
    assert image_beside(labels) == image
    for opened in (image, image.with_name("a_0001.nii.gz"), labels):
        (case,) = open_paths(opened).cases
        assert (case.image, case.labels, len(case.channels)) == (image, labels, 2)


def test_a_file_in_a_case_folder_finds_its_labels(tmp_path: Path) -> None:
    touched(tmp_path, "flair.nii", "t1.nii", "gt.nii")
    assert labels_beside(tmp_path / "t1.nii") == tmp_path / "gt.nii"
    assert image_beside(tmp_path / "gt.nii") == tmp_path / "flair.nii"
    assert labels_beside(tmp_path / "gt.nii") is None
    assert image_beside(tmp_path / "t1.nii") is None
    (case,) = open_paths(tmp_path / "t1.nii").cases
    assert (case.image.name, case.other_channels) == ("t1.nii", ())


def test_two_label_files_in_a_folder_belong_to_no_image(tmp_path: Path) -> None:
    touched(tmp_path, "flair.nii", "mask.nii", "gt.nii")
    assert labels_beside(tmp_path / "flair.nii") is None
    assert image_beside(tmp_path / "gt.nii") is None


@pytest.mark.parametrize(
    ("beside", "opened", "channels"),
    [
        (("a_0000", "a_0001", "b_0001"), "a_0001", ["a_0000", "a_0001"]),
        (("scan_2019", "scan_2020"), "scan_2019", ["scan_2019"]),
        (("a_0000", "a_0002"), "a_0002", ["a_0002"]),
        (("a", "a_0001"), "a", ["a"]),
    ],
)
def test_channels_are_counted_from_nought_without_a_gap(
    tmp_path: Path, beside: tuple[str, ...], opened: str, channels: list[str]
) -> None:
    touched(tmp_path, *[f"{name}.nii" for name in beside])
    assert [p.stem for p in all_channels(tmp_path / f"{opened}.nii")] == channels


def test_real_case_folders_are_known(data_folder: Path) -> None:
    dataset = open_dataset(data_folder / "wmh_flair")
    assert [c.name for c in dataset.cases] == ["2516038876", "2516041494", "2516043217"]
    for case in labelled_cases(dataset):
        volume, labels = load_case(case)
        assert case.image.name == "t2flair-stripped.nii.gz"
        assert labels.shape == volume.data.shape
        assert labels.any()
