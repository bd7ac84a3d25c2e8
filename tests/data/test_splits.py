from dataclasses import replace
from pathlib import Path

import pytest

from segstudio.core.errors import InputError
from segstudio.data.datasets import Case
from segstudio.data.splits import Split, SplitKind, split_by_patient


def cases(patients: int, side: str | None = None, first: int = 0) -> list[Case]:
    """Two cases of every patient."""
    return [
        Case(f"p{i}_{frame}", f"p{i}", Path(f"p{i}_{frame}.nii"), None, side)
        for i in range(first, first + patients)
        for frame in ("ed", "es")
    ]


def patients_of(split: Split) -> dict[str, set[str]]:
    return {k: {n.split("_")[0] for n in names} for k, names in split.as_dict().items()}


@pytest.mark.parametrize(
    ("patients", "sizes"),
    [
        # test: round(n / 4), validation: round(0.15 · rest); each side one at least.
        (3, (1, 1, 1)),
        (4, (2, 1, 1)),
        (20, (13, 2, 5)),
        (100, (64, 11, 25)),
    ],
)
def test_a_quarter_of_the_patients_is_test_and_15_percent_of_the_rest_validation(
    patients: int, sizes: tuple[int, int, int]
) -> None:
    sides = patients_of(split_by_patient(cases(patients), seed=0))
    assert tuple(len(sides[k]) for k in ("train", "validation", "test")) == sizes


@pytest.mark.parametrize("seed", range(5))
def test_every_case_is_on_one_side_and_no_patient_on_two(seed: int) -> None:
    split = split_by_patient(cases(11), seed)
    names = [*split.train, *split.validation, *split.test]
    assert sorted(names) == sorted(c.name for c in cases(11))
    assert sum(len(side) for side in patients_of(split).values()) == 11


def test_a_seed_names_one_split() -> None:
    assert split_by_patient(cases(20), 3) == split_by_patient(cases(20), 3)
    assert split_by_patient(cases(20), 3) != split_by_patient(cases(20), 4)


def test_the_order_of_the_cases_does_not_matter() -> None:
    turned = split_by_patient(cases(20)[::-1], 3)
    assert patients_of(turned) == patients_of(split_by_patient(cases(20), 3))


@pytest.mark.parametrize("seed", range(3))
def test_a_datasets_own_test_side_is_kept(seed: int) -> None:
    split = split_by_patient([*cases(20, "train"), *cases(3, "test", first=20)], seed)
    sides = patients_of(split)
    assert sides["test"] == {"p20", "p21", "p22"}
    assert (len(sides["train"]), len(sides["validation"])) == (17, 3)


@pytest.mark.parametrize("patients", [0, 1, 2])
def test_fewer_than_three_patients_are_refused(patients: int) -> None:
    with pytest.raises(InputError, match=rf"has {patients} patient\(s\).*; 3 are needed"):
        split_by_patient(cases(patients), seed=0)


def test_one_patient_outside_the_official_test_side_is_refused() -> None:
    told = r"has 1 patient\(s\) with labels outside its own test side; 2 are needed"
    with pytest.raises(InputError, match=told):
        split_by_patient([*cases(1), *cases(9, "test", first=1)], seed=0)


@pytest.mark.parametrize(("patients", "sizes"), [(2, (1, 1)), (4, (3, 1)), (20, (17, 3))])
def test_a_two_way_split_has_no_test_side(patients: int, sizes: tuple[int, int]) -> None:
    sides = patients_of(split_by_patient(cases(patients), seed=0, how="two-way"))
    assert (len(sides["train"]), len(sides["validation"])) == sizes
    assert sides["test"] == set()
    assert not sides["train"] & sides["validation"]


def test_without_a_split_every_case_trains_and_is_validated_on() -> None:
    split = split_by_patient(cases(1), seed=0, how="none")
    assert split == Split(("p0_ed", "p0_es"), ("p0_ed", "p0_es"), ())


@pytest.mark.parametrize(("how", "trained"), [("two-way", 4), ("none", 5)])
def test_a_datasets_own_test_side_is_kept_however_the_rest_is_split(
    how: SplitKind, trained: int
) -> None:
    sides = patients_of(split_by_patient([*cases(5), *cases(2, "test", first=5)], 0, how))
    assert sides["test"] == {"p5", "p6"}
    assert len(sides["train"]) == trained
    assert not sides["test"] & (sides["train"] | sides["validation"])


@pytest.mark.parametrize(
    ("how", "patients", "told"),
    [
        ("three-way", 2, r"3 are needed.*, or choose the split 'two-way' / 'none'\.$"),
        ("three-way", 1, r"3 are needed.*, or choose the split 'none'\.$"),
        ("two-way", 1, r"2 are needed.* validation share none.*, or choose the split 'none'\.$"),
        ("none", 0, r"has 0 patient\(s\).*; 1 is needed.* Add patients with labels\.$"),
    ],
)
def test_too_few_patients_are_told_which_splits_do_with_them(
    how: SplitKind, patients: int, told: str
) -> None:
    with pytest.raises(InputError, match=told):
        split_by_patient(cases(patients), seed=0, how=how)


