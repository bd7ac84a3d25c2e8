"""Compiles the kernels that the losses use, or loads them from numba's cache."""

import torch

from segstudio.core.distance import warm_up as warm_up_distance
from segstudio.losses.criterion import Criterion
from segstudio.losses.target import Target

COMPILED = "modified-boundary + boundary-aware"  # together they use every kernel


def warm_up() -> None:
    """Make the first step of a training as quick as the next.

    Compiling takes seconds and holds the GIL, loading a fraction of one: done when the program is
    set up and, in a thread, when its window opens, it is not done while somebody works.
    """
    warm_up_distance()
    labels = torch.eye(4, dtype=torch.int64)[None]
    onehot = torch.nn.functional.one_hot(labels, 2).movedim(-1, 1).float()
    target = Target(labels, onehot, 1 - 2 * onehot)
    logits = torch.zeros(1, 2, 4, 4, requires_grad=True)
    loss, _ = Criterion(COMPILED)(logits, target)
    torch.autograd.grad(loss, logits)
