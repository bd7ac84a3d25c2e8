"""Which way of the patient each edge of the screen looks."""

from itertools import permutations, product

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from segstudio.core.volume import Grid
from segstudio.viewer.orientation import Edges, edge_letters
from segstudio.viewer.placement import placement, screen_order

SPACING = np.array([1.5, 2.0, 7.0])
OPPOSITE = str.maketrans("RLAPSI", "LRPAIS")
VIEWS = [(1, 2), (0, 1), (0, 2), (2, 1)]


def grid_of(affine: np.ndarray) -> Grid:
    return Grid((4, 6, 8), tuple(np.linalg.norm(affine[:3, :3], axis=0)[::-1]), affine)


def axis_aligned() -> list[np.ndarray]:
    made = []
    for order, signs in product(permutations(range(3)), product((1.0, -1.0), repeat=3)):
        affine = np.eye(4)
        affine[:3, :3] = 0
        for axis, (world, sign) in enumerate(zip(order, signs, strict=True)):
            affine[world, axis] = sign * SPACING[axis]
        made.append(affine)
    return made


def turned(angles: tuple[float, float, float]) -> np.ndarray:
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix() * SPACING
    return affine


def direction(grid: Grid, screen_axis: int) -> np.ndarray:
    """Return where in the body a step along a screen axis leads, walked through voxels."""
    place = placement(grid)
    here = np.zeros(3)
    there = np.zeros(3)
    there[screen_axis] = 1.0
    voxels = [
        np.linalg.solve(place["affine"][:3, :3], at - place["affine"][:3, 3]) / place["scale"]
        for at in (here, there)
    ]
    world = [grid.affine[:3, :3] @ voxel[::-1] for voxel in voxels]
    return world[1] - world[0]


@pytest.mark.parametrize("affine", axis_aligned())
def test_each_edge_looks_where_nibabel_says_its_voxels_run(affine: np.ndarray) -> None:
    grid = grid_of(affine)
    codes = nib.aff2axcodes(affine)[::-1]  # of Z, Y, X
    turn = placement(grid)["affine"][:3, :3]
    edges = [edge_letters(grid, (1, 2)), edge_letters(grid, (0, 1))]
    for screen, letter in ((0, edges[1].bottom), (1, edges[0].bottom), (2, edges[0].right)):
        voxel_axis = int(np.flatnonzero(turn[screen])[0])
        code = codes[voxel_axis]
        assert letter == (code if turn[screen, voxel_axis] > 0 else code.translate(OPPOSITE))


@pytest.mark.parametrize("affine", axis_aligned())
def test_planes_are_seen_as_radiologists_hold_them(affine: np.ndarray) -> None:
    grid = grid_of(affine)
    _, down, across = screen_order(grid)
    edges = edge_letters(grid, (down, across))
    planes_run = nib.aff2axcodes(affine)[2]

    expected = {
        "S": Edges("R", "L", "A", "P"),
        "A": Edges("R", "L", "S", "I"),
        "R": Edges("A", "P", "S", "I"),
    }
    for code, letters in expected.items():
        if planes_run in (code, code.translate(OPPOSITE)):
            assert edges == letters


angle = st.floats(-180, 180)


@given(st.tuples(angle, angle, angle), st.sampled_from(VIEWS))
def test_the_first_letter_is_the_dominant_one_and_edges_are_opposite(angles, view) -> None:
    grid = grid_of(turned(angles))
    edges = edge_letters(grid, view)
    for letters, other, axis in (
        (edges.bottom, edges.top, view[0]),
        (edges.right, edges.left, view[1]),
    ):
        true = direction(grid, axis)
        strongest = int(np.abs(true).argmax())
        dominant = ("RAS" if true[strongest] > 0 else "LPI")[strongest]
        ties = np.sum(np.abs(true) > np.abs(true).max() - 1e-9) > 1
        assert ties or letters[0] == dominant
        assert other == letters.translate(OPPOSITE)
        assert 1 <= len(letters) <= 3


def test_an_oblique_plane_has_two_letters_and_a_slight_tilt_one() -> None:
    assert edge_letters(grid_of(turned((0, 0, 30))), (1, 2)).right == "LP"
    assert edge_letters(grid_of(turned((0, 0, 8))), (1, 2)).right == "L"


def test_what_the_camera_flips_changes_sides() -> None:
    grid = grid_of(np.diag([-1.0, -1.0, 1.0, 1.0]))

    assert edge_letters(grid, (1, 2), flipped=(True, True)) == Edges("L", "R", "P", "A")
    assert edge_letters(grid, (2, 1)) == Edges("A", "P", "R", "L")


def test_a_layer_that_was_turned_by_hand_is_followed() -> None:
    grid = grid_of(np.diag([-1.0, -1.0, 1.0, 1.0]))
    quarter = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])

    assert edge_letters(grid, (1, 2), shown=quarter) == Edges("P", "A", "R", "L")


def test_there_are_no_letters_where_the_place_is_unknown_or_the_axis_is_time() -> None:
    affine = np.diag([-1.0, -1.0, 1.0, 1.0])
    unplaced = Grid((4, 6, 8), (1, 1, 1), affine, is_placed=False)

    assert edge_letters(unplaced, (1, 2)) == Edges()
    assert edge_letters(grid_of(affine), (-1, 2)) == Edges("R", "L", "", "")
    assert edge_letters(grid_of(np.zeros((4, 4))), (1, 2), shown=np.eye(3)) == Edges()
