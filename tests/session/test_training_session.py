"""The trainings of a session, without a window and without training."""

from pathlib import Path

import pytest

from segstudio.core.errors import InputError
from segstudio.data.cases import Dataset
from segstudio.learn.config import TrainConfig, make_config
from segstudio.learn.events import Guarded, Paused, StepDone, Warned
from segstudio.session import Session
from segstudio.session.messages import TrainingRequest

STEP = StepDone(epoch=4, step=1, loss=0.5, parts={}, done=0.3)


@pytest.fixture
def session() -> Session:
    made = Session()
    made.dataset = Dataset("none", Path(), (), None)
    return made


@pytest.fixture
def asked(session: Session) -> list[TrainingRequest]:
    """Return the trainings that are asked for, each of which begins at once."""
    requests: list[TrainingRequest] = []

    def begin(request: TrainingRequest) -> None:
        requests.append(request)
        session.start_training(Path(f"run{len(requests)}"))

    session.training_asked.connect(begin)
    return requests


def epochs_of(requests: tuple[TrainingRequest, ...] | list[TrainingRequest]) -> list[int]:
    return [request.config.epochs for request in requests]


def ask(session: Session, *epochs: int) -> None:
    for count in epochs:
        session.ask_training(make_config(epochs=count))


def test_a_training_needs_a_dataset() -> None:
    with pytest.raises(InputError, match="No dataset is open"):
        Session().ask_training(TrainConfig())


def test_a_second_training_waits_for_the_first(session, asked) -> None:
    ask(session, 1, 2, 3)
    assert epochs_of(asked) == [1]
    assert epochs_of(session.queue) == [2, 3]


def test_each_training_begins_when_the_one_before_ends(session, asked) -> None:
    ask(session, 1, 2, 3)
    session.end_training()
    assert epochs_of(asked) == [1, 2]
    session.end_training()
    session.end_training()
    assert epochs_of(asked) == [1, 2, 3]
    assert session.training is None


def test_the_next_training_begins_after_a_failed_one_and_says_so(session, asked) -> None:
    said: list[str] = []
    session.said.connect(lambda message: said.append(message.text))
    ask(session, 1, 2)
    session.end_training("The disk is full.")
    assert epochs_of(asked) == [1, 2]
    assert said == ["The disk is full. The next training in the queue begins."]
    assert [(note.run, note.kind) for note in session.notes] == [("run1", "failure")]


def test_what_waits_keeps_the_dataset_that_was_open(session, asked) -> None:
    first = session.dataset
    ask(session, 1, 2)
    session.dataset = Dataset("other", Path(), (), None)
    session.end_training()
    assert asked[-1].dataset is first


def test_what_waits_can_be_taken_out_and_moved_up(session, asked) -> None:
    ask(session, 1, 2, 3, 4)
    session.move_up_in_queue(2)
    assert epochs_of(session.queue) == [2, 4, 3]
    session.move_up_in_queue(0)
    assert epochs_of(session.queue) == [2, 4, 3]
    session.remove_from_queue(1)
    assert epochs_of(session.queue) == [2, 3]


def test_a_stop_after_the_epoch_outlasts_a_pause(session, asked) -> None:
    wishes: list[str] = []
    session.wish_changed.connect(wishes.append)
    ask(session, 1)
    session.ask_stop_after_epoch()
    session.ask_pause()
    session.ask_continue()
    session.ask_stop_after_epoch(False)
    assert wishes == ["stop after this epoch", "pause", "stop after this epoch", "go on"]


def test_a_training_that_is_told_to_stop_does_not_come_back(session, asked) -> None:
    ask(session, 1)
    session.ask_stop()
    session.ask_continue()
    assert session.wish == "stop"


def test_a_wish_ends_with_its_training(session, asked) -> None:
    ask(session, 1, 2)
    session.ask_stop_after_epoch()
    session.end_training()
    assert session.wish == "go on"
    assert not session.is_last_epoch


def test_nothing_is_wished_of_no_training(session) -> None:
    session.ask_pause()
    assert session.wish == "go on"


def test_a_training_is_paused_once_it_says_so(session, asked) -> None:
    ask(session, 1)
    session.ask_pause()
    assert not session.is_paused
    session.tell(Paused(1, 2))
    assert session.is_paused
    session.ask_continue()
    assert not session.is_paused


def test_what_a_guard_says_is_kept_with_its_epoch_until_it_is_cleared(session, asked) -> None:
    ask(session, 1)
    session.tell(Warned("One header is odd."))
    session.tell(STEP)
    session.tell(Guarded(4, 2, "divergence", "The loss has run away. Try less."))
    session.end_training()
    ask(session, 1)
    kept = [(note.epoch, note.kind, note.text) for note in session.notes]
    assert kept == [
        (0, "note", "One header is odd."),
        (4, "divergence", "The loss has run away. Try less."),
    ]
    session.clear_notes()
    assert session.notes == ()


def test_changed_settings_keep_the_others(session) -> None:
    session.choose_settings(make_config(epochs=7))
    session.change_settings({"batch_size": 3})
    assert (session.settings.epochs, session.settings.batch_size) == (7, 3)


def test_settings_that_will_not_do_change_nothing(session) -> None:
    with pytest.raises(InputError, match="dropout"):
        session.change_settings({"dropout": 2})
    assert session.settings == TrainConfig()


def test_a_finished_run_goes_on_for_more_epochs_only(session, asked, finished_run) -> None:
    run, _ = finished_run
    with pytest.raises(InputError, match="is finished"):
        session.ask_resume(run)
    session.ask_resume(run, 3)
    assert asked[-1].resumed == run
    assert asked[-1].config.epochs == 5
    assert asked[-1].config.model_fields_set == {"epochs"}


def test_a_run_that_waits_does_not_wait_twice(session, asked, finished_run) -> None:
    run, _ = finished_run
    ask(session, 1)
    session.ask_resume(run, 3)
    with pytest.raises(InputError, match="waits in the queue"):
        session.ask_resume(run, 3)


def test_a_run_without_a_checkpoint_cannot_go_on(session, asked, finished_run, tmp_path) -> None:
    run, _ = finished_run
    (tmp_path / "config.toml").write_bytes((run / "config.toml").read_bytes())
    with pytest.raises(InputError, match="keeps no state"):
        session.ask_resume(tmp_path)
