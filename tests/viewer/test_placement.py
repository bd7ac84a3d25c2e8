"""Where volumes lie in the viewer."""

import nibabel as nib
import numpy as np
import pytest

from segstudio.core.volume import Grid
from segstudio.viewer.placement import placement, placement_in_order, screen_order

SHAPE = (4, 6, 8)


def grid_of(codes: str, *, tilt: float = 0.0) -> Grid:
    """Return a grid whose file axes (x, y, z) run towards `codes`, tilted by degrees."""
    spacing_xyz = np.array([1.5, 2.0, 7.0])
    orientation = nib.orientations.axcodes2ornt(tuple(codes))
    affine = np.zeros((4, 4))
    for axis, (world, sign) in enumerate(orientation):
        affine[int(world), axis] = sign * spacing_xyz[axis]
    affine[:3, 3], affine[3, 3] = (10, -20, 30), 1
    angle = np.deg2rad(tilt)
    turn = np.array(
        [[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]]
    )
    affine[:3, :3] = turn @ affine[:3, :3]
    return Grid(SHAPE, (7.0, 2.0, 1.5), affine)


def screen(grid: Grid, voxel_zyx: tuple[float, float, float]) -> np.ndarray:
    place = placement(grid)
    scaled = np.multiply(voxel_zyx, place["scale"])
    return (place["affine"] @ [*scaled, 1.0])[list(screen_order(grid))]


def world(grid: Grid, voxel_zyx: tuple[float, float, float]) -> np.ndarray:
    return (grid.affine @ [*voxel_zyx[::-1], 1.0])[:3]


@pytest.mark.parametrize("codes", ["RAS", "LPS", "LAS", "RPI"])
def test_axial_planes_show_the_patient_s_left_on_the_right_and_the_front_on_top(codes: str) -> None:
    grid = grid_of(codes)
    centre = (1.5, 2.5, 3.5)
    for voxel in [(0, 0, 0), (1, 2, 3), (3, 5, 7), centre]:
        right, front, up = world(grid, voxel)
        assert screen(grid, voxel) == pytest.approx([up, -front, -right])


def test_coronal_planes_show_the_head_on_top() -> None:
    grid = grid_of("RSA")  # x to the right, y to the head, planes to the front
    right, front, up = world(grid, (1, 2, 3))

    assert screen(grid, (1, 2, 3)) == pytest.approx([front, -up, -right])


def test_sagittal_planes_show_the_head_on_top_and_the_face_to_the_left() -> None:
    grid = grid_of("ASR")  # x to the front, y to the head, planes to the right
    right, front, up = world(grid, (1, 2, 3))

    assert screen(grid, (1, 2, 3)) == pytest.approx([right, -up, -front])


def test_rows_stored_along_the_body_are_turned_upright() -> None:
    grid = grid_of("ARS")  # x to the front: rows and columns change places on screen
    right, front, up = world(grid, (1, 2, 3))

    assert screen(grid, (1, 2, 3)) == pytest.approx([up, -front, -right])


@pytest.mark.parametrize("codes", ["RAS", "ARS", "SRA", "RSA"])
def test_a_viewer_with_an_order_of_its_own_shows_the_same(codes: str) -> None:
    grid = grid_of(codes)
    place = placement_in_order(grid)
    scaled = np.multiply((1, 2, 3), place["scale"])

    assert (place["affine"] @ [*scaled, 1.0])[:3] == pytest.approx(screen(grid, (1, 2, 3)))


@pytest.mark.parametrize("tilt", [0.0, 12.0, 40.0])
def test_an_oblique_volume_keeps_its_planes_and_its_centre(tilt: float) -> None:
    grid = grid_of("LPS", tilt=tilt)
    centre = tuple((n - 1) / 2 for n in SHAPE)
    right, front, up = world(grid, centre)
    corner, along = screen(grid, (0, 0, 0)), screen(grid, (0, 0, 1))

    assert screen(grid, centre) == pytest.approx([up, -front, -right])
    assert along - corner == pytest.approx([0, 0, 1.5])


def test_scale_is_the_spacing_and_units_follow_the_header() -> None:
    grid = grid_of("RAS")
    unsized = Grid(SHAPE, (1.0, 1.0, 1.0), np.eye(4), unit="voxels")

    assert placement(grid)["scale"] == grid.spacing
    assert placement(grid)["units"] == ("mm",) * 3
    assert placement(unsized)["units"] == ("pixel",) * 3
