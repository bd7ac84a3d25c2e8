"""The losses by name. To add one: write its file, add its line here."""

from importlib import import_module
from types import ModuleType

from segstudio.core.errors import InputError, near_names
from segstudio.losses.card import Card

# Modules, not functions: a loss file holds a CARD and a `loss`, and imports no torch to be read.
LOSSES = {
    "modified-boundary": "segstudio.losses.modified_boundary",
    "modified-boundary-log": "segstudio.losses.modified_boundary_log",
    "modified-boundary-jaccard": "segstudio.losses.modified_boundary_jaccard",
    "modified-boundary-pointwise": "segstudio.losses.modified_boundary_pointwise",
    "boundary": "segstudio.losses.boundary",
    "dice": "segstudio.losses.dice",
    "generalised-dice": "segstudio.losses.generalised_dice",
    "tversky": "segstudio.losses.tversky",
    "focal-tversky": "segstudio.losses.focal_tversky",
    "cross-entropy": "segstudio.losses.cross_entropy",
    "weighted-cross-entropy": "segstudio.losses.weighted_cross_entropy",
    "focal": "segstudio.losses.focal",
    "hausdorff-dt": "segstudio.losses.hausdorff_dt",
    "boundary-aware": "segstudio.losses.boundary_aware",
}


def module_of(name: str) -> ModuleType:
    """Return the module of a loss.

    Raises
    ------
    InputError
        No loss has this name; the near ones are told.
    """
    if name not in LOSSES:
        raise InputError(f"There is no loss '{name}'. {near_names(name, LOSSES)}")
    return import_module(LOSSES[name])


def card(name: str) -> Card:
    """Return what a loss says of itself; imports no torch."""
    found: Card = module_of(name).CARD
    return found


def cards() -> list[Card]:
    """Return the cards of all losses, in the order they are offered."""
    return [card(name) for name in LOSSES]
