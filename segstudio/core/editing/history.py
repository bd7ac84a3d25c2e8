"""What was done to labels, to be undone and done again."""

from collections import deque

from segstudio.core.editing.edit import Edit, Labels, apply, revert

DEPTH = 200
MOST_BYTES = 512 * 2**20


class History:
    """The edits of one labels array, newest last.

    Parameters
    ----------
    labels : ndarray of int, shape (Z, Y, X)
        Changed in place, by this object only: an undo puts back what an edit found.
    depth : int
        How many edits can be undone; the oldest are forgotten first.
    most_bytes : int
        How much memory all of them may hold together; the newest is kept in any case.
    """

    def __init__(self, labels: Labels, *, depth: int = DEPTH, most_bytes: int = MOST_BYTES) -> None:
        self._labels = labels
        self._depth = depth
        self._most_bytes = most_bytes
        self._done: deque[Edit] = deque()
        self._undone: list[Edit] = []

    @property
    def undoable(self) -> int:
        """How many edits can be undone."""
        return len(self._done)

    @property
    def redoable(self) -> int:
        """How many edits can be done again."""
        return len(self._undone)

    @property
    def nbytes(self) -> int:
        """How much memory the edits hold."""
        return sum(edit.nbytes for edits in (self._done, self._undone) for edit in edits)

    def do(self, edit: Edit) -> None:
        """Apply an edit and remember it."""
        apply(edit, self._labels)
        self.remember(edit)

    def remember(self, edit: Edit) -> None:
        """Remember an edit that is applied already, such as the joined pieces of a stroke.

        What was undone before it cannot be done again. An edit that changes nothing is no step.
        """
        if not edit.count:
            return
        self._undone.clear()
        self._done.append(edit)
        while len(self._done) > 1 and (
            len(self._done) > self._depth or self.nbytes > self._most_bytes
        ):
            self._done.popleft()

    def undo(self) -> Edit | None:
        """Take the newest edit back and return it; None where there is none."""
        if not self._done:
            return None
        edit = self._done.pop()
        revert(edit, self._labels)
        self._undone.append(edit)
        return edit

    def redo(self) -> Edit | None:
        """Do the edit again that was undone last and return it; None where there is none."""
        if not self._undone:
            return None
        edit = self._undone.pop()
        apply(edit, self._labels)
        self._done.append(edit)
        return edit
