"""Whether labels lie where their image does."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray

from segstudio.core.errors import InputError
from segstudio.data.formats import read_labels, read_volume

SHAPE = (40, 30, 6)
TURN = nib.eulerangles.euler2mat(0.3, -0.2, 0.5)
PLACES = {
    "straight": nib.affines.from_matvec(np.diag([-1.25, -1.5, 8]), [70, 60, -30]),
    "oblique": nib.affines.from_matvec(TURN @ np.diag([0.9, 0.9, 6.5]), [-91.3, 40.7, 12.1]),
    "of 1 mm": nib.affines.from_matvec(np.diag([-1.0, 1, 1]), [90, -126, -72]),
}
FLIP = nib.affines.from_matvec(np.diag([-1, 1, 1]), [SHAPE[0] - 1, 0, 0])
NO_PLACE = np.diag([-1.0, -1, 1, 1])


def shift(*voxels: float) -> NDArray[np.float64]:
    return nib.affines.from_matvec(np.eye(3), voxels)


def saved(
    path: Path, affine: NDArray[np.float64], *, units: str = "mm", codes: tuple[int, int] = (1, 1)
) -> Path:
    image = nib.Nifti1Image(np.ones(SHAPE, np.uint8), None)
    image.header.set_xyzt_units(units)
    image.header.set_qform(affine, codes[0])
    image.header.set_sform(affine, codes[1])
    nib.save(image, path)
    return path


def read_over(image: Path, labels: Path) -> None:
    assert read_labels(labels, like=read_volume(image)).shape == SHAPE[::-1]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("move", "apart"),
    [(FLIP, "39"), (shift(1, 0, 0), "1"), (shift(0, 0, -2), "2"), (shift(0, 30, 0), "30")],
)
def test_labels_that_lie_elsewhere_are_refused_with_both_files_and_how_far(
    place: str, move: NDArray[np.float64], apart: str, tmp_path: Path
) -> None:
    image = saved(tmp_path / "image.nii", PLACES[place])
    labels = saved(tmp_path / "labels.nii", PLACES[place] @ move)
    with pytest.raises(InputError) as caught:
        read_over(image, labels)
    for told in (f"'{labels}'", f"'{image}'", f" {apart} voxels", "Export the labels"):
        assert told in str(caught.value)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("codes", [(0, 1), (2, 0), (1, 4)])
@pytest.mark.parametrize("move", [shift(0, 0, 0), shift(0.5, -0.5, 0.5), shift(0, 0.01, 0)])
def test_labels_that_lie_within_half_a_voxel_are_taken(
    place: str, codes: tuple[int, int], move: NDArray[np.float64], tmp_path: Path
) -> None:
    image = saved(tmp_path / "image.nii", PLACES[place])
    labels = saved(tmp_path / "labels.nii", PLACES[place] @ move, codes=codes)
    read_over(image, labels)


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"affine": np.eye(4)},
        {"affine": NO_PLACE, "units": "unknown"},
        {"affine": PLACES["of 1 mm"], "units": "unknown"},
        {"affine": PLACES["oblique"] @ FLIP, "codes": (0, 0)},
    ],
)
@pytest.mark.parametrize("place", PLACES)
def test_headers_that_name_no_place_are_not_compared(
    place: str, elsewhere: dict, tmp_path: Path
) -> None:
    one = saved(tmp_path / "one.nii", PLACES[place])
    other = saved(tmp_path / "other.nii", **elsewhere)
    read_over(one, other)
    read_over(other, one)
