"""Classes: their names and colours, and the step between label values and class indices."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import InputError

# Okabe and Ito's palette: told apart by readers who do not see all colours.
PALETTE = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#0072b2", "#d55e00")


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
    """

    classes: tuple[LabelClass, ...]

    @classmethod
    def named(cls, names: dict[int, str]) -> "ClassTable":
        """Return a table from ``{value: name}``, background added, colours by value."""
        background = LabelClass(0, "background", "#000000")
        rows = (
            LabelClass(value, names[value], PALETTE[(value - 1) % len(PALETTE)])
            for value in sorted(set(names) - {0})
        )
        return cls((background, *rows))

    @classmethod
    def found_in(cls, values: Iterable[int]) -> "ClassTable":
        """Return a table of unnamed classes for the label values that occur."""
        return cls.named({v: f"class {v}" for v in values if v != 0})

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
        """Return class indices ``0 … K-1`` for label values.

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
            A value is not in the table.
        """
        values = np.array(self.values)
        found = np.unique(labels)
        stray = np.setdiff1d(found, values)
        if stray.size:
            known = ", ".join(f"{c.value} {c.name}" for c in self.classes)
            raise InputError(
                f"{where} holds the label value {stray[0]}, which is not a class of this dataset "
                f"({known}). Correct the labels or add the class."
            )
        return np.searchsorted(values, labels).astype(np.uint8)

    def to_values(self, indices: NDArray[np.integer]) -> NDArray[np.int32]:
        """Return label values for class indices; the inverse of `to_indices`."""
        values: NDArray[np.int32] = np.array(self.values, dtype=np.int32)[indices]
        return values


def onehot(indices: NDArray[np.integer], n_classes: int) -> NDArray[np.bool_]:
    """Return a mask per class.

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
