"""The distance map of the session, without a viewer."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segstudio.core.distance import halves, signed_distance
from segstudio.core.errors import InputError
from segstudio.core.loss_maps import MapOptions, loss_maps
from segstudio.session import Session, map_view
from segstudio.session.map_view import MapTask
from segstudio.session.messages import LineChoice, MapChoice


@pytest.fixture
def session(hearts: Path) -> Session:
    session = Session()
    session.open(hearts)
    return session


def expected(session: Session, labels: np.ndarray | None = None, **options: object) -> np.ndarray:
    """Return the map of class 1 in each plane, straight from the core."""
    labels = session.labels if labels is None else labels
    spacing = session.open_case.volume.spacing
    return loss_maps(labels, spacing, [1], MapOptions(**options), per_plane=True)[0]


def test_the_map_is_that_of_the_core(session: Session) -> None:
    spacing = session.open_case.volume.spacing
    plain = signed_distance(session.labels, spacing, classes=[1], per_plane=True)[0]
    assert np.array_equal(session.map_view.phi, plain)

    for options in (
        {"unit": "voxels", "cap": 3.0},
        {"convention": "contour", "pieces": "equal depth"},
    ):
        session.choose_map(MapChoice(options=MapOptions(**options)))
        assert np.array_equal(session.map_view.phi, expected(session, **options))


def test_the_halves_are_both_from_0_up_and_make_the_whole(session: Session) -> None:
    inside, outside = halves(expected(session))
    view = session.map_view
    session.choose_map(MapChoice(half="inside"))
    assert np.array_equal(view.phi, inside)
    assert view.span == (0, inside.max())
    session.choose_map(MapChoice(half="outside"))
    assert np.array_equal(view.phi, outside)


def test_the_map_of_a_prediction_follows_it_and_says_where_there_is_none(session: Session) -> None:
    view = session.map_view
    session.choose_map(MapChoice(of="prediction"))
    assert view.phi is None
    assert "No prediction" in view.lack

    for size in (3, 6):
        predicted = np.zeros_like(session.labels)
        predicted[:, 5 : 5 + size, 5:9] = 1
        session.show_prediction(predicted, "a run")
        assert np.array_equal(view.phi, expected(session, predicted))
        assert not view.lack
    session.labels[:] = 0
    view.follow_brush()
    assert np.array_equal(view.phi, expected(session, predicted))
    session.hide_prediction()
    assert view.phi is None


def test_another_case_brings_its_own_map_and_no_prediction_of_the_last(session: Session) -> None:
    session.choose_map(MapChoice(of="prediction"))
    session.show_prediction(session.labels.copy())
    session.show_case(session.dataset.cases[1].name)
    assert session.map_view.phi is None

    session.choose_map(MapChoice())
    assert np.array_equal(session.map_view.phi, expected(session))


def test_only_planes_that_changed_are_measured_anew(session: Session) -> None:
    told: list[object] = []
    session.map_view.changed.connect(told.append)
    session.labels[2, 3:6, 3:6] = 1
    session.map_view.follow_brush()
    session.map_view.follow_brush()

    (planes,) = told
    assert planes.tolist() == [2]
    assert np.array_equal(session.map_view.phi, expected(session))


def test_a_volume_is_measured_anew_after_the_stroke(session: Session) -> None:
    session.choose_map(MapChoice(per_plane=False))
    before = session.map_view.phi.copy()
    session.labels[2, 3:6, 3:6] = 1
    session.map_view.follow_brush()
    assert np.array_equal(session.map_view.phi, before)

    session.map_view.follow_stroke()
    spacing = session.open_case.volume.spacing
    assert np.array_equal(
        session.map_view.phi, signed_distance(session.labels, spacing, classes=[1])[0]
    )


def test_a_large_volume_has_the_plane_in_view_at_once_and_the_rest_later(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_view, "AT_ONCE", 10)
    asked: list[MapTask] = []
    view = session.map_view
    view.asked.connect(asked.append)
    view.look_at(0, 1)
    session.choose_map(MapChoice())
    whole = expected(session)
    assert np.array_equal(view.phi[1], whole[1])
    assert not view.phi[2].any()
    assert view.is_measuring
    view.look_at(0, 2)
    assert np.array_equal(view.phi[2], whole[2])

    measured = asked[-1].measure()
    session.labels[2, 3:6, 3:6] = 1  # meanwhile
    view.take(asked[-1], measured)
    assert not view.is_measuring
    assert np.array_equal(view.phi, expected(session))
    assert view.span == (view.phi.min(), view.phi.max())


def test_what_was_measured_for_another_choice_is_not_taken(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_view, "AT_ONCE", 10)
    asked: list[MapTask] = []
    session.map_view.asked.connect(asked.append)
    session.choose_map(MapChoice(per_plane=False))
    session.choose_map(MapChoice(value=2, per_plane=False))
    first, second = asked
    session.map_view.take(first, first.measure())
    assert not session.map_view.phi.any()
    session.map_view.take(second, second.measure())
    assert session.map_view.phi.any()


def test_strokes_across_planes_of_a_large_volume_are_followed_where_they_are_seen(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_view, "AT_ONCE", 10)
    view, asked = session.map_view, []
    view.asked.connect(asked.append)
    session.choose_map(MapChoice())
    view.take(asked[0], asked[0].measure())
    view.look_at(1, 20)
    session.labels[1:3, 20, 5:9] = 1
    view.follow_brush()
    assert np.array_equal(view.phi, expected(session))


def test_the_value_under_the_mouse_is_the_map_s_and_changes_with_it(session: Session) -> None:
    view = session.map_view
    told: list[object] = []
    view.pointed.connect(told.append)
    view.point_at((2, 3, 4))
    view.point_at((2, 3, 4))
    assert told == [(2, 3, 4)]
    assert view.value_at_pointer() == view.phi[2, 3, 4] > 0
    session.labels[2, 3, 4] = 1
    view.follow_brush()
    assert view.value_at_pointer() == -session.open_case.volume.spacing[1]
    view.point_at(None)
    assert view.value_at_pointer() is None


def test_units_are_those_of_what_is_measured(session: Session) -> None:
    units = {
        "mm": MapOptions(),
        "voxels": MapOptions(unit="voxels"),
        "√mm": MapOptions(root=True),
        "depths": MapOptions(pieces="equal depth"),
    }
    for unit, options in units.items():
        session.choose_map(replace(session.map_choice, options=options))
        assert session.map_view.unit == unit


def test_a_choice_is_told_by_the_session_too(session: Session) -> None:
    told: list[MapChoice] = []
    session.map_view.chosen.connect(told.append)
    session.choose_map(MapChoice(value=2))
    assert told == [session.map_choice] == [MapChoice(value=2)]


def test_iso_lines_have_to_be_apart(session: Session) -> None:
    with pytest.raises(InputError, match="more than 0"):
        session.map_view.choose_lines(LineChoice(visible=True, step=0.0))


def test_an_example_needs_a_case_with_labels(session: Session) -> None:
    with pytest.raises(InputError, match="Open a case"):
        Session().ask_example()
    asked: list[object] = []
    session.loss_example.asked.connect(asked.append)
    session.map_view.look_at(0, 2)
    session.ask_example(3)
    (request,) = asked
    assert (request.plane, request.number, request.config) == (2, 3, session.settings)
    older = session.loss_example.request
    session.ask_example(4)
    session.loss_example.take(older, None, "too late")
    assert not session.loss_example.failure
