"""A history undoes and does again, and is bounded."""

import numpy as np

from segstudio.core.editing.edit import edit_where, no_edit
from segstudio.core.editing.history import History


def set_voxel(labels: np.ndarray, k: int, value: int):
    box = tuple(slice(int(i), int(i) + 1) for i in np.unravel_index(k, labels.shape))
    return edit_where(labels, box, np.ones((1, 1, 1), bool), value)


def test_what_is_undone_can_be_done_again() -> None:
    labels = np.zeros((2, 3, 4), np.uint8)
    history = History(labels)
    for k in range(3):
        history.do(set_voxel(labels, k, k + 1))
    assert labels.ravel()[:3].tolist() == [1, 2, 3]
    assert history.undo() is not None
    assert history.undo() is not None
    assert labels.ravel()[:3].tolist() == [1, 0, 0]
    assert (history.undoable, history.redoable) == (1, 2)
    assert history.redo() is not None
    assert labels.ravel()[:3].tolist() == [1, 2, 0]


def test_a_new_edit_ends_what_could_be_done_again() -> None:
    labels = np.zeros((2, 3, 4), np.uint8)
    history = History(labels)
    history.do(set_voxel(labels, 0, 1))
    history.undo()
    history.do(set_voxel(labels, 1, 1))
    assert history.redo() is None
    assert labels.ravel()[:2].tolist() == [0, 1]


def test_nothing_is_undone_where_nothing_was_done() -> None:
    labels = np.zeros((2, 3, 4), np.uint8)
    history = History(labels)
    history.do(no_edit(labels))
    assert history.undoable == 0
    assert history.undo() is None
    assert history.redo() is None


def test_more_than_a_hundred_edits_are_kept_and_the_oldest_are_forgotten() -> None:
    labels = np.zeros((1, 1, 300), np.uint8)
    history = History(labels)
    for k in range(300):
        history.do(set_voxel(labels, k, 1))
    assert history.undoable == 200
    while history.undo():
        pass
    assert labels.sum() == 100


def test_the_memory_is_bounded_but_the_newest_edit_is_kept() -> None:
    labels = np.zeros((1, 1, 300), np.uint8)
    one = set_voxel(labels, 0, 1).nbytes
    history = History(labels, most_bytes=10 * one)
    for k in range(30):
        history.do(set_voxel(labels, k, 1))
    assert history.undoable == 10
    assert history.nbytes <= 10 * one
    tight = History(labels, most_bytes=1)
    tight.do(set_voxel(labels, 100, 1))
    assert tight.undoable == 1
