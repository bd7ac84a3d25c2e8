"""What is left out of a dataset is said, and nothing is there twice."""

import json
import os
import sys
from pathlib import Path
from threading import Thread

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from segstudio.core.errors import InputError
from segstudio.data.datasets import load_case, open_dataset, open_paths, read_image
from segstudio.data.doctor import diagnose, examine
from segstudio.data.export import export_nnunet
from segstudio.data.formats import read_volume

SHAPE = (3, 8, 8)


def saved(path: Path, value: int = 1, frames: int = 1) -> Path:
    """Write an image of one block, or of several entries."""
    path.parent.mkdir(parents=True, exist_ok=True)
    array = np.zeros(SHAPE, np.int16)
    array[1, 2:5, 2:5] = value
    entries = np.stack([array + k for k in range(frames)]) if frames > 1 else array
    nib.save(nib.Nifti1Image(entries.T, np.diag([0.8, 0.7, 5.0, 1])), path)
    return path


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.eye(8, dtype=np.uint8)).save(path)


def test_one_medical_image_does_not_hide_labelled_pictures(tmp_path: Path) -> None:
    for k in range(3):
        picture(tmp_path / f"p{k}.png")
        picture(tmp_path / f"p{k}_mask.png")
    saved(tmp_path / "atlas.nii.gz")
    assert [c.name for c in open_dataset(tmp_path).cases] == ["atlas", "p0", "p1", "p2"]


def test_pictures_that_are_left_out_are_counted(tmp_path: Path) -> None:
    saved(tmp_path / "a.nii.gz")
    picture(tmp_path / "figure.png")
    (note,) = open_dataset(tmp_path).notes
    assert "1 picture(s) or array(s)" in note
    assert "figure.png" in note


def test_a_header_and_its_voxels_are_one_case(tmp_path: Path) -> None:
    for name in ("p0", "p0_gt"):
        nib.save(nib.AnalyzeImage(np.ones((8, 8, 3), np.int16), None), tmp_path / f"{name}.img")
    (case,) = open_dataset(tmp_path).cases
    assert (case.name, case.labels) == ("p0", tmp_path / "p0_gt.hdr")
    dataset = open_dataset(tmp_path)
    found = diagnose(dataset, list(examine(dataset))).findings
    assert not any("belong to no image" in finding.text for finding in found)


def test_two_images_of_one_name_are_refused(tmp_path: Path) -> None:
    saved(tmp_path / "a.nii.gz")
    saved(tmp_path / "a.nii")
    with pytest.raises(InputError, match="two images of one name"):
        open_dataset(tmp_path)


def test_labels_are_found_whatever_the_case_of_their_ending(tmp_path: Path) -> None:
    saved(tmp_path / "a.nii.gz")
    saved(tmp_path / "a_GT.nii.gz")
    saved(tmp_path / "b.nii.gz")
    saved(tmp_path / "b_Seg.nii.gz")
    assert [(c.name, c.labels is not None) for c in open_dataset(tmp_path).cases] == [
        ("a", True),
        ("b", True),
    ]


def wmh(root: Path, patient: str, *names: str) -> None:
    for name in names:
        saved(root / patient / f"{name}.nii.gz")


def test_a_channel_that_some_lack_is_left_out_and_said(tmp_path: Path) -> None:
    wmh(tmp_path, "Utrecht/0", "pre/FLAIR", "pre/T1", "wmh")
    wmh(tmp_path, "Utrecht/1", "pre/FLAIR", "wmh")
    wmh(tmp_path, "Utrecht/2", "pre/T1", "wmh")
    dataset = open_dataset(tmp_path)
    assert [c.name for c in dataset.cases] == ["Utrecht/0", "Utrecht/1"]
    channel, blind = dataset.notes
    assert "T1 is left out: 1 patient(s) lack it" in channel
    assert "no FLAIR" in blind
    assert "Utrecht/2" in blind


