"""What is no file, what no name should hold, and values that are no labels."""

import os
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from segstudio.core.errors import InputError
from segstudio.data.formats import read_labels, read_volume

VOLUME = np.random.default_rng(0).integers(0, 4, (3, 6, 5)).astype(np.int16)


def refused(path: Path, told: str) -> None:
    """Check that a path is refused as image and labels, in a line that names it."""
    for read in (read_volume, read_labels):
        with pytest.raises(InputError, match=told) as caught:
            read(path)
        assert path.name in str(caught.value)


NAMES = (
    "a.nii.gz",
    "a.nii",
    "a.nrrd",
    "a.mha",
    "a.mhd",
    "a.hdr",
    "a.img",
    "a.tif",
    "a.png",
    "a.jpg",
)
NAMES = (*NAMES, "a.bmp", "a.npy", "a.npz", "a.h5")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    refused(tmp_path / name, "no regular file")
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to("/dev/zero")
    refused(tmp_path / name, "no regular file")
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to(tmp_path / "gone")
    refused(tmp_path / name, "does not exist")
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    refused(tmp_path / name, "folder")


@pytest.mark.parametrize(
    "name", ["in a\nline.nii", "a\x1b[31mred.nii", "ä ö\u2028.nii", "a\udcff.nii"]
)
def test_a_name_stays_in_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(InputError, match="damaged") as told:
        read_volume(tmp_path / name)
    assert str(told.value).isprintable()
    str(told.value).encode()


def saved(path: Path, array: np.ndarray) -> Path:
    nib.save(nib.Nifti1Image(array.T, np.eye(4), dtype=array.dtype), path)
    return path


def test_labels_of_eight_bytes_are_taken_within_their_range(tmp_path: Path) -> None:
    labels = VOLUME.astype(np.int64) * 20_000
    np.testing.assert_array_equal(read_labels(saved(tmp_path / "Fälle 1.nii", labels)), labels)
    for value in (65536, 2**62, -1):
        labels[0, 0, 0] = value
        with pytest.raises(InputError, match="labels run from 0 to 65535"):
            read_labels(saved(tmp_path / "b.nii", labels))


def test_labels_that_are_nearly_whole_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds the value 0\.9999"):
        read_labels(saved(tmp_path / "a.nii", np.full((3, 6, 5), 0.9999, np.float32)))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_told(tmp_path: Path) -> None:
    saved(tmp_path / "a.nii", VOLUME).chmod(0)
    with pytest.raises((InputError, PermissionError), match=r"a\.nii"):
        read_volume(tmp_path / "a.nii")
