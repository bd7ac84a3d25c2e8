import json
from pathlib import Path
from shutil import copytree

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray

from segstudio.compare.evaluation import evaluate_files
from segstudio.core.errors import InputError


def save(path: Path, labels: NDArray[np.uint8], across: float = 2.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nib.Nifti1Image(labels, np.diag([across, 2.0, 5.0, 1.0]))
    image.header.set_xyzt_units("mm")
    nib.save(image, path)
    return path


@pytest.fixture
def cube() -> NDArray[np.uint8]:
    labels = np.zeros((8, 8, 4), np.uint8)
    labels[2:6, 2:6, 1:3] = 1
    return labels


def test_two_files_are_compared_whatever_their_names(
    tmp_path: Path, cube: NDArray[np.uint8]
) -> None:
    half = cube.copy()
    half[:, :, 2] = 0
    (score,) = evaluate_files(save(tmp_path / "a.nii", half), save(tmp_path / "b.nii.gz", cube))
    assert score.case == "a"
    assert score.class_name == "class 1"
    assert score.dice == pytest.approx(2 * 16 / (16 + 32))
    assert score.volume_ml == pytest.approx(16 * 0.02)
    assert score.unit == "mm"


@pytest.mark.parametrize("ending", ["", "_gt", "_seg", "_mask", "_labels"])
def test_folders_are_matched_by_name_but_for_the_ending(
    tmp_path: Path, cube: NDArray[np.uint8], ending: str
) -> None:
    save(tmp_path / "p" / "one.nii.gz", cube)
    save(tmp_path / "t" / "deep" / f"one{ending}.nii.gz", cube)
    save(tmp_path / "t" / "deep" / f"two{ending}.nii.gz", cube)
    scores = evaluate_files(tmp_path / "p", tmp_path / "t")
    assert [(s.case, s.dice) for s in scores] == [("one", 1.0)]


def test_images_beside_the_truth_are_not_taken_for_it(hearts: Path) -> None:
    scores = evaluate_files(hearts / "patient001", hearts)
    assert {s.case for s in scores} == {"patient001_frame01_gt", "patient001_frame12_gt"}


def test_the_classes_have_their_names_where_the_layout_tells_them(
    hearts: Path, tmp_path: Path
) -> None:
    plain = copytree(hearts / "patient001", tmp_path / "plain")
    names = [{s.class_name for s in evaluate_files(f, f)} for f in (hearts / "patient001", plain)]
    assert names[0] == {"right ventricle", "myocardium", "left ventricle"}
    assert names[1] == {"class 1", "class 2", "class 3"}


def test_a_class_found_in_one_prediction_only_is_scored_in_all(
    tmp_path: Path, cube: NDArray[np.uint8]
) -> None:
    save(tmp_path / "p" / "a.nii", cube)
    save(tmp_path / "p" / "b.nii", cube * 7)
    for name in "ab":
        save(tmp_path / "t" / f"{name}.nii", cube)
    scores = evaluate_files(tmp_path / "p", tmp_path / "t")
    dice = {(s.case, s.class_name): s.dice for s in scores}
    assert dice["a", "class 1"] == 1
    assert np.isnan(dice["a", "class 7"])
    assert dice["b", "class 1"] == dice["b", "class 7"] == 0


def test_two_truths_of_one_name_are_refused(tmp_path: Path, cube: NDArray[np.uint8]) -> None:
    save(tmp_path / "p" / "a.nii", cube)
    for folder in ("first", "second"):
        save(tmp_path / "t" / folder / "a.nii", cube)
    with pytest.raises(InputError, match=r"several truths for 'a\.nii'.*first.*second"):
        evaluate_files(tmp_path / "p", tmp_path / "t")


def test_a_prediction_that_lies_elsewhere_is_refused(
    tmp_path: Path, cube: NDArray[np.uint8]
) -> None:
    mirrored, truth = save(tmp_path / "a.nii", cube, across=-2.0), save(tmp_path / "b.nii", cube)
    with pytest.raises(InputError, match=r"a\.nii' lies elsewhere than its truth '.*b\.nii'"):
        evaluate_files(mirrored, truth)


def test_an_empty_folder_is_refused(tmp_path: Path, cube: NDArray[np.uint8]) -> None:
    save(tmp_path / "t" / "a.nii", cube)
    (tmp_path / "p").mkdir()
    with pytest.raises(InputError, match="holds no label file"):
        evaluate_files(tmp_path / "p", tmp_path / "t")


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'.*nowhere' does not exist"):
        evaluate_files(tmp_path / "nowhere", tmp_path)


def with_ignored(cube: NDArray[np.uint8]) -> NDArray[np.uint8]:
    truth = cube.copy()
    truth[4:] = 2
    return truth


def test_a_value_to_ignore_is_no_class_and_what_is_predicted_there_counts_for_nothing(
    tmp_path: Path, cube: NDArray[np.uint8]
) -> None:
    files = save(tmp_path / "p.nii", cube), save(tmp_path / "t.nii", with_ignored(cube))
    (score,) = evaluate_files(*files, ignore=2)
    assert (score.class_name, score.dice, score.predicted) == ("class 1", 1.0, 16)
    first, other = evaluate_files(*files)
    assert first.dice == pytest.approx(2 * 16 / (16 + 32))
    assert other.class_name == "class 2"


def test_a_truth_in_a_dataset_of_nnunet_says_what_to_ignore(
    tmp_path: Path, cube: NDArray[np.uint8]
) -> None:
    labels = {"background": 0, "lesion": 1, "ignore": 2}
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": labels}))
    found = save(tmp_path / "p" / "one.nii", cube)
    save(tmp_path / "labelsTr" / "one.nii", with_ignored(cube))
    (score,) = evaluate_files(tmp_path / "p", tmp_path / "labelsTr")
    assert (score.class_name, score.dice) == ("lesion", 1.0)

    save(found, np.where(cube == 1, 7, 0).astype(np.uint8))
    scores = evaluate_files(tmp_path / "p", tmp_path / "labelsTr")
    assert [(s.class_name, s.dice) for s in scores] == [("class 1", 0.0), ("class 7", 0.0)]


def test_background_cannot_be_ignored(tmp_path: Path, cube: NDArray[np.uint8]) -> None:
    files = save(tmp_path / "p.nii", cube), save(tmp_path / "t.nii", cube)
    with pytest.raises(InputError, match="value 0 is to be ignored, but is that of 'background'"):
        evaluate_files(*files, ignore=0)
