"""Train, validation and test, by patient."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from segstudio.core.errors import InputError
from segstudio.data.datasets import Case

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


def split_by_patient(cases: Sequence[Case], seed: int) -> Split:
    """Return a seeded split in which a patient's cases stay together.

    A dataset's own test side is kept where it has one. Else a quarter of the patients are test.
    Of the rest 15 % are validation. Each side gets one patient at least.

    Parameters
    ----------
    cases : sequence of Case
        Labelled cases.
    seed : int
        Same seed, same split.

    Raises
    ------
    InputError
        Too few patients for the three sides.
    """
    official = {c.patient for c in cases if c.official_split == "test"}
    patients = sorted({c.patient for c in cases})
    left, needed = len(set(patients) - official), 2 if official else 3
    if left < needed:
        where = " outside its own test side" if official else ""
        raise InputError(
            f"This training set has {left} patient(s) with labels{where}; {needed} are needed, so "
            "that training, validation and test share none. Add patients with labels."
        )
    rng = np.random.default_rng(seed)
    rest = [patients[i] for i in rng.permutation(len(patients)) if patients[i] not in official]
    n_test = 0 if official else max(1, round(TEST_FRACTION * len(rest)))
    test, rest = official or set(rest[:n_test]), rest[n_test:]
    n_validation = max(1, round(VALIDATION_FRACTION * len(rest)))
    validation = set(rest[:n_validation])

    def names(chosen: set[str]) -> tuple[str, ...]:
        return tuple(c.name for c in cases if c.patient in chosen)

    return Split(names(set(rest[n_validation:])), names(validation), names(set(test)))