def of_kinds(*counts: int) -> tuple[list[Case], dict[str, frozenset[int]]]:
    """So many patients of each kind; kind k has the classes 0 to k."""
    made = cases(sum(counts))
    kinds = [k for k, count in enumerate(counts) for _ in range(count)]
    presence = {c.name: frozenset(range(kinds[int(c.patient[1:])] + 1)) for c in made}
    return made, presence


def shares(names: tuple[str, ...], presence: dict[str, frozenset[int]]) -> list[int]:
    """How many of the cases hold class 0, 1 and 2."""
    return [sum(k in presence[name] for name in names) for k in range(3)]


@pytest.mark.parametrize("seed", range(10))
def test_every_side_gets_its_share_of_each_kind(seed: int) -> None:
    made, presence = of_kinds(12, 20, 8)
    split = split_by_patient(made, seed, presence=presence)
    # Of 40 patients 10 are test, and of them 8 / 40 hold class 2: two patients, four cases.
    assert shares(split.test, presence) == [20, 14, 4]
    assert shares(split.validation, presence)[0] == 2 * round(0.15 * 30)
    assert shares(split.validation, presence)[2] >= 2
    assert shares(split.train, presence)[2] >= 8


@pytest.mark.parametrize("seed", range(5))
def test_one_kind_of_patients_is_split_as_if_nothing_were_known(seed: int) -> None:
    made, presence = of_kinds(20)
    assert split_by_patient(made, seed, presence=presence) == split_by_patient(made, seed)


@pytest.mark.parametrize("how", ["three-way", "two-way"])
@pytest.mark.parametrize("folds", [2, 5])
def test_the_folds_hold_every_patient_once(how: SplitKind, folds: int) -> None:
    made, presence = of_kinds(7, 6)
    side = "test" if how == "three-way" else "validation"
    splits = [
        split_by_patient(made, 1, how, presence=presence, fold=(k, folds)) for k in range(folds)
    ]
    held = [getattr(split, side) for split in splits]
    assert sorted(name for names in held for name in names) == sorted(c.name for c in made)
    assert max(map(len, held)) - min(map(len, held)) <= 2
    for split in splits:
        assert sum(len(p) for p in patients_of(split).values()) == 13
        assert split.train
        assert split.validation
    rare = [shares(names, presence)[1] for names in held]
    assert max(rare) - min(rare) <= 2


def test_a_datasets_own_test_side_is_kept_by_every_fold() -> None:
    made = [*cases(8, "train"), *cases(2, "test", first=8)]
    splits = [split_by_patient(made, 0, fold=(k, 4)) for k in range(4)]
    assert {split.test for split in splits} == {("p8_ed", "p8_es", "p9_ed", "p9_es")}
    assert len({name for split in splits for name in split.validation}) == 16


def test_more_folds_than_patients_are_refused() -> None:
    with pytest.raises(InputError, match="5 folds"):
        split_by_patient(cases(4), 0, fold=(0, 5))


def test_folds_that_leave_none_to_train_on_are_refused() -> None:
    with pytest.raises(InputError, match="none to train on"):
        split_by_patient(cases(3), 0, fold=(0, 2))
    with pytest.raises(InputError, match="Two folds are the least"):
        split_by_patient(cases(5), 0, fold=(0, 1))


@pytest.mark.parametrize("seed", range(5))
def test_the_only_patient_of_a_side_is_one_of_most_classes(seed: int) -> None:
    made, presence = of_kinds(0, 8, 4)
    split = split_by_patient(made, seed, presence=presence)
    assert len(patients_of(split)["validation"]) == 1
    for names in split.as_dict().values():
        assert shares(names, presence)[2] > 0


def test_folds_with_no_validation_leave_each_patient_out_once() -> None:
    splits = [split_by_patient(cases(3), seed=0, how="none", fold=(k, 3)) for k in range(3)]
    names = {c.name for c in cases(3)}

    assert sorted(name for split in splits for name in split.test) == sorted(names)
    for split in splits:
        assert set(split.train) == names - set(split.test)
        assert split.validation == split.train


def test_two_patients_may_be_left_out_in_turn_and_one_may_not() -> None:
    assert split_by_patient(cases(2), seed=0, how="none", fold=(0, 2)).train
    with pytest.raises(InputError, match="cannot be parted into 2 folds"):
        split_by_patient(cases(1), seed=0, how="none", fold=(0, 2))


def test_folds_without_validation_need_a_dataset_without_a_test_side() -> None:
    own = [replace(c, official_split="test") if i == 0 else c for i, c in enumerate(cases(4))]
    with pytest.raises(InputError, match="train on the same cases"):
        split_by_patient(own, seed=0, how="none", fold=(0, 3))
