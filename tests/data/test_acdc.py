"""The real data: what their headers are like, and that nothing of them is lost."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.data.datasets import class_table, labelled_cases, load_case, open_dataset
from segstudio.data.formats import read_grid, read_labels, read_volume, write_labels
from segstudio.data.splits import split_by_patient


def test_acdc_has_fifty_patients_at_two_phases(data_folder: Path) -> None:
    dataset = open_dataset(data_folder / "acdc")
    assert len(dataset.cases) == len(labelled_cases(dataset)) == 100
    assert len({c.patient for c in dataset.cases}) == 50
    sides = split_by_patient(dataset.cases, seed=0).as_dict()
    assert {k: len(v) for k, v in sides.items()} == {"train": 64, "validation": 12, "test": 24}


def test_the_labels_of_every_acdc_case_fit_image_and_classes(data_folder: Path) -> None:
    dataset = open_dataset(data_folder / "acdc")
    classes = class_table(dataset)
    for case in dataset.cases:
        volume, labels = load_case(case)
        indices = classes.to_indices(labels, str(case.labels))
        assert indices.shape == volume.data.shape
        assert set(np.unique(indices)) == {0, 1, 2, 3}, case.name
        assert volume.grid.unit == "voxels"


def pairs(folder: Path) -> list[tuple[Path, Path]]:
    """The images of the other datasets, each with its labels."""
    found = [(p.with_name("t2flair-stripped.nii.gz"), p) for p in folder.glob("wmh_flair/*/gt.*")]
    for image in folder.glob("ms_*/imagesTr/*.nii.gz"):
        labels = image.parents[1] / "labelsTr" / f"{image.name.rpartition('_')[0]}.nii.gz"
        found.append((image, labels))
    return found


def test_the_labels_of_every_dataset_lie_on_their_image(data_folder: Path) -> None:
    found = pairs(data_folder)
    assert len(found) == 9
    for image, labels in found:
        volume = read_volume(image)
        assert read_labels(labels, like=volume).shape == volume.data.shape


def test_real_labels_that_are_mirrored_are_refused(data_folder: Path, tmp_path: Path) -> None:
    image = data_folder / "ms_ventricle" / "imagesTr" / "104252_0000.nii.gz"
    source = nib.load(data_folder / "ms_ventricle" / "labelsTr" / "104252.nii.gz")
    mirror = nib.affines.from_matvec(np.diag([-1, 1, 1]), [source.shape[0] - 1, 0, 0])
    values = np.asarray(source.dataobj)
    nib.save(nib.Nifti1Image(values, source.affine @ mirror), tmp_path / "labels.nii.gz")
    with pytest.raises(InputError, match="lies elsewhere than its image"):
        read_labels(tmp_path / "labels.nii.gz", like=read_volume(image))


@pytest.mark.parametrize("name", ["104252", "105074", "105465"])
def test_oblique_labels_are_written_where_they_were(
    data_folder: Path, tmp_path: Path, name: str
) -> None:
    image = data_folder / "ms_ventricle" / "imagesTr" / f"{name}_0000.nii.gz"
    truth = data_folder / "ms_ventricle" / "labelsTr" / f"{name}.nii.gz"
    labels = read_labels(truth)
    path = write_labels(tmp_path / "labels.nii.gz", labels, read_grid(image))
    before, after = nib.load(image), nib.load(path)
    assert np.count_nonzero(before.affine[:3, :3]) > 3  # oblique indeed
    np.testing.assert_array_equal(after.affine, before.affine)
    np.testing.assert_array_equal(after.header["pixdim"], before.header["pixdim"])
    assert after.get_sform(coded=True)[1] == before.get_sform(coded=True)[1]
    assert after.get_qform(coded=True)[1] == before.get_qform(coded=True)[1]
    np.testing.assert_array_equal(read_labels(path), labels)
