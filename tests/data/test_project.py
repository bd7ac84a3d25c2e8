"""A project's dataset: its folders together, its own classes, and the labels saved in it."""

from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.data.datasets import open_dataset
from segstudio.data.project import PROJECT_FILE, SplitSettings, dataset_of, new_project


def write_image(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(np.ones((5, 4, 3), np.int16), np.eye(4)), path)


def test_the_cases_of_all_folders_are_one_dataset_of_the_project_s_name(tmp_path: Path) -> None:
    for name in ("one/a", "two/b"):
        write_image(tmp_path / f"{name}.nii")
    project = new_project(tmp_path / "mine", [tmp_path / "one", tmp_path / "two"])
    dataset = dataset_of(project)

    assert dataset.name == "mine"
    assert [case.name for case in dataset.cases] == ["a", "b"]


def test_a_project_without_folders_is_of_the_images_in_its_own(tmp_path: Path) -> None:
    write_image(tmp_path / "a.nii")

    assert dataset_of(new_project(tmp_path, ())).cases[0].name == "a"


def test_the_project_s_classes_come_before_those_of_the_layout(hearts: Path, tmp_path) -> None:
    classes = ClassTable.named({1: "cavity"})
    project = new_project(tmp_path / "mine", [hearts], classes)

    assert open_dataset(hearts).classes != classes
    assert dataset_of(project).classes == classes


def test_runs_go_into_the_project_but_never_among_the_images(tmp_path: Path) -> None:
    images = tmp_path / "images"

    assert new_project(tmp_path / "mine", [images]).runs_folder == tmp_path / "mine" / "runs"
    assert new_project(images, ()).runs_folder is None
    assert new_project(images / "mine", [images]).runs_folder is None


def test_labels_saved_in_the_project_come_before_those_of_the_layout(tmp_path) -> None:
    for name in ("a", "b", "b_gt"):
        write_image(tmp_path / "images" / f"{name}.nii")
    project = new_project(tmp_path / "mine", [tmp_path / "images"])
    for case in dataset_of(project).cases:
        write_image(tmp_path / "elsewhere" / f"{case.name}.nii")
        project = project.with_labels(case, tmp_path / "elsewhere" / f"{case.name}.nii")
    a, b = dataset_of(project).cases

    for case in (a, b):
        assert case.labels == tmp_path / "elsewhere" / f"{case.name}.nii"
        assert case.pairing == "saved in this project"


def test_a_file_that_another_case_was_saved_to_is_no_case_s_earlier_one(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_image(tmp_path / "images" / f"{name}.nii")
    project = new_project(tmp_path / "mine", [tmp_path / "images"])
    a, b = dataset_of(project).cases
    write_image(tmp_path / "b_gt.nii")
    for case, file in ((a, "b_gt.nii"), (a, "a_gt.nii"), (b, "b_gt.nii")):
        project = project.with_labels(case, tmp_path / file)
    assert project.newest_labels(b) == project.labels_file(b) == tmp_path / "b_gt.nii"
    assert project.newest_labels(a) is project.labels_file(a) is None
    assert dataset_of(project).cases[0].labels is None


def test_the_layout_s_own_labels_are_of_its_pairing_though_the_project_saved_them(tmp_path) -> None:
    for name in ("b", "b_gt"):
        write_image(tmp_path / "images" / f"{name}.nii")
    project = new_project(tmp_path / "mine", [tmp_path / "images"])
    (before,) = dataset_of(project).cases
    assert before.labels == tmp_path / "images" / "b_gt.nii"
    assert dataset_of(project.with_labels(before, before.labels)).cases == (before,)


def test_labels_saved_in_the_project_that_are_gone_leave_those_of_the_layout(tmp_path) -> None:
    for name in ("b", "b_gt"):
        write_image(tmp_path / "images" / f"{name}.nii")
    project = new_project(tmp_path / "mine", [tmp_path / "images"])
    (case,) = dataset_of(project).cases
    assert dataset_of(project.with_labels(case, tmp_path / "gone.nii")).cases == (case,)


def test_saved_labels_that_are_gone_are_a_note(tmp_path: Path) -> None:
    write_image(tmp_path / "images" / "a.nii")
    project = new_project(tmp_path / "mine", [tmp_path / "images"])
    project = project.with_labels(dataset_of(project).cases[0], tmp_path / "gone.nii")
    dataset = dataset_of(project)

    assert dataset.cases[0].labels is None
    assert "gone.nii" in dataset.notes[-1]


def test_a_folder_that_holds_a_project_takes_no_other(tmp_path: Path) -> None:
    (tmp_path / PROJECT_FILE).write_text("")
    with pytest.raises(InputError, match="holds a project"):
        new_project(tmp_path, ())


def test_a_run_is_listed_once_and_last(tmp_path: Path) -> None:
    project = replace(new_project(tmp_path, ()), runs=(tmp_path / "a", tmp_path / "b"))

    assert project.with_run(tmp_path / "a").runs == (tmp_path / "b", tmp_path / "a")


def test_the_split_is_told_to_a_training_under_its_own_names() -> None:
    assert SplitSettings("two-way", 3).as_training_settings() == {
        "split": "two-way",
        "split_seed": 3,
    }
    assert SplitSettings(folds=5, fold=2).as_training_settings()["fold"] == 2
