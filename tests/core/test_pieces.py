"""Pieces, and pieces as classes."""

import numpy as np
import pytest

from segstudio.core.pieces import label_pieces, split_instances


def spine() -> np.ndarray:
    """Return five blocks one below the other, each a little to the right."""
    labels = np.zeros((30, 20), int)
    for i in range(5):
        labels[6 * i + 1 : 6 * i + 5, 2 * i : 2 * i + 6] = 1
    return labels


def test_pieces_are_numbered_from_the_top_whatever_comes_first_in_memory() -> None:
    labels = spine()
    # A spur of the second block reaches above the first one's lowest row.
    labels[2, 12] = labels[3:9, 13] = 1
    numbers, count = label_pieces(labels == 1)
    assert count == 6
    centres = [np.argwhere(numbers == n).mean(axis=0)[0] for n in range(1, 7)]
    assert centres == sorted(centres)


def test_voxels_that_touch_at_a_corner_are_one_piece() -> None:
    assert label_pieces(np.eye(4, dtype=bool))[1] == 1
    cube = np.zeros((2, 2, 2), bool)
    cube[0, 0, 0] = cube[1, 1, 1] = True
    assert label_pieces(cube)[1] == 1


def test_every_piece_becomes_a_class_of_its_own() -> None:
    split = split_instances(spine())
    assert np.unique(split).tolist() == [0, 1, 2, 3, 4, 5]
    assert np.array_equal(split > 0, spine() > 0)
    assert [int(split[6 * i + 2, 2 * i]) for i in range(5)] == [1, 2, 3, 4, 5]


def test_neighbours_alternate_where_two_classes_are_asked_for() -> None:
    split = split_instances(spine(), cycle=2)
    assert [int(split[6 * i + 2, 2 * i]) for i in range(5)] == [1, 2, 1, 2, 1]


def test_the_pieces_of_another_class_go_on_counting() -> None:
    labels = spine()
    labels[13:17] *= 3
    split = split_instances(labels)
    assert [int(split[6 * i + 2, 2 * i]) for i in range(5)] == [1, 2, 5, 3, 4]


@pytest.mark.parametrize("shape", [(4, 5), (2, 3, 4)])
def test_background_alone_has_no_piece(shape: tuple[int, ...]) -> None:
    assert not split_instances(np.zeros(shape, int)).any()
    assert label_pieces(np.zeros(shape, bool))[1] == 0
