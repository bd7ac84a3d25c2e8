"""Where editing is allowed, by a table of limits."""

import numpy as np
import pytest

from segstudio.core.editing.allowed import Limits, where_allowed
from segstudio.core.errors import InputError

LABELS = np.array([[[0, 0, 1, 1, 2, 3]]], np.uint8)
IMAGE = np.array([[[5.0, 10.0, 15.0, 20.0, np.nan, 30.0]]])
MASK = np.array([[[0, 4, 4, 0, 5, 5]]], np.uint16)

TABLE = [
    (Limits(), [1, 1, 1, 1, 1, 1]),
    (Limits(over=(0,)), [1, 1, 0, 0, 0, 0]),
    (Limits(over=(0, 2)), [1, 1, 0, 0, 1, 0]),
    (Limits(over=()), [0, 0, 0, 0, 0, 0]),
    (Limits(locked=(1,)), [1, 1, 0, 0, 1, 1]),
    (Limits(locked=(1, 3)), [1, 1, 0, 0, 1, 0]),
    (Limits(over=(1, 2), locked=(1,)), [0, 0, 0, 0, 1, 0]),
    (Limits(inside=(4,)), [0, 1, 1, 0, 0, 0]),
    (Limits(intensity=(10, 20)), [0, 1, 1, 1, 0, 0]),
    (Limits(intensity=(10, 30), over=(0, 3)), [0, 1, 0, 0, 0, 1]),
    (Limits(intensity=(10, 30), inside=(4, 5), locked=(3,)), [0, 1, 1, 0, 0, 0]),
]


@pytest.mark.parametrize(("limits", "expected"), TABLE)
def test_all_limits_hold_at_once(limits: Limits, expected: list[int]) -> None:
    found = where_allowed(LABELS, limits, image=IMAGE, mask_labels=MASK)
    np.testing.assert_array_equal(found, np.array([[expected]], bool), strict=True)


def test_the_labels_are_their_own_mask_where_no_other_is_given() -> None:
    assert where_allowed(LABELS, Limits(inside=(1,)))[0, 0].tolist() == [0, 0, 1, 1, 0, 0]


def test_a_box_is_looked_at_alone() -> None:
    box = (slice(0, 1), slice(0, 1), slice(1, 4))
    limits = Limits(intensity=(10, 15), over=(0, 1))
    assert where_allowed(LABELS, limits, box, image=IMAGE)[0, 0].tolist() == [1, 1, 0]


def test_limits_that_cannot_be_held_are_told() -> None:
    with pytest.raises(InputError, match="No intensity lies between 3 and 2"):
        where_allowed(LABELS, Limits(intensity=(3, 2)), image=IMAGE)
    with pytest.raises(InputError, match="needs an image"):
        where_allowed(LABELS, Limits(intensity=(2, 3)))
    with pytest.raises(InputError, match=r"image of shape \(1, 1, 5\)"):
        where_allowed(LABELS, Limits(intensity=(2, 3)), image=IMAGE[..., :5])
    with pytest.raises(InputError, match="serve as a mask"):
        where_allowed(LABELS, Limits(inside=(4,)), mask_labels=MASK[..., :5])
