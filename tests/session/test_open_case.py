"""A case is shown even where its labels cannot be."""

from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.data.datasets import open_dataset
from segstudio.session import Session
from segstudio.session.open_case import read_case


def write(path: Path, array: np.ndarray) -> None:
    nib.save(nib.Nifti1Image(array, np.eye(4)), path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A case whose labels lack a column of its image."""
    write(tmp_path / "a.nii", np.ones((5, 4, 3), np.int16))
    write(tmp_path / "a_gt.nii", np.ones((4, 4, 3), np.uint8))
    return tmp_path


def test_labels_that_do_not_fit_are_left_out_and_the_image_is_shown(folder: Path) -> None:
    dataset = open_dataset(folder)
    opened = read_case(dataset, dataset.cases[0])

    assert opened.volume.data.shape == (3, 4, 5)
    assert opened.truth is None
    assert "(3, 4, 4)" in opened.left_out
    assert "(3, 4, 5)" in opened.left_out


def test_labels_of_a_class_that_is_none_of_the_dataset_are_shown_and_told(folder: Path) -> None:
    write(folder / "a_gt.nii", np.full((5, 4, 3), 7, np.uint8))
    dataset = replace(open_dataset(folder), classes=ClassTable.named({1: "cavity"}))
    opened = read_case(dataset, dataset.cases[0])

    assert (opened.truth == 7).all()
    assert opened.classes.values == (0, 1, 7)
    assert "label value 7" in opened.stray
    assert not opened.left_out


def test_labels_that_are_damaged_are_left_out(folder: Path) -> None:
    (folder / "a_gt.nii").write_bytes((folder / "a_gt.nii").read_bytes()[:360])
    dataset = open_dataset(folder)

    assert "a_gt.nii" in read_case(dataset, dataset.cases[0]).left_out


def test_an_image_that_cannot_be_read_is_refused_still(folder: Path) -> None:
    (folder / "a.nii").write_bytes(b"cut")
    dataset = open_dataset(folder)
    with pytest.raises(InputError, match=r"a\.nii"):
        read_case(dataset, dataset.cases[0])


def test_labels_that_fit_tell_which_classes_are_there(folder: Path) -> None:
    labels = np.zeros((5, 4, 3), np.uint8)
    labels[0], labels[1] = 4, 2
    write(folder / "a_gt.nii", labels)
    dataset = open_dataset(folder)
    opened = read_case(dataset, dataset.cases[0])

    assert opened.left_out == ""
    assert opened.present == (0, 2, 4)
    assert opened.classes.values == (0, 2, 4)


def test_why_labels_are_left_out_is_said(folder: Path) -> None:
    session, said = Session(), []
    session.said.connect(said.append)
    session.open(folder)

    assert session.labels is None
    assert session.facts.badge(session.open_case.case, session.dataset).level == "error"
    assert said[-1].is_error
    assert said[-1].text.startswith("The labels of 'a' are not shown. ")


def test_a_stray_value_is_said_and_becomes_a_class_when_the_user_keeps_it(folder: Path) -> None:
    write(folder / "a_gt.nii", np.full((5, 4, 3), 7, np.uint8))
    session, said = Session(), []
    session.said.connect(lambda message: said.append(message.text))
    dataset = replace(open_dataset(folder), classes=ClassTable.named({1: "cavity"}))
    session.list_cases(dataset)
    session.show_read(read_case(dataset, dataset.cases[0]))
    assert "label value 7" in said[0]

    session.annotation.classes.rename(7, "scar")
    assert session.dataset is not None
    assert [c.name for c in session.dataset.classes.foreground] == ["cavity", "scar"]
    assert not read_case(session.dataset, session.dataset.cases[0]).stray
