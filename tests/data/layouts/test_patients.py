"""Whose cases they are: no patient may come to lie on two sides of a split."""

from pathlib import Path

import pytest

from segstudio.data.cases import Case
from segstudio.data.layouts.patients import by_patient, patient_of


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("patient001_frame09", "patient001"),
        ("patient001_frame01_slice_3", "patient001"),
        ("sub-01_ses-02", "sub-01"),
        ("P7_visit2", "P7"),
        ("P7_ED", "P7"),
        ("P7_t03", "P7"),
        ("p0/visit0", "p0"),
        ("anna/2019-03-07/flair", "anna"),
        ("Utrecht/12", "Utrecht/12"),
        ("A_slice_4", "A"),
        # Numbers of patients, not of their visits.
        ("BRATS_001", "BRATS_001"),
        ("ct_scan_1", "ct_scan_1"),
        ("hippocampus_003", "hippocampus_003"),
        ("case12", "case12"),
        ("slice_3", "slice_3"),
    ],
)
def test_a_patient_is_told_by_a_cases_name(name: str, patient: str) -> None:
    assert patient_of(name) == patient


def cases(*names: str, patient: str = "") -> list[Case]:
    return [Case(n, patient or n, Path(f"{n}.nii"), None) for n in names]


def test_cases_of_one_patient_are_grouped_and_that_is_said() -> None:
    grouped, (note,) = by_patient(cases("p1_frame01", "p1_frame12", "p2_frame01", "p2_frame10"))
    assert [c.patient for c in grouped] == ["p1", "p1", "p2", "p2"]
    assert "4 cases are taken for those of 2 patients" in note
    assert "'p1_frame01' and 'p1_frame12' are of 'p1'" in note


def test_what_a_layout_knows_is_kept() -> None:
    grouped, notes = by_patient(cases("p1_frame01", "p1_frame12", patient="anna"))
    assert {c.patient for c in grouped} == {"anna"}
    assert notes == []


def test_cases_without_a_common_patient_say_nothing() -> None:
    grouped, notes = by_patient(cases("BRATS_001", "BRATS_002"))
    assert [c.patient for c in grouped] == ["BRATS_001", "BRATS_002"]
    assert notes == []
