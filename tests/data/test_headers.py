"""What is told of a case by its headers alone."""

from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from segstudio.data.datasets import Case, open_dataset
from segstudio.data.headers import read_header


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A case of 3 planes, whose labels fit."""
    image = np.ones((5, 4, 3), np.int16)
    for name in ("a", "a_gt"):
        nib.save(nib.Nifti1Image(image, np.diag([2.0, 2, 8, 1])), tmp_path / f"{name}.nii.gz")
    return open_dataset(tmp_path).cases[0]


def test_shape_and_spacing_are_those_of_the_volume(case: Case) -> None:
    header = read_header(case)

    assert header.shape == (3, 4, 5)
    assert header.spacing == (8.0, 2.0, 2.0)
    assert header.problem == ""


def test_no_voxel_is_read(case: Case) -> None:
    voxels = np.random.default_rng(0).integers(0, 999, (90, 80, 30)).astype(np.int16)
    nib.save(nib.Nifti1Image(voxels, np.eye(4)), case.image)
    content = case.image.read_bytes()
    case.image.write_bytes(content[: len(content) // 2])

    assert read_header(replace(case, labels=None)).shape == (30, 80, 90)


def test_an_image_that_cannot_be_read_is_a_problem_told(case: Case) -> None:
    case.image.write_bytes(b"cut")
    header = read_header(case)

    assert header.shape is None
    assert "a.nii.gz" in header.problem


def test_labels_of_another_shape_are_a_problem_told(case: Case) -> None:
    nib.save(nib.Nifti1Image(np.ones((5, 4, 2), np.int16), np.eye(4)), case.labels)
    header = read_header(case)

    assert header.shape == (3, 4, 5)
    assert "has shape (2, 4, 5)" in header.problem


def test_a_case_without_labels_has_no_problem(case: Case) -> None:
    assert read_header(replace(case, labels=None)).problem == ""
