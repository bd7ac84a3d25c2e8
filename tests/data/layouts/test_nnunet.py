"""nnU-Net's layout, and what can be wrong with it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.data.datasets import class_table, labelled_cases, load_case, open_dataset
from segstudio.data.layouts.nnunet import nnunet_classes

LABELS = {"background": 0, "lesion": 1}


def raw(root: Path, *names: str, labels: Any = LABELS) -> Path:
    """Make empty files of nnU-Net's layout: opening a dataset reads no image."""
    for name in names:
        path = root / f"{name}.nii.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (root / "labelsTr").mkdir(exist_ok=True)
    described(root, {"labels": labels})
    return root


def described(root: Path, content: Any) -> Path:
    text = content if isinstance(content, str) else json.dumps(content)
    (root / "dataset.json").write_text(text)
    return root


def test_cases_channels_and_labels_are_found_by_their_names(tmp_path: Path) -> None:
    images = [f"imagesTr/{n}_000{c}" for n in ("b", "a_1") for c in (1, 0, 2)]
    first, second = open_dataset(raw(tmp_path, *images, "labelsTr/a_1", "labelsTr/b")).cases
    assert (first.name, first.patient, first.official_split) == ("a_1", "a_1", "train")
    assert [p.name for p in first.channels] == [f"a_1_000{c}.nii.gz" for c in range(3)]
    assert second.labels == tmp_path / "labelsTr" / "b.nii.gz"


def test_the_test_side_is_kept_with_labels_or_without(tmp_path: Path) -> None:
    images = ("imagesTr/a_0000", "imagesTs/b_0000", "imagesTs/c_0000")
    dataset = open_dataset(raw(tmp_path, *images, "labelsTr/a", "labelsTs/b"))
    assert [(c.name, c.official_split) for c in dataset.cases] == [
        ("a", "train"),
        ("b", "test"),
        ("c", "test"),
    ]
    assert dataset.case("b").labels == tmp_path / "labelsTs" / "b.nii.gz"
    assert dataset.case("c").labels is None
    assert [c.name for c in labelled_cases(dataset)] == ["a", "b"]


def test_a_missing_label_file_is_expected_in_its_folder(tmp_path: Path) -> None:
    dataset = open_dataset(raw(tmp_path, "imagesTr/a_0000", "imagesTr/b_0000", "labelsTr/a"))
    with pytest.raises(InputError, match=r"b_0000\.nii\.gz' \('b' is expected in 'labelsTr'\)"):
        labelled_cases(dataset)


def test_labels_painted_beside_an_image_count_where_labelstr_has_none(tmp_path: Path) -> None:
    images = [f"imagesTr/{n}" for n in ("a_0000", "a_0000_gt", "b_0000", "b_0000_gt")]
    a, b = open_dataset(raw(tmp_path, *images, "labelsTr/a")).cases
    assert a.labels == tmp_path / "labelsTr" / "a.nii.gz"
    assert b.labels == tmp_path / "imagesTr" / "b_0000_gt.nii.gz"


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("a_0000", "a_0001", "b_0000"), "The case 'b' in '.*' has no channel 0001.*'b_0001'"),
        (("a_0000", "b_0001", "b_0000", "a_0002"), "The case 'a' .* no channel 0001"),
        (("a_0000", "b"), r"b\.nii\.gz' has no channel in its name\. Name it 'b_0000'"),
        (("a_0000", "../imagesTs/a_0000"), "holds the case 'a' twice"),
    ],
)
def test_files_that_make_no_whole_cases_are_refused(
    tmp_path: Path, names: tuple[str, ...], told: str
) -> None:
    (tmp_path / "imagesTr").mkdir()
    raw(tmp_path, *[f"imagesTr/{n}" for n in names])
    with pytest.raises(InputError, match=told):
        open_dataset(tmp_path)


def test_one_channel_in_two_files_is_refused(tmp_path: Path) -> None:
    raw(tmp_path, "imagesTr/a_0000")
    (tmp_path / "imagesTr" / "a_0000.nii").touch()
    with pytest.raises(InputError, match=r"a_0000\.nii.*are the same channel"):
        open_dataset(tmp_path)


def test_hidden_files_and_links_that_leave_the_dataset_are_no_cases(tmp_path: Path) -> None:
    root = raw(tmp_path / "set", "imagesTr/a_0000", "imagesTr/._b_0000", "imagesTr/.old/c_0000")
    outside = tmp_path / "outside.nii.gz"
    outside.touch()
    (root / "imagesTr" / "d_0000.nii.gz").symlink_to(outside)
    (root / "labelsTr" / "a.nii.gz").symlink_to(outside)
    assert [(c.name, c.labels) for c in open_dataset(root).cases] == [("a", None)]
    (root / "imagesTr" / "a_0000.nii.gz").unlink()
    with pytest.raises(InputError, match="only labels or links that leave it"):
        open_dataset(root)


