"""What is written is read back the same, on any grid that a header can say."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segstudio.core.volume import Grid, Volume
from segstudio.data.formats import (
    WRITABLE_IMAGES,
    read_frames,
    read_labels,
    read_volume,
    write_labels,
    write_maps,
    write_volume,
)

IMAGES = WRITABLE_IMAGES
SHAPE = (3, 4, 5)
TURN = nib.eulerangles.euler2mat(0.3, -0.2, 0.5)
PERMUTED = np.eye(3)[:, [2, 0, 1]]
AXES: dict[str, NDArray[np.float64]] = {
    "straight": np.eye(3),
    "flipped": np.diag([-1.0, 1, -1]),
    "permuted": PERMUTED,
    "oblique": TURN,
    "oblique, flipped and permuted": TURN @ np.diag([1.0, -1, 1]) @ PERMUTED,
}
DTYPES = ["uint8", "int8", "int16", "uint16", "int32", "uint32", "float32"]


def grid_of(axes: NDArray[np.float64], spacing: Any, origin: Any) -> Grid:
    """The grid with these axes ``(x, y, z)``, and spacing in that order."""
    affine = nib.affines.from_matvec(axes @ np.diag(spacing), origin)
    return Grid(SHAPE, (spacing[2], spacing[1], spacing[0]), affine)


def expect_same(read: Grid, grid: Grid) -> None:
    # A NIfTI header holds float32.
    scale = max(1.0, float(np.abs(grid.affine).max()))
    np.testing.assert_allclose(read.affine, grid.affine, atol=2e-6 * scale)
    np.testing.assert_allclose(read.spacing, grid.spacing, rtol=1e-6)
    assert read.unit == grid.unit
    assert read.is_placed
    assert read.doubts == ()


@pytest.mark.parametrize("suffix", IMAGES)
@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_an_image_keeps_array_place_spacing_and_type(
    tmp_path: Path, suffix: str, axes: str, dtype: str
) -> None:
    grid = grid_of(AXES[axes], (0.7, 0.8, 6.5), (-91.3, 40.7, 12.1))
    data = np.random.default_rng(0).integers(0, 120, SHAPE).astype(dtype)
    read = read_volume(write_volume(tmp_path / f"a{suffix}", Volume(data, grid)))
    np.testing.assert_array_equal(read.data, data)
    assert read.data.dtype == dtype
    expect_same(read.grid, grid)


@pytest.mark.parametrize("suffix", IMAGES)
@pytest.mark.parametrize("axes", AXES)
def test_labels_and_maps_keep_array_and_place(tmp_path: Path, suffix: str, axes: str) -> None:
    grid = grid_of(AXES[axes], (0.7, 0.8, 6.5), (-91.3, 40.7, 12.1))
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 300, SHAPE)
    image = read_volume(write_volume(tmp_path / f"i{suffix}", Volume(labels.astype("i2"), grid)))
    path = write_labels(tmp_path / f"l{suffix}", labels, grid)
    np.testing.assert_array_equal(read_labels(path, like=image), labels)
    assert read_volume(path).data.dtype == np.uint16
    maps = rng.normal(size=(2, *SHAPE)).astype(np.float32)
    read = read_frames(write_maps(tmp_path / f"m{suffix}", maps, grid), (0, 1))
    np.testing.assert_array_equal(np.stack(read.channels), maps)
    expect_same(read.grid, grid)


@pytest.mark.parametrize("suffix", IMAGES)
@settings(max_examples=40, deadline=None)
@given(
    angles=st.tuples(*[st.floats(-3.1, 3.1)] * 3),
    spacing=st.tuples(*[st.floats(0.05, 20.0)] * 3),
    origin=st.tuples(*[st.floats(-500, 500)] * 3),
    order=st.permutations(range(3)),
    flips=st.tuples(*[st.sampled_from([-1.0, 1.0])] * 3),
)
def test_any_place_comes_back(
    suffix: str, angles: Any, spacing: Any, origin: Any, order: Any, flips: Any
) -> None:
    axes = nib.eulerangles.euler2mat(*angles) @ np.diag(flips) @ np.eye(3)[:, list(order)]
    grid = grid_of(axes, spacing, origin)
    data = np.arange(60, dtype=np.int16).reshape(SHAPE)
    with TemporaryDirectory() as folder:
        read = read_volume(write_volume(Path(folder) / f"a{suffix}", Volume(data, grid)))
    np.testing.assert_array_equal(read.data, data)
    scale = max(1.0, float(np.abs(grid.affine).max()))
    np.testing.assert_allclose(read.affine, grid.affine, atol=2e-6 * scale)
    if not np.allclose(spacing, 1.0):
        np.testing.assert_allclose(read.spacing, grid.spacing, rtol=1e-6)


@pytest.mark.parametrize("suffix", IMAGES)
def test_a_sheared_place_is_kept_and_doubted(tmp_path: Path, suffix: str) -> None:
    sheared = np.array([[1.0, 0.1, 0], [0, 1, 0], [0, 0, 1]])
    affine = nib.affines.from_matvec(sheared @ np.diag([0.7, 0.8, 6.5]), (1, 2, 3))
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    grid = Grid(SHAPE, (spacing[2], spacing[1], spacing[0]), affine)
    path = write_volume(tmp_path / f"a{suffix}", Volume(np.zeros(SHAPE, "u1"), grid))
    read = read_volume(path).grid
    np.testing.assert_allclose(read.affine, affine, atol=1e-6)
    assert len(read.doubts) == 1
    assert "right angles" in read.doubts[0]
