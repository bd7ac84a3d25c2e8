"""Filling what hangs together with a voxel."""

import numpy as np
import pytest

from segstudio.core.editing.edit import apply
from segstudio.core.editing.flood import flood_fill
from segstudio.core.errors import InputError


def two_blocks() -> np.ndarray:
    labels = np.zeros((3, 6, 6), np.uint8)
    labels[:, :2, :2] = labels[1, 4:, 4:] = 1
    return labels


@pytest.mark.parametrize(
    ("axis", "contiguous", "voxels"),
    [(None, True, 12), (0, True, 4), (None, False, 16), (0, False, 8)],
)
def test_a_piece_is_filled_in_its_plane_or_in_the_volume(
    axis: int | None, contiguous: bool, voxels: int
) -> None:
    labels = two_blocks()
    apply(flood_fill(labels, (1, 0, 0), 3, plane_axis=axis, contiguous=contiguous), labels)
    assert (labels == 3).sum() == voxels
    assert (labels == 1).sum() == 16 - voxels


def test_a_voxel_outside_is_told() -> None:
    with pytest.raises(InputError, match="outside"):
        flood_fill(two_blocks(), (3, 0, 0), 1)