def test_paths_in_the_description_are_not_followed(tmp_path: Path) -> None:
    root = raw(tmp_path / "set", "imagesTr/a_0000", "labelsTr/a")
    (tmp_path / "x_0000.nii.gz").touch()
    listed = [{"image": "../x_0000.nii.gz", "label": "/etc/passwd"}]
    described(root, {"labels": LABELS, "training": listed, "test": ["../x_0000.nii.gz"]})
    assert [c.name for c in open_dataset(root).cases] == ["a"]


def test_images_of_another_naming_in_imagestr_are_opened_as_before(tmp_path: Path) -> None:
    dataset = open_dataset(raw(tmp_path, "imagesTr/a", "imagesTr/a_gt"))
    assert [c.name for c in dataset.cases] == ["imagesTr/a"]


@pytest.mark.parametrize(
    "labels",
    [
        {"background": 0, "left ventricle": 2, "scar": 5},
        {"0": "background", "5": "scar", "2": "left ventricle"},
    ],
)
def test_the_description_names_the_classes_in_either_form(
    tmp_path: Path, labels: dict[str, Any]
) -> None:
    dataset = open_dataset(raw(tmp_path, "imagesTr/a_0000", labels=labels))
    assert [(c.value, c.name) for c in class_table(dataset).classes] == [
        (0, "background"),
        (2, "left ventricle"),
        (5, "scar"),
    ]


def test_without_a_description_the_classes_are_left_to_the_labels(tmp_path: Path) -> None:
    raw(tmp_path, "imagesTr/a_0000")
    (tmp_path / "dataset.json").unlink()
    dataset = open_dataset(tmp_path)
    assert dataset.classes is None
    assert [c.name for c in dataset.cases] == ["a"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ([], "names no classes"),
        ({"labels": {}}, "names no classes"),
        ({"labels": ["background", "lesion"]}, "names no classes"),
        ({"labels": {"background": 0, "whole": [1, 2]}}, r"'whole' a region .* \[1, 2\]"),
        ({"labels": {"background": 0, "lesion": -1}}, "gives 'lesion' the value -1"),
        ({"labels": {"background": 0, "lesion": 1.5}}, "gives 'lesion' the value 1.5"),
        ({"labels": {"background": 0, "lesion": True}}, "gives 'lesion' the value True"),
        ({"labels": {"background": 0, "lesion": 65536}}, "gives 'lesion' the value 65536"),
        ({"labels": {"0": "background", "x": "lesion"}}, "gives 'lesion' the value 'x'"),
        ({"labels": {"background": 0, "a": 1, "b": 1}}, "'b' .* that another class has"),
        ({"labels": {"0": "background", "1": "a", "2": "a"}}, "'a' .* that another class has"),
    ],
)
def test_a_description_with_a_mistake_is_told_in_a_sentence(
    tmp_path: Path, content: Any, told: str
) -> None:
    root = described(raw(tmp_path, "imagesTr/a_0000"), content)
    with pytest.raises(InputError, match=told) as caught:
        open_dataset(root)
    assert str(root / "dataset.json") in str(caught.value)


def test_a_description_in_another_encoding_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "dataset.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="is not JSON"):
        nnunet_classes(tmp_path)


def test_real_cases_have_their_classes_and_channels(data_folder: Path) -> None:
    dataset = open_dataset(data_folder / "ms_ventricle")
    assert [c.name for c in dataset.cases] == ["104252", "105074", "105465"]
    names = [c.name for c in class_table(dataset).foreground]
    assert names == ["ventricle", "normal_hyperintensity", "lesion"]
    for case in labelled_cases(dataset):
        class_table(dataset).to_indices(load_case(case)[1], case.name)
    (case,) = open_dataset(data_folder / "ms_multimodal").cases
    volume, labels = load_case(case)
    assert [c.shape for c in volume.channels] == [labels.shape] * 3
    assert len({float(np.mean(c)) for c in volume.channels}) == 3


@pytest.mark.parametrize(
    "labels",
    [
        {"background": 0, "lesion": 1, "vessel": 2, "ignore": 3},
        {"0": "background", "1": "lesion", "2": "vessel", "3": "ignore"},
        {"ignore": 3, "background": 0, "vessel": 2, "lesion": 1},
    ],
)
def test_the_class_named_ignore_is_none(tmp_path: Path, labels: Any) -> None:
    dataset = open_dataset(raw(tmp_path, "imagesTr/a_0000", labels=labels))
    table = class_table(dataset)
    assert [(c.value, c.name) for c in table.foreground] == [(1, "lesion"), (2, "vessel")]
    assert table.ignore == 3


def test_background_cannot_be_ignored(tmp_path: Path) -> None:
    root = raw(tmp_path, "imagesTr/a_0000", labels={"ignore": 0, "lesion": 1})
    with pytest.raises(InputError, match="ignores the value 0, which is background"):
        open_dataset(root)
