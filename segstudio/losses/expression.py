"""Sums of losses as a user types them: ``dice + 0.01*boundary, growing``. Imports no torch."""

import inspect
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from segstudio.core.errors import InputError, near_names
from segstudio.core.loss_maps import MapOptions
from segstudio.losses.card import Card
from segstudio.losses.registry import card, module_of

Schedule = Literal["constant", "growing", "rebalancing"]

MOST = 0.99  # what rebalancing leaves the first loss is never nothing
# What an option has to be at least; 0 where nothing is said. With a power below 1 the gradient at a
# sure voxel is infinite, and without an ε so is that of a perfect or an empty mask.
LEAST = {"gamma": 1.0, "epsilon": 1e-9}
_TERM = re.compile(
    r"(?:(?P<weight>\d+\.?\d*(?:e-?\d+)?|\.\d+)\s*\*\s*)?(?P<name>[a-z][a-z_-]*)"
    r"\s*(?:\((?P<options>[^()]*)\))?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Part:
    """One loss of a sum.

    Attributes
    ----------
    name : str
        Of the registry.
    weight : float
        What it is multiplied with.
    options : mapping
        Keyword arguments of its function that differ from their defaults.
    """

    name: str
    weight: float = 1.0
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The loss as typed, without its weight."""
        options = ", ".join(f"{k}={v}" for k, v in self.options.items())
        return f"{self.name}({options})" if options else self.name


@dataclass(frozen=True)
class LossExpression:
    """A loss, or a weighted sum of several.

    Attributes
    ----------
    parts : tuple of Part
        At least one.
    schedule : {'constant', 'growing', 'rebalancing'}
        How the weights after the first go with the epochs e = 1, 2, …: as they are; times e; or
        times e up to 0.99 in all, while the first has 1 minus that.
    """

    parts: tuple[Part, ...]
    schedule: Schedule = "constant"

    def weights(self, epoch: int) -> tuple[float, ...]:
        """Return the weight of every part in an epoch, counted from 1."""
        first, *rest = (part.weight for part in self.parts)
        if self.schedule == "constant":
            return (first, *rest)
        grown = [epoch * weight for weight in rest]
        if self.schedule == "growing":
            return (first, *grown)
        total = sum(grown)
        shrink = min(1.0, MOST / total) if total else 1.0
        return (first * (1 - total * shrink), *(weight * shrink for weight in grown))

    @property
    def cards(self) -> tuple[Card, ...]:
        """The card of every part."""
        return tuple(card(part.name) for part in self.parts)

    @property
    def maps(self) -> MapOptions | None:
        """The maps that all parts are given by default: those of the first that needs any."""
        return next((c.maps for c in self.cards if c.maps), None)

    @property
    def needs_frequencies(self) -> bool:
        """Whether any part needs the shares of the classes."""
        return any(c.needs_frequencies for c in self.cards)

    @property
    def learning_rate(self) -> float:
        """The step size of the most careful of its parts."""
        return min(c.learning_rate for c in self.cards)


def parse_loss(text: str) -> LossExpression:
    """Return what a user typed as a loss.

    Parameters
    ----------
    text : str
        A name of the registry; with options, ``tversky(alpha=0.2, beta=0.8)``; a sum of such,
        each with a weight in front, ``dice + 0.01*boundary``; at its end, after a comma, how the
        weights go with the epochs: ``constant``, ``growing`` or ``rebalancing``.

    Raises
    ------
    InputError
        A loss, an option or a schedule is unknown, an option has a value it cannot have, or the
        text is not of this form.
    """
    body, schedule = _without_schedule(text)
    # A plus inside parentheses belongs to an option.
    parts = [_part(term.strip(), text) for term in re.split(r"\+(?![^()]*\))", body)]
    if len(parts) == 1 and schedule != "constant":
        raise InputError(f"'{text}' has one loss only: there is nothing to weigh it against.")
    labels = [part.label for part in parts]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice:
        raise InputError(f"'{text}' names '{twice}' twice. Add up its weights instead.")
    return LossExpression(tuple(parts), schedule)


def _without_schedule(text: str) -> tuple[str, Schedule]:
    """Return an expression cut at the comma that is in no parentheses."""
    outside = re.sub(r"\([^()]*\)", lambda m: " " * len(m.group()), text)
    at = outside.find(",")
    if at < 0:
        return text, "constant"
    word = text[at + 1 :].strip()
    if word not in get_args(Schedule):
        raise InputError(f"There is no schedule '{word}'. {near_names(word, get_args(Schedule))}")
    schedule: Schedule = word  # type: ignore[assignment]
    return text[:at], schedule


def _part(term: str, text: str) -> Part:
    found = _TERM.fullmatch(term)
    if found is None:
        raise InputError(
            f"'{text}' is not a loss: '{term}' cannot be read. Give a name, or a sum like "
            "'dice + 0.01*boundary'."
        )
    name, weight = found["name"], float(found["weight"] or 1.0)
    if not math.isfinite(weight):
        raise InputError(f"The weight of '{name}' in '{text}' is too large to be a number.")
    allowed, options = options_of(name), {}
    for pair in filter(None, (p.strip() for p in (found["options"] or "").split(","))):
        key, _, value = (p.strip() for p in pair.partition("="))
        if key in options:
            raise InputError(f"'{text}' gives the option {key} of '{name}' twice.")
        options[key] = _value(name, key, value, allowed)
    return Part(name, weight, options)


def options_of(name: str) -> dict[str, inspect.Parameter]:
    """Return the options of a loss, with their types and defaults."""
    parameters = inspect.signature(module_of(name).loss).parameters.values()
    return {p.name: p for p in parameters if p.kind is p.KEYWORD_ONLY}


def _value(name: str, key: str, text: str, allowed: Mapping[str, inspect.Parameter]) -> Any:
    """Return an option's value, which is a word, a switch or a number."""
    if key not in allowed:
        hint = near_names(key, allowed) if allowed else "It has none."
        raise InputError(f"The loss '{name}' has no option '{key}'. {hint}")
    kind = allowed[key].annotation
    known = ("true", "false") if kind is bool else get_args(kind)
    if known:
        if text not in known:
            choices = " or ".join(f"'{k}'" for k in known)
            raise InputError(f"The option {key} of '{name}' is {choices}, not '{text}'.")
        return text == "true" if kind is bool else text
    least = LEAST.get(key, 0.0)
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not least <= number < math.inf:
        raise InputError(
            f"The option {key} of '{name}' is a number from {least:g} up, not '{text}'."
        )
    return number
