"""The layouts that challenges hand out, and tables of pairs."""

import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.io import savemat

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable
from segstudio.data.cases import Case
from segstudio.data.datasets import drawn, load_case, open_dataset

SHAPE = (3, 6, 5)


def saved(path: Path, array: NDArray[Any] | None = None) -> Path:
    """Write an array ``(z, y, x)``, or ones, as NIfTI."""
    path.parent.mkdir(parents=True, exist_ok=True)
    array = np.ones(SHAPE, np.int16) if array is None else array
    nib.save(nib.Nifti1Image(array.T, np.diag([0.8, 0.7, 5.0, 1])), path)
    return path


def facts(case: Case) -> dict[str, str]:
    return dict(case.facts)


def test_acdc_tells_phase_and_diagnosis_where_the_patients_file_does(tmp_path: Path) -> None:
    patient = tmp_path / "training" / "patient001"
    for frame in ("01", "12"):
        saved(patient / f"patient001_frame{frame}.nii.gz")
        saved(patient / f"patient001_frame{frame}_gt.nii.gz")
    told = "ED: 1\nES: 12\nGroup: DCM\nHeight: 184.0\nNbFrame: 30\nWeight: 95.0\n"
    (patient / "Info.cfg").write_text(told)
    first, second = open_dataset(tmp_path).cases
    assert facts(first) == {"Phase": "ED", "Group": "DCM", "Height": "184.0", "Weight": "95.0"}
    assert facts(second)["Phase"] == "ES"
    assert first.patient == second.patient == "patient001"


# A spine that leans: 17 vertebrae of 8 rows in steps of 10.
CORNERS = np.array(
    [
        [(20 + k, 10 * k), (40 + k, 10 * k), (20 + k, 10 * k + 8), (40 + k, 10 * k + 8)]
        for k in range(17)
    ],
    float,
)


def radiograph(root: Path, name: str, corners: NDArray[Any], side: str = "training") -> None:
    """Write a picture with its landmarks in AASCE's layout."""
    for folder in (root / "data" / side, root / "labels" / side):
        folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((180, 70), np.uint8)).save(root / "data" / side / name)
    savemat(root / "labels" / side / f"{name}.mat", {"p2": corners.reshape(68, 2)})


@pytest.mark.parametrize(
    ("drawing", "values"), [("one", {1}), ("each", set(range(1, 18))), ("alternating", {1, 2})]
)
def test_landmarks_are_drawn_as_one_class_or_many(
    tmp_path: Path, drawing: Any, values: set[int]
) -> None:
    radiograph(tmp_path, "5th-02-Jan-162 A AP.jpg", CORNERS)
    dataset = drawn(open_dataset(tmp_path), drawing)
    (case,) = dataset.cases
    labels = load_case(case)[1]
    assert labels.shape == (1, 180, 70)
    assert set(np.unique(labels)) - {0} == values
    assert dataset.classes is not None
    assert set(dataset.classes.values) == values | {0}
    assert (labels[0, 83:88, 30:46] == {"one": 1, "each": 9, "alternating": 1}[drawing]).all()
    assert not labels[0, 89].any()  # between two vertebrae
    assert not labels[0, :, :18].any()


def test_aasce_keeps_sides_angles_and_patients(tmp_path: Path) -> None:
    for name in ("5th-02-Jan-162 A AP.jpg", "5th-03-Jan-162 B AP.jpg"):
        radiograph(tmp_path, name, CORNERS)
    radiograph(tmp_path, "7th-02-Mar-311 C AP.jpg", CORNERS, side="test")
    folder = tmp_path / "labels" / "training"
    (folder / "filenames.csv").write_text("5th-02-Jan-162 A AP.jpg\n5th-03-Jan-162 B AP.jpg\n")
    (folder / "angles.csv").write_text("41.1,14.6,40.1\n59.1,51.5,3.3\n")
    dataset = open_dataset(tmp_path)
    test, first, second = dataset.cases
    assert [c.official_split for c in dataset.cases] == ["test", "train", "train"]
    assert first.patient == second.patient != test.patient
    assert facts(second)["Cobb angle 2"] == "51.5°"
    assert dataset.layout == "AASCE"
    assert dataset.notes == ()


def test_landmarks_out_of_order_are_reported(tmp_path: Path) -> None:
    turned = CORNERS.copy()
    turned[1] = turned[1][[1, 0, 3, 2]]
    swapped = CORNERS[[0, 1, 3, 2, *range(4, 17)]]
    radiograph(tmp_path, "1 A.jpg", turned)
    radiograph(tmp_path, "2 A.jpg", swapped)
    left, above = open_dataset(tmp_path).notes
    assert "training/1 A" in left
    assert "left and right are changed in T2" in left
    assert "T3 is not above the next" in above


