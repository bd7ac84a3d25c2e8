"""What a comparison compares: losses, each with settings of its own if need be, seeds and folds."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from segstudio.core.errors import InputError, near_names
from segstudio.learn.config import TrainConfig, make_config, read_settings, sentence_of
from segstudio.learn.presets import packaged_files
from segstudio.losses.expression import parse_loss

LONGEST = 100  # letters of a folder's name, before seed and fold
# What a candidate may not set, so that all meet the same patients and labels; and what no setting
# may, because the plan has its own word for it.
SHARED = frozenset({"split", "split_seed", "stratify", "ignore_label", "skip_unlabelled"})
OF_PLAN = frozenset({"loss", "folds", "fold"})

_KEEP = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Candidate(BaseModel):
    """A loss that is compared with others; frozen, checked."""

    model_config = _KEEP

    loss: str = Field(description="As a training names it.")
    name: str = Field("", description="What the table calls it; left out, the loss.")
    settings: dict[str, Any] = Field(
        default_factory=dict, description="In which its trainings differ from the others'."
    )
    seeds: int | None = Field(None, ge=1, description="Trainings; left out, as many as of all.")

    def __hash__(self) -> int:
        return hash((self.title, self.loss))

    @property
    def title(self) -> str:
        """What the table calls it."""
        return self.name or self.loss

    @property
    def folder(self) -> str:
        """Its title, as the name of a folder."""
        words = re.sub(r"[^\w.]+", "-", self.title).strip("-_.")
        if 0 < len(words) <= LONGEST:
            return words
        return f"{words[:LONGEST]}-{sha256(self.title.encode()).hexdigest()[:8]}".lstrip("-")


@dataclass(frozen=True)
class Part:
    """One training of a comparison.

    Attributes
    ----------
    candidate : Candidate
        What is trained.
    seed : int
        Of the weights, the order and the augmentation.
    fold : int or None
        Which of the folds; None where there are none.
    """

    candidate: Candidate
    seed: int
    fold: int | None = None

    @property
    def name(self) -> str:
        """The name of its folder; no two parts of a plan have the same."""
        fold = "" if self.fold is None else f"_fold{self.fold}"
        return f"{self.candidate.folder}_seed{self.seed}{fold}"


class Plan(BaseModel):
    """What is compared, and how; frozen, checked, readable without torch."""

    model_config = _KEEP

    about: str = Field("", description="What it is to show.")
    seeds: int = Field(1, ge=1, description="Trainings of each candidate, from seed 0 on.")
    folds: int | None = Field(
        None, ge=2, description="Parts of a cross-validation, each its own test side."
    )
    settings: dict[str, Any] = Field(
        default_factory=dict, description="Of all trainings, as in a settings file."
    )
    candidates: tuple[Candidate, ...] = Field(alias="compare", min_length=1)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for candidate in self.candidates:
            parse_loss(candidate.loss)  # first: an unknown loss is what is wrong with its name
        titles = [candidate.title for candidate in self.candidates]
        if len(set(titles)) < len(titles):
            raise InputError("A loss is named twice. Name each once; --seeds trains it again.")
        # Windows and macOS take large and small letters for the same.
        if len({candidate.folder.casefold() for candidate in self.candidates}) < len(titles):
            raise InputError("Two losses differ only in signs that no folder's name can hold.")
        self._expect_own_settings()
        if self.base.split == "two-way" or (self.base.split == "none" and not self.folds):
            raise InputError(
                "Losses are compared on a test side: the split must be 'three-way', or 'none' with "
                "folds."
            )
        for part in self.parts:
            self.config_of(part)
        return self

    def _expect_own_settings(self) -> None:
        """Refuse settings that would make parts differ in what they are compared on."""
        for name in OF_PLAN & set(self.settings):
            raise InputError(
                f"The setting '{name}' is no setting of a comparison: it has losses and folds of "
                "its own. Leave it out."
            )
        for candidate in self.candidates:
            for name in (OF_PLAN | SHARED | {"seed"}) & set(candidate.settings):
                raise InputError(
                    f"'{candidate.title}' sets {name}, which all must share, or they would not "
                    "compare. Set it for all, or leave it out."
                )

    @property
    def base(self) -> TrainConfig:
        """The settings that all trainings share."""
        return make_config(**self.settings)

    @property
    def titles(self) -> tuple[str, ...]:
        """What the rows of the table are called, in its order."""
        return tuple(candidate.title for candidate in self.candidates)

    @property
    def parts(self) -> tuple[Part, ...]:
        """All parts; those of one seed and fold together, so that losses soon compare."""
        folds: Sequence[int | None] = range(self.folds) if self.folds else (None,)
        most = max(candidate.seeds or self.seeds for candidate in self.candidates)
        return tuple(
            Part(candidate, seed, fold)
            for seed in range(most)
            for fold in folds
            for candidate in self.candidates
            if seed < (candidate.seeds or self.seeds)
        )

    def seeds_of(self, title: str) -> int:
        """Return how many trainings a candidate has of each fold; 0 where it is none of these."""
        found = next((c for c in self.candidates if c.title == title), None)
        return (found.seeds or self.seeds) if found else 0

    def as_told(self) -> dict[str, Any]:
        """Return what `make_plan` makes this plan of, as JSON knows it."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)

    def config_of(self, part: Part) -> TrainConfig:
        """Return the settings of a part: those of all, but for its candidate's, seed and fold.

        The split is that of one seed for all, so that every candidate and seed meets the same
        patients; what a loss brings of its own, step size and maps, it brings. One thread, where
        nothing else is said: another number rounds otherwise, and parts may run side by side.
        """
        own, base = part.candidate.settings, self.base
        settings = {"threads": 1} | self.settings | own
        settings |= {"loss": part.candidate.loss, "seed": part.seed}
        settings["split_seed"] = base.seed if base.split_seed is None else base.split_seed
        if self.folds:
            settings |= {"folds": self.folds, "fold": part.fold}
        return make_config(**settings)


