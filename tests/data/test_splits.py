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