@pytest.mark.parametrize("content", [b"", b"MATLAB 5.0 MAT-file" + bytes(200), b"x" * 300])
def test_a_damaged_file_of_landmarks_is_told(tmp_path: Path, content: bytes) -> None:
    radiograph(tmp_path, "1 A.jpg", CORNERS)
    (tmp_path / "labels" / "training" / "1 A.jpg.mat").write_bytes(content)
    with pytest.raises(InputError, match=r"1 A\.jpg\.mat"):
        load_case(open_dataset(tmp_path).cases[0])


def decathlon(root: Path, **description: Any) -> Path:
    four = np.stack([np.full(SHAPE, k, np.int16) for k in range(4)])
    saved(root / "imagesTr" / "BRATS_001.nii.gz", four)
    saved(root / "labelsTr" / "BRATS_001.nii.gz", np.ones(SHAPE, np.uint8))
    saved(root / "imagesTs" / "BRATS_485.nii.gz", four)
    modality = {str(k): name for k, name in enumerate(("FLAIR", "T1w", "t1gd", "T2w"))}
    content = {"modality": modality, "labels": {"0": "background", "1": "edema"}} | description
    (root / "dataset.json").write_text(json.dumps(content))
    return root


def test_the_decathlons_fourth_axis_is_channels(tmp_path: Path) -> None:
    dataset = open_dataset(decathlon(tmp_path))
    first, test = dataset.cases
    volume, labels = load_case(first)
    assert [int(c.max()) for c in volume.channels] == [0, 1, 2, 3]
    assert labels.shape == SHAPE
    assert (test.labels, test.official_split) == (None, "test")
    assert dataset.classes == ClassTable.named({1: "edema"})
    assert dataset.layout == "Decathlon"


@pytest.mark.parametrize("where", ["/etc/passwd", "../../secret.nii.gz"])
def test_paths_in_the_decathlons_description_are_not_followed(tmp_path: Path, where: str) -> None:
    listed = [{"image": where, "label": where}]
    dataset = open_dataset(decathlon(tmp_path / "in", training=listed, test=[where]))
    assert [c.name for c in dataset.cases] == ["BRATS_001", "BRATS_485"]


def table(root: Path, text: str) -> Path:
    saved(root / "scans" / "ä 1.nii.gz")
    saved(root / "drawn" / "eins.nii.gz")
    saved(root / "scans" / "2.nii.gz")
    (root / "pairs.csv").write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize("mark", [",", ";"])
def test_a_table_of_pairs_says_what_belongs_together(tmp_path: Path, mark: str) -> None:
    rows = ("scans/ä 1.nii.gz,drawn/eins.nii.gz,P1,train", "scans/2.nii.gz,,P2,test")
    text = "\n".join(("image,mask,patient,split", *rows))
    first, second = open_dataset(table(tmp_path, text.replace(",", mark))).cases
    assert first.labels == tmp_path / "drawn" / "eins.nii.gz"
    assert (first.patient, first.official_split) == ("P1", "train")
    assert first.pairing == "row 2 of pairs.csv"
    assert (second.labels, second.official_split) == (None, "test")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("../secret.nii.gz,", "outside the folder"),
        ("/etc/passwd,", "outside the folder"),
        ("scans/../../secret.nii.gz,", "outside the folder"),
        ("scans/2.nii.gz,../secret.nii.gz", "outside the folder"),
        ("scans/3.nii.gz,", "does not exist"),
        (",drawn/eins.nii.gz", "names no image"),
        ("pairs.csv,", "no known format"),
        ("scans/2.nii.gz,\nscans/2.nii.gz,", "twice"),
    ],
)
def test_a_row_with_a_mistake_is_told(tmp_path: Path, row: str, told: str) -> None:
    saved(tmp_path / "secret.nii.gz")
    with pytest.raises(InputError, match=told):
        open_dataset(table(tmp_path / "in", f"image,label\n{row}\n"))


def test_two_tables_are_one_too_many(tmp_path: Path) -> None:
    table(tmp_path, "image,label\nscans/2.nii.gz,\n")
    (tmp_path / "again.csv").write_text("image,label\nscans/2.nii.gz,\n")
    with pytest.raises(InputError, match="two tables"):
        open_dataset(tmp_path)


def test_another_table_is_no_table_of_pairs(tmp_path: Path) -> None:
    table(tmp_path, "case,score\na,1\n")
    assert len(open_dataset(tmp_path).cases) == 3
