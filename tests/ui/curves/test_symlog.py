"""The symlog axis: places, values and ticks."""

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from segstudio.ui.curves.symlog import ValueAxis, from_symlog, symlog

VALUES = np.array([-300.0, -1.0, -1e-4, 0.0, 1e-4, 2.0, 5e5])


def test_places_keep_order_and_sign_and_lead_back_to_their_values() -> None:
    places = symlog(VALUES)
    assert (np.diff(places) > 0).all()
    assert np.array_equal(np.sign(places), np.sign(VALUES))
    assert from_symlog(places) == pytest.approx(VALUES)


def test_decades_lie_evenly_apart_far_from_0() -> None:
    assert np.diff(symlog(-(10.0 ** np.arange(1, 5)))) == pytest.approx(-1, abs=1e-3)


def test_a_gap_stays_a_gap() -> None:
    assert np.isnan(symlog(np.array([np.nan]))).all()


@pytest.fixture
def axis(qtbot: QtBot) -> ValueAxis:
    made = ValueAxis()
    made.set_symlog(True)
    return made


def test_decades_of_both_signs_are_labelled_with_their_values(axis: ValueAxis) -> None:
    low, high = symlog(np.array([-300.0, 0.5]))
    (spacing, major), (fine, minor) = axis.tickValues(low, high, 150)
    labels = axis.tickStrings(major, 1.0, spacing)
    assert labels == ["−100", "−10", "−1", "−0.1", "−0.01", "0", "0.01", "0.1"]
    assert axis.tickStrings(minor, 1.0, fine) == [""] * len(minor)


def test_a_low_axis_labels_fewer_decades_and_0_still(axis: ValueAxis) -> None:
    low, high = symlog(np.array([-1e6, 0.0]))
    (spacing, major), _ = axis.tickValues(low, high, 90)
    labels = axis.tickStrings(major, 1.0, spacing)
    assert labels[-1] == "0"
    assert len(labels) <= 90 / 18


def test_a_narrow_range_is_labelled_too(axis: ValueAxis) -> None:
    low, high = symlog(np.array([1.5, 6.0]))
    (spacing, major), _ = axis.tickValues(low, high, 150)
    assert axis.tickStrings(major, 1.0, spacing) == ["2", "5"]
