"""Folders of DICOM files as datasets."""

from pathlib import Path

import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.core.volume import Volume
from segstudio.data.datasets import load_case, open_dataset, open_paths, read_image
from segstudio.data.formats import dicom_folders, read_volume, table, write_labels, write_volume
from segstudio.data.layouts.beside import image_files
from segstudio.data.layouts.dicom import find
from tests.data.formats.dicom_files import image as plane
from tests.data.formats.dicom_files import numbers, save, series

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


@pytest.mark.parametrize("where", ["p/gt.nii.gz", "p_gt.nii.gz", "p/mask.nrrd", "p/000_gt.nii.gz"])
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


def times(folder: Path, stored: np.ndarray) -> None:
    """Write a time series ``(T, Z, Y, X)``."""
    for t, data in enumerate(stored):
        series(folder, data, prefix=f"{t}-", TemporalPositionIdentifier=t + 1)


def test_every_time_of_a_series_is_a_case(tmp_path: Path) -> None:
    stored = numbers((3, 4, 6, 5))
    times(tmp_path / "p", stored)
    series(tmp_path / "q", STORED, SeriesInstanceUID="1.2.3.4")
    cases = open_dataset(tmp_path).cases
    assert [c.name for c in cases] == ["p_t00", "p_t01", "p_t02", "q"]
    assert [c.patient for c in cases] == ["p", "p", "p", "q"]
    assert [c.frames for c in cases] == [(0,), (1,), (2,), ()]
    for case, expected in zip(cases, (*stored, STORED), strict=True):
        np.testing.assert_array_equal(read_image(case).data, expected)


def test_a_cine_of_one_file_is_a_case_for_each_frame(tmp_path: Path) -> None:
    stored = numbers((3, 4, 5), np.uint8)
    bare = {"ImagePositionPatient": None, "ImageOrientationPatient": None, "NumberOfFrames": 3}
    given = {"FrameTime": 30.0, "FrameIncrementPointer": 0x00181063}
    save(plane(stored, **bare, **given), tmp_path / "p" / "cine.dcm")
    cases = open_dataset(tmp_path).cases
    assert [c.name for c in cases] == ["p_t00", "p_t01", "p_t02"]
    np.testing.assert_array_equal(read_image(cases[2]).data, stored[2:])


@pytest.mark.parametrize("where", ["p/seg.dcm", "p/gt.nii.gz"])
def test_times_with_labels_of_three_axes_are_channels(tmp_path: Path, where: str) -> None:
    stored = numbers((3, 4, 6, 5))
    times(tmp_path / "p", stored)
    grid = read_volume(tmp_path / "p" / "0-000.dcm", frame=0).grid
    write_labels(tmp_path / where, LABELS, grid)
    (case,) = open_dataset(tmp_path).cases
    assert (case.name, case.frames, case.labels_frame) == ("p", (0, 1, 2), None)
    volume, labels = load_case(case)
    np.testing.assert_array_equal(labels, LABELS)
    np.testing.assert_array_equal(volume.other_channels[1], stored[2])


def test_a_sequence_that_is_not_whole_is_a_case_that_cannot_be_read(tmp_path: Path) -> None:
    times(tmp_path / "p", numbers((2, 4, 6, 5)))
    (tmp_path / "p" / "1-000.dcm").unlink()
    (case,) = open_dataset(tmp_path).cases
    with pytest.raises(InputError, match="no whole sequence"):
        read_image(case)


def test_of_several_segmentations_the_last_by_name_is_taken_and_it_is_said(tmp_path: Path) -> None:
    (image, *_) = series(tmp_path / "p", STORED)
    grid = read_volume(image).grid
    (tmp_path / "z").mkdir()
    write_labels(tmp_path / "z" / "seg1.dcm", 0 * LABELS, grid)
    write_labels(tmp_path / "p" / "seg0.dcm", 0 * LABELS, grid)
    write_labels(tmp_path / "p" / "seg2.dcm", LABELS, grid)
    dataset = open_dataset(tmp_path)
    (case,) = dataset.cases
    assert case.labels == tmp_path / "p" / "seg2.dcm"
    (note,) = dataset.notes
    assert "2 segmentation(s) are left out" in note
    assert "the first is 'seg0.dcm'" in note


def test_a_segmentation_of_images_that_are_not_there_is_said(tmp_path: Path) -> None:
    (image, *_) = series(tmp_path / "elsewhere", STORED, SeriesInstanceUID="1.2.9")
    series(tmp_path / "set" / "p", STORED)
    write_labels(tmp_path / "set" / "p" / "drawn.dcm", LABELS, read_volume(image).grid)
    dataset = open_dataset(tmp_path / "set")
    assert [c.labels for c in dataset.cases] == [None]
    (note,) = dataset.notes
    assert "1 segmentation(s) were drawn on series that are not in the dataset" in note
    assert "'drawn.dcm'" in note