def make_plan(told: Mapping[str, Any]) -> Plan:
    """Return a checked plan.

    Raises
    ------
    InputError
        A loss or setting is unknown or out of range, or a loss is named twice.
    """
    try:
        return Plan.model_validate(told)
    except ValidationError as error:
        raise InputError(sentence_of(error, Plan.model_fields)) from error


def united(own: Plan, asked: Plan) -> Plan:
    """Return a plan that goes on with another of the same settings.

    Parameters
    ----------
    own : Plan
        Its candidates come first; none is lost.
    asked : Plan
        Its further candidates follow; one that both have gets the more seeds of the two.

    Raises
    ------
    InputError
        The candidates of both cannot be in one plan.
    """
    seeds = max(own.seeds, asked.seeds)
    further = [c for c in asked.candidates if c.title not in own.titles]
    candidates = []
    for candidate in (*own.candidates, *further):
        told = candidate.model_dump(mode="json", exclude_unset=True, exclude={"seeds"})
        most = max(own.seeds_of(candidate.title), asked.seeds_of(candidate.title))
        candidates.append(told if most == seeds else told | {"seeds": most})
    told = asked.as_told() | {"seeds": seeds, "compare": candidates}
    return make_plan(told | {"about": asked.about or own.about})


def losses_alone(losses: Sequence[str]) -> dict[str, Any]:
    """Return a plan, unchecked, that compares losses with nothing of their own."""
    return {"compare": [{"loss": loss} for loss in losses]}


def changed(
    told: Mapping[str, Any], settings: Mapping[str, Any], seeds: int | None, folds: int | None
) -> dict[str, Any]:
    """Return a plan, unchecked, with other settings in the place of its own.

    Parameters
    ----------
    told : mapping
        The plan.
    settings : mapping
        They hold for all: candidates lose what they set of them.
    seeds, folds : int, optional
        They hold for all candidates too.
    """
    plan: dict[str, Any] = {**told, "settings": {**told.get("settings", {}), **settings}}
    lost = set(settings)
    candidates = []
    for candidate in told.get("compare", ()):
        own = {k: v for k, v in candidate.get("settings", {}).items() if k not in lost}
        kept = {k: v for k, v in candidate.items() if k != "settings"}
        candidates.append(kept | ({"settings": own} if own else {}))
        if seeds is not None:
            candidates[-1].pop("seeds", None)
    given = {"compare": candidates, "seeds": seeds, "folds": folds}
    return plan | {key: value for key, value in given.items() if value is not None}


def read_plan(name: str) -> dict[str, Any]:
    """Return a plan, unchecked: one in ``resources/studies`` by name, or any TOML file.

    Raises
    ------
    InputError
        There is none, or it is not TOML.
    """
    files = packaged_files("studies")
    if name not in files and not Path(name).suffix:
        raise InputError(f"There is no study '{name}'. {near_names(name, files)}")
    return read_settings(files.get(name, Path(name)))
