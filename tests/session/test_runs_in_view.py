"""Which runs are compared, and where the cursor stands, without a window."""

from pathlib import Path

import pytest

from segstudio.core.errors import InputError
from segstudio.learn.events import EpochDone, Started, StepDone
from segstudio.learn.run_curves import CurveKey, RunCurves
from segstudio.session import Session
from segstudio.session.runs_in_view import RUN_COLORS, RunsInView

LOSS = CurveKey("loss", each="step")
A, B, C = Path("a"), Path("b"), Path("c")


@pytest.fixture
def in_view() -> RunsInView:
    return RunsInView()


def epoch_done(epoch: int) -> EpochDone:
    return EpochDone(epoch, 0.5, {}, {}, 0.5, False, 1.0, 0.5, {}, None, predict=lambda _: None)


def started(run: Path, epoch: int = 1) -> Started:
    return Started(run, "cpu", "32-true", epoch, 9, 2, 1, 1, 1)


def test_each_run_has_its_own_colour_and_keeps_it_when_another_goes(in_view: RunsInView) -> None:
    for run in (A, B, C):
        in_view.take(run, RunCurves())
    before = dict(in_view.colors)
    in_view.hide(A)
    assert len(set(before.values())) == 3
    assert in_view.colors == {B: before[B], C: before[C]}
    in_view.take(A, RunCurves())
    assert in_view.colors[A] == before[A]


def test_more_runs_than_colours_are_shown_all_the_same(in_view: RunsInView) -> None:
    for i in range(len(RUN_COLORS) + 2):
        in_view.take(Path(str(i)), RunCurves())
    assert len(in_view.colors) == len(RUN_COLORS) + 2


def test_a_training_takes_the_place_of_the_one_before_but_not_of_runs_that_were_chosen(
    in_view: RunsInView,
) -> None:
    in_view.take(C, RunCurves())
    in_view.follow(A)
    in_view.follow(B)
    assert list(in_view.curves) == [C, B]


def test_a_run_hidden_while_it_trains_is_whole_when_it_is_shown_again(in_view: RunsInView) -> None:
    in_view.follow(A)
    in_view.tell(started(A))
    in_view.hide(A)
    in_view.tell(StepDone(1, 1, 0.5, {}, 0.1))
    assert in_view.curves == {}
    in_view.ask(A)
    assert in_view.curves[A].curves[LOSS].at(None) == 0.5


def test_a_training_that_goes_on_is_drawn_from_its_beginning(
    finished_run: tuple[Path, object], in_view: RunsInView
) -> None:
    run, _ = finished_run
    in_view.follow(run)
    in_view.tell(started(run, 3))
    in_view.tell(epoch_done(3))
    x, _ = in_view.curves[run].curves[CurveKey("loss")].points()
    assert x.tolist() == [1, 2, 3]


def test_the_cursor_stays_with_the_newest_epoch_until_it_is_put_on_another(
    in_view: RunsInView,
) -> None:
    in_view.take(A, RunCurves(epochs_done=5))
    places = []
    in_view.epoch_changed.connect(places.append)
    for epoch in (3, 3, -7, 5, 99):
        in_view.go_to(epoch)
    assert places == [3, 1, None]


def test_runs_are_called_by_their_loss_or_else_by_what_differs(in_view: RunsInView) -> None:
    for run, loss in ((A, "dice"), (B, "focal"), (C, "focal"), (Path("x/c"), "focal")):
        in_view.take(run, RunCurves(loss))
    names = in_view.names()
    assert names == {A: "dice", B: "b", C: "c", Path("x/c"): str(Path("x/c"))}


def test_a_folder_that_is_no_run_is_told_in_a_sentence(in_view: RunsInView, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a run folder"):
        in_view.show(tmp_path)
    assert in_view.curves == {}


def test_a_timeline_takes_the_place_of_previews_and_of_a_chosen_run(tmp_path: Path) -> None:
    session = Session()
    session.choose_run(A)
    session.runs_in_view.lay_over(B)
    assert (session.run, session.previews) == (None, False)
    session.start_training(tmp_path)
    assert session.runs_in_view.timeline is None
    assert session.previews


def test_another_prediction_takes_the_place_of_a_timeline() -> None:
    session = Session()
    session.runs_in_view.lay_over(B)
    session.choose_run(A)
    assert session.runs_in_view.timeline is None
    assert session.run == A


def test_hiding_the_prediction_ends_a_timeline_and_shows_no_other(tmp_path: Path) -> None:
    session = Session()
    session.start_training(tmp_path)
    session.runs_in_view.lay_over(B)
    session.hide_prediction()
    assert session.runs_in_view.timeline is None
    assert not session.previews


def test_a_timeline_that_ends_leaves_the_case_to_the_running_training(tmp_path: Path) -> None:
    session = Session()
    session.start_training(tmp_path)
    session.runs_in_view.take(B, RunCurves())
    session.runs_in_view.lay_over(B)
    session.runs_in_view.hide(B)
    assert session.previews


def test_curves_of_classes_have_the_colours_of_the_open_case_s_table(hearts: Path) -> None:
    session, told = Session(), []
    session.runs_in_view.take(A, RunCurves("dice", {"myocardium": "#000000", "other": "#010101"}))
    session.open(hearts)
    session.runs_in_view.runs_changed.connect(lambda: told.append(1))
    session.annotation.classes.recolor(2, "#ff0000")
    assert session.runs_in_view.curves[A].class_colors == {
        "myocardium": "#ff0000",
        "other": "#010101",
    }
    assert told == [1]
    session.runs_in_view.take(B, RunCurves("dice", {"myocardium": "#000000"}))
    assert session.runs_in_view.curves[B].class_colors == {"myocardium": "#ff0000"}


def test_a_run_in_a_folder_called_as_the_loss_of_another_has_another_name(
    in_view: RunsInView,
) -> None:
    for run, loss in ((Path("x/a"), "dice"), (Path("x/dice"), "ce"), (Path("x/b"), "ce")):
        in_view.take(run, RunCurves(loss))
    names = in_view.names()
    assert len(set(names.values())) == 3
    assert names[Path("x/b")] == "b"
