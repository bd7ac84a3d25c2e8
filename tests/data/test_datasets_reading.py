"""Reading an image of several channels."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.data.datasets import load_case, open_dataset, read_image, read_image_file

PLACE = np.diag([2.0, 2.0, 5.0, 1.0])


def saved(path: Path, value: int, *, planes: int = 2, shift: float = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    affine = PLACE.copy()
    affine[0, 3] = shift
    image = nib.Nifti1Image(np.full((4, 3, planes), value, np.int16), affine)
    image.header.set_xyzt_units("mm")
    nib.save(image, path)
    return path


def test_a_case_is_read_with_all_channels_in_order(tmp_path: Path) -> None:
    for channel, value in enumerate((7, 8, 9)):
        saved(tmp_path / "imagesTr" / f"a_000{channel}.nii.gz", value)
    saved(tmp_path / "labelsTr" / "a.nii.gz", 1)
    volume, labels = load_case(open_dataset(tmp_path).case("a"))
    assert [int(c.max()) for c in volume.channels] == [7, 8, 9]
    assert volume.channels[0] is volume.data
    assert volume.path == tmp_path / "imagesTr" / "a_0000.nii.gz"
    assert labels.shape == volume.data.shape == (2, 3, 4)


def test_an_image_of_one_channel_has_no_others(tmp_path: Path) -> None:
    saved(tmp_path / "a.nii", 7)
    volume = read_image(open_dataset(tmp_path).case("a"))
    assert volume.other_channels == ()
    assert len(volume.channels) == 1


@pytest.mark.parametrize(
    ("change", "told"), [({"planes": 3}, "has shape"), ({"shift": 6}, "3 voxels away")]
)
def test_channels_on_different_grids_are_refused_with_both_files(
    tmp_path: Path, change: dict[str, int], told: str
) -> None:
    first = saved(tmp_path / "p" / "flair.nii", 7)
    second = saved(tmp_path / "p" / "t1.nii", 8, **change)
    saved(tmp_path / "p" / "gt.nii", 1)
    with pytest.raises(InputError, match=told) as caught:
        read_image(open_dataset(tmp_path).case("p"))
    assert str(caught.value).startswith(f"'{second}'")
    assert f"its first channel '{first}'" in str(caught.value)
    assert "hannels" in str(caught.value)
    assert "abels" not in str(caught.value)


@pytest.mark.parametrize("given", ["a_0000", "a_0001"])
def test_a_file_named_as_by_nnunet_is_read_with_its_other_channels(
    tmp_path: Path, given: str
) -> None:
    saved(tmp_path / "a_0000.nii.gz", 7)
    saved(tmp_path / "a_0001.nii.gz", 8)
    saved(tmp_path / "b_0001.nii.gz", 9)
    volume = read_image_file(tmp_path / f"{given}.nii.gz")
    assert [int(c.max()) for c in volume.channels] == [7, 8]


def test_a_file_that_is_missing_is_told_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a_0000\.nii' does not exist"):
        read_image_file(tmp_path / "a_0000.nii")