def test_a_segmentation_is_not_taken_by_its_name_for_a_series_it_was_not_drawn_on(
    tmp_path: Path,
) -> None:
    (image, *_) = series(tmp_path / "q", STORED, SeriesInstanceUID="1.2.9")
    series(tmp_path / "p", STORED)
    write_labels(tmp_path / "p" / "seg.dcm", LABELS, read_volume(image).grid)
    dataset = open_dataset(tmp_path)
    assert [c.labels for c in dataset.cases] == [None, tmp_path / "p" / "seg.dcm"]
    assert dataset.notes == ()


def test_a_segmentation_of_renamed_series_is_taken_by_its_name(tmp_path: Path) -> None:
    (image, *_) = series(tmp_path / "elsewhere", STORED, SeriesInstanceUID="1.2.9")
    series(tmp_path / "set" / "p", STORED)
    write_labels(tmp_path / "set" / "p" / "seg.dcm", LABELS, read_volume(image).grid)
    dataset = open_dataset(tmp_path / "set")
    np.testing.assert_array_equal(load_case(dataset.cases[0])[1], LABELS)
    assert dataset.notes == ()


def test_a_link_that_leaves_the_dataset_is_no_plane_of_a_case(tmp_path: Path) -> None:
    paths = series(tmp_path / "set" / "p", STORED)
    out = paths[-1].rename(tmp_path / "out.dcm")
    (tmp_path / "set" / "p" / "link.dcm").symlink_to(out)
    (tmp_path / "set" / "p" / "IM1").symlink_to(out)
    dataset = open_dataset(tmp_path / "set")
    assert "2 link(s) leave the folder" in dataset.notes[0]
    (case,) = dataset.cases
    assert read_volume(case.image).data.shape[0] == len(STORED) - 1


def test_a_segmentation_behind_a_link_that_leaves_is_not_read(tmp_path: Path) -> None:
    (image, *_) = series(tmp_path / "set" / "p", STORED)
    out = write_labels(tmp_path / "seg.dcm", LABELS, read_volume(image).grid)
    (tmp_path / "set" / "p" / "seg.dcm").symlink_to(out)
    assert [c.labels for c in open_dataset(tmp_path / "set").cases] == [None]


def test_links_within_the_dataset_are_planes_of_a_case(tmp_path: Path) -> None:
    """As git-annex has them: the files lie in a hidden folder."""
    paths = series(tmp_path / "set" / "p", STORED)
    out = series(tmp_path / "out", STORED[:1], start=(-10.0, 20.0, 60.0))[0]
    hidden = tmp_path / "set" / ".git"
    hidden.mkdir()
    for path in sorted(paths)[1:]:
        path.symlink_to(path.rename(hidden / path.name))
    (tmp_path / "set" / "p" / "link.dcm").symlink_to(out)
    (case,) = open_dataset(tmp_path / "set").cases
    np.testing.assert_array_equal(read_volume(case.image).data, STORED)


def test_headers_are_read_once_and_bare_files_looked_into_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for k in range(6):
        for path in series(tmp_path / f"p{k}", STORED):
            path.rename(path.with_suffix(""))
    read: list[Path] = []
    looked: list[Path] = []
    headers, marks = dicom_folders.header_of, table.begins_as_dicom
    monkeypatch.setattr(dicom_folders, "header_of", lambda p: read.append(p) or headers(p))
    monkeypatch.setattr(table, "begins_as_dicom", lambda p: looked.append(p) or marks(p))
    files = image_files(tmp_path)
    looked.clear()
    assert len(find(files, tmp_path).cases) == 6
    assert len(read) == len(looked) == len(files) == 6 * len(STORED)


def test_a_folder_of_many_series_is_opened_and_read_in_time_that_grows_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for k in range(60):
        save(plane(numbers((4, 4)), SeriesInstanceUID=f"1.2.{k + 1}"), tmp_path / f"{k:02d}.dcm")
    compared: list[int] = []
    alike = dicom_folders.alike
    monkeypatch.setattr(dicom_folders, "alike", lambda a, b: compared.append(1) or alike(a, b))
    cases = open_dataset(tmp_path).cases
    assert len(cases) == 60
    for case in cases:
        read_image(case)
    assert len(compared) <= 60


def test_a_stray_series_does_not_hide_a_labelled_dataset(tmp_path: Path) -> None:
    (image, *_) = series(tmp_path / "preview", STORED)
    grid = read_volume(image).grid
    for name in ("a", "b"):
        write_volume(tmp_path / f"{name}.nii.gz", Volume(STORED, grid))
        write_labels(tmp_path / f"{name}_gt.nii.gz", LABELS, grid)
    dataset = open_dataset(tmp_path)
    assert [c.name for c in dataset.cases] == ["a", "b"]
    assert any("1 DICOM series without labels are left out" in note for note in dataset.notes)