def test_channels_that_are_not_described_are_said(tmp_path: Path) -> None:
    saved(tmp_path / "imagesTr" / "a.nii.gz", frames=4)
    saved(tmp_path / "labelsTr" / "a.nii.gz")
    content = {"modality": {"0": "CT", "1": "PET"}, "labels": {"0": "background", "1": "x"}}
    (tmp_path / "dataset.json").write_text(json.dumps(content))
    dataset = open_dataset(tmp_path)
    assert "hold more entries than the 2 channel(s)" in dataset.notes[0]
    list(export_nnunet(dataset, tmp_path / "raw"))
    described = json.loads((tmp_path / "raw" / "dataset.json").read_text())
    assert described["channel_names"] == {"0": "CT", "1": "PET"}


def test_cases_of_other_channels_are_not_exported(tmp_path: Path) -> None:
    saved(tmp_path / "set" / "a.nii.gz", frames=2)
    saved(tmp_path / "set" / "a_gt.nii.gz")
    saved(tmp_path / "set" / "b.nii.gz")
    saved(tmp_path / "set" / "b_gt.nii.gz")
    with pytest.raises(InputError, match="1 channel"):
        list(export_nnunet(open_dataset(tmp_path / "set"), tmp_path / "raw"))


def test_a_file_of_times_opens_as_times_and_one_of_both_with_its_labels(tmp_path: Path) -> None:
    cases = open_paths(saved(tmp_path / "cine.nii.gz", frames=3)).cases
    assert [c.name for c in cases] == ["cine_t00", "cine_t01", "cine_t02"]
    assert read_image(cases[2]).data.min() == 2
    np.savez(tmp_path / "both.npz", image=np.ones((8, 9)), label=np.full((8, 9), 3))
    (case,) = open_paths(tmp_path / "both.npz").cases
    assert load_case(case)[1].max() == 3


def test_opening_a_folder_of_images_says_nothing_of_folders_above(tmp_path: Path) -> None:
    saved(tmp_path / "images" / "study" / "a.nii.gz")
    saved(tmp_path / "labels" / "study" / "a.nii.gz")
    (case,) = open_dataset(tmp_path / "images" / "study").cases
    assert (case.name, case.labels) == ("a", None)


@pytest.mark.parametrize("column", ["patient", "patient_id", "Subject", "subject_id"])
def test_a_table_names_patients(tmp_path: Path, column: str) -> None:
    saved(tmp_path / "a.nii.gz")
    saved(tmp_path / "b.nii.gz")
    rows = f"image,label,{column}\na.nii.gz,,Müller\nb.nii.gz,,Müller\n"
    (tmp_path / "pairs.csv").write_bytes(rows.encode("latin-1"))
    assert {c.patient for c in open_dataset(tmp_path).cases} == {"Müller"}


def test_a_table_may_name_images_of_times(tmp_path: Path) -> None:
    saved(tmp_path / "a.nii.gz", frames=2)
    (tmp_path / "pairs.csv").write_text("image,label\na.nii.gz,\n")
    assert [c.name for c in open_dataset(tmp_path).cases] == ["a_t00", "a_t01"]


def test_entries_are_read_at_once_as_one_by_one(tmp_path: Path) -> None:
    path = saved(tmp_path / "cine.nii.gz", frames=3)
    saved(tmp_path / "cine_gt.nii.gz")
    (case,) = open_dataset(tmp_path).cases
    for k, channel in enumerate(read_image(case).channels):
        np.testing.assert_array_equal(channel, read_volume(path, frame=k).data)


def test_a_time_point_has_labels_of_its_own(tmp_path: Path) -> None:
    saved(tmp_path / "cine.nii.gz", frames=3)
    saved(tmp_path / "cine_t01_gt.nii.gz", 2)
    first, second, third = open_dataset(tmp_path).cases
    assert (first.labels, third.labels) == (None, None)
    assert second.labels == tmp_path / "cine_t01_gt.nii.gz"
    assert load_case(second)[1].max() == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes in folders")
def test_a_pipe_without_a_suffix_is_not_waited_for(tmp_path: Path) -> None:
    saved(tmp_path / "a.nii.gz")
    os.mkfifo(tmp_path / "IM000001")
    opened: list[list[str]] = []
    thread = Thread(
        target=lambda: opened.append([c.name for c in open_dataset(tmp_path).cases]), daemon=True
    )
    thread.start()
    thread.join(timeout=20)
    assert opened == [["a"]]
