"""What is known of cases before they are opened, and what is wrong with them."""

from dataclasses import replace
from pathlib import Path

import pytest

from segstudio.data.datasets import Dataset, open_dataset
from segstudio.data.doctor import Diagnosis, Finding
from segstudio.data.headers import CaseHeader
from segstudio.session.case_facts import CaseFacts


@pytest.fixture
def dataset(hearts: Path) -> Dataset:
    return open_dataset(hearts)


def diagnosis(dataset: Dataset, *findings: Finding) -> Diagnosis:
    return Diagnosis(dataset, (), findings, (), ())


def test_nothing_known_is_no_badge(dataset: Dataset) -> None:
    assert CaseFacts().badge(dataset.cases[0], dataset) is None


def test_a_badge_has_the_worst_level_and_every_sentence_once(dataset: Dataset) -> None:
    case, facts = dataset.cases[0], CaseFacts()
    header = CaseHeader((1, 1, 1), (1, 1, 1), "mm", "Broken so.", ("Doubtful so.",))
    facts.note_headers({case.name: header})
    found = Finding("error", case.name, "Broken so.")
    facts.note_diagnosis(diagnosis(dataset, found, Finding("warning", case.name, "Odd.")))
    badge = facts.badge(case, dataset)

    assert badge.level == "error"
    assert badge.texts == ("Broken so.", "Doubtful so.", "Odd.")


def test_a_doubt_alone_is_a_warning(dataset: Dataset) -> None:
    case, facts = dataset.cases[0], CaseFacts()
    facts.note_headers({case.name: CaseHeader(doubts=("Doubtful so.",))})

    assert facts.badge(case, dataset).level == "warning"


def test_notes_of_the_doctor_and_findings_about_no_case_are_no_badges(dataset: Dataset) -> None:
    case, facts = dataset.cases[0], CaseFacts()
    of_case, of_all = Finding("note", case.name, "Well."), Finding("warning", "", "Few.")
    facts.note_diagnosis(diagnosis(dataset, of_case, of_all))

    assert facts.badge(case, dataset) is None


def test_a_note_of_the_dataset_that_names_a_case_is_its_badge(dataset: Dataset) -> None:
    first, second, *_ = dataset.cases
    noted = replace(dataset, notes=(f"'{first.image}' is odd.",))

    assert CaseFacts().badge(first, noted).texts == (f"'{first.image}' is odd.",)
    assert CaseFacts().badge(second, noted) is None


def test_labels_that_were_left_out_are_a_badge_until_they_are_shown(dataset: Dataset) -> None:
    case, facts = dataset.cases[0], CaseFacts()
    facts.note_left_out(case.name, "They hold a stray value.")
    assert facts.badge(case, dataset).texts == ("They hold a stray value.",)
    facts.note_left_out(case.name, "")

    assert facts.badge(case, dataset) is None


def test_other_labels_make_what_was_known_of_them_old(dataset: Dataset) -> None:
    case, facts = dataset.cases[0], CaseFacts()
    facts.note_headers({case.name: CaseHeader(problem="They do not fit.")})
    facts.note_present(case.name, (0, 2, 1))
    assert facts.present == {case.name: (1, 2)}
    facts.forget_labels(case.name)

    assert facts.badge(case, dataset) is None
    assert facts.present == {}


def test_each_new_fact_is_told_with_the_cases_it_is_about(dataset: Dataset) -> None:
    facts, told = CaseFacts(), []
    facts.changed.connect(told.append)
    facts.note_headers({"a": CaseHeader(), "b": CaseHeader()})
    facts.note_present("a", (1,))
    facts.note_run(None)

    assert told == [("a", "b"), ("a",), ()]
