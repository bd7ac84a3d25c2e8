"""Classes: their names and colours, and the step between label values and class indices."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError

# Okabe and Ito's palette: told apart by readers who do not see all colours.
PALETTE = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#0072b2", "#d55e00")
IGNORED_COLOR = "#808080"

# The class index of a voxel that is to be ignored: the last that a byte holds, no class's own.
IGNORED = 255


@dataclass(frozen=True)
class LabelClass:
    """One class: the value it has in label files, its name and its colour."""

    value: int
    name: str
    color: str


@dataclass(frozen=True)
class ClassTable:
    """The classes of a dataset, background first.

    Parameters
    ----------
    classes : tuple of LabelClass
        In order of value; the first is background, value 0.
    ignore : int or None
        The label value of voxels of which nothing is known, or that are to count for nothing: no
        loss and no score sees them. It is no class. None: all voxels count.

    Raises
    ------
    InputError
        The value to ignore is that of a class.
    """

    classes: tuple[LabelClass, ...]
    ignore: int | None = None

    def __post_init__(self) -> None:
        taken = [c.name for c in self.classes if c.value == self.ignore]
        if taken:
            raise InputError(
                f"The label value {self.ignore} is to be ignored, but is that of '{taken[0]}'. "
                "Ignore a value that no class has."
            )

    @classmethod
    def named(cls, names: dict[int, str], *, ignore: int | None = None) -> "ClassTable":
        """Return a table from ``{value: name}``, background added, colours by value."""
        background = LabelClass(0, "background", "#000000")
        rows = (
            LabelClass(value, names[value], PALETTE[(value - 1) % len(PALETTE)])
            for value in sorted(set(names) - {0})
        )
        return cls((background, *rows), ignore)

    @classmethod
    def found_in(cls, values: Iterable[int], *, ignore: int | None = None) -> "ClassTable":
        """Return a table of unnamed classes for the label values that occur."""
        return cls.named({v: f"class {v}" for v in values if v not in (0, ignore)}, ignore=ignore)

    def ignoring(self, value: int) -> "ClassTable":
        """Return the table with a value to ignore, which is no class any more if it was one."""
        kept = tuple(c for c in self.classes if c.value != value or value == 0)
        return ClassTable(kept, value)

    def with_class(self, row: LabelClass) -> "ClassTable":
        """Return the table with a class, instead of the one of that value if there is one."""
        rows = {c.value: c for c in self.classes} | {row.value: row}
        return ClassTable(tuple(rows[value] for value in sorted(rows)), self.ignore)

    def without(self, value: int) -> "ClassTable":
        """Return the table without a class; background stays."""
        kept = tuple(c for c in self.classes if c.value != value or value == 0)
        return ClassTable(kept, self.ignore)

    def with_values(
        self, values: Iterable[int], otherwise: "ClassTable | None" = None
    ) -> "ClassTable":
        """Return the table with a class for each value; rows that it lacks come from another."""
        rows = {} if otherwise is None else {c.value: c for c in otherwise.foreground}
        table, known = self, {*self.values, self.ignore}
        for value in sorted(set(values) - known):
            table = table.with_class(rows.get(value) or ClassTable.found_in([value]).classes[1])
        return table

    @property
    def next_class(self) -> LabelClass:
        """An unnamed class of the lowest value that is free, in a colour of the palette."""
        taken = {*self.values, self.ignore}
        value = next(v for v in count(1) if v not in taken)
        used = {c.color.lower() for c in self.foreground}
        free = (color for color in PALETTE if color not in used)
        color = next(free, PALETTE[(value - 1) % len(PALETTE)])
        return LabelClass(value, f"class {value}", color)

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def values(self) -> tuple[int, ...]:
        """Label values, background first."""
        return tuple(c.value for c in self.classes)

    @property
    def foreground(self) -> tuple[LabelClass, ...]:
        """All classes but background."""
        return self.classes[1:]

    def to_indices(self, labels: NDArray[np.integer], where: str) -> NDArray[np.uint8]:
        """Return class indices ``0 … K-1`` for label values, `IGNORED` for the one to ignore.

        Parameters
        ----------
        labels : ndarray of int
            Label values.
        where : str
            Names the labels in the error, usually a file.

        Returns
        -------
        ndarray of uint8
            Same shape.

        Raises
        ------
        InputError
            A value is not in the table, or there are more classes than a byte counts.
        """
        if len(self) > IGNORED:
            raise InputError(
                f"The dataset has {len(self)} classes; {IGNORED} are the most, background "
                "included. Join some, or leave some out."
            )
        known = {c.value: c.name for c in self.classes}
        if self.ignore is not None:
            known[self.ignore] = "ignored"
        stray = np.setdiff1d(np.unique(labels), list(known))
        if stray.size:
            told = ", ".join(f"{value} {name}" for value, name in known.items())
            raise InputError(
                f"{where} holds the label value {stray[0]}, which is not a class of this dataset "
                f"({told}). Correct the labels or add the class."
            )
        indices = np.searchsorted(np.array(self.values), labels).astype(np.uint8)
        if self.ignore is not None:
            indices[labels == self.ignore] = IGNORED
        return indices

    def to_values(self, indices: NDArray[np.integer]) -> NDArray[np.int32]:
        """Return label values for class indices; the inverse of `to_indices`."""
        values = np.array(self.values, np.int32)
        if self.ignore is not None:
            values = np.append(values, np.full(IGNORED + 1 - len(self), self.ignore, np.int32))
        found: NDArray[np.int32] = values[indices]
        return found


def onehot(indices: NDArray[np.integer], n_classes: int) -> NDArray[np.bool_]:
    """Return a mask per class; a voxel that is `IGNORED` is in none.

    Parameters
    ----------
    indices : ndarray of int, shape (...)
        Class indices.
    n_classes : int
        K.

    Returns
    -------
    ndarray of bool, shape (K, ...)
    """
    shape = (n_classes,) + (1,) * indices.ndim
    masks: NDArray[np.bool_] = np.arange(n_classes, dtype=indices.dtype).reshape(shape) == indices
    return masks
