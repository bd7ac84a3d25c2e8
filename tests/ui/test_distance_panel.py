"""The distance panel, with a viewer that has no window."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import QComboBox

from segstudio.core.loss_maps import MapOptions
from segstudio.losses.registry import card
from segstudio.session import Session
from segstudio.ui.distance_panel import DistancePanel
from segstudio.viewer.stage import MAP, Stage


@pytest.fixture
def stage(hearts: Path) -> tuple[Session, Stage]:
    session = Session()
    stage = Stage(ViewerModel(), session)
    session.open(hearts)
    return session, stage


def choose(box: QComboBox, data: object) -> None:
    box.setCurrentIndex(next(i for i in range(box.count()) if box.itemData(i) == data))
    box.activated.emit(box.currentIndex())


def test_the_map_is_shown_as_a_loss_is_given_it(qtbot: QtBot, stage: tuple[Session, Stage]) -> None:
    session, shown = stage
    panel = DistancePanel(session)
    qtbot.addWidget(panel)
    layer = shown.layer(MAP)
    assert np.abs(layer.data).max() > 11
    assert panel.choices.unit.currentData() == "mm"

    given = card("modified-boundary-log").maps
    choose(panel.choices.shaped, given)
    assert session.map_choice.options == given
    assert np.abs(layer.data).max() == given.cap
    assert panel.choices.unit.currentData() == "voxels"


def test_what_is_measured_to_can_be_chosen(qtbot: QtBot, stage: tuple[Session, Stage]) -> None:
    session, shown = stage
    panel = DistancePanel(session)
    qtbot.addWidget(panel)
    on_contour = {}
    for convention in ("voxel", "contour", "face"):
        choose(panel.choices.convention, convention)
        inside = session.labels == session.map_choice.value
        on_contour[convention] = float(shown.layer(MAP).data[inside].max())
    step = session.open_case.volume.spacing[1]
    assert on_contour == {"voxel": -step, "contour": 0, "face": pytest.approx(-step / 2)}


def test_a_choice_made_elsewhere_is_followed(qtbot: QtBot, stage: tuple[Session, Stage]) -> None:
    session, _ = stage
    panel = DistancePanel(session)
    qtbot.addWidget(panel)
    options = replace(session.map_choice.options, convention="face")
    session.choose_map(replace(session.map_choice, options=options, per_plane=False))
    assert panel.choices.convention.currentData() == "face"
    assert panel.choices.measured.currentData() is False


def test_maps_that_a_script_asks_for_stay_when_something_else_is_chosen(
    qtbot: QtBot, stage: tuple[Session, Stage]
) -> None:
    session, _ = stage
    panel = DistancePanel(session)
    qtbot.addWidget(panel)
    own = MapOptions(unit="voxels", cap=5.0, pieces="equal depth", root=True)
    session.choose_map(replace(session.map_choice, options=own))
    assert panel.choices.shaped.currentIndex() == -1
    panel.choices.shown.setChecked(False)
    assert session.map_choice.options == own
    assert not session.map_choice.visible
