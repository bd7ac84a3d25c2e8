"""Which classes a loss looks at, and what it sums over before it divides."""

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

Classes = Literal["all", "foreground"]
Reduction = Literal["sample", "class", "one"]


def chosen(per_class: "Tensor", classes: Classes) -> "Tensor":
    """Return the classes asked for of a tensor ``(N, K, ...)``; class 0 is background."""
    return per_class if classes == "all" else per_class[:, 1:]


def axes_of(per_class: "Tensor", reduction: Reduction) -> tuple[int, ...]:
    """Return the axes of a tensor ``(N, K, ...)`` to sum over.

    Parameters
    ----------
    per_class : Tensor, shape (N, K, ...)
    reduction : {'sample', 'class', 'one'}
        ``'sample'`` leaves a number for each sample and class ``(N, K)``, ``'class'`` one for
        each class over the batch ``(K,)``, ``'one'`` a single one.
    """
    space = tuple(range(2, per_class.ndim))
    return {"sample": space, "class": (0, *space), "one": (0, 1, *space)}[reduction]
