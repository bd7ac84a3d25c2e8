"""Folders that are made to do harm: links and tables that lead elsewhere, pipes, endless lines."""

import csv
import json
import os
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.data.datasets import load_case, open_dataset

VOLUME = np.ones((3, 6, 5), np.int16)
CORNERS = np.stack([np.arange(68) % 2 * 3.0 + 1, np.arange(68) / 2.0], axis=1)


def saved(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(VOLUME.T, np.diag([0.8, 0.7, 5.0, 1])), path)
    return path


def spine(root: Path) -> Path:
    """Write a radiograph of AASCE; return the file of its landmarks."""
    for name in ("data", "labels"):
        (root / name / "training").mkdir(parents=True)
    Image.fromarray(np.zeros((40, 8), np.uint8)).save(root / "data" / "training" / "x.jpg")
    savemat(root / "labels" / "training" / "x.jpg.mat", {"p2": CORNERS})
    return root / "labels" / "training" / "x.jpg.mat"


@pytest.mark.parametrize(
    "cell", ["../out.nii", "/etc/passwd", "..\\out.nii", "a/../../out.nii", "link.nii", "a\0.nii"]
)
def test_a_table_names_nothing_outside_its_folder(tmp_path: Path, cell: str) -> None:
    saved(tmp_path / "out.nii")
    saved(tmp_path / "in" / "a.nii")
    (tmp_path / "in" / "link.nii").symlink_to(tmp_path / "out.nii")
    (tmp_path / "in" / "pairs.csv").write_text(f"image,label\na.nii,{cell}\n")
    with pytest.raises(InputError, match=r"outside the folder|no file's name") as told:
        open_dataset(tmp_path / "in")
    assert str(told.value).isprintable()


@pytest.mark.parametrize("cell", ["x" * 300 + ".nii", '"a\nb.nii"', "\x1b[31m.nii"])
def test_a_cell_that_is_no_name_is_told_in_a_line(tmp_path: Path, cell: str) -> None:
    saved(tmp_path / "a.nii")
    (tmp_path / "pairs.csv").write_text(f"image,label\n{cell},a.nii\n")
    with pytest.raises(InputError, match=r"no file's name") as told:
        open_dataset(tmp_path)
    assert str(told.value).isprintable()


def test_pipes_and_endless_lines_are_no_tables(tmp_path: Path) -> None:
    saved(tmp_path / "a.nii")
    os.mkfifo(tmp_path / "pairs.csv")
    (tmp_path / "folder.csv").mkdir()
    with (tmp_path / "long.csv").open("wb") as file:
        file.truncate(10 << 30)  # takes no place on the disk
    assert [case.name for case in open_dataset(tmp_path).cases] == ["a"]


def test_a_link_to_a_description_elsewhere_is_not_followed(tmp_path: Path) -> None:
    about = {"labels": {"background": 0, "secret": 1}}
    (tmp_path / "dataset.json").write_text(json.dumps(about))
    saved(tmp_path / "in" / "imagesTr" / "a_0000.nii.gz")
    saved(tmp_path / "in" / "labelsTr" / "a.nii.gz")
    (tmp_path / "in" / "dataset.json").symlink_to(tmp_path / "dataset.json")
    assert open_dataset(tmp_path / "in").classes is None
    (tmp_path / "in" / "dataset.json").unlink()
    (tmp_path / "in" / "dataset.json").write_text(json.dumps(about))
    assert open_dataset(tmp_path / "in").classes == ClassTable.named({0: "background", 1: "secret"})


def test_a_file_that_is_removed_while_the_dataset_is_open_is_told(tmp_path: Path) -> None:
    saved(tmp_path / "volumes" / "a.nii")
    labels = saved(tmp_path / "volumes" / "a_gt.nii")
    landmarks = spine(tmp_path / "spines")
    for folder, file in ((tmp_path / "volumes", labels), (tmp_path / "spines", landmarks)):
        (case,) = open_dataset(folder).cases
        load_case(case)
        file.unlink()
        with pytest.raises(InputError, match=f"{file.name}' does not exist"):
            load_case(case)


def test_tables_of_angles_without_an_end_are_left_out(tmp_path: Path) -> None:
    folder = spine(tmp_path).parent
    (folder / "filenames.csv").write_text('"' + "x" * (csv.field_size_limit() + 9))
    (folder / "angles.csv").write_text("1,2,3\n")
    (case,) = open_dataset(tmp_path).cases
    assert case.facts == ()
    load_case(case)


@pytest.mark.parametrize("pixels", [1e300, -1e300, np.nan, np.inf])
def test_landmarks_far_from_any_image_are_refused(tmp_path: Path, pixels: float) -> None:
    landmarks = spine(tmp_path)
    far = CORNERS.copy()
    far[:4] = pixels
    savemat(landmarks, {"p2": far})
    (case,) = open_dataset(tmp_path).cases
    with pytest.raises(InputError, match="should hold 'p2'"):
        load_case(case)
