"""A training's state to and from disk. Loading runs no code from the file."""

from io import BytesIO
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from segstudio.core.errors import InputError
from segstudio.data.atomic import written

State = dict[str, Any]
# What torch raises for files of various damage; OSError where it seeks before their start.
_DAMAGE = (
    RuntimeError,
    UnpicklingError,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    OSError,
)


def save_checkpoint(path: Path, state: State) -> None:
    """Write a state of tensors and plain values; an older one is replaced whole."""
    # Into memory first: torch tells a full disk as an inner error of its own.
    whole = BytesIO()
    torch.save(state, whole)
    with written(path, overwrite=True) as temporary:
        temporary.write_bytes(whole.getbuffer())


def load_checkpoint(path: Path) -> State:
    """Return a checkpoint's state, its tensors on the CPU.

    Raises
    ------
    InputError
        The file is missing, damaged, or holds anything but tensors and plain values.
    """
    if not path.is_file():
        raise InputError(f"There is no checkpoint '{path}'. Was the run stopped before its start?")
    whole = BytesIO(path.read_bytes())
    try:
        state = torch.load(whole, map_location="cpu", weights_only=True)
    except _DAMAGE as error:
        raise InputError(_damaged(path)) from error
    if not isinstance(state, dict) or not isinstance(state.get("model"), dict):
        raise InputError(_damaged(path))
    return state


def load_training_state(path: Path) -> State:
    """Return a checkpoint that a training can go on from; `InputError` as `load_checkpoint`."""
    state = load_checkpoint(path)
    if not all(isinstance(state.get(part), dict) for part in ("optimizer", "progress")):
        raise InputError(_damaged(path))
    return state


def load_weights(model: Any, state: State, path: Path) -> None:
    """Give a model the weights of a checkpoint read from `path`.

    Raises
    ------
    InputError
        The weights are those of another network.
    """
    try:
        model.load_state_dict(state["model"])
    except RuntimeError as error:
        raise InputError(
            f"The checkpoint '{path}' does not fit the network that the run's config.toml "
            "describes. Restore the config.toml that it was trained with."
        ) from error


def _damaged(path: Path) -> str:
    return f"The checkpoint '{path}' is damaged or not one of this program. Train the run again."
