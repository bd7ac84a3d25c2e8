"""Islands of known size."""

from collections.abc import Callable

import numpy as np
import pytest

from segstudio.core.editing.edit import Edit, apply
from segstudio.core.editing.islands import (
    keep_largest_piece,
    keep_piece_at,
    remove_piece_at,
    remove_small_pieces,
    voxels_of,
)
from segstudio.core.errors import InputError


def islands() -> np.ndarray:
    """Return pieces of class 4 of 12, 2 and 1 voxels; class 2 fills what touches the first."""
    labels = np.zeros((5, 6, 7), np.uint16)
    labels[0:2, 0:2, 0:3] = 4
    labels[0:2, 2, 0:3] = 2
    labels[3, 3, 3] = labels[4, 4, 4] = 4  # they touch at a corner
    labels[4, 0, 6] = 4
    return labels


def done(edit: Edit) -> np.ndarray:
    new = islands()
    apply(edit, new)
    return new


@pytest.mark.parametrize(
    ("smallest", "left"), [(0, 15), (1, 15), (2, 14), (3, 12), (12, 12), (13, 0)]
)
def test_pieces_smaller_than_a_size_go(smallest: int, left: int) -> None:
    found = done(remove_small_pieces(islands(), 4, smallest))
    assert (found == 4).sum() == left
    assert ((found == 2) == (islands() == 2)).all()


def test_what_goes_may_become_another_class() -> None:
    found = done(remove_small_pieces(islands(), 4, 2, fill=9))
    assert np.argwhere(found == 9).tolist() == [[4, 0, 6]]


def test_the_largest_piece_is_kept() -> None:
    expected = islands()
    expected[3:][expected[3:] == 4] = 0
    np.testing.assert_array_equal(done(keep_largest_piece(islands(), 4)), expected)


def test_the_piece_under_a_voxel_is_kept() -> None:
    found = done(keep_piece_at(islands(), (4, 4, 4)))
    assert np.argwhere(found == 4).tolist() == [[3, 3, 3], [4, 4, 4]]
    assert (found == 2).sum() == (islands() == 2).sum()


def test_the_piece_under_a_voxel_is_removed_or_changes_its_class() -> None:
    assert np.argwhere(done(remove_piece_at(islands(), (4, 0, 6))) == 4)[-1].tolist() == [4, 4, 4]
    found = done(remove_piece_at(islands(), (0, 0, 0), fill=7))
    assert (found == 7).sum() == 12
    assert (found == 4).sum() == 3


def test_a_size_in_ml_is_counted_in_voxels() -> None:
    assert voxels_of(1.0, (1.0, 1.0, 1.0)) == 1000
    assert voxels_of(0.5, (2.5, 0.7, 0.7)) == 409
    assert voxels_of(0.0, (2.5, 0.7, 0.7)) == 0
    with pytest.raises(InputError, match="3 positive numbers"):
        voxels_of(1.0, (1.0, 1.0))


@pytest.mark.parametrize("act", [keep_piece_at, remove_piece_at])
@pytest.mark.parametrize("voxel", [(2, 2, 2), (5, 0, 0), (0, -1, 0), (0, 0)])
def test_a_voxel_in_no_piece_is_told(act: Callable[..., Edit], voxel: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"The voxel \("):
        act(islands(), voxel)


def test_a_class_that_is_absent_has_no_pieces() -> None:
    assert remove_small_pieces(islands(), 1, 5).count == 0
    assert keep_largest_piece(islands(), 1).count == 0
