"""Folders of DICOM files as datasets."""

from pathlib import Path

import numpy as np
import pytest

from segstudio.data.datasets import load_case, open_dataset, open_paths
from segstudio.data.formats import read_volume, write_labels
from tests.data.formats.dicom_files import numbers, series

STORED = numbers((4, 6, 5))
LABELS = (STORED % 3).astype(np.uint8)


def test_every_series_is_a_case_and_every_folder_a_patient(tmp_path: Path) -> None:
    for patient in ("a", "b"):
        for name in ("t1", "t2"):
            series(tmp_path / patient / name, STORED)
    dataset = open_dataset(tmp_path)
    assert [c.name for c in dataset.cases] == ["a/t1", "a/t2", "b/t1", "b/t2"]
    assert [c.patient for c in dataset.cases] == ["a", "a", "b", "b"]
    assert dataset.layout == "DICOM series"
    np.testing.assert_array_equal(read_volume(dataset.cases[0].image).data, STORED)


def test_series_in_one_folder_are_numbered(tmp_path: Path) -> None:
    series(tmp_path / "p", STORED, prefix="one")
    series(tmp_path / "p", STORED + 1, prefix="two", SeriesInstanceUID="1.2.3.4")
    first, second = open_dataset(tmp_path).cases
    assert (first.name, second.name) == ("p_1", "p_2")
    assert read_volume(first.image).data.max() != read_volume(second.image).data.max()


@pytest.mark.parametrize("where", ["p/seg.dcm", "drawn/p.dcm"])
def test_a_segmentation_belongs_to_the_series_it_was_drawn_on(tmp_path: Path, where: str) -> None:
    (image, *_) = series(tmp_path / "p", STORED)
    series(tmp_path / "q", STORED, SeriesInstanceUID="1.2.3.4")
    write_labels(tmp_path / where, LABELS, read_volume(image).grid)
    first, second = open_dataset(tmp_path).cases
    assert first.labels == tmp_path / where
    assert "drawn on it" in first.pairing
    assert second.labels is None
    np.testing.assert_array_equal(load_case(first)[1], LABELS)


@pytest.mark.parametrize("where", ["p/gt.nii.gz", "p_gt.nii.gz", "p/mask.nrrd"])
def test_labels_of_another_format_belong_by_their_name(tmp_path: Path, where: str) -> None:
    (image, *_) = series(tmp_path / "p", STORED)
    write_labels(tmp_path / where, LABELS, read_volume(image).grid)
    (case,) = open_dataset(tmp_path).cases
    assert case.labels == tmp_path / where
    np.testing.assert_array_equal(load_case(case)[1], LABELS)


def test_what_is_no_dicom_is_left_out_and_said(tmp_path: Path) -> None:
    (image, *_) = series(tmp_path / "p", STORED)
    write_labels(tmp_path / "x.nii.gz", LABELS, read_volume(image).grid)
    dataset = open_dataset(tmp_path)
    assert len(dataset.cases) == 1
    assert "1 file(s) that are no DICOM are left out" in dataset.notes[0]


def test_a_file_of_a_series_opens_the_series(tmp_path: Path) -> None:
    paths = series(tmp_path, STORED)
    (case,) = open_paths(paths[2]).cases
    np.testing.assert_array_equal(read_volume(case.image).data, STORED)
