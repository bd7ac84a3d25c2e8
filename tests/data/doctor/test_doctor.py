"""What the doctor finds in datasets that were made wrong on purpose, one thing each."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from segstudio.data.datasets import class_presence, open_dataset
from segstudio.data.doctor import Diagnosis, diagnose, examine
from segstudio.data.splits import split_by_patient

SHAPE = (4, 24, 20)
SPACING = (6.0, 1.5, 1.25)


def image(seed: int) -> NDArray[Any]:
    return np.random.default_rng(seed).integers(0, 400, SHAPE).astype(np.int16)


def labels(*values: int) -> NDArray[np.uint8]:
    """A block of 2 × 4 × 4 voxels for each value."""
    made = np.zeros(SHAPE, np.uint8)
    for k, value in enumerate(values):
        made[1:3, 2 + 6 * k : 6 + 6 * k, 3:7] = value
    return made


def saved(path: Path, array: NDArray[Any], spacing: tuple[float, ...] = SPACING) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = nib.Nifti1Image(array.T, np.diag([*spacing[::-1], 1.0]))
    made.header.set_xyzt_units("mm")
    nib.save(made, path)


def healthy(root: Path, patients: int = 8) -> Path:
    """Patients of two classes, nothing wrong with any."""
    for k in range(patients):
        saved(root / f"p{k}.nii.gz", image(k))
        saved(root / f"p{k}_gt.nii.gz", labels(1, 2))
    return root


def diagnosis_of(root: Path) -> Diagnosis:
    dataset = open_dataset(root)
    return diagnose(dataset, list(examine(dataset)))


def test_a_healthy_dataset_has_no_findings(tmp_path: Path) -> None:
    diagnosis = diagnosis_of(healthy(tmp_path))
    assert diagnosis.findings == ()
    assert not diagnosis.is_broken


def test_classes_are_counted_by_voxels_planes_and_pieces(tmp_path: Path) -> None:
    first, _ = diagnosis_of(healthy(tmp_path)).balances
    assert first.voxel_share == pytest.approx(32 / math.prod(SHAPE))
    assert first.plane_share == pytest.approx(2 / 4)
    assert (first.cases, first.objects, first.median_object) == (8, 1, 32)


def unreadable(root: Path) -> None:
    path = root / "p3.nii.gz"
    path.write_bytes(path.read_bytes()[:300])


def of_another_shape(root: Path) -> None:
    saved(root / "p3_gt.nii.gz", labels(1, 2)[:, :-1])


def elsewhere(root: Path) -> None:
    made = nib.load(root / "p3_gt.nii.gz")
    affine = made.affine.copy()
    affine[0, 3] += 10
    nib.save(nib.Nifti1Image(np.asarray(made.dataobj), affine, made.header), root / "p3_gt.nii.gz")


def of_two_channels(root: Path) -> None:
    saved(root / "p3.nii.gz", np.stack([image(3), image(4)]))


def without_labels(root: Path) -> None:
    (root / "p3_gt.nii.gz").unlink()


def without_image(root: Path) -> None:
    (root / "p3.nii.gz").unlink()


def empty_labels(root: Path) -> None:
    saved(root / "p3_gt.nii.gz", labels())


def twins(root: Path) -> None:
    saved(root / "p3.nii.gz", image(2))


def far_spacing(root: Path) -> None:
    for name in ("p3", "p3_gt"):
        array = np.asarray(nib.load(root / f"{name}.nii.gz").dataobj).T
        saved(root / f"{name}.nii.gz", array, (6.0, 0.3, 0.25))


def far_intensities(root: Path) -> None:
    saved(root / "p3.nii.gz", image(3).astype(np.float32) * 1000)


def flat(root: Path) -> None:
    saved(root / "p3.nii.gz", np.full(SHAPE, 7, np.int16))


def not_numbers(root: Path) -> None:
    made = image(3).astype(np.float32)
    made[0, 0, :3] = np.nan
    saved(root / "p3.nii.gz", made)


def sheared(root: Path) -> None:
    affine = np.diag([1.25, 1.5, 6.0, 1.0])
    affine[0, 1] = 0.3
    for name in ("p3", "p3_gt"):
        array = np.asarray(nib.load(root / f"{name}.nii.gz").dataobj)
        nib.save(nib.Nifti1Image(array, affine), root / f"{name}.nii.gz")


def rare(root: Path) -> None:
    for k in range(8):
        saved(root / f"p{k}_gt.nii.gz", labels(1, 2) if k == 3 else labels(1))


def without_size(root: Path) -> None:
    for path in root.glob("*.nii.gz"):
        saved(path, np.asarray(nib.load(path).dataobj).T, (1.0, 1.0, 1.0))


def a_link_outside(root: Path) -> None:
    saved(root.parent / "far.nii.gz", image(9))
    (root / "q.nii.gz").symlink_to(root.parent / "far.nii.gz")


def an_image_as_labels(root: Path) -> None:
    saved(root / "p3_gt.nii.gz", np.arange(math.prod(SHAPE)).reshape(SHAPE).astype(np.int16))


def labels_in_jpeg(root: Path) -> None:
    for k in range(8):
        (root / f"p{k}.nii.gz").unlink()
        (root / f"p{k}_gt.nii.gz").unlink()
        Image.fromarray(image(k)[0].astype(np.uint8)).save(root / f"p{k}.png")
        Image.fromarray(labels(1, 2)[1]).save(root / f"p{k}_gt.jpg")


WRONG: dict[str, tuple[Callable[[Path], None], str, str, str]] = {
    "an image cut short": (unreadable, "error", "p3", "damaged"),
    "labels of another shape": (of_another_shape, "error", "p3", "must lie on the image's grid"),
    "labels elsewhere": (elsewhere, "error", "p3", "lies elsewhere"),
    "another number of channels": (of_two_channels, "error", "p3", "2 channel(s)"),
    "an image without labels": (without_labels, "warning", "p3", "1 of 8 images have no labels"),
    "labels without an image": (without_image, "warning", "", "1 label file(s) belong to no image"),
    "empty labels": (empty_labels, "warning", "p3", "background alone"),
    "the same image twice": (twins, "warning", "p3", "that of 'p2'"),
    "a spacing far from others'": (far_spacing, "warning", "p3", "0.3 × 0.25 mm is far"),
    "intensities far from others'": (far_intensities, "warning", "p3", "another scanner"),
    "an image of one value": (flat, "warning", "p3", "of one value"),
    "voxels that are no numbers": (not_numbers, "warning", "p3", "3 voxels are no numbers"),
    "a sheared header": (sheared, "warning", "p3", "not at right angles"),
    "a class in one case": (rare, "warning", "", "side has 'class 2'"),
    "no voxel size": (without_size, "note", "", "8 of 8 images have no true voxel size"),
    "an image as labels": (an_image_as_labels, "error", "p3", "Is it an image?"),
    "labels in JPEG": (labels_in_jpeg, "warning", "p0", "8 label file(s) are JPEG"),
    "a link that leaves": (a_link_outside, "warning", "", "1 link(s) leave the folder"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_found(tmp_path: Path, what: str) -> None:
    spoil, level, about, text = WRONG[what]
    root = healthy(tmp_path / "set")
    spoil(root)
    diagnosis = diagnosis_of(root)
    found = [f for f in diagnosis.findings if text in f.text]
    assert [(f.level, f.about) for f in found[:1]] == [(level, about)]
    assert diagnosis.is_broken == (level == "error")


def test_a_value_that_is_no_class_is_found(tmp_path: Path) -> None:
    for k in range(4):
        saved(tmp_path / "imagesTr" / f"p{k}_0000.nii.gz", image(k))
        saved(tmp_path / "labelsTr" / f"p{k}.nii.gz", labels(1, 2, 5) if k == 2 else labels(1, 2))
    described = {"labels": {"background": 0, "a": 1, "b": 2}}
    (tmp_path / "dataset.json").write_text(json.dumps(described))
    (stray,) = [f for f in diagnosis_of(tmp_path).findings if f.level == "error"]
    assert stray.about == "p2"
    assert "5 (32 voxels)" in stray.text
    described["labels"]["ignore"] = 5
    (tmp_path / "dataset.json").write_text(json.dumps(described))
    assert not diagnosis_of(tmp_path).is_broken


def test_a_patient_on_both_official_sides_is_found(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text(
        "image,label,patient,split\n"
        + "".join(f"p{k}.nii.gz,p{k}_gt.nii.gz,P{k // 2},{s}\n" for k, s in enumerate(SIDES))
    )
    found = [f.text for f in diagnosis_of(healthy(tmp_path)).findings]
    assert any("1 patient(s) lie on both" in text and "'P3'" in text for text in found)


SIDES = ("train", "train", "train", "train", "train", "train", "train", "test")


def test_too_few_patients_are_a_warning(tmp_path: Path) -> None:
    diagnosis = diagnosis_of(healthy(tmp_path, patients=2))
    assert not diagnosis.is_broken
    assert any("3 are needed" in f.text for f in diagnosis.findings)


def advice(root: Path) -> dict[str, Any]:
    return {each.setting: each.value for each in diagnosis_of(root).advice}


def test_flat_stacks_are_trained_by_planes_that_hold_all_labels(tmp_path: Path) -> None:
    advised = advice(healthy(tmp_path))
    assert advised["dimensions"] == 2
    # Labels reach from row 2 of 24 and column 3 of 20: 20 rows and 14 columns about the middle.
    assert advised["patch_size"] == (32, 32)


def test_thin_planes_are_trained_in_3d(tmp_path: Path) -> None:
    for k in range(3):
        array = np.random.default_rng(k).integers(0, 9, (40, 48, 50)).astype(np.int16)
        saved(tmp_path / f"p{k}.nii.gz", array, (1.0, 0.9, 0.9))
        made = np.zeros(array.shape, np.uint8)
        made[10:20, 10:20, 10:20] = 1
        saved(tmp_path / f"p{k}_gt.nii.gz", made, (1.0, 0.9, 0.9))
    advised = advice(tmp_path)
    assert (advised["dimensions"], len(advised["patch_size"])) == (3, 3)
    assert advised["loss"] == "modified-boundary-log"


def test_tiny_objects_get_a_boundary_term_and_more_samples(tmp_path: Path) -> None:
    for k in range(4):
        saved(tmp_path / f"p{k}.nii.gz", np.concatenate([image(k)] * 3))
        made = np.concatenate([labels()] * 3)
        made[5, 3:5, 3:5] = 1
        saved(tmp_path / f"p{k}_gt.nii.gz", made)
    advised = advice(tmp_path)
    assert advised["loss"] == "dice + modified-boundary-log"
    assert advised["foreground_share"] == 0.5


def test_a_diagnosis_is_json(tmp_path: Path) -> None:
    told = json.loads(json.dumps(diagnosis_of(healthy(tmp_path)).as_dict()))
    assert told["cases"][0]["classes"]["1"]["voxels"] == 32
    assert told["cases"][0]["pairing"] == "'p0_gt.nii.gz' is named after the image"
    assert not told["is_broken"]


@pytest.mark.parametrize("name", ["acdc", "aasce", "wmh_flair", "ms_ventricle", "ms_multimodal"])
def test_real_data_are_not_broken(data_folder: Path, name: str) -> None:
    diagnosis = diagnosis_of(data_folder / name)
    assert not diagnosis.is_broken
    assert len(diagnosis.advice) == 5


def test_the_split_that_is_looked_at_is_that_of_a_training(tmp_path: Path) -> None:
    for k in range(12):
        saved(tmp_path / f"p{k:02d}.nii.gz", image(k))
        saved(tmp_path / f"p{k:02d}_gt.nii.gz", labels(1, 2) if k % 3 == 0 else labels(1))
    dataset = open_dataset(tmp_path)
    told = [f.text for f in diagnosis_of(tmp_path).findings]
    split = split_by_patient(dataset.cases, 0, presence=class_presence(dataset.cases))
    rare = {f"p{k:02d}" for k in range(0, 12, 3)}
    for side, names in split.as_dict().items():
        assert any(f"the {side} side" in text for text in told) == (not rare & set(names))
