"""Which case is next, through the session alone."""

from pathlib import Path

import pytest

from segstudio.core.errors import InputError
from segstudio.data.cases import Case, Dataset
from segstudio.data.datasets import open_dataset
from segstudio.learn.doubt import Doubt
from segstudio.learn.run_cases import RunCases
from segstudio.session import Session
from segstudio.session.next_cases import NextCases


def dataset(*unlabelled: str) -> Dataset:
    cases = [Case(name, name[0], Path(f"/{name}.nii"), None) for name in unlabelled]
    done = Case("done", "d", Path("/done.nii"), Path("/done_gt.nii"))
    return Dataset("d", Path("/"), (*cases, done), None)


@pytest.fixture
def next_cases() -> NextCases:
    made = NextCases()
    made.ask(Path("/run"), dataset("a1", "a2", "b"), frozenset({1}))
    return made


def test_cases_are_ranked_as_they_come(next_cases: NextCases) -> None:
    for name, doubt in (("a1", 0.5), ("a2", 0.9), ("b", 0.7)):
        next_cases.note(Doubt(name, doubt, doubt, ()))
    assert [next_cases.place(name) for name in ("a2", "b", "a1", "done")] == [1, 2, 3, None]


def test_a_case_that_was_annotated_leaves_the_ranking(next_cases: NextCases) -> None:
    told = []
    next_cases.note(Doubt("a1", 0.5, 0.5, ()))
    next_cases.note(Doubt("b", 0.7, 0.7, ()))
    next_cases.changed.connect(told.append)
    next_cases.forget("b")
    next_cases.forget("nobody")
    assert [doubt.case for doubt in next_cases.doubts] == ["a1"]
    assert len(told) == 1
    next_cases.forget()
    assert next_cases.doubts == ()


def test_cases_in_the_user_s_hands_and_answers_of_an_older_network_are_left_out(
    hearts: Path, tmp_path: Path
) -> None:
    asked = []
    session = Session()
    session.next_cases.asked.connect(asked.append)
    for name, case in zip("abcd", open_dataset(hearts).cases, strict=False):
        (tmp_path / f"{name}.nii.gz").write_bytes(case.image.read_bytes())
    session.open(tmp_path)
    session.new_labels()
    session.annotation.paint((0, 3, 3), (0, 3, 3), 1, 0)
    session.show_case("b")
    session.new_labels()
    session.mark_reviewed()
    session.facts.note_run(RunCases(Path("/newest"), {}, {}))
    session.run = Path("/chosen")
    session.ask_next_cases()
    assert [case.name for case in asked[0].cases] == ["c", "d"]
    session.next_cases.note(Doubt("c", 0.5, 0.5, ()))
    session.next_cases.note(Doubt("d", 0.5, 0.5, ()))
    session.show_case("c")
    session.new_labels()
    session.mark_reviewed()
    assert [doubt.case for doubt in session.next_cases.doubts] == ["d"]
    session.next_cases.note(Doubt("c", 0.5, 0.5, ()))
    assert [doubt.case for doubt in session.next_cases.doubts] == ["d"], "it was on its way"

    session.facts.note_headers({})
    assert [doubt.case for doubt in session.next_cases.doubts] == ["d"], "no newer network"
    session.facts.note_run(RunCases(Path("/newer"), {}, {}))
    assert session.next_cases.doubts == ()


def test_what_cannot_be_ranked_is_told() -> None:
    with pytest.raises(InputError, match="No dataset is open"):
        NextCases().ask(Path("/run"), None, frozenset())
    with pytest.raises(InputError, match="none is left to annotate"):
        NextCases().ask(Path("/run"), dataset(), frozenset())
    with pytest.raises(InputError, match="painted on or reviewed already"):
        NextCases().ask(Path("/run"), dataset("a"), frozenset(), frozenset({"a"}))
    with pytest.raises(InputError, match="no network for these images yet"):
        Session().ask_next_cases()
