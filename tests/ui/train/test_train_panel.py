"""The training panel, without a window."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication

from segstudio.core.loss_maps import MapOptions
from segstudio.data.cases import Dataset
from segstudio.learn.augment import Augmentation
from segstudio.learn.config import TrainConfig, make_config
from segstudio.learn.presets import about, preset_files, read_preset
from segstudio.losses.registry import card
from segstudio.session import Session
from segstudio.ui.train.field_editors import Group
from segstudio.ui.train.preset_choice import OWN
from segstudio.ui.train.setting_editors import Choice, Maybe, Several, Switch
from segstudio.ui.train.train_panel import TrainPanel


@pytest.fixture
def panel(qtbot: QtBot) -> TrainPanel:
    made = TrainPanel(Session())
    qtbot.addWidget(made)
    return made


@pytest.fixture(scope="module")
def shown(qapp: QApplication) -> Iterator[TrainPanel]:
    """Return a panel for many tests that leave it as they find it."""
    made = TrainPanel(Session())
    yield made
    made.close()
    made.deleteLater()


def test_another_loss_brings_its_own_step_size(panel: TrainPanel) -> None:
    panel.loss.set_text("modified-boundary-pointwise")
    assert panel.learning_rate.value() == card("modified-boundary-pointwise").learning_rate


def test_a_step_size_stays_while_the_weights_of_a_sum_are_edited(panel: TrainPanel) -> None:
    panel.loss.set_text("dice + 0.01*boundary")
    panel.learning_rate.setValue(0.005)
    panel.loss.set_text("dice + 0.015*boundary, growing")
    assert panel.learning_rate.value() == 0.005
    panel.loss.set_text("dice + 0.015*focal, growing")
    assert panel.learning_rate.value() == card("dice").learning_rate


def test_a_training_that_a_script_asks_for_is_shown_with_its_step_size(panel: TrainPanel) -> None:
    panel.session.dataset = Dataset("none", Path(), (), None)
    panel.session.ask_training(make_config(loss="focal + dice", learning_rate=0.02))
    assert panel.config().loss == "focal + dice"
    assert panel.learning_rate.value() == 0.02


# One value other than the default for every field; what it needs beside it comes along.
OTHERS: dict[str, dict[str, Any]] = {
    "loss": {"loss": "dice + 0.01*boundary, growing"},
    "maps": {"maps": MapOptions(unit="voxels", cap=7.5, root=True)},
    "dimensions": {"dimensions": 3},
    "base_channels": {"base_channels": 4},
    "levels": {"levels": 3},
    "strides": {"strides": ((1, 2), (2, 2))},
    "norm": {"norm": "group"},
    "dropout": {"dropout": 0.25},
    "deep_supervision": {"deep_supervision": True},
    "split": {"split": "two-way"},
    "stratify": {"stratify": False},
    "folds": {"folds": 5},
    "fold": {"folds": 5, "fold": 3},
    "landmarks": {"landmarks": "each"},
    "skip_unlabelled": {"skip_unlabelled": True},
    "ignore_label": {"ignore_label": 255},
    "spacing": {"spacing": (2.5, 1.0, 1.0)},
    "rescale": {"rescale": (1.0, 0.5, 0.5)},
    "normalisation": {"normalisation": "ct-window"},
    "window": {"window": (-100.5, 300.0)},
    "patch_size": {"patch_size": (64, 96)},
    "foreground_share": {"foreground_share": 1 / 3},
    "samples_per_epoch": {"samples_per_epoch": 250},
    "augmentation": {"augmentation": Augmentation(rotation=30.0, flips="all")},
    "cache_gb": {"cache_gb": 1.5},
    "prefetch": {"prefetch": 0},
    "epochs": {"epochs": 50},
    "batch_size": {"batch_size": 4},
    "optimizer": {"optimizer": "sgd"},
    "learning_rate": {"learning_rate": 3e-5},
    "weight_decay": {"weight_decay": 1e-4},
    "schedule": {"schedule": "cosine"},
    "warm_up_epochs": {"warm_up_epochs": 2.5},
    "clip_gradients": {"clip_gradients": 12.0},
    "average": {"average": 0.99},
    "early_stop": {"early_stop": 6},
    "max_seconds": {"max_seconds": 90.0},
    "hd95_every": {"hd95_every": 0},
    "watch_test": {"watch_test": True},
    "timeline_cases": {"timeline_cases": ("patient001_frame01", "b")},
    "collapse_epochs": {"collapse_epochs": 4},
    "checkpoint_minutes": {"checkpoint_minutes": 0.5},
    "seed": {"seed": 12},
    "split_seed": {"split_seed": 7},
    "device": {"device": "cpu"},
    "threads": {"threads": 2},
    "precision": {"precision": "32-true"},
}


def test_every_setting_is_tried() -> None:
    assert OTHERS.keys() == TrainConfig.model_fields.keys()


@pytest.mark.parametrize("name", TrainConfig.model_fields)
def test_a_setting_that_is_chosen_elsewhere_is_shown_and_comes_back(
    shown: TrainPanel, name: str
) -> None:
    config = make_config(**OTHERS[name])
    shown.session.choose_settings(config)
    assert shown.config().model_dump() == config.model_dump()
    shown.session.choose_settings(TrainConfig())
    assert shown.config().model_dump() == TrainConfig().model_dump()


def edit(qtbot: QtBot, editor: Any, value: Any) -> None:
    """Change a setting as a user does, with its own kind of widget."""
    if isinstance(editor, Choice):
        editor.setCurrentIndex(editor.findData(value))
    elif isinstance(editor, Switch):
        editor.click()
    elif isinstance(editor, Several):
        editor.selectAll()
        qtbot.keyClicks(editor, str(value)[1:-1].replace("'", ""))
    elif isinstance(editor, Maybe):
        editor.on.click()
        edit(qtbot, editor.inner, value)
    elif isinstance(editor, Group):
        editor.on.click()
        for name, inner in editor.editors.items():
            if inner.setting() != getattr(value, name):
                edit(qtbot, inner, getattr(value, name))
    else:
        editor.setValue(value)


@pytest.mark.parametrize("name", [name for name in OTHERS if name != "loss"])
def test_a_setting_that_is_edited_goes_to_the_session(
    qtbot: QtBot, shown: TrainPanel, name: str
) -> None:
    shown.session.choose_settings(TrainConfig())
    for each, value in OTHERS[name].items():
        edit(qtbot, shown.editors[each], value)
    assert shown.session.settings.model_dump() == make_config(**OTHERS[name]).model_dump()
    shown.session.choose_settings(TrainConfig())


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("epochs", "40", 40), ("learning_rate", "1e-4", 1e-4), ("dropout", "0.2", 0.2)],
)
def test_a_number_that_is_typed_goes_to_the_session(
    qtbot: QtBot, panel: TrainPanel, name: str, text: str, value: float
) -> None:
    box = panel.editors[name]
    box.selectAll()
    qtbot.keyClicks(box, text)
    assert getattr(panel.session.settings, name) == value


def test_sizes_that_are_typed_go_to_the_session(qtbot: QtBot, panel: TrainPanel) -> None:
    qtbot.keyClicks(panel.editors["patch_size"], "64, 96")
    assert panel.session.settings.patch_size == (64, 96)


def test_augmentation_is_a_switch(panel: TrainPanel) -> None:
    panel.augmentation.click()
    assert panel.session.settings.augmentation == Augmentation()
    panel.augmentation.click()
    assert panel.session.settings.augmentation is None


def test_settings_that_do_not_fit_together_are_said_and_kept_for_mending(
    qtbot: QtBot, panel: TrainPanel
) -> None:
    panel.session.dataset = Dataset("none", Path(), (), None)
    qtbot.keyClicks(panel.editors["patch_size"], "64, 96")
    panel.dimensions.setCurrentIndex(1)
    assert "is not planes, rows and columns" in panel.problem.text()
    assert not panel.start.isEnabled()
    assert panel.session.settings.dimensions == 2
    panel.editors["patch_size"].clear()
    qtbot.keyClicks(panel.editors["patch_size"], "16, 64, 96")
    assert panel.problem.text() == ""
    assert panel.start.isEnabled()
    assert panel.session.settings.patch_size == (16, 64, 96)


@pytest.mark.parametrize("name", preset_files())
def test_a_preset_fills_the_panel_and_says_what_it_is_for(panel: TrainPanel, name: str) -> None:
    names = panel.presets.names
    names.setCurrentIndex(names.findData(name))
    names.activated.emit(names.currentIndex())
    expected = make_config(**read_preset(name)).model_dump()
    assert panel.config().model_dump() == expected
    assert panel.session.settings.model_dump() == expected
    assert panel.presets.explanation.text() == about(name)


def test_a_preset_that_is_changed_is_own_settings(panel: TrainPanel) -> None:
    panel.session.choose_settings(make_config(**read_preset("paper")))
    assert panel.presets.names.currentData() == "paper"
    panel.epochs.setValue(3)
    assert panel.presets.names.currentText() == OWN


def test_back_to_defaults_resets_every_setting(panel: TrainPanel) -> None:
    panel.session.choose_settings(make_config(**read_preset("tiny-lesions"), dropout=0.3))
    panel.defaults.click()
    assert panel.config().model_dump() == TrainConfig().model_dump()


def test_a_setting_explains_itself(panel: TrainPanel) -> None:
    for name, editor in panel.form.editors.items():
        tip = editor.on.toolTip() if isinstance(editor, Group) else editor.toolTip()
        assert str(TrainConfig.model_fields[name].description) in tip


def test_the_wheel_scrolls_the_panel_and_changes_no_setting(panel: TrainPanel) -> None:
    panel.show()
    before = panel.session.settings
    for editor in (panel.epochs, panel.learning_rate, panel.split):
        event = QWheelEvent(
            QPointF(5, 5),
            QPointF(5, 5),
            QPoint(0, 0),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(editor, event)
    assert panel.config().model_dump() == before.model_dump()


def test_nothing_of_the_settings_is_cut_off_at_the_right(qtbot: QtBot, panel: TrainPanel) -> None:
    panel.more.open()
    panel.resize(320, 640)
    panel.show()
    qtbot.waitExposed(panel)
    assert panel.area.widget().width() <= panel.area.viewport().width()
    assert panel.width() <= 330
