"""The timeline: slider, cursor and the labels over the image, with a viewer without a window."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt

from segstudio.learn.events import EpochDone
from segstudio.learn.run_curves import RunCurves
from segstudio.learn.run_folder import RunFolder
from segstudio.session import Session
from segstudio.ui.curves.run_reader import RunReader
from segstudio.ui.curves.timeline_panel import NO_CASE, NO_RUN, TimelinePanel
from segstudio.viewer.stage import PREDICTION, Stage

EPOCHS = (1, 2, 3, 5)


class Studio:
    """A session, its layers, and what reads runs for it."""

    def __init__(self, hearts: Path, qtbot: QtBot) -> None:
        self.session = Session()
        self.stage = Stage(ViewerModel(), self.session)
        self.reader = RunReader(self.session)
        self.session.open(hearts)
        self.panel = TimelinePanel(self.session)
        qtbot.addWidget(self.panel)
        self.said: list[str] = []
        self.session.said.connect(lambda message: self.said.append(message.text))
        self._qtbot = qtbot

    @property
    def layer(self) -> object:
        """The layer of predictions."""
        return self.stage.layer(PREDICTION)

    def wait_for_labels(self, value: int) -> None:
        """Let the threads work until labels that are all of one value are laid over."""
        self._qtbot.waitUntil(lambda: self.layer.visible and bool((self.layer.data == value).all()))


@pytest.fixture
def studio(hearts: Path, qtbot: QtBot) -> Iterator[Studio]:
    made = Studio(hearts, qtbot)
    yield made
    made.reader.close()


@pytest.fixture
def run(studio: Studio, tmp_path: Path) -> Path:
    """Return a run in view that kept, of the first two cases, their epoch and 10 more."""
    cases = [c.name for c in studio.session.dataset.cases[:2]]
    return add_run(studio, tmp_path / "run", cases)


def add_run(studio: Studio, path: Path, cases: list[str]) -> Path:
    shape, folder = studio.session.labels.shape, RunFolder(path)
    folder.write_timeline_cases(cases)
    for epoch in EPOCHS:
        labels = [np.full(shape, epoch + 10 * i) for i in range(len(cases))]
        folder.write_timeline(epoch, labels)
    studio.session.runs_in_view.take(path, RunCurves(path.name, epochs_done=EPOCHS[-1]))
    return path


def test_without_a_run_it_says_what_will_appear(studio: Studio) -> None:
    assert studio.panel.told.text() == NO_RUN
    assert studio.panel.slider.isHidden()


def test_the_slider_shows_what_was_predicted_after_its_epoch(studio: Studio, run: Path) -> None:
    assert studio.panel.slider.maximum() == len(EPOCHS) - 1
    assert not studio.layer.visible
    studio.panel.slider.setValue(1)
    studio.wait_for_labels(2)
    assert studio.layer.data.dtype == np.int32
    assert studio.layer.name == "prediction, epoch 2 of run"
    assert studio.panel.told.text() == "epoch 2 of 5"
    assert studio.panel.shown.isChecked()


def test_the_slider_moves_the_cursor_of_the_curves(studio: Studio, run: Path) -> None:
    studio.panel.slider.setValue(0)
    assert studio.session.runs_in_view.epoch == 1
    studio.panel.slider.setValue(3)
    assert studio.session.runs_in_view.epoch is None  # the newest, whichever that will be


def test_the_cursor_of_the_curves_moves_the_slider_and_the_labels(
    studio: Studio, run: Path
) -> None:
    studio.panel.shown.click()
    studio.wait_for_labels(5)
    studio.session.runs_in_view.go_to(2)
    assert studio.panel.slider.value() == 1
    studio.wait_for_labels(2)


def test_the_cursor_alone_lays_nothing_over_the_image(
    studio: Studio, run: Path, qtbot: QtBot
) -> None:
    studio.session.runs_in_view.go_to(2)
    qtbot.wait(100)
    assert studio.panel.slider.value() == 1
    assert not studio.layer.visible


def test_an_epoch_that_was_not_kept_shows_the_one_before(studio: Studio, run: Path) -> None:
    studio.session.runs_in_view.lay_over(run)
    studio.session.runs_in_view.go_to(4)
    studio.wait_for_labels(3)
    assert studio.panel.told.text() == "epoch 3 of 5"


def test_a_slider_drawn_fast_ends_at_its_last_epoch(studio: Studio, run: Path) -> None:
    for value in (0, 1, 2, 3, 0, 2):
        studio.panel.slider.setValue(value)
    studio.wait_for_labels(3)


def test_keys_move_the_slider(studio: Studio, run: Path, qtbot: QtBot) -> None:
    qtbot.keyClick(studio.panel.slider, Qt.Key.Key_Home)
    qtbot.keyClick(studio.panel.slider, Qt.Key.Key_Right)
    studio.wait_for_labels(2)


def test_another_case_that_is_kept_is_shown_at_the_same_epoch(studio: Studio, run: Path) -> None:
    studio.panel.slider.setValue(1)
    studio.wait_for_labels(2)
    studio.session.show_case(studio.session.dataset.cases[1].name)
    studio.wait_for_labels(12)


def test_a_case_that_is_not_kept_is_told_with_those_that_are(studio: Studio, run: Path) -> None:
    first, second, third = (c.name for c in studio.session.dataset.cases[:3])
    studio.session.show_case(third)
    told = f"'{third}' is not in this run's timeline. Open '{first}' or '{second}'."
    assert studio.panel.told.text().startswith(told)
    assert studio.panel.slider.isHidden()
    assert not studio.panel.shown.isEnabled()


def test_without_a_case_it_asks_for_one(studio: Studio, run: Path) -> None:
    studio.session.list_cases(studio.session.dataset)
    assert studio.panel.told.text() == NO_CASE


def test_unticking_takes_the_prediction_away(studio: Studio, run: Path) -> None:
    studio.panel.shown.click()
    studio.wait_for_labels(5)
    studio.panel.shown.click()
    assert not studio.layer.visible


def test_the_run_can_be_chosen_among_those_in_view(
    studio: Studio, run: Path, tmp_path: Path
) -> None:
    case = studio.session.open_case.case.name
    other = add_run(studio, tmp_path / "other", ["nobody", case])
    studio.session.runs_in_view.lay_over(run)
    studio.wait_for_labels(5)
    box = studio.panel.runs
    assert box.currentData() == run
    box.setCurrentIndex(box.findData(other))
    box.activated.emit(box.currentIndex())
    studio.wait_for_labels(15)


def test_a_run_that_leaves_the_view_takes_its_prediction_with_it(studio: Studio, run: Path) -> None:
    studio.panel.shown.click()
    studio.wait_for_labels(5)
    studio.session.runs_in_view.hide(run)
    assert not studio.layer.visible
    assert studio.panel.told.text() == NO_RUN


def test_the_timeline_grows_with_the_training_and_shows_its_newest_epoch(
    studio: Studio, tmp_path: Path
) -> None:
    session, folder = studio.session, RunFolder(tmp_path / "live")
    folder.write_timeline_cases([session.open_case.case.name])
    session.start_training(folder.path)
    assert "when the first epoch has ended" in studio.panel.told.text()
    for epoch in (1, 2):
        folder.write_timeline(epoch, [np.full(session.labels.shape, epoch)])
        done = (epoch, 0.5, {}, {}, 0.5, False, 1.0, 0.5, {}, None)
        session.tell(EpochDone(*done, predict=lambda _: None))
        session.runs_in_view.lay_over(folder.path)
        studio.wait_for_labels(epoch)
    assert studio.panel.told.text() == "epoch 2 of 2"


def test_a_damaged_epoch_is_told_in_a_sentence(studio: Studio, run: Path, qtbot: QtBot) -> None:
    (run / "timeline" / "epoch_0002.npz").write_bytes(b"cut")
    studio.panel.slider.setValue(1)
    qtbot.waitUntil(lambda: bool(studio.said))
    assert "keeps no timeline of epoch 2" in studio.said[0]


def test_every_control_says_what_it_does(studio: Studio) -> None:
    for control in (studio.panel.shown, studio.panel.runs, studio.panel.slider):
        assert control.toolTip()
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus
