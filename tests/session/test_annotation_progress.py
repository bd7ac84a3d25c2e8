"""States of cases and the time spent on them, by a clock that is told the time."""

from pathlib import Path

import pytest

from segstudio.data.cases import Case
from segstudio.data.project import AnnotationState, Progress
from segstudio.session.annotation_progress import LONGEST_PAUSE, AnnotationProgress


class Clock:
    """Tells the time it was set to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def case(name: str) -> Case:
    return Case(name, name, Path(f"/{name}.nii"), None)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def progress(clock: Clock) -> AnnotationProgress:
    return AnnotationProgress(clock)


def test_time_is_counted_from_stroke_to_stroke_and_long_pauses_are_not(
    progress: AnnotationProgress, clock: Clock
) -> None:
    progress.begin(case("a"))
    for clock.now in (10.0, 25.0, 25.0 + 3600):
        progress.note_painting(case("a"))
    assert progress.of(case("a")).seconds == 10 + 15 + LONGEST_PAUSE
    assert progress.of(case("b")).seconds == 0


def test_time_on_one_case_is_not_that_of_another(
    progress: AnnotationProgress, clock: Clock
) -> None:
    progress.begin(case("a"))
    clock.now = 5
    progress.note_painting(case("a"))
    clock.now = 30
    progress.begin(case("b"))
    clock.now = 34
    progress.note_painting(case("b"))
    assert [progress.of(case(name)).seconds for name in "ab"] == [5, 4]


def test_a_draft_that_is_painted_on_is_edited_and_a_reviewed_case_too(
    progress: AnnotationProgress,
) -> None:
    told = []
    progress.changed.connect(lambda each: told.append(progress.of(each).state))
    progress.note_draft(Progress(Path("/a.nii"), (), "draft"))
    progress.note_painting(case("a"))
    progress.note_painting(case("a"))
    progress.set_state(case("a"), "reviewed")
    progress.note_painting(case("a"))
    assert told == ["edited", "reviewed", "edited"]


def test_what_a_project_knows_is_gone_on_with(progress: AnnotationProgress, clock: Clock) -> None:
    progress.take([Progress(Path("/a.nii"), (), "reviewed", 100, Path("/d.nii"))])
    progress.begin(case("a"))
    clock.now = 7
    progress.note_painting(case("a"))
    assert progress.of(case("a")) == Progress(Path("/a.nii"), (), "edited", 107, Path("/d.nii"))


@pytest.mark.parametrize("state", ["", "draft", "reviewed"])
def test_what_is_taken_back_leaves_the_case_as_it_was(
    progress: AnnotationProgress, state: AnnotationState
) -> None:
    progress.set_state(case("a"), state)
    progress.note_painting(case("a"))
    progress.note_painting(case("a"))
    assert progress.of(case("a")).state == "edited"
    progress.note_back(case("a"))
    assert progress.of(case("a")).state == state


def test_what_is_taken_back_after_it_was_saved_or_said_to_be_edited_is_edited(
    progress: AnnotationProgress,
) -> None:
    for name in "ab":
        progress.set_state(case(name), "draft")
        progress.note_painting(case(name))
    progress.note_saved(case("a"))
    progress.set_state(case("b"), "edited")
    for name in "ab":
        progress.note_back(case(name))
        assert progress.of(case(name)).state == "edited"


def test_a_draft_of_a_case_whose_strokes_were_undone_stays_one(
    progress: AnnotationProgress,
) -> None:
    progress.note_painting(case("a"))
    progress.note_draft(Progress(Path("/a.nii"), state="draft"))
    progress.note_back(case("a"))
    assert progress.of(case("a")).state == "draft"
