"""Train, validation and test, by patient."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from segstudio.core.errors import InputError
from segstudio.data.datasets import Case

SplitKind = Literal["three-way", "two-way", "none"]

TEST_FRACTION = 0.25
VALIDATION_FRACTION = 0.15


@dataclass(frozen=True)
class Split:
    """Case names on each side. Validation chooses the epoch; test is touched once, at the end."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    def as_dict(self) -> dict[str, tuple[str, ...]]:
        """Return ``{side: case names}``."""
        return asdict(self)


def split_by_patient(cases: Sequence[Case], seed: int, how: SplitKind = "three-way") -> Split:
    """Return a seeded split in which a patient's cases stay together.

    A dataset's own test side is kept where it has one, however the rest is split.

    Parameters
    ----------
    cases : sequence of Case
        Labelled cases.
    seed : int
        Same seed, same split.
    how : {'three-way', 'two-way', 'none'}
        ``'three-way'``: a quarter of the patients is test, 15 % of the rest validation, and each
        side gets one patient at least. ``'two-way'``: the same without a test side; the scores of
        the validation side then flatter, as they chose the epoch. ``'none'``: every case trains
        and is validated on too. Its scores are training scores: they say how well the network
        remembers these cases, and nothing about others.

    Raises
    ------
    InputError
        Too few patients for the sides.
    """
    own_test = {c.patient for c in cases if c.official_split == "test"}
    patients = sorted({c.patient for c in cases})
    _expect_enough(len(set(patients) - own_test), how, has_test=bool(own_test))
    rng = np.random.default_rng(seed)
    rest = [patients[i] for i in rng.permutation(len(patients)) if patients[i] not in own_test]
    if how == "none":
        train = validation = set(rest)
        test = own_test
    else:
        makes_test = how == "three-way" and not own_test
        n_test = max(1, round(TEST_FRACTION * len(rest))) if makes_test else 0
        test, rest = own_test or set(rest[:n_test]), rest[n_test:]
        n_validation = max(1, round(VALIDATION_FRACTION * len(rest)))
        validation, train = set(rest[:n_validation]), set(rest[n_validation:])

    def names(chosen: set[str]) -> tuple[str, ...]:
        return tuple(c.name for c in cases if c.patient in chosen)

    return Split(names(train), names(validation), names(test))


def _expect_enough(patients: int, how: SplitKind, *, has_test: bool) -> None:
    """Refuse fewer patients than a split needs, naming the splits that do with fewer."""
    needed: dict[SplitKind, int] = {"three-way": 2 if has_test else 3, "two-way": 2, "none": 1}
    if patients >= needed[how]:
        return
    where = " outside its own test side" if has_test else ""
    sides = {1: "there is something to train on", 2: "training and validation share none"}
    reason = sides.get(needed[how], "training, validation and test share none")
    others = " / ".join(f"'{kind}'" for kind, least in needed.items() if least <= patients)
    choose = f", or choose the split {others}" if others else ""
    raise InputError(
        f"This training set has {patients} patient(s) with labels{where}; {needed[how]} "
        f"{'is' if needed[how] == 1 else 'are'} needed, so that {reason}. "
        f"Add patients with labels{choose}."
    )
