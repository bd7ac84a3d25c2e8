"""A dataset written in nnU-Net's layout is the same dataset."""

import json
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.data.datasets import load_case, open_dataset, read_image
from segstudio.data.export import export_nnunet

SHAPE = (3, 8, 8)


def exported(source: Path, target: Path) -> Path:
    list(export_nnunet(open_dataset(source), target))
    return target


def test_images_labels_and_classes_come_back(hearts: Path, tmp_path: Path) -> None:
    first = open_dataset(hearts)
    second = open_dataset(exported(hearts, tmp_path / "raw"))
    assert second.layout == "nnU-Net"
    assert first.classes is not None
    assert second.classes is not None
    assert [c.name for c in second.classes.classes] == [c.name for c in first.classes.classes]
    for one, other in zip(first.cases, second.cases, strict=True):
        volume, labels = load_case(one)
        again, again_labels = load_case(other)
        np.testing.assert_array_equal(volume.data, again.data)
        np.testing.assert_array_equal(labels, again_labels)
        np.testing.assert_allclose(volume.affine, again.affine)


def write(path: Path, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    array = np.zeros(SHAPE, np.uint8)
    array[1, 2:4, 2:4] = value
    nib.save(nib.Nifti1Image(array.T, np.diag([0.8, 0.8, 4, 1])), path)


def test_channels_and_ignored_labels_are_written_as_nnunet_has_them(tmp_path: Path) -> None:
    patient = tmp_path / "wmh" / "Utrecht" / "0"
    for name, value in (("pre/FLAIR", 7), ("pre/T1", 9), ("wmh", 2)):
        write(patient / f"{name}.nii.gz", value)
    raw = exported(tmp_path / "wmh", tmp_path / "raw")
    (case,) = open_dataset(raw).cases
    assert [int(c.max()) for c in read_image(case).channels] == [7, 9]
    described = json.loads((raw / "dataset.json").read_text())
    assert described["labels"] == {
        "background": 0,
        "white matter hyperintensity": 1,
        "ignore": 2,
    }
    assert described["channel_names"] == {"0": "FLAIR", "1": "T1"}
    assert described["numTraining"] == 1
    assert load_case(case)[1].max() == 2


def test_values_are_written_without_gaps(tmp_path: Path) -> None:
    for k, value in enumerate((3, 9)):
        write(tmp_path / "set" / f"p{k}.nii.gz", 100)
        write(tmp_path / "set" / f"p{k}_gt.nii.gz", value)
    write(tmp_path / "set" / "bare.nii.gz", 100)
    raw = exported(tmp_path / "set", tmp_path / "raw")
    assert sorted(p.name for p in (raw / "imagesTs").iterdir()) == ["bare_0000.nii.gz"]
    maxima = [int(load_case(c)[1].max()) for c in open_dataset(raw).cases if c.labels]
    assert maxima == [1, 2]


def test_nothing_is_written_over_and_nothing_is_left_half(hearts: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.txt").touch()
    with pytest.raises(InputError, match="not an empty folder"):
        exported(hearts, tmp_path / "full")
    write(tmp_path / "set" / "a.nii.gz", 1)
    write(tmp_path / "set" / "a_gt.nii.gz", 1)
    write(tmp_path / "set" / "b.nii.gz", 1)
    (tmp_path / "set" / "b.nii.gz").write_bytes(b"cut")
    with pytest.raises(InputError, match="damaged"):
        exported(tmp_path / "set", tmp_path / "raw")
    assert not (tmp_path / "raw").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["full", "set"]


def test_classes_of_one_name_are_told_instead_of_joined(hearts: Path, tmp_path: Path) -> None:
    dataset = open_dataset(hearts)
    assert dataset.classes is not None
    first, second = dataset.classes.foreground[:2]
    classes = dataset.classes.with_class(replace(second, name=first.name))
    with pytest.raises(InputError, match=f"Two classes are called '{first.name}'"):
        list(export_nnunet(replace(dataset, classes=classes), tmp_path / "raw"))
    assert not (tmp_path / "raw").exists()
