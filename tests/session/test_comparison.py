"""Runs compared on a case, without a window and without networks."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segstudio.compare.case_rank import TestScores
from segstudio.compare.case_scores import Found
from segstudio.core.errors import InputError
from segstudio.data.datasets import ACDC_CLASSES
from segstudio.learn.run_curves import RunCurves
from segstudio.session import Session
from segstudio.session.comparison import Comparison
from segstudio.session.comparison_view import RunOnCase

A, B = Path("a"), Path("b")


@pytest.fixture
def session(hearts: Path) -> Session:
    made = Session()
    made.open(hearts)
    for run in (A, B):
        made.runs_in_view.take(run, RunCurves(run.name))
    return made


@pytest.fixture
def comparison(session: Session) -> Comparison:
    return session.comparison


def done(session: Session, plane: int | None = None) -> RunOnCase:
    """Return a prediction that is the truth, but for a plane that is empty."""
    labels = session.open_case.truth.astype(np.uint8)
    if plane is not None:
        labels[plane] = 0
    return RunOnCase("done", 1.0, Found(labels, ACDC_CLASSES, per_plane=True))


def test_without_runs_or_a_case_it_says_what_to_do(hearts: Path) -> None:
    session = Session()
    with pytest.raises(InputError, match="Tick the runs"):
        session.comparison.choose(mode="grid")
    session.runs_in_view.take(A, RunCurves("a"))
    with pytest.raises(InputError, match="Open a case"):
        session.comparison.choose(mode="grid")
    session.open(hearts)
    session.comparison.choose(mode="grid")
    assert session.comparison.next_run == A


def test_predictions_are_wanted_one_after_another_and_only_while_anything_is_shown(
    session: Session, comparison: Comparison
) -> None:
    assert comparison.next_run is None
    comparison.choose(mode="overlays")
    assert comparison.next_run == A
    comparison.note(A, session.open_case, RunOnCase("running"))
    assert comparison.next_run == B
    assert comparison.is_busy
    comparison.note(A, session.open_case, done(session))
    comparison.note(B, session.open_case, RunOnCase("failed", failure="no network"))
    assert comparison.next_run is None
    assert not comparison.is_busy
    assert list(comparison.found) == [A]


def test_another_case_forgets_what_was_found_and_late_results_of_the_one_before(
    session: Session, comparison: Comparison
) -> None:
    before = session.open_case
    comparison.choose(mode="grid")
    comparison.note(A, before, done(session))
    session.show_case(session.dataset.cases[1].name)
    assert not comparison.found
    assert comparison.next_run == A
    comparison.note(A, before, done(session))
    assert not comparison.found


def test_another_truth_is_compared_with_anew(
    session: Session, comparison: Comparison, tmp_path: Path, hearts: Path
) -> None:
    for file in (hearts / "patient001").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    session.open(tmp_path)
    comparison.choose(mode="grid")
    comparison.note(A, session.open_case, done(session))
    session.labels[0] = 1
    session.note_painting()
    assert comparison.found
    session.save_labels(session.open_case.case.labels, overwrite=True)
    assert not comparison.found
    assert comparison.truth[0].all()


def test_a_class_of_another_colour_keeps_what_was_found_and_what_is_under_way(
    session: Session, comparison: Comparison
) -> None:
    comparison.choose(mode="grid")
    before = session.open_case
    comparison.note(A, before, done(session))
    comparison.note(B, before, RunOnCase("running"))
    told: list[str] = []
    comparison.changed.connect(lambda: told.append(comparison.case.classes.foreground[0].color))
    session.annotation.classes.recolor(1, "#123456")
    assert told[-1] == "#123456"
    assert list(comparison.found) == [A]
    comparison.note(B, before, done(session))
    assert list(comparison.found) == [A, B]
    assert not comparison.is_busy


def test_a_class_of_another_name_is_scored_anew(session: Session, comparison: Comparison) -> None:
    comparison.choose(mode="grid")
    before = session.open_case
    comparison.note(A, before, RunOnCase("running"))
    session.annotation.classes.rename(1, "scar")
    comparison.note(A, before, done(session))
    assert not comparison.found
    assert comparison.next_run == A


def test_a_run_that_leaves_takes_its_results_and_the_choice_of_it(
    session: Session, comparison: Comparison
) -> None:
    comparison.choose(mode="grid", run=B)
    comparison.note(A, session.open_case, done(session))
    assert comparison.shown_runs == [B]
    session.runs_in_view.hide(B)
    assert comparison.view.run is None
    assert list(comparison.found) == [A]
    session.runs_in_view.hide(A)
    assert not comparison.is_on


def test_a_case_without_labels_is_shown_but_its_regions_are_not(
    session: Session, comparison: Comparison, hearts: Path, tmp_path: Path
) -> None:
    comparison.choose(mode="regions")
    source = session.open_case.case.image
    (tmp_path / source.name).write_bytes(source.read_bytes())
    session.open(tmp_path / source.name)
    assert comparison.view.mode == "grid"
    with pytest.raises(InputError, match="no labels of its own"):
        comparison.choose(mode="regions")


def test_stopping_keeps_what_is_done_and_the_rest_can_be_asked_for_again(
    session: Session, comparison: Comparison
) -> None:
    comparison.choose(mode="grid")
    comparison.note(A, session.open_case, done(session))
    comparison.ask_stop()
    assert [r.state for r in comparison.results.values()] == ["done", "stopped"]
    comparison.ask_again()
    assert comparison.next_run == B


def test_a_run_whose_training_has_ended_is_predicted_anew(
    session: Session, comparison: Comparison
) -> None:
    comparison.choose(mode="grid")
    comparison.note(A, session.open_case, done(session))
    comparison.read_again(A)
    assert comparison.next_run == A


def test_the_worst_plane_is_asked_for_and_told(session: Session, comparison: Comparison) -> None:
    asked: list[int] = []
    comparison.plane_asked.connect(asked.append)
    with pytest.raises(InputError, match="no prediction yet"):
        comparison.ask_worst_plane()
    comparison.choose(mode="grid")
    comparison.note(A, session.open_case, done(session, plane=1))
    comparison.note(B, session.open_case, done(session, plane=2))
    comparison.choose(run=B)
    assert comparison.ask_worst_plane() == (B, 2)
    assert asked == [2]


def test_regions_of_another_class_are_not_taken_for_those_in_view(
    session: Session, comparison: Comparison
) -> None:
    comparison.choose(mode="regions", value=1)
    before, regions = comparison.view, np.zeros(session.open_case.truth.shape, np.uint8)
    comparison.note_regions(before, A, session.open_case, regions)
    assert comparison.regions[A] is regions
    comparison.choose(value=2)
    assert not comparison.regions
    comparison.note_regions(before, A, session.open_case, regions)
    assert not comparison.regions


def test_the_worst_case_is_one_of_those_that_are_there(
    session: Session, comparison: Comparison
) -> None:
    here = session.dataset.cases[0].name
    dataset, other = session.dataset, replace(session.dataset, cases=())
    of = {name: {"left ventricle": {"dice": 0.5}} for name in (here, "elsewhere")}
    of["elsewhere"]["left ventricle"]["dice"] = 0.1
    comparison.ranked.note(A, TestScores(of, {}))

    assert comparison.ranked.worst(None, "dice", dataset) == here
    with pytest.raises(InputError, match="not in the open dataset"):
        comparison.ranked.worst(None, "dice", other)
    with pytest.raises(InputError, match="same test case"):
        comparison.ranked.most_different(None, "dice", dataset)
    with pytest.raises(InputError, match="No test case has a known HD95"):
        comparison.ranked.worst("scar", "hd95", dataset)


def test_a_case_of_the_same_name_in_another_dataset_is_not_opened_for_a_run_s(
    session: Session, comparison: Comparison
) -> None:
    ranked, dataset = comparison.ranked, session.dataset
    of = {dataset.cases[0].name: {"left ventricle": {"dice": 0.5}}}
    ranked.note(A, TestScores(of, {}, {"name": "others", "fingerprint": "0"}))
    with pytest.raises(InputError, match="not in the open dataset"):
        ranked.worst(None, "dice", dataset)
    for told in ({"name": dataset.name}, {"name": "moved", "fingerprint": dataset.fingerprint}):
        ranked.note(B, TestScores(of, {}, told))
        rows = ranked.rows(None, "dice")
        # A row for each of the two, which share no patient.
        assert [row.case for row in rows] == [*of, *of]
        assert [row.values[1] for row in ranked.here(rows, dataset)] == [0.5]
        assert all(np.isnan(row.gap) for row in rows)


def test_the_reach_of_colours_is_that_of_the_deepest_miss_or_else_of_the_farthest_alarm(
    session: Session, comparison: Comparison
) -> None:
    comparison.choose(mode="regions", weighted=True)
    opened, view = session.open_case, comparison.view
    far = np.zeros(opened.truth.shape, np.float32)
    far[0, 0, 0] = -9
    comparison.note_regions(view, A, opened, far)
    assert comparison.reach == 9
    missed = far.copy()
    missed[0, 0, 1] = 4
    comparison.note_regions(view, B, opened, missed)
    assert comparison.reach == 4
    comparison.choose(weighted=False)
    assert comparison.reach == 1


def test_the_scores_of_runs_that_come_into_view_are_asked_for(session: Session) -> None:
    asked: list[Path] = []
    session.comparison.ranked.asked.connect(asked.append)
    session.runs_in_view.take(Path("c"), RunCurves("c"))
    assert asked[-1] == Path("c")


def test_a_run_that_gets_another_name_is_shown_by_it(
    session: Session, comparison: Comparison
) -> None:
    comparison.choose(mode="grid")
    comparison.note(A, session.open_case, done(session))
    told: list[dict[Path, str]] = []
    comparison.changed.connect(lambda: told.append(comparison.names()))
    session.runs_in_view.curves[A] = RunCurves("dice")
    session.runs_in_view.runs_changed.emit()
    assert told[-1][A] == "dice"
    assert A in comparison.found
