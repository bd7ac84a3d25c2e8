"""Train, validation and test, by patient."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from segstudio.core.errors import InputError
from segstudio.data.datasets import Case

SplitKind = Literal["three-way", "two-way", "none"]
Presence = Mapping[str, frozenset[int]]

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


def split_by_patient(
    cases: Sequence[Case],
    seed: int,
    how: SplitKind = "three-way",
    *,
    presence: Presence | None = None,
    fold: tuple[int, int] | None = None,
) -> Split:
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
        remembers these cases, and nothing about others. With folds each is once the test side,
        and all other cases train: leave-one-out, where there are too few to validate on.
    presence : mapping of str to frozenset of int, optional
        The label values in each case, by its name. Patients with the same classes are then
        parted in the same proportions: a rare class comes to lie on every side, where it can.
    fold : (int, int), optional
        Which of how many parts of the patients, from 0, is the test side; with ``'two-way'``, or
        where the dataset has a test side of its own, the validation side. All folds together
        hold every patient once.

    Raises
    ------
    InputError
        Too few patients for the sides.
    """
    own_test = {c.patient for c in cases if c.official_split == "test"}
    patients = sorted({c.patient for c in cases})
    _expect_enough(len(set(patients) - own_test), how, has_test=bool(own_test), fold=fold)
    rng = np.random.default_rng(seed)
    rest = [patients[i] for i in rng.permutation(len(patients)) if patients[i] not in own_test]
    kinds = _kinds(cases, presence or {})
    part = _fold(rest, kinds, *fold) if fold else None
    test = own_test
    if not own_test and how == "three-way":
        test, part = part or _part(rest, TEST_FRACTION, kinds), None
    elif how == "none" and fold:
        if own_test:
            raise InputError(
                "This dataset has a test side of its own: with the split 'none' all folds would "
                "train on the same cases. Leave the folds out."
            )
        test = part or set()
    train = left = [p for p in rest if p not in test]
    validation = set(left)
    if how != "none":
        validation = part or _part(left, VALIDATION_FRACTION, kinds)
        train = [p for p in left if p not in validation]

    if not train:
        raise InputError(
            f"With {len(rest)} patient(s) with labels this split leaves none to train on. Choose "
            "more folds or another split, or add patients."
        )

    def names(chosen: Collection[str]) -> tuple[str, ...]:
        return tuple(c.name for c in cases if c.patient in chosen)

    return Split(names(train), names(validation), names(test))


def _kinds(cases: Sequence[Case], presence: Presence) -> dict[str, frozenset[int]]:
    """Return for each patient the classes of all cases together."""
    kinds: dict[str, frozenset[int]] = {}
    for case in cases:
        here = presence.get(case.name, frozenset())
        kinds[case.patient] = kinds.get(case.patient, frozenset()) | here
    return kinds


def _part(patients: Sequence[str], share: float, kinds: Mapping[str, frozenset[int]]) -> set[str]:
    """Return the first of the patients of each kind, in proportion; one in all at least."""
    wanted = max(1, round(share * len(patients)))
    groups: dict[frozenset[int], list[str]] = {}
    for patient in patients:
        groups.setdefault(kinds[patient], []).append(patient)
    exact = {kind: wanted * len(group) / len(patients) for kind, group in groups.items()}
    taken = {kind: int(number) for kind, number in exact.items()}
    # What rounding down left over goes to the kinds that lost most by it; where there are fewer
    # than kinds, to those of most classes, if that leaves one of their patients elsewhere.
    is_few = wanted < len(groups)
    by_loss = sorted(groups, key=lambda kind: taken[kind] - exact[kind])
    by_classes = sorted(groups, key=lambda kind: (len(groups[kind]) < 2, -len(kind)))
    order = by_classes if is_few else by_loss
    for kind in order[: wanted - sum(taken.values())]:
        taken[kind] += 1
    return {patient for kind, group in groups.items() for patient in group[: taken[kind]]}


def _fold(
    patients: Sequence[str], kinds: Mapping[str, frozenset[int]], fold: int, folds: int
) -> set[str]:
    """Return one of several parts: patients are dealt out kind by kind, like cards."""
    order: dict[frozenset[int], int] = {}
    for patient in patients:
        order.setdefault(kinds[patient], len(order))
    dealt = sorted(patients, key=lambda patient: order[kinds[patient]])
    return set(dealt[fold::folds])


def _expect_enough(
    patients: int, how: SplitKind, *, has_test: bool, fold: tuple[int, int] | None
) -> None:
    """Refuse fewer patients than a split needs, naming the splits that do with fewer."""
    if fold is not None and fold[1] < 2:
        raise InputError("Two folds are the least: with one, nothing is left to train on.")
    least = 2 if how == "none" else 3
    if fold is not None and patients < max(fold[1], least):
        raise InputError(
            f"{patients} patient(s) with labels cannot be parted into {fold[1]} folds that leave "
            "some to train on. Choose fewer folds, or add patients."
        )
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
