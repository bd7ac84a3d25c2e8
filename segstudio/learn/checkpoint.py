"""A training's state to and from disk. Loading runs no code from the file."""

from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from segstudio.core.errors import InputError
from segstudio.data.atomic import written

State = dict[str, Any]


def save_checkpoint(path: Path, state: State) -> None:
    """Write a state of tensors and plain values; an older one is replaced whole."""
    with written(path, overwrite=True) as temporary:
        torch.save(state, temporary)


def load_checkpoint(path: Path) -> State:
    """Return a checkpoint's state, its tensors on the CPU.

    Raises
    ------
    InputError
        The file is missing, damaged, or holds anything but tensors and plain values.
    """
    if not path.is_file():
        raise InputError(f"There is no checkpoint '{path}'. Was the run stopped before its start?")
    try:
        state: State = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, UnpicklingError, EOFError, KeyError, ValueError) as error:
        raise InputError(
            f"The checkpoint '{path}' is damaged or not one of this program."
        ) from error
    return state
